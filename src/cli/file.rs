//! `run --file`: the database takes the jobs of a crontab, and only those, from that file.
//!
//! A job's identity is the path of the file and its key there (user, command, ordinal), so
//! reading the same file again changes nothing, and a line that is gone takes its job along.

use std::path::Path;

use chrono::Utc;

use crate::domain::{Command, Job, MailOn, Name, Options};
use crate::engine::ends;
use crate::jobfile::crontab::{self, Entry, Style};
use crate::jobfile::{FileError, Note};
use crate::store::{Stage, Store, Tx};

use super::admit::{self, Definition, Moment};
use super::args::IfExists;
use super::context::Context;
use super::failure::{Code, Failure};
use super::paths;

/// Larger job files are refused, in bytes.
const LARGEST: u64 = 16 << 20;

/// What an application changed.
#[derive(Debug, Default, Clone, Copy)]
struct Changes {
    added: usize,
    changed: usize,
    removed: usize,
    same: usize,
}

/// Reads the file and makes the database match it; the answer is a line for people.
pub(super) fn apply(path: &Path, context: &Context) -> Result<String, Failure> {
    let (entries, notes) = read(path, context)?;
    if !context.quiet {
        for note in notes {
            context.note(&format!("{}:{note}", path.display()));
        }
    }
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    let mut store = context.open()?;
    let changes = store.write(|tx| reconcile(tx, path, &entries, moment))?;
    Ok(summary(path, changes))
}

/// The same, in a runner that has been alive for long.
pub(super) fn apply_again(path: &Path, database: &Path) -> Result<String, Failure> {
    let text = load(path)?;
    let crontab = crontab::parse(&text, Style::User).map_err(|errors| refused(path, &errors))?;
    let moment = Moment {
        now: Utc::now(),
        zone: paths::local_zone(),
    };
    let mut store = Store::open(database)?;
    let changes = store.write(|tx| reconcile(tx, path, &crontab.entries, moment))?;
    Ok(summary(path, changes))
}

fn read(path: &Path, context: &Context) -> Result<(Vec<Entry>, Vec<Note>), Failure> {
    let text = load(path)?;
    match crontab::parse(&text, Style::User) {
        Ok(crontab) => Ok((crontab.entries, crontab.notes)),
        Err(errors) => {
            for error in errors.iter().skip(1) {
                context.note(&format!("punctual: {}:{error}", path.display()));
            }
            Err(refused(path, &errors))
        }
    }
}

fn load(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Code::Usage, format!("{}: {error}", path.display()))
            .hint("check the path of the job file")
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LARGEST {
        return Err(Failure::usage(format!(
            "{} has {size} bytes, {LARGEST} are the limit of a job file",
            path.display()
        ))
        .hint("split it, or add one-off commands instead"));
    }
    std::fs::read(path).map_err(failed)
}

pub(super) fn refused(path: &Path, errors: &[FileError]) -> Failure {
    let Some(first) = errors.first() else {
        return Failure::usage(format!("{}: not a crontab", path.display()));
    };
    let failure = Failure::usage(format!("{}:{first}", path.display()));
    let column = first.column.saturating_sub(1);
    let start = first
        .text
        .char_indices()
        .nth(column)
        .map_or(first.text.len(), |(at, _)| at);
    let failure = Failure {
        place: Some((first.text.clone(), start..start)),
        ..failure
    };
    match &first.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}

fn summary(path: &Path, changes: Changes) -> String {
    let Changes {
        added,
        changed,
        removed,
        same,
    } = changes;
    format!(
        "{}: {added} added, {changed} changed, {removed} removed, {same} unchanged",
        path.display()
    )
}

fn reconcile(
    tx: &Tx<'_>,
    path: &Path,
    entries: &[Entry],
    moment: Moment,
) -> Result<Changes, Failure> {
    let source = path.to_string_lossy().into_owned();
    let mut before = tx.jobs_of_source(&source)?;
    let mut changes = Changes::default();
    for (key, entry) in crontab::keys(entries).into_iter().zip(entries) {
        let definition = definition_of(entry, source.clone(), key.clone());
        let known = before.iter().position(|(known, _)| *known == key);
        let Some(index) = known else {
            admit::admit(tx, &definition, IfExists::Error, moment)?;
            changes.added += 1;
            continue;
        };
        let (_, job) = before.swap_remove(index);
        if is_same(&job, &definition) {
            changes.same += 1;
            continue;
        }
        admit::redefine(tx, &job, &definition, moment)?;
        changes.changed += 1;
    }
    for (_, job) in before {
        prune(tx, &job, moment)?;
        changes.removed += 1;
    }
    Ok(changes)
}

/// A living run of a job that is gone from the file may finish.
fn prune(tx: &Tx<'_>, job: &Job, moment: Moment) -> Result<(), Failure> {
    for run in tx.open_runs(job.id)? {
        if !matches!(run.stage, Stage::Claimed | Stage::Running) {
            ends::end_waiting(tx, run.id, Stage::Cancelled, None, moment.now)?;
        }
    }
    tx.remove_job(job.id)?;
    Ok(())
}

fn is_same(job: &Job, definition: &Definition) -> bool {
    job.when == definition.when
        && job.command == definition.command
        && job.queue == definition.queue
        && job.priority == definition.priority
        && job.options == definition.options
}

/// Nothing is taken from the caller: the directory is HOME, the rest is the runner's and the file's.
fn definition_of(entry: &Entry, source: String, key: String) -> Definition {
    let settings = &entry.settings;
    let mut env = settings.env.clone();
    let shell = env.remove("SHELL");
    let home = env
        .get("HOME")
        .cloned()
        .or_else(|| std::env::var("HOME").ok());
    Definition {
        name: None,
        when: entry.when.clone(),
        command: Command::Shell(entry.command.clone()),
        queue: Name::default_queue(),
        priority: 0,
        options: Options {
            tz: settings.tz.clone(),
            cwd: home,
            env,
            shell,
            stdin: entry.stdin.clone(),
            jitter: settings.jitter,
            // cron mails what a job writes, and nothing of a job that is silent.
            mail_on: settings
                .mail_to
                .as_ref()
                .map_or_else(MailOn::default, |_| MailOn::Output),
            mail_to: settings.mail_to.clone(),
            ..Options::default()
        },
        source: Some((source, key)),
    }
}
