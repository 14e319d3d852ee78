//! `show`: everything about one job or one run.

use std::process::ExitCode;

use crate::domain::{Job, JobId, JobState, Run, RunState};
use crate::store::{Read, RunFilter};

use super::args::ShowArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::with_attempts;
use super::render::{self, JobExtra, LastFailure, Record, json};
use super::select::{self, Named};
use super::{admit, logs, next};

/// Runs shown with a job.
const LAST: usize = 10;

/// Times to come.
const COMING: usize = 3;

/// The newest runs that are counted: as many successes as are kept.
const COUNTED: usize = 1_000;

pub(super) fn show(args: &ShowArgs, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.open_existing(&args.what)?;
    let page = store.snapshot(|read| match select::job_or_run(read, &args.what)? {
        Named::Job(job) => page_of_job(read, *job, context),
        Named::Run(run) => page_of_run(read, &run, context),
    })?;
    context.print(&page)?;
    Ok(Context::done())
}

fn page_of_job(read: &Read<'_>, job: Job, context: &Context) -> Result<String, Failure> {
    let runs = read.runs(&RunFilter {
        job: Some(job.id),
        limit: Some(LAST),
        ..RunFilter::default()
    })?;
    let runs = with_attempts(read, runs)?;
    let view = read.job_view(job)?;
    if context.json {
        let document = json::job_with_runs(&view, &runs, context.now, context.zone);
        return Ok(json::text(&document, context.terminal));
    }
    let zone = match &view.job.options.tz {
        Some(zone) => admit::zone_named(zone)?,
        None => context.zone,
    };
    let mut coming = Vec::new();
    if view.job.state == JobState::Active {
        let after = view.next.unwrap_or(context.now).max(context.now);
        coming = next::times_after(read, &view.job, after, COMING - 1, context)?;
    }
    let extra = JobExtra {
        meaning: next::in_words(&view.job.when, zone),
        coming,
        record: record(read, view.job.id)?,
        last_failure: last_failure(read, view.job.id)?,
        hook_failures: read.hook_failures(view.job.id, None, LAST)?,
        ..JobExtra::default()
    };
    Ok(render::job_page(&view, &runs, &extra, &context.style))
}

/// How the newest runs ended; `None` when none has.
fn record(read: &Read<'_>, job: JobId) -> Result<Option<Record>, Failure> {
    let runs = read.runs(&RunFilter {
        job: Some(job),
        limit: Some(COUNTED),
        ..RunFilter::default()
    })?;
    let ended = |state| runs.iter().filter(move |run| run.state == state);
    let mut took: Vec<i64> = ended(RunState::Succeeded)
        .filter_map(|run| Some(run.duration()?.num_milliseconds()))
        .collect();
    took.sort_unstable();
    let record = Record {
        succeeded: ended(RunState::Succeeded).count(),
        failed: ended(RunState::Failed).count(),
        took,
    };
    Ok((record.succeeded + record.failed > 0).then_some(record))
}

fn last_failure(read: &Read<'_>, job: JobId) -> Result<Option<LastFailure>, Failure> {
    let failed = read.runs(&RunFilter {
        job: Some(job),
        state: Some(RunState::Failed),
        limit: Some(1),
        ..RunFilter::default()
    })?;
    let Some(run) = failed.into_iter().next() else {
        return Ok(None);
    };
    let attempts = read.attempts(run.id)?;
    let output = match attempts.last() {
        Some(attempt) => read.output(attempt.id)?,
        None => None,
    };
    Ok(Some(LastFailure {
        output: output.map(logs::joined).unwrap_or_default(),
        run,
    }))
}

fn page_of_run(read: &Read<'_>, run: &Run, context: &Context) -> Result<String, Failure> {
    let attempts = read.attempts(run.id)?;
    if context.json {
        let document = json::run(run, &attempts, context.zone);
        return Ok(json::text(&document, context.terminal));
    }
    let job = read
        .job(run.job)?
        .ok_or_else(|| Failure::new(Code::Absent, format!("the job of {} is gone", run.name)))?;
    let failures = read.hook_failures(job.id, Some(run.id), LAST)?;
    Ok(render::run_page(
        run,
        &attempts,
        &job,
        &failures,
        &context.style,
    ))
}
