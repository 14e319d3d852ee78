//! Jobs as the text that a person revises: the TOML of a job file, with the values of variables masked.

use std::path::Path;

use crate::domain::{Job, Name};
use crate::jobfile::Place;
use crate::jobfile::document::{self, Document, Entry, Format};
use crate::store::{Store, Tx};

use super::super::admit::Definition;
use super::super::context::Context;
use super::super::failure::{Code, Failure};
use super::super::{editor, export, file};
use super::{Changed, change};
use crate::cli::plan::MASK;

/// What the text is called in an error.
const TITLE: &str = "job.toml";

/// Lets the user change the jobs as a text; they change all together, or not at all.
pub(super) fn revise(
    store: &mut Store,
    jobs: &[Job],
    context: &Context,
) -> Result<Vec<Changed>, Failure> {
    let text = written(store, jobs)?;
    editor::revise(&text, context, |edited| {
        let entries = understood(edited, jobs, context)?;
        store.write(|tx| {
            let pairs = jobs.iter().zip(entries.iter());
            let changed =
                pairs.filter_map(|(job, entry)| change_one(tx, job, entry, context).transpose());
            let changed = changed.collect::<Result<Vec<_>, Failure>>()?;
            if changed.is_empty() {
                return Err(Failure::new(
                    Code::Failed,
                    "the text means what it meant before",
                ));
            }
            Ok(changed)
        })
    })
}

fn change_one(
    tx: &Tx<'_>,
    before: &Job,
    entry: &Entry,
    context: &Context,
) -> Result<Option<Changed>, Failure> {
    let meanwhile = |what: &str| {
        Failure::new(
            Code::Conflict,
            format!("{} was {what} meanwhile", before.name),
        )
        .hint("start again with the job as it is now")
    };
    let job = tx.job(before.id)?.ok_or_else(|| meanwhile("removed"))?;
    let is_same = (&job.name, &job.when, &job.command, &job.queue, job.priority)
        == (
            &before.name,
            &before.when,
            &before.command,
            &before.queue,
            before.priority,
        )
        && job.options == before.options;
    if !is_same {
        return Err(meanwhile("changed"));
    }
    let definition = Definition::from(entry.clone());
    if definition.is(&job) {
        return Ok(None);
    }
    change(tx, &job, &definition, context).map(Some)
}

fn written(store: &Store, jobs: &[Job]) -> Result<String, Failure> {
    let read = store.read();
    let mut document = Document::default();
    for job in jobs {
        let mut entry = export::entry(&read, job.clone())?;
        // Here a number means the job that it means; a file elsewhere would need the name.
        entry.when.clone_from(&job.when);
        // That is `pause` and `resume`, which may have an end.
        entry.paused = false;
        for value in entry.options.env.values_mut() {
            MASK.clone_into(value);
        }
        document.jobs.push(entry);
    }
    let mut text =
        String::from("# Change what you like and save; without a change nothing happens.\n");
    if jobs.iter().any(|job| !job.options.env.is_empty()) {
        text.push_str("# A value that is \"***\" stays what it is.\n");
    }
    text.push('\n');
    text.push_str(&document::write(&document, Format::Toml));
    Ok(text)
}

/// The jobs of the text, in the order of those it was made from.
fn understood(text: &[u8], jobs: &[Job], context: &Context) -> Result<Vec<Entry>, Failure> {
    let directory = std::env::current_dir().unwrap_or_default();
    let place = Place {
        now: context.now,
        zone: context.zone,
        directory: &directory,
        is_read_again: false,
    };
    let document = document::read(text, Format::Toml, &place)
        .map_err(|error| file::refused(Path::new(TITLE), &[*error]))?;
    if !document.queues.is_empty() {
        return Err(Failure::usage("a queue is no part of a job")
            .hint("set it with: punctual queue set NAME --slots N"));
    }
    let names: Vec<&Name> = document.jobs.iter().map(|entry| &entry.name).collect();
    if names.len() != jobs.len() {
        return Err(Failure::usage(format!(
            "the text had {}, and has {} now",
            counted(jobs.len()),
            counted(names.len())
        ))
        .hint("add and remove jobs with: punctual add, punctual remove"));
    }
    let mut entries = document.jobs;
    if let [job] = jobs {
        // With one job there is no doubt who got a new name.
        return Ok(vec![meant(entries.remove(0), job)?]);
    }
    jobs.iter()
        .map(|job| {
            let at = entries.iter().position(|entry| entry.name == job.name);
            let at = at.ok_or_else(|| {
                Failure::usage(format!("{} is gone from the text", job.name))
                    .hint("give a new name to one job at a time")
            })?;
            meant(entries.swap_remove(at), job)
        })
        .collect()
}

/// What was masked and left alone is what it was.
fn meant(mut entry: Entry, job: &Job) -> Result<Entry, Failure> {
    if entry.paused {
        return Err(
            Failure::usage(format!("{}: paused is no option", entry.name))
                .hint(format!("pause it with: punctual pause {}", job.name)),
        );
    }
    for (name, value) in &mut entry.options.env {
        if value != MASK {
            continue;
        }
        let Some(known) = job.options.env.get(name) else {
            return Err(
                Failure::usage(format!("the variable {name} has no value to keep"))
                    .hint("write its value instead of ***"),
            );
        };
        value.clone_from(known);
    }
    Ok(entry)
}

fn counted(jobs: usize) -> String {
    format!("{jobs} job{}", if jobs == 1 { "" } else { "s" })
}
