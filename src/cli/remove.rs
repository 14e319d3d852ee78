//! `remove`: jobs go, their history stays.

use std::process::ExitCode;

use crate::domain::{Attempt, JobView};
use crate::store::{Stage, Tx};

use super::args::RemoveArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::json;
use super::select;

pub(super) fn remove(args: &RemoveArgs, context: &Context) -> Result<ExitCode, Failure> {
    // Nothing to remove: then no database is made for it either.
    context.open_existing(&args.jobs[0])?;
    let mut store = context.open()?;
    let removed = store.write(|tx| {
        args.jobs
            .iter()
            .map(|word| remove_one(tx, word, context))
            .collect::<Result<Vec<_>, Failure>>()
    })?;
    drop(store);
    if context.json {
        let jobs = removed
            .iter()
            .map(|(view, _, attempts)| (view, attempts.as_slice()));
        context.print_json(&json::jobs(jobs, context.now, context.zone))?;
    } else if !context.quiet {
        for (view, cancelled, _) in &removed {
            let also = match cancelled {
                0 => String::new(),
                1 => ", 1 waiting run cancelled".to_owned(),
                n => format!(", {n} waiting runs cancelled"),
            };
            context.print(&format!("removed {}{also}\n", view.job.name))?;
        }
    }
    Ok(Context::done())
}

fn remove_one(
    tx: &Tx<'_>,
    word: &str,
    context: &Context,
) -> Result<(JobView, usize, Vec<Attempt>), Failure> {
    let job = select::job(tx, word)?;
    let open = tx.open_runs(job.id)?;
    let held = |stage| matches!(stage, Stage::Claimed | Stage::Running);
    if open.iter().any(|run| held(run.stage)) {
        return Err(
            Failure::new(Code::Conflict, format!("a run of {} is alive", job.name))
                .hint(format!("wait for it with: punctual wait {}", job.name)),
        );
    }
    for run in &open {
        tx.end_waiting(run.id, Stage::Cancelled, None, context.now)?;
    }
    tx.remove_job(job.id)?;
    let gone = tx.job(job.id)?.unwrap_or(job);
    let view = tx.job_view(gone)?;
    let attempts = match &view.last {
        Some(last) => tx.attempts(last.id)?,
        None => Vec::new(),
    };
    Ok((view, open.len(), attempts))
}
