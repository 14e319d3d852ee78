//! WORDS: the nouns of the contract as plain values.
//!
//! What lives here: jobs, runs, attempts, their states and policies, and the text of
//! names, durations, sizes and exit-code sets. What never does: I/O, the clock, SQL,
//! async. Every other room speaks in these words, so that a value read from a command
//! line, a job file or the database is the same value.

mod closest;
mod codes;
mod job;
mod mail;
mod name;
mod printable;
mod run;
mod size;
mod span;
mod view;

pub(crate) use closest::{begun, closest};
pub(crate) use codes::CodeSet;
pub(crate) use job::{
    Backoff, Command, Job, JobId, JobState, Kind, Missed, Options, Overlap, Queue, QueueState,
};
pub(crate) use mail::{MailOn, MailTo};
pub(crate) use name::Name;
pub(crate) use printable::{escape, is_dangerous, push_escaped, push_hex, visible_json};
pub(crate) use run::{
    Attempt, AttemptId, AttemptState, Exit, Intent, MissedStretch, Origin, Output, Reason, Run,
    RunId, RunRef, RunState, Usage,
};
pub(crate) use size::Size;
pub(crate) use span::Span;
pub(crate) use view::{Failures, HookFailure, JobView, LastSuccess, Numbers, Runner, Waiting};
