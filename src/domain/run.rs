//! A run is one occurrence of a job; an attempt is one process started for it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{JobId, Name};

/// The number of a run in the database, never reused. People see [`RunRef`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct RunId(pub i64);

/// The number of an attempt, never reused. Names the output file and the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct AttemptId(pub i64);

/// A run as people name it: `backup.41`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct RunRef {
    pub job: Name,
    pub seq: i64,
}

impl fmt::Display for RunRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.job, self.seq)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub id: RunId,
    pub name: RunRef,
    pub job: JobId,
    pub origin: Origin,
    pub state: RunState,
    pub reason: Option<Reason>,
    pub due: DateTime<Utc>,
    /// Not started before this: the due time, or the time of the next retry.
    pub not_before: DateTime<Utc>,
    pub queue: Name,
    pub priority: i64,
    /// Start of the first attempt.
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// Due times this row stands for, when it stands for a stretch of missed ones.
    pub missed: Option<MissedStretch>,
    /// Attempts that started.
    pub attempts: u32,
}

/// The stretch of missed due times that one run accounts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MissedStretch {
    pub count: u64,
    pub first: DateTime<Utc>,
}

impl Run {
    /// From due to the first start.
    pub(crate) fn lateness(&self) -> Option<TimeDelta> {
        self.started.map(|started| started - self.due)
    }

    /// From the first start to the end.
    pub(crate) fn duration(&self) -> Option<TimeDelta> {
        Some(self.finished? - self.started?)
    }
}

/// What made a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    Schedule,
    Trigger,
    Retry,
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RunState {
    Blocked,
    Queued,
    Retrying,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Skipped,
}

impl RunState {
    pub(crate) const ALL: [Self; 8] = [
        Self::Blocked,
        Self::Queued,
        Self::Retrying,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
    ];

    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Skipped
        )
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a run failed or was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reason {
    Exit,
    Signal,
    Timeout,
    Spawn,
    Lost,
    Shutdown,
    Overlap,
    Missed,
    Expired,
    Dependency,
    Paused,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Signal => "signal",
            Self::Timeout => "timeout",
            Self::Spawn => "spawn",
            Self::Lost => "lost",
            Self::Shutdown => "shutdown",
            Self::Overlap => "overlap",
            Self::Missed => "missed",
            Self::Expired => "expired",
            Self::Dependency => "dependency",
            Self::Paused => "paused",
        }
    }
}

/// What is asked of a run that the runner holds; the runner carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Cancel,
    /// Its job or queue changed: a claim without a process goes back to the waiting runs.
    GiveBack,
    /// This signal, by number, to the processes of the run.
    Signal(i32),
}

/// How a process ended, as the kernel told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
    /// It ended, and nobody could tell how.
    Unknown,
}

/// What a process used, from wait4(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub cpu_ms: u64,
    pub max_rss_bytes: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    pub id: AttemptId,
    pub number: u32,
    pub state: AttemptState,
    pub reason: Option<Reason>,
    /// The system's words when the process could not be started.
    pub message: Option<String>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub pid: Option<i32>,
    pub usage: Option<Usage>,
    pub output_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AttemptState {
    /// Given to the runner; no process yet.
    Claimed,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// The kept part of what an attempt wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Output {
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
    /// Bytes written in all; more than head and tail together when the middle was cut.
    pub total: u64,
}

impl Output {
    pub(crate) fn cut(&self) -> u64 {
        self.total
            .saturating_sub(self.head.len() as u64 + self.tail.len() as u64)
    }
}
