//! THE LOOP: what `punctual run` does.
//!
//! What lives here: the decisions (`core`, `plan`, `policy`, `recovery`: pure functions of
//! values and `now`), the transactions they lead to (`ledger`), the thread that commits
//! them (`writer`), and the one place where the world comes in (`driver`: clocks, files,
//! processes, signals). What never does: SQL, tables for people, the schedule language.
//!
//! A scheduled run walks: timer → `core` asks for due work → `writer` commits the claims → `driver` has a second
//! process start it (`driver/parent`) → that sees it exit → `core` decides → one commit → the slot is free.

mod core;
mod direct;
mod driver;
pub(crate) mod ends;
mod forward;
mod hooks;
mod ledger;
mod log;
mod mail;
mod notify;
mod options;
pub(crate) mod pausing;
mod person;
mod plan;
mod policy;
mod recovery;
pub(crate) mod retention;
#[cfg(test)]
mod simulation;
mod start;
mod stepping;
pub(crate) mod timing;
mod witness;
mod writer;

pub(crate) use core::Grace;
pub(crate) use driver::{PARENT, RunError, parent, run};
pub(crate) use forward::{Form, Forward};
pub(crate) use log::{Format as LogFormat, plain as log_line};
pub(crate) use options::{JobFile, RunnerOptions};
pub(crate) use person::EXEC_AS;
pub(crate) use start::finds_mailer;
