//! `cancel`: waiting runs are dropped, running ones are ended by the runner.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::domain::{Intent, Run, RunId, RunState};
use crate::engine::ends;
use crate::store::{Stage, Tx};

use super::args::CancelArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::with_attempts;
use super::render::json;
use super::select::{self, Named};

/// A living runner answers within milliseconds; a job that takes its time to end is not waited for longer.
const PATIENCE: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(5);

pub(super) fn cancel(args: &CancelArgs, context: &Context) -> Result<ExitCode, Failure> {
    let first = args.runs.first().map_or("", String::as_str);
    let mut store = context.open_to_change(first)?;
    if args.signal.is_some() && !context.runner_lives() {
        return Err(
            Failure::new(Code::Failed, "no runner is alive to send the signal")
                .hint("start one with: punctual run"),
        );
    }
    let ids = store.write(|tx| {
        let runs = chosen(tx, args)?;
        let mut touched = Vec::new();
        for run in &runs {
            if change(tx, run, args.signal, context)? {
                touched.push(run.id);
            }
        }
        if touched.is_empty() {
            return Err(nothing(args, &runs));
        }
        Ok(touched)
    })?;
    drop(store);
    let store = context.open_existing(first)?;
    let ended = |id: &RunId| -> Result<Option<Run>, Failure> { Ok(store.read().run(*id)?) };
    let begun = Instant::now();
    let mut runs: Vec<Run> = Vec::new();
    while begun.elapsed() < PATIENCE || runs.is_empty() {
        runs = ids
            .iter()
            .map(&ended)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect();
        let settled = runs.iter().all(|run| run.state.is_final());
        if args.signal.is_some() || settled || !context.runner_lives() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    report(args, runs, context)
}

fn chosen(tx: &Tx<'_>, args: &CancelArgs) -> Result<Vec<Run>, Failure> {
    if args.all || args.queue.is_some() {
        let queue = args.queue.as_ref().map(crate::domain::Name::as_str);
        return Ok(tx.all_open_runs(queue)?);
    }
    let mut runs = Vec::new();
    for word in &args.runs {
        match select::job_or_run(tx, word)? {
            Named::Run(run) => runs.push(*run),
            Named::Job(job) => {
                for open in tx.open_runs(job.id)? {
                    runs.extend(tx.run(open.id)?);
                }
            }
        }
    }
    Ok(runs)
}

fn change(tx: &Tx<'_>, run: &Run, signal: Option<i32>, context: &Context) -> Result<bool, Failure> {
    if let Some(number) = signal {
        let running = run.state == RunState::Running;
        return Ok(running && tx.set_intent(run.id, Intent::Signal(number))?);
    }
    if ends::end_waiting(tx, run.id, Stage::Cancelled, None, context.now)? {
        return Ok(true);
    }
    Ok(tx.set_intent(run.id, Intent::Cancel)?)
}

fn nothing(args: &CancelArgs, runs: &[Run]) -> Failure {
    let message = match (runs, args.signal) {
        ([run], None) => format!("{} has ended: {}", run.name, run.state.as_str()),
        ([run], Some(_)) => format!("{} is not running: {}", run.name, run.state.as_str()),
        ([], None) if args.runs.len() == 1 => {
            format!(
                "nothing to cancel: no run of {} is unfinished",
                args.runs[0]
            )
        }
        (_, None) => "nothing to cancel: no such run is unfinished".to_owned(),
        (_, Some(_)) => "nothing to signal: no such run is running".to_owned(),
    };
    Failure::new(Code::Failed, message).hint("see the runs with: punctual history")
}

fn report(args: &CancelArgs, runs: Vec<Run>, context: &Context) -> Result<ExitCode, Failure> {
    if context.json {
        let store = context.open_existing("")?;
        let runs = with_attempts(&store.read(), runs)?;
        context.print_json(&json::runs(&runs, context.zone))?;
        return Ok(Context::done());
    }
    for run in runs.iter().filter(|_| !context.quiet) {
        let line = match (args.signal, run.state.is_final()) {
            (Some(number), _) => format!("sent signal {number} to {}\n", run.name),
            (None, true) => format!("cancelled {}\n", run.name),
            (None, false) => format!("ending {}: it was asked to stop\n", run.name),
        };
        context.print(&line)?;
    }
    if runs.iter().any(|run| !run.state.is_final()) && args.signal.is_none() {
        context.note_missing_runner();
    }
    Ok(Context::done())
}
