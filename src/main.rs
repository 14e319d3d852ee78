//! punctual: shell commands on time, none of them lost.
//!
//! The rooms, from the top: `cli` is the front door; `engine` the loop of `punctual run`; `jobfile`
//! reads and writes files of jobs; `process`, `store` and `schedule` know children, the database and
//! time; `os` is the kernel and `domain` the words that all of them speak. Imports point down only.

mod cli;
mod domain;
mod engine;
mod jobfile;
mod os;
mod process;
mod schedule;
mod store;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    cli::main(&words)
}
