//! What is said to the core and by it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{AttemptId, Exit, Runner, Usage};
use crate::store::{OpenAttempt, Process};

use super::super::ledger::{Answer, Claim, HookStart, Request};
use super::super::policy::{Verdict, Why};
use super::super::recovery::Facts;

/// One moment on both clocks: the wall clock for due times, the monotonic one for limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub wall: DateTime<Utc>,
    pub mono: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub runner: Runner,
    pub boot: String,
    /// Claims made ahead of free slots, so that a start need not wait for a commit.
    pub ahead: usize,
    /// How many of them wait as heirs of those that run.
    pub heirs: usize,
    pub until_idle: bool,
    pub grace: Grace,
    pub leave_running: bool,
}

/// How long running work may go on after the first signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grace {
    Forever,
    For(Duration),
}

#[derive(Debug)]
pub(crate) enum Event {
    Begin,
    /// The wall timer fired, another process committed, or the clock was stepped.
    Woke,
    /// The wall clock moved against the monotonic one.
    ClockStepped(TimeDelta),
    Answered(Answer),
    Examined(Vec<(Claim, Facts)>),
    Started(AttemptId, Process),
    NotStarted(AttemptId, Refusal),
    Ended(AttemptId, Over),
    /// A start that waited was taken back, or nobody could carry it out.
    Returned(AttemptId),
    /// A monotonic deadline passed.
    DeadlinePassed,
    /// A hook is over; what went wrong, if it did not do its work.
    HookEnded(i64, Option<String>),
    /// SIGINT or SIGTERM, or the end of `--for`.
    Stop,
}

/// The end of a process, as whoever reaped it saw it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Over {
    pub exit: Exit,
    pub usage: Option<Usage>,
    pub finished: DateTime<Utc>,
    /// Who is being started in its place.
    pub heir: Option<AttemptId>,
}

/// Why a process does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// The system had no room; not the job's fault, and nothing was spent.
    NoRoom(String),
    /// It can never start like this; the words are the system's.
    Unstartable { code: i32, message: String },
}

/// When a start takes place, and in which slot of its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Turn {
    /// When the wall clock shows this; mostly it does.
    At(DateTime<Utc>, u32),
    /// As an heir: in the place of the first of its queue that ends. So nothing has to be said between the end
    /// of one and the start of the next, which costs short jobs more than their work.
    Heir,
}

#[derive(Debug)]
pub(crate) enum Effect {
    Ask(Request),
    Examine(Vec<(OpenAttempt, Claim)>),
    Spawn(Box<Claim>, Turn),
    /// Starts an heir at once, in this slot: a place is free that nobody left it.
    Hasten(AttemptId, u32),
    /// Takes back a start that may still wait. If it does not, it goes on.
    Recall(AttemptId),
    /// Watch a process that an earlier runner started.
    Adopt(Box<Claim>, Process),
    Signal(AttemptId, Blow),
    Hook(Box<HookStart>),
    /// Its result is on disk: the output file may go.
    Discard(AttemptId),
    WakeAt(Option<DateTime<Utc>>),
    DeadlineAt(Option<Duration>),
    Log(Line),
    Exit,
}

impl Effect {
    /// Whether it decides what starts.
    pub(crate) fn is_order(&self) -> bool {
        matches!(self, Self::Spawn(..) | Self::Hasten(..) | Self::Recall(_))
    }
}

/// What is done to the processes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// TERM, then CONT, for a stopped process takes no other hint.
    Ask(Why),
    /// KILL to the group and to what left it.
    Kill(Why),
    /// A signal that a user chose: it says nothing of what the end will mean.
    Number(i32),
}

/// What the log says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line {
    Begin {
        pool: u32,
    },
    Start {
        run: String,
        late: TimeDelta,
        pid: i32,
    },
    Adopted {
        run: String,
        pid: i32,
    },
    End {
        run: String,
        verdict: Verdict,
        took: Option<TimeDelta>,
    },
    Retry {
        run: String,
        verdict: Verdict,
        at: DateTime<Utc>,
    },
    Unstartable {
        run: String,
        message: String,
    },
    NoRoom {
        message: String,
    },
    GivenBack {
        run: String,
    },
    ClockStepped {
        by: TimeDelta,
    },
    Stopping {
        running: usize,
    },
    Stopped,
}
