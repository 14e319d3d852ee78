//! The verbs as a user meets them: what is said, on which stream, with which exit code.

#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/screen.rs"]
mod screen;

mod adding;
mod checking;
mod commands;
mod daily;
mod documents;
mod looking;
mod names;
mod removing;
mod revising;
mod waiting;
mod watching;
mod words;

/// What `add` says on stderr when nobody will run the job yet.
const NO_RUNNER: &str = "no runner is alive; start one with: punctual run\n";
