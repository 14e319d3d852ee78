//! What becomes of a run when an attempt of it has ended. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{AttemptState, Exit, Options, Reason};
use crate::schedule;

/// Why an attempt is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The process ended by itself.
    Exited(Exit),
    /// We ended it: its time was up, or the runner stops.
    Ended(Reason, Exit),
    /// A user cancelled it.
    Cancelled(Exit),
    /// The process could not be started.
    Unstartable { code: i32 },
}

/// Why we end an attempt ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Why {
    Failed(Reason),
    Cancelled,
}

/// How an attempt is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub state: AttemptState,
    pub reason: Option<Reason>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
}

impl Outcome {
    /// What the end of a process means: where we had a hand in it, that and not how it ended.
    pub(crate) fn of(why: Option<Why>, exit: Exit) -> Self {
        match why {
            None => Self::Exited(exit),
            Some(Why::Failed(reason)) => Self::Ended(reason, exit),
            Some(Why::Cancelled) => Self::Cancelled(exit),
        }
    }

    /// How the process ended.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Exited(exit) | Self::Ended(_, exit) | Self::Cancelled(exit) => exit,
            Self::Unstartable { code } => Exit::Code(code),
        }
    }

    pub(crate) fn verdict(self, options: &Options) -> Verdict {
        let (exit_code, signal) = match self.exit() {
            Exit::Code(code) => (Some(code), None),
            Exit::Signal(signal) => (None, Some(signal)),
            Exit::Unknown => (None, None),
        };
        let (state, reason) = match self {
            Self::Cancelled(_) => (AttemptState::Cancelled, None),
            Self::Ended(reason, _) => (AttemptState::Failed, Some(reason)),
            Self::Unstartable { .. } => (AttemptState::Failed, Some(Reason::Spawn)),
            Self::Exited(Exit::Code(code)) if options.is_success(code) => {
                (AttemptState::Succeeded, None)
            }
            Self::Exited(Exit::Code(_)) => (AttemptState::Failed, Some(Reason::Exit)),
            Self::Exited(Exit::Signal(_)) => (AttemptState::Failed, Some(Reason::Signal)),
            Self::Exited(Exit::Unknown) => (AttemptState::Failed, Some(Reason::Lost)),
        };
        Verdict {
            state,
            reason,
            exit_code,
            signal,
        }
    }
}

/// The time of the next attempt, if there is to be one.
///
/// `number` counts the attempts that were made, the ended one included; `chance` in 0..1
/// spreads retries that failed together.
pub(crate) fn retry_at(
    options: &Options,
    verdict: &Verdict,
    number: u32,
    chance: f64,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if verdict.state != AttemptState::Failed || number > options.retries {
        return None;
    }
    if let Some(codes) = &options.retry_on
        && !verdict.exit_code.is_some_and(|code| codes.contains(code))
    {
        return None;
    }
    let backoff = options.backoff();
    let wait = schedule::backoff(backoff.base, backoff.max, number, chance);
    Some(now + wait.to_delta())
}

/// A number in 0..1 that is the same whenever the same attempt is asked about, so that a
/// restart neither resets nor redraws it (SplitMix64).
pub(crate) fn chance_of(attempt: i64) -> f64 {
    let mut z = (attempt as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::{Outcome, chance_of, retry_at};
    use crate::domain::{AttemptState, Backoff, CodeSet, Exit, Options, Reason};

    fn options(retries: u32) -> Options {
        Options {
            retries,
            backoff: Some(Backoff::parse("10s..1m").unwrap()),
            ..Options::default()
        }
    }

    #[test]
    fn the_reason_is_exact() {
        let plain = Options::default();
        for (outcome, state, reason) in [
            (
                Outcome::Exited(Exit::Code(0)),
                AttemptState::Succeeded,
                None,
            ),
            (
                Outcome::Exited(Exit::Code(1)),
                AttemptState::Failed,
                Some(Reason::Exit),
            ),
            (
                Outcome::Exited(Exit::Signal(9)),
                AttemptState::Failed,
                Some(Reason::Signal),
            ),
            (
                Outcome::Exited(Exit::Unknown),
                AttemptState::Failed,
                Some(Reason::Lost),
            ),
            (
                Outcome::Ended(Reason::Timeout, Exit::Code(0)),
                AttemptState::Failed,
                Some(Reason::Timeout),
            ),
            (
                Outcome::Unstartable { code: 127 },
                AttemptState::Failed,
                Some(Reason::Spawn),
            ),
            (
                Outcome::Cancelled(Exit::Signal(15)),
                AttemptState::Cancelled,
                None,
            ),
        ] {
            let verdict = outcome.verdict(&plain);
            assert_eq!((verdict.state, verdict.reason), (state, reason));
        }
    }

    #[test]
    fn success_codes_are_successes() {
        let options = Options {
            success_codes: Some(CodeSet::parse("0,75").unwrap()),
            ..Options::default()
        };
        let verdict = Outcome::Exited(Exit::Code(75)).verdict(&options);
        assert_eq!(verdict.state, AttemptState::Succeeded);
    }

    #[test]
    fn retries_double_up_to_the_cap_and_end() {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        let options = options(4);
        let failed = Outcome::Exited(Exit::Code(1)).verdict(&options);
        let waits: Vec<Option<i64>> = (1..=5)
            .map(|number| {
                retry_at(&options, &failed, number, 0.5, now).map(|at| (at - now).num_seconds())
            })
            .collect();
        assert_eq!(waits, [Some(10), Some(20), Some(40), Some(60), None]);
    }

    #[test]
    fn only_listed_codes_are_tried_again() {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        let options = Options {
            retry_on: Some(CodeSet::parse("75").unwrap()),
            ..options(3)
        };
        let at = |code| {
            let verdict = Outcome::Exited(Exit::Code(code)).verdict(&options);
            retry_at(&options, &verdict, 1, 0.5, now)
        };
        assert!(at(75).is_some());
        assert!(at(1).is_none());
    }

    #[test]
    fn a_cancelled_attempt_is_not_tried_again() {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        let options = options(3);
        let verdict = Outcome::Cancelled(Exit::Code(1)).verdict(&options);
        assert_eq!(retry_at(&options, &verdict, 1, 0.5, now), None);
    }

    #[test]
    fn chances_are_spread_and_stable() {
        let mean = (0..1000).map(chance_of).sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        assert!((chance_of(7) - chance_of(7)).abs() < f64::EPSILON);
    }
}
