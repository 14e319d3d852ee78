//! Moving in: many jobs at once, from batches, job files and crontabs, and out again.

#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/tracer.rs"]
mod tracer;

mod apply;
mod batch;
mod import;
mod progress;

use sandbox::{Answer, Sandbox};

/// What a verb says on stderr when nobody will run the jobs yet.
const NO_RUNNER: &str = "no runner is alive; start one with: punctual run\n";

/// Runs a verb with this on its standard input.
fn fed(sandbox: &Sandbox, words: &[&str], input: impl AsRef<[u8]>) -> Answer {
    let path = sandbox.write("input", input);
    let mut command = sandbox.command(words);
    Answer::of(command.stdin(std::fs::File::open(path).expect("it was just written")))
}

/// The names of the living jobs, oldest first.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let mut jobs: Vec<(i64, String)> = sandbox
        .json(["list", "--all"])
        .as_array()
        .into_iter()
        .flatten()
        .map(|job| {
            (
                job["id"].as_i64().unwrap_or(0),
                job["name"].as_str().unwrap_or("?").to_owned(),
            )
        })
        .collect();
    jobs.sort();
    jobs.into_iter().map(|(_, name)| name).collect()
}
