//! `history`: runs, newest first.

use std::process::ExitCode;

use crate::domain::{Attempt, JobView, Run, RunState};
use crate::schedule;
use crate::store::{Read, RunFilter, StoreError};

use super::args::HistoryArgs;
use super::context::{Context, terminal_height};
use super::failure::Failure;
use super::render::{Style, json, runs_chart, runs_table, runs_that_fit};
use super::{day, select};

pub(super) fn history(args: &HistoryArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.chart && context.json {
        return Err(day::no_json());
    }
    let since = args
        .since
        .as_ref()
        .map(|text| {
            schedule::parse_past_time(text, context.now, context.zone)
                .map_err(|error| Failure::when(text, error))
        })
        .transpose()?;
    let store = match &args.job {
        Some(job) => Some(context.open_existing(job)?),
        None => context.open_read()?,
    };
    let Some(store) = store else {
        if context.json {
            context.print("[]\n")?;
        } else if !context.quiet {
            context.note(&format!("no runs in {}", context.database.display()));
        }
        return Ok(Context::done());
    };
    let fits = context.terminal && !context.json;
    let limit = args
        .n
        .or_else(|| args.chart.then(|| runs_that_fit(&context.style)))
        .or_else(|| fits.then(|| terminal_height().saturating_sub(3).max(5)));
    let (runs, documents) = store.snapshot(|read| {
        let job = args.job.as_ref();
        let job = job
            .map(|job| select::job_or_removed(read, job))
            .transpose()?;
        let runs = read.runs(&RunFilter {
            job: job.map(|job| job.id),
            state: args.state,
            since,
            limit,
        })?;
        Ok::<_, Failure>(if context.json {
            (Vec::new(), with_attempts(read, runs)?)
        } else {
            (runs, Vec::new())
        })
    })?;
    if context.json {
        context.print_json(&json::runs(&documents, context.zone))?;
    } else if runs.is_empty() {
        if !context.quiet {
            let is_narrow = args.state.is_some() || args.since.is_some();
            context.note(if is_narrow {
                "no runs are like that; see all with: punctual history"
            } else {
                "nothing has run yet"
            });
        }
    } else if args.chart {
        context.print(&runs_chart(&runs, &context.style))?;
    } else {
        let style = Style {
            long: args.long,
            ..context.style.clone()
        };
        context.print(&runs_table(&runs, &style))?;
    }
    Ok(Context::done())
}

/// The attempts of the newest run of each job, for its document.
pub(super) fn last_attempts(
    read: &Read<'_>,
    views: &[JobView],
) -> Result<Vec<Vec<Attempt>>, StoreError> {
    let newest = views.iter().map(|view| view.last.as_ref());
    newest
        .map(|last| {
            last.filter(|last| was_tried(last))
                .map_or(Ok(Vec::new()), |last| read.attempts(last.id))
        })
        .collect()
}

/// Whether a run can have attempts: most of a long queue has none, and need not be asked one by one.
fn was_tried(run: &Run) -> bool {
    let waits = matches!(run.state, RunState::Blocked | RunState::Queued);
    run.attempts > 0 || !waits
}

/// Each run with its attempts, as the documents want them.
pub(super) fn with_attempts(
    read: &Read<'_>,
    runs: Vec<Run>,
) -> Result<Vec<(Run, Vec<Attempt>)>, Failure> {
    runs.into_iter()
        .map(|run| {
            let attempts = read.attempts(run.id)?;
            Ok((run, attempts))
        })
        .collect()
}
