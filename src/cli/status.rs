//! `status`: the runner, the pool and the queues, for people or for a monitor.

use std::process::ExitCode;

use chrono::TimeDelta;
use serde::Serialize;

use crate::domain::Numbers;

use super::args::StatusArgs;
use super::context::Context;
use super::failure::Failure;
use super::render::{Metrics, StatusPage, json, metrics_text, queues_table, status_page, time};

/// Jobs named among the failures.
const NAMED: usize = 3;

#[derive(Serialize)]
struct Document<'a> {
    database: String,
    runner: Option<RunnerDocument>,
    running: u64,
    waiting: u64,
    late: u64,
    failed_24h: u64,
    file_problem: Option<&'a str>,
    queues: Vec<json::QueueDocument<'a>>,
}

#[derive(Serialize)]
struct RunnerDocument {
    pid: i32,
    since: String,
    pool: u32,
}

pub(super) fn status(args: &StatusArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.metrics {
        return metrics(context);
    }
    let store = context.open_read()?;
    let lives = context.runner_lives();
    let (queues, runner, failed, late, file_problem) = match &store {
        None => Default::default(),
        Some(store) => store.snapshot(|read| {
            let failed = read.failures(context.now - TimeDelta::hours(24), NAMED)?;
            Ok::<_, Failure>((
                read.queue_states(context.now)?,
                read.runner()?.filter(|_| lives),
                failed,
                read.late(context.now)?,
                read.file_problem()?,
            ))
        })?,
    };
    let running = queues.iter().map(|queue| queue.running).sum();
    let waiting = queues.iter().map(|queue| queue.waiting).sum();
    if context.json {
        context.print_json(&Document {
            database: context.database.display().to_string(),
            runner: runner.map(|runner| RunnerDocument {
                pid: runner.pid,
                since: time::stamp(runner.since, context.zone),
                pool: runner.pool,
            }),
            running,
            waiting,
            late: late.0,
            failed_24h: failed.runs,
            file_problem: file_problem.as_deref(),
            queues: json::queues(&queues),
        })?;
        return Ok(Context::done());
    }
    let page = StatusPage {
        runner: runner.as_ref(),
        running,
        waiting,
        late,
        failed: &failed,
        file_problem: file_problem.as_deref(),
        database: context.database.display().to_string(),
    };
    context.print(&status_page(&page, &context.style))?;
    context.print(&queues_table(&queues, &context.style))?;
    Ok(Context::done())
}

/// Without a database there is nothing to count, and that nobody serves it is an answer, too.
fn metrics(context: &Context) -> Result<ExitCode, Failure> {
    if context.json {
        return Err(
            Failure::usage("--metrics has a format of its own, --json cannot change it")
                .hint("leave one of them out"),
        );
    }
    let store = context.open_read()?;
    let (queues, numbers, runner) = match &store {
        None => (Vec::new(), Numbers::default(), None),
        Some(store) => store.snapshot(|read| {
            Ok::<_, Failure>((
                read.queue_states(context.now)?,
                read.numbers(context.now)?,
                read.runner()?,
            ))
        })?,
    };
    context.print(&metrics_text(&Metrics {
        runner: runner.as_ref().filter(|_| context.runner_lives()),
        queues: &queues,
        numbers: &numbers,
        now: context.now,
    }))?;
    Ok(Context::done())
}
