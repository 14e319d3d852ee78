//! What a listing says about a job: the job, its newest run, and why it waits.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Job, Name, Run, RunRef, RunState};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JobView {
    pub job: Job,
    /// The newest run in any state.
    pub last: Option<Run>,
    /// Due time of the next run: the schedule's, or that of a waiting run.
    pub next: Option<DateTime<Utc>>,
    pub waiting: Option<Waiting>,
}

/// The runner as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runner {
    pub pid: i32,
    pub since: DateTime<Utc>,
    pub pool: u32,
}

/// A hook that did not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookFailure {
    pub run: RunRef,
    /// `on-failure` and the like.
    pub hook: String,
    pub at: DateTime<Utc>,
    /// What went wrong, such as `exit 1`.
    pub message: String,
}

/// What a monitor draws and alerts on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Numbers {
    /// Runs that could have started for over a second.
    pub late: u64,
    /// The due time of the oldest of them.
    pub oldest_due: Option<DateTime<Utc>>,
    /// Runs that the history knows, by final state.
    pub ended: Vec<(RunState, u64)>,
    pub successes: Vec<LastSuccess>,
}

/// What failed of late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    pub runs: u64,
    pub jobs: u64,
    /// The jobs that failed last, with the number of their failed runs.
    pub newest: Vec<(Name, u64)>,
}

/// The newest success of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastSuccess {
    pub job: Name,
    /// Its end; `None` when there was no success yet.
    pub at: Option<DateTime<Utc>>,
    pub took: Option<TimeDelta>,
}

/// Why a run does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    JobPaused,
    QueuePaused(Name),
    QueueFull {
        queue: Name,
        slots: u32,
        running: u64,
    },
    PoolFull {
        pool: u32,
        running: u64,
    },
    Retry {
        at: DateTime<Utc>,
        attempt: u32,
        of: u32,
    },
    After(String),
    /// An earlier run of the same job has to end first.
    Earlier,
    Due(DateTime<Utc>),
    NoRunner,
}

impl Waiting {
    /// The sentence of the contract, such as `queue reports full (2/2)`.
    pub(crate) fn sentence(&self, now: DateTime<Utc>) -> String {
        match self {
            Self::JobPaused => "paused".to_owned(),
            Self::QueuePaused(queue) => format!("queue {queue} paused"),
            Self::QueueFull {
                queue,
                slots,
                running,
            } => {
                format!("queue {queue} full ({running}/{slots})")
            }
            Self::PoolFull { pool, running } => format!("pool full ({running}/{pool})"),
            Self::Retry { at, attempt, of } => {
                format!("retry in {} ({attempt} of {of})", short(*at - now))
            }
            Self::After(jobs) => jobs.clone(),
            Self::Earlier => "earlier run unfinished".to_owned(),
            Self::Due(at) => format!("due in {}", short(*at - now)),
            Self::NoRunner => "no runner".to_owned(),
        }
    }
}

/// A distance in its largest unit, rounded down: `40s`, `3h`, `12d`.
pub(crate) fn short(distance: TimeDelta) -> String {
    let seconds = distance.num_seconds().max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
