//! `prune`: retention now, without waiting for the runner to come to it.

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use crate::engine::retention::{self, Progress};

use super::context::Context;
use super::failure::Failure;
use super::progress::{self, Amount};

/// Between two steps: long enough for a runner to find its turn, and no longer, for somebody waits.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Serialize)]
struct Document {
    jobs: u64,
    runs: u64,
    outputs: u64,
}

pub(super) fn prune(context: &Context) -> Result<ExitCode, Failure> {
    let mut store = context.open_to_change("")?;
    let line = progress::Progress::begin("forgetting", Amount::Runs, context);
    let mut progress = Progress::default();
    while !progress.done {
        progress = store.write(|tx| retention::step(tx, progress, context.now))?;
        line.at(progress.runs as usize);
        if !progress.done {
            std::thread::sleep(PAUSE);
        }
    }
    drop(line);
    let Progress {
        jobs,
        runs,
        outputs,
        ..
    } = progress;
    if context.json {
        context.print_json(&Document {
            jobs,
            runs,
            outputs,
        })?;
    } else if !context.quiet {
        context.print(&format!(
            "forgot {runs} runs, {jobs} finished jobs and {outputs} outputs\n"
        ))?;
    }
    Ok(Context::done())
}
