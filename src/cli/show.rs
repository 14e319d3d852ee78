//! `show`: everything about one job or one run.

use std::process::ExitCode;

use crate::domain::{Job, Run};
use crate::store::{Read, RunFilter};

use super::args::ShowArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::with_attempts;
use super::render::{self, JobExtra, json};
use super::select::{self, Named};
use super::{admit, next};

/// Runs shown with a job.
const LAST: usize = 10;

pub(super) fn show(args: &ShowArgs, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.open_existing(&args.what)?;
    let read = store.read();
    match select::job_or_run(&read, &args.what)? {
        Named::Job(job) => show_job(&read, *job, context)?,
        Named::Run(run) => show_run(&read, &run, context)?,
    }
    Ok(Context::done())
}

fn show_job(read: &Read<'_>, job: Job, context: &Context) -> Result<(), Failure> {
    let runs = read.runs(&RunFilter {
        job: Some(job.id),
        limit: Some(LAST),
        ..RunFilter::default()
    })?;
    let runs = with_attempts(read, runs)?;
    let view = read.job_view(job)?;
    if context.json {
        let document = json::job_with_runs(&view, &runs, context.now, context.zone);
        return context.print_json(&document);
    }
    let zone = match &view.job.options.tz {
        Some(zone) => admit::zone_named(zone)?,
        None => context.zone,
    };
    let extra = JobExtra {
        meaning: next::in_words(&view.job.when, zone),
        hook_failures: read.hook_failures(view.job.id, LAST)?,
        ..JobExtra::default()
    };
    context.print(&render::job_page(&view, &runs, &extra, &context.style))
}

fn show_run(read: &Read<'_>, run: &Run, context: &Context) -> Result<(), Failure> {
    let attempts = read.attempts(run.id)?;
    if context.json {
        return context.print_json(&json::run(run, &attempts, context.zone));
    }
    let job = read
        .job(run.job)?
        .ok_or_else(|| Failure::new(Code::Absent, format!("the job of {} is gone", run.name)))?;
    let failures: Vec<_> = read
        .hook_failures(job.id, LAST * 10)?
        .into_iter()
        .filter(|failure| failure.run == run.name)
        .collect();
    context.print(&render::run_page(
        run,
        &attempts,
        &job,
        &failures,
        &context.style,
    ))
}
