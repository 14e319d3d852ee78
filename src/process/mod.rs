//! The child: starting a process, knowing it again, hearing its end, ending it, and its output file.
//!
//! A process is named by boot, pid and start time, and looked at through a pidfd, so that a stored pid
//! alone is never believed and never signalled. Output goes to a file that the child holds, so nothing
//! here pumps bytes and our death breaks no pipe. Nothing here knows a job, a retry or a database: the
//! engine says what to start and what to end, and is told what became of it.
//!
//! Only a process all of whose children were started here may wait for any of them (`any_exited`): the statuses
//! of strangers belong to whoever reaps them.

mod child;
pub(crate) mod environment;
mod exit;
pub(crate) mod group;
mod identity;
mod kernel;
mod launch;
pub(crate) mod orphan;
pub(crate) mod output;
mod program;
pub(crate) mod strangers;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    child::{AnyEnd, Child, any_exited},
    exit::Ended,
    identity::Identity,
    launch::{Launch, OURSELVES, SpawnError, spawn, spawn_with, start_ourselves},
};
