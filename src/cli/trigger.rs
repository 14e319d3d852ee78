//! `trigger`: one extra run now, exactly as the schedule would make it.

use std::process::ExitCode;

use crate::domain::{Origin, Run, RunState};
use crate::engine::ends;
use crate::store::Store;

use super::args::TriggerArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::with_attempts;
use super::render::json;
use super::{logs, select, wait};

pub(super) fn trigger(args: &TriggerArgs, context: &Context) -> Result<ExitCode, Failure> {
    let mut store = context.open_to_change(&args.jobs[0])?;
    let runs = store.write(|tx| {
        args.jobs
            .iter()
            .map(|word| {
                let job = select::job(tx, word)?;
                let id = ends::extra_run(tx, &job, Origin::Trigger, context.now)?;
                tx.run(id)?
                    .ok_or_else(|| Failure::new(Code::Failed, "the run was not kept"))
            })
            .collect::<Result<Vec<_>, Failure>>()
    })?;
    drop(store);
    let names: Vec<String> = runs.iter().map(|run| run.name.to_string()).collect();
    if !args.wait && !args.follow {
        report("triggered", runs, context)?;
        context.note_missing_runner();
        return Ok(Context::done());
    }
    if args.follow && !context.json {
        for name in &names {
            logs::follow_one(name, context)?;
        }
    }
    wait::until_final(&names, None, false, context)
}

/// Says which runs were made or changed.
pub(super) fn report(did: &str, runs: Vec<Run>, context: &Context) -> Result<(), Failure> {
    if context.json {
        let store: Store = context.open_existing("")?;
        let runs = with_attempts(&store.read(), runs)?;
        return context.print_json(&json::runs(&runs, context.zone));
    }
    if context.quiet {
        return Ok(());
    }
    for run in runs {
        let waits = match run.state {
            RunState::Skipped => ", skipped",
            _ => "",
        };
        context.print(&format!("{did} {}{waits}\n", run.name))?;
    }
    Ok(())
}
