//! `remove`: jobs go, their history stays.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use crate::domain::{Attempt, Intent, Job, JobId, JobView};
use crate::store::{Stage, Store, Tx};

use super::args::RemoveArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::json;
use super::select;

/// How often the end of a run is looked for.
const LOOK: Duration = Duration::from_millis(10);

pub(super) fn remove(args: &RemoveArgs, context: &Context) -> Result<ExitCode, Failure> {
    // Nothing to remove: then no database is made for it either.
    let first = select::first_word(&args.which);
    let mut store = context.open_to_change(first)?;
    if args.which.all && !args.yes {
        confirm(context)?;
    }
    if args.cancel {
        store = end_living(store, args, context)?;
    }
    let removed = store.write(|tx| {
        let jobs = select::jobs(tx, &args.which)?;
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        jobs.iter()
            .map(|job| remove_one(tx, job, &ids, context))
            .collect::<Result<Vec<_>, Failure>>()
    })?;
    if removed.is_empty() {
        return Err(
            Failure::new(Code::Failed, "nothing to remove").hint("see: punctual list --all")
        );
    }
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

/// Asks on a terminal; elsewhere `--yes` has to say it.
fn confirm(context: &Context) -> Result<(), Failure> {
    let refused =
        || Failure::usage("remove --all removes every job").hint("say that you mean it with --yes");
    if !std::io::stdin().is_terminal() || !context.terminal {
        return Err(refused());
    }
    context.print("remove every job? [y/N] ")?;
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(refused())
    }
}

/// Lets the runner end what is alive, and waits for it.
fn end_living(mut store: Store, args: &RemoveArgs, context: &Context) -> Result<Store, Failure> {
    let living = store.write(|tx| {
        let mut living = Vec::new();
        for job in select::jobs(tx, &args.which)? {
            for run in tx.open_runs(job.id)? {
                if held(run.stage) && tx.set_intent(run.id, Intent::Cancel)? {
                    living.push(run.id);
                }
            }
        }
        Ok::<_, Failure>(living)
    })?;
    if living.is_empty() {
        return Ok(store);
    }
    // The runner sees the commit when the writing connection closes, and SQLite keeps its
    // descriptor for as long as this process has another one on the same file.
    drop(store);
    let store = context.open()?;
    loop {
        let unfinished = living
            .iter()
            .map(|id| store.read().run(*id))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .any(|run| !run.state.is_final());
        if !unfinished {
            return Ok(store);
        }
        if !context.runner_lives() {
            return Err(
                Failure::new(Code::Conflict, "a run is alive, and no runner to end it")
                    .hint("start one with: punctual run"),
            );
        }
        std::thread::sleep(LOOK);
    }
}

fn held(stage: Stage) -> bool {
    matches!(stage, Stage::Claimed | Stage::Running)
}

fn remove_one(
    tx: &Tx<'_>,
    job: &Job,
    along: &[JobId],
    context: &Context,
) -> Result<(JobView, usize, Vec<Attempt>), Failure> {
    let open = tx.open_runs(job.id)?;
    if open.iter().any(|run| held(run.stage)) {
        return Err(
            Failure::new(Code::Conflict, format!("a run of {} is alive", job.name)).hint(format!(
                "wait for it with: punctual wait {}, or end it with: punctual remove --cancel {}",
                job.name, job.name
            )),
        );
    }
    for child in tx.dependants(job.id)? {
        if !along.contains(&child)
            && let Some(child) = tx.job(child)?
        {
            return Err(Failure::new(
                Code::Conflict,
                format!("job {} waits for {}", child.name, job.name),
            )
            .hint(format!("remove or edit {} first", child.name)));
        }
    }
    for run in &open {
        tx.end_waiting(run.id, Stage::Cancelled, None, context.now)?;
    }
    tx.remove_job(job.id)?;
    let gone = tx.job(job.id)?.unwrap_or_else(|| job.clone());
    let view = tx.job_view(gone)?;
    let attempts = match &view.last {
        Some(last) => tx.attempts(last.id)?,
        None => Vec::new(),
    };
    Ok((view, open.len(), attempts))
}
