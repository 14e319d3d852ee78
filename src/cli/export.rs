//! `export`: the jobs as a job file.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::{Job, JobState, Kind, Name, Span};
use crate::jobfile::document::{self, Document, Entry, Format};
use crate::schedule::{self, AfterMode, Timing, When};
use crate::store::Read;

use super::args::{ExportArgs, ExportFormat};
use super::context::Context;
use super::failure::Failure;
use super::select;

pub(super) fn export(args: &ExportArgs, context: &Context) -> Result<ExitCode, Failure> {
    let format = match args.format {
        Some(ExportFormat::Json) => Format::Json,
        None if context.json => Format::Json,
        Some(ExportFormat::Toml) | None => Format::Toml,
    };
    let mut document = Document::default();
    if let Some(store) = context.open_read()? {
        let read = store.read();
        let jobs = read.jobs_of_queue(None)?;
        let finished = jobs.iter().filter(|job| job.state == JobState::Done);
        let finished = finished.count();
        if finished > 0 && !context.quiet {
            context.note(&match finished {
                1 => "1 finished job is left out".to_owned(),
                n => format!("{n} finished jobs are left out"),
            });
        }
        let living = jobs.into_iter().filter(|job| job.state != JobState::Done);
        document.jobs = living
            .map(|job| entry(&read, job))
            .collect::<Result<_, Failure>>()?;
        let lanes = read.lanes()?.into_iter().map(|lane| lane.queue);
        document.queues = lanes
            .filter(|queue| queue.slots.is_some())
            .map(|queue| (queue.name, queue.slots))
            .collect();
    }
    context.print_file(&document::write(&document, format))?;
    if !context.quiet {
        say_secrets(&document, context);
        say_moments(&document, context);
    }
    Ok(Context::done())
}

pub(super) fn entry(read: &Read<'_>, job: Job) -> Result<Entry, Failure> {
    Ok(Entry {
        when: portable(read, &job)?,
        name: job.name,
        command: job.command,
        queue: job.queue,
        priority: job.priority,
        paused: job.state == JobState::Paused,
        options: Arc::unwrap_or_clone(job.options),
    })
}

/// A number of a job means another job elsewhere; its name means the same.
fn portable(read: &Read<'_>, job: &Job) -> Result<String, Failure> {
    let Ok(When::After(after)) = schedule::parse(&job.when) else {
        return Ok(job.when.clone());
    };
    if job.kind != Kind::After || after.jobs.iter().all(|word| Name::parse(word).is_ok()) {
        return Ok(job.when.clone());
    }
    let names = after
        .jobs
        .iter()
        .map(|word| Ok(select::job_or_removed(read, word)?.name.to_string()))
        .collect::<Result<Vec<_>, Failure>>()?;
    let form = match after.mode {
        AfterMode::All => "after",
        AfterMode::Any => "after-any",
        AfterMode::Fail => "after-fail",
    };
    Ok(format!("{form} {}", names.join(",")))
}

/// Values of variables are masked in every listing, but a file without them would not do.
fn say_secrets(document: &Document, context: &Context) {
    let variables: BTreeSet<&str> = document
        .jobs
        .iter()
        .flat_map(|job| job.options.env.keys().map(String::as_str))
        .collect();
    if !variables.is_empty() {
        let names: Vec<&str> = variables.into_iter().collect();
        context.note(&format!(
            "warning: the values of these variables are in it: {}",
            names.join(", ")
        ));
    }
}

/// A time that is counted from the reading is another one where the file is applied.
fn say_moments(document: &Document, context: &Context) {
    let due = |job: &Entry, now| {
        let when = schedule::parse(&job.when).ok()?;
        if when == When::Now {
            return None;
        }
        let timing = when.timing(&schedule::Context {
            now,
            zone: context.zone,
            seed: None,
            anchor: now,
            from: None,
            until: None,
            jitter: Span::from_millis(0),
        });
        match timing {
            Ok(Timing::Once(at)) => Some(at),
            _ => None,
        }
    };
    let elsewhen = context.now + TimeDelta::days(3) + TimeDelta::minutes(307);
    let moves = |job: &&Entry| match (due(job, context.now), due(job, elsewhen)) {
        (Some(now), Some(then)) => now != then,
        _ => false,
    };
    for job in document.jobs.iter().filter(moves) {
        context.note(&format!(
            "warning: {} is due once, {:?}: that is counted anew when the file is applied",
            job.name, job.when
        ));
    }
}
