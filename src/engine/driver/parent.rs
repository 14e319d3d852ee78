//! The parent of the jobs: a second process of this program, started by the runner as soon as it can.
//!
//! Only a parent is told how its children end, and only while it lives. A runner that is killed (out of memory,
//! by an operator in a hurry) takes that with it: what ends until the next one has taken hold is lost, and so is,
//! before Linux 6.15, the exit status of everything that runs. So the runner decides, and this process,
//! which does little enough to outlive it, starts, reaps and writes down what it sees (`witness`). It ends when
//! nobody can tell it anything any more and its last child is reaped. Is it killed itself, then the runner takes
//! its children for those of an earlier runner, and starts another.
//!
//! They talk over a socket that no name leads to, a line of JSON for each message. `line` is the runner's end of
//! it, `nursery` the other (`orders`: what comes in; `waiting`: starts whose turn has not come; `living`: the
//! children; `spares`: their output files; `speech`: what goes out). What never lives here: a decision, or the
//! database.

mod line;
mod living;
mod nursery;
mod orders;
mod spares;
mod speech;
mod waiting;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{AttemptId, Exit, Options};
use crate::store::{Claimed, Process};

use super::super::core::{Over, Refusal, Turn};
use super::super::policy::Why;
use super::super::start::HookLaunch;

pub(super) use line::{Heard, Number, Parents};
pub(crate) use nursery::parent;

/// The word by which the runner starts itself as the parent of its jobs.
pub(crate) const PARENT: &str = "__parent";

/// What the runner says.
#[derive(Debug, Serialize, Deserialize)]
enum Order<'a> {
    /// Options by their number, for starts to come.
    Options(i64, Cow<'a, Options>),
    /// Options that will not be asked for again, all of them.
    ForgetOptions,
    Start {
        claim: Cow<'a, Claimed>,
        turn: Turn,
        decided: DateTime<Utc>,
    },
    /// What waits as an heir starts now, in this slot.
    Hasten(AttemptId, u32),
    /// What still waits comes back.
    Recall(AttemptId),
    /// We have a hand in its end: what that means is not in how it ends.
    Ending(AttemptId, Why),
    /// All is written down; its output file may serve another attempt.
    Recycle(AttemptId),
    Hook(Cow<'a, HookLaunch>),
}

/// What the parent says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    Started(AttemptId, Process),
    NotStarted(AttemptId, Refusal),
    Ended(AttemptId, Over),
    Returned(AttemptId),
    HookStarted(i64, Result<Process, String>),
    HookEnded(i64, Exit),
}
