//! THE LOOP: what `punctual run` does.
//!
//! What lives here: the decisions (`core`, `plan`, `policy`, `recovery`: pure functions of
//! values and `now`), the transactions they lead to (`ledger`), the thread that commits
//! them (`writer`), and the one place where the world comes in (`driver`: clocks, files,
//! processes, signals). What never does: SQL, tables for people, the schedule language.
//!
//! A scheduled run walks: timer → `core` asks for due work → `writer` commits the claims →
//! `driver` spawns → exit → `core` decides → one commit → the slot is free.

mod core;
mod direct;
mod driver;
pub(crate) mod ends;
mod ledger;
mod log;
pub(crate) mod pausing;
mod plan;
mod policy;
mod recovery;
pub(crate) mod retention;
#[cfg(test)]
mod simulation;
mod start;
mod stepping;
pub(crate) mod timing;
mod writer;

pub(crate) use core::Grace;
pub(crate) use driver::{JobFile, RunError, RunnerOptions, run};
