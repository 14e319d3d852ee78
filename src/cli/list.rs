//! `list`: the jobs on one screen.

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::Waiting;
use crate::store::{JobFilter, JobPage, MANY, Read};

use super::args::{ListArgs, Shown};
use super::context::{Context, terminal_height};
use super::failure::Failure;
use super::history::last_attempts;
use super::render::{Style, jobs_table, json};
use super::top;

/// One-offs that ended longer ago are counted, not shown.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// Lines of the screen that are not jobs: the header, the footers, the prompt.
const FRAME: usize = 5;

pub(super) fn list(args: &ListArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.watch {
        return top::top(&args.which, context);
    }
    let fits = context.terminal && !context.json;
    let filter = JobFilter {
        limit: args
            .n
            .or_else(|| fits.then(|| terminal_height().saturating_sub(FRAME).max(5))),
        ..filter(&args.which, context.now)
    };
    let (page, attempts) = match context.open_read()? {
        Some(store) => store.snapshot(|read| {
            let page = page(read, &filter, context)?;
            let attempts = if context.json {
                last_attempts(read, &page.jobs)?
            } else {
                Vec::new()
            };
            Ok::<_, Failure>((page, attempts))
        })?,
        None => Default::default(),
    };
    if context.json {
        let jobs = page.jobs.iter().zip(attempts.iter().map(Vec::as_slice));
        context.print_json(&json::jobs(jobs, context.now, context.zone))?;
        return Ok(Context::done());
    }
    let style = Style {
        long: args.long,
        ..context.style.clone()
    };
    if page.jobs.is_empty() {
        say_empty(&args.which, &page, context);
        return Ok(Context::done());
    }
    context.print(&jobs_table(&page.jobs, &style))?;
    footer(&page, context);
    if context.terminal {
        context.note_missing_runner();
    }
    Ok(Context::done())
}

/// What was asked for, at a moment.
pub(super) fn filter(which: &Shown, now: DateTime<Utc>) -> JobFilter {
    JobFilter {
        state: which.state,
        queue: which.queue.clone(),
        failed: which.failed,
        ended_after: (!which.all && which.state.is_none()).then(|| now - FRESH),
        ..JobFilter::default()
    }
}

/// The jobs that pass the filter. A killed runner left its name in the file: what waits for its pool
/// waits for a runner.
pub(super) fn page(
    read: &Read<'_>,
    filter: &JobFilter,
    context: &Context,
) -> Result<JobPage, Failure> {
    let mut page = read.list(filter)?;
    if !context.runner_lives() {
        for view in &mut page.jobs {
            if let Some(Waiting::PoolFull { .. }) = view.waiting {
                view.waiting = Some(Waiting::NoRunner);
            }
        }
    }
    Ok(page)
}

fn say_empty(which: &Shown, page: &JobPage, context: &Context) {
    if context.quiet {
        return;
    }
    let filtered = which.state.is_some() || which.queue.is_some() || which.failed;
    if filtered {
        context.note("no job is like that; see all with: punctual list --all");
    } else if page.old > 0 {
        footer(page, context);
    } else {
        context.note(&format!("no jobs in {}", context.database.display()));
        context.note("add one with: punctual add '0 3 * * *' 'echo good night'");
    }
}

fn footer(page: &JobPage, context: &Context) {
    if context.quiet {
        return;
    }
    if page.more > 0 {
        context.note(&format!(
            "{}; -n N shows more",
            counted(page.more, "more job")
        ));
    }
    if page.old > 0 {
        context.note(&format!(
            "{} not shown; --all shows them",
            counted(page.old, "finished one-off")
        ));
    }
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        2..=MANY => format!("{count} {what}s"),
        _ => format!("over {MANY} {what}s"),
    }
}
