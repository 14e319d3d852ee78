//! Files of jobs: from a path to what the file wants to be there.
//!
//! A file is a crontab unless its name ends in `.toml` or `.json`. `run --file` applies one
//! when it starts and whenever it changes, `apply` when it is told to; `import` has its own way
//! of reading, with the habits of cron. All of them end in [`reconcile`].

use std::path::Path;

use chrono::Utc;

use crate::domain::{Command, MailOn, Name, Options};
use crate::jobfile::crontab::{self, Entry, Style};
use crate::jobfile::document::{self, Format};
use crate::jobfile::{FileError, Place};
use crate::store::Store;

use super::admit::{Definition, Moment};
use super::context::Context;
use super::failure::{Code, Failure};
use super::reconcile::{Leftover, Wanted, WantedJob, reconcile};
use super::{paths, warn};

/// Larger job files are refused, in bytes.
pub(super) const LARGEST: u64 = 16 << 20;

/// Reads the file and makes the database match it; the answer is a line for people.
pub(super) fn apply(path: &Path, context: &Context) -> Result<String, Failure> {
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    let wanted = wanted(path, moment, &mut |line| {
        if !context.quiet {
            context.note(line);
        }
    })?;
    warn_of(path, &wanted, context);
    let mut store = context.open()?;
    reconcile_all(&mut store, path, &wanted, moment)
}

/// The same, in a runner that has been alive for long.
pub(super) fn apply_again(path: &Path, database: &Path) -> Result<String, Failure> {
    let moment = Moment {
        now: Utc::now(),
        zone: paths::local_zone(),
    };
    let applied = wanted(path, moment, &mut |_| {}).and_then(|wanted| {
        let mut store = Store::open(database)?;
        reconcile_all(&mut store, path, &wanted, moment)
    });
    if let Err(failure) = &applied {
        // Where the database is the trouble, the log has to do.
        let _ = Store::open(database)
            .and_then(|mut store| store.write(|tx| tx.set_file_problem(&failure.message)));
    }
    applied
}

fn reconcile_all(
    store: &mut Store,
    path: &Path,
    wanted: &Wanted,
    moment: Moment,
) -> Result<String, Failure> {
    let source = path.to_string_lossy();
    let plan = store.write(|tx| {
        let at = |line, failure| at_line(path, line, failure);
        if tx.file_problem()?.is_some() {
            tx.clear_file_problem()?;
        }
        reconcile(tx, &source, wanted, Leftover::Prune, moment, &at, &|_| ())
    })?;
    Ok(format!("{}: {}", path.display(), plan.summary()))
}

/// A failure of one line of a file.
pub(super) fn at_line(path: &Path, line: usize, failure: Failure) -> Failure {
    let message = format!("{}:{line}: {}", path.display(), failure.message);
    Failure { message, ..failure }
}

/// What is legal in the schedules of a file but seldom meant.
pub(super) fn warn_of(path: &Path, wanted: &Wanted, context: &Context) {
    for job in &wanted.jobs {
        let zone = job.definition.options.tz.as_deref();
        let about = format!("{}:{}: ", path.display(), job.line);
        warn::schedule(&job.definition.when, zone, &about, context);
    }
}

/// What a file wants. `say` hears what its author should know, and every error but the first.
pub(super) fn wanted(
    path: &Path,
    moment: Moment,
    say: &mut dyn FnMut(&str),
) -> Result<Wanted, Failure> {
    let text = load(path)?;
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => Format::Toml,
        Some("json") => Format::Json,
        _ => return of_crontab(path, &text, say),
    };
    let place = Place {
        now: moment.now,
        zone: moment.zone,
        directory: path.parent().unwrap_or(Path::new("/")),
        is_read_again: true,
    };
    let document =
        document::read(&text, format, &place).map_err(|error| refused(path, &[*error]))?;
    let lines = document::lines_of_jobs(&text, format);
    let jobs = document.jobs.into_iter().map(|job| WantedJob {
        key: job.name.to_string(),
        is_paused: job.paused,
        line: lines.get(&job.name).copied().unwrap_or(1),
        definition: job.into(),
    });
    Ok(Wanted {
        jobs: jobs.collect(),
        queues: document.queues,
    })
}

fn of_crontab(path: &Path, text: &[u8], say: &mut dyn FnMut(&str)) -> Result<Wanted, Failure> {
    let crontab = crontab::parse(text, Style::User).map_err(|errors| {
        for error in errors.iter().skip(1) {
            say(&format!("punctual: {}:{error}", path.display()));
        }
        refused(path, &errors)
    })?;
    for note in &crontab.notes {
        say(&format!("{}:{note}", path.display()));
    }
    let keys = crontab::keys(&crontab.entries);
    let jobs = keys.into_iter().zip(&crontab.entries);
    Ok(Wanted {
        jobs: jobs
            .map(|(key, entry)| WantedJob {
                key,
                is_paused: false,
                line: entry.line,
                definition: definition_of(entry),
            })
            .collect(),
        queues: Vec::new(),
    })
}

pub(super) fn load(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Code::Usage, format!("{}: {error}", path.display()))
            .hint("check the path of the job file")
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LARGEST {
        return Err(too_large(path, size));
    }
    std::fs::read(path).map_err(failed)
}

pub(super) fn too_large(path: &Path, size: u64) -> Failure {
    Failure::usage(format!(
        "{} has {size} bytes, {LARGEST} are the limit of a job file",
        path.display()
    ))
    .hint("split it, or add one-off commands instead")
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

/// What a line of a crontab says. Nothing is taken from the caller: the directory is HOME, the rest is the
/// runner's and the file's.
pub(super) fn definition_of(entry: &Entry) -> Definition {
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
        source: None,
    }
}
