//! Row ↔ value: the integers that stand for states, and times.
//!
//! The statements of this room write the numbers out (`state = 2`), because SQLite uses a partial index only where the
//! query names the index's own condition.

use chrono::{DateTime, Utc};

use crate::domain::{AttemptState, Intent, JobState, Kind, Origin, Reason, RunState};

/// The states of a run as stored: finer than [`RunState`], so that each way of waiting
/// has an index of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waits for other jobs.
    Blocked = 0,
    /// Waits for its `not_before`.
    Timed = 1,
    /// Waits for a slot.
    Ready = 2,
    /// Waits for the time of its next attempt.
    Retrying = 3,
    /// Waits for an earlier run of its job.
    Held = 4,
    /// Waits for its job to be resumed.
    Parked = 5,
    /// In the runner's hands; no process yet.
    Claimed = 6,
    Running = 7,
    Succeeded = 10,
    Failed = 11,
    Cancelled = 12,
    Skipped = 13,
}

impl Stage {
    pub(crate) fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Blocked,
            1 => Self::Timed,
            2 => Self::Ready,
            3 => Self::Retrying,
            4 => Self::Held,
            5 => Self::Parked,
            6 => Self::Claimed,
            7 => Self::Running,
            10 => Self::Succeeded,
            11 => Self::Failed,
            12 => Self::Cancelled,
            _ => Self::Skipped,
        }
    }

    pub(crate) fn is_final(self) -> bool {
        self.state().is_final()
    }

    /// The word of the contract for this stage.
    pub(crate) fn state(self) -> RunState {
        match self {
            Self::Blocked => RunState::Blocked,
            Self::Timed | Self::Ready | Self::Held | Self::Parked | Self::Claimed => {
                RunState::Queued
            }
            Self::Retrying => RunState::Retrying,
            Self::Running => RunState::Running,
            Self::Succeeded => RunState::Succeeded,
            Self::Failed => RunState::Failed,
            Self::Cancelled => RunState::Cancelled,
            Self::Skipped => RunState::Skipped,
        }
    }
}

/// The stages that one word of the contract covers, as a range of codes or a list.
pub(crate) fn stages_of(state: RunState) -> &'static str {
    match state {
        RunState::Blocked => "0",
        RunState::Queued => "1, 2, 4, 5, 6",
        RunState::Retrying => "3",
        RunState::Running => "7",
        RunState::Succeeded => "10",
        RunState::Failed => "11",
        RunState::Cancelled => "12",
        RunState::Skipped => "13",
    }
}

pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// Every stored time was a `DateTime` once; one that is not any more was written by a
/// damaged file, and reads as the end of time rather than as a panic.
pub(super) fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

macro_rules! codes {
    ($encode:ident, $decode:ident, $kind:ty { $($code:literal => $value:path),+ ; else $other:path }) => {
        pub(super) fn $encode(value: $kind) -> i64 {
            match value { $($value => $code,)+ $other => codes!(@last $($code),+) }
        }
        pub(super) fn $decode(code: i64) -> $kind {
            match code { $($code => $value,)+ _ => $other }
        }
    };
    (@last $($code:literal),+) => { [$($code as i64),+].len() as i64 };
}

codes!(job_state, to_job_state, JobState {
    0 => JobState::Active, 1 => JobState::Paused, 2 => JobState::Done; else JobState::Removed
});
codes!(kind, to_kind, Kind {
    0 => Kind::Once, 1 => Kind::Recurring, 2 => Kind::Reboot, 3 => Kind::Start, 4 => Kind::Never; else Kind::After
});
codes!(origin, to_origin, Origin {
    0 => Origin::Schedule, 1 => Origin::Trigger, 2 => Origin::Retry; else Origin::After
});
codes!(attempt_state, to_attempt_state, AttemptState {
    0 => AttemptState::Claimed, 1 => AttemptState::Running, 2 => AttemptState::Succeeded,
    3 => AttemptState::Failed; else AttemptState::Cancelled
});
codes!(reason, to_reason, Reason {
    0 => Reason::Exit, 1 => Reason::Signal, 2 => Reason::Timeout, 3 => Reason::Spawn,
    4 => Reason::Lost, 5 => Reason::Shutdown, 6 => Reason::Overlap, 7 => Reason::Missed,
    8 => Reason::Expired, 9 => Reason::Dependency; else Reason::Paused
});

/// Codes of an intent from here on are signals.
const SIGNALS: i64 = 100;

pub(super) fn intent(intent: Intent) -> i64 {
    match intent {
        Intent::Cancel => 1,
        Intent::GiveBack => 2,
        Intent::Signal(number) => SIGNALS + i64::from(number),
    }
}

pub(super) fn to_intent(code: i64) -> Intent {
    match code {
        1 => Intent::Cancel,
        code if code > SIGNALS => Intent::Signal((code - SIGNALS) as i32),
        _ => Intent::GiveBack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_as_what_was_written() {
        for value in [
            JobState::Active,
            JobState::Paused,
            JobState::Done,
            JobState::Removed,
        ] {
            assert_eq!(to_job_state(job_state(value)), value);
        }
        for value in [
            Kind::Once,
            Kind::Recurring,
            Kind::Reboot,
            Kind::Start,
            Kind::Never,
            Kind::After,
        ] {
            assert_eq!(to_kind(kind(value)), value);
        }
        for value in [Reason::Exit, Reason::Dependency, Reason::Paused] {
            assert_eq!(to_reason(reason(value)), value);
        }
        for code in 0..14 {
            let stage = Stage::from_code(code);
            assert!(stage as i64 == code || (8..10).contains(&code));
        }
    }

    #[test]
    fn every_stage_is_listed_under_its_word() {
        for state in RunState::ALL {
            for code in stages_of(state).split(", ") {
                assert_eq!(Stage::from_code(code.parse().unwrap()).state(), state);
            }
        }
    }
}
