//! What is forgotten, and what never: a pure rule, and the small steps that carry it out.
//!
//! For each job the last 1,000 succeeded or skipped and the last 200 failed runs are kept,
//! none older than 90 days, but always the latest success and the latest failure. One-offs that
//! ended well go after 7 days, others after 90. Output is kept up to 1 GiB in all. A step is one short
//! transaction, so that no start ever waits for it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{JobId, RunId};
use crate::store::{EndedRun, Stage, StoreError, Tx};

const GOOD: usize = 1_000;
const FAILED: usize = 200;
const AGE: TimeDelta = TimeDelta::days(90);
const ONE_OFF_AGE: TimeDelta = TimeDelta::days(7);
const OUTPUT: u64 = 1 << 30;

/// Jobs passed in one step; most are passed with one look.
const JOBS: usize = 2_000;
/// Of those, jobs whose runs are read.
const RIPE: usize = 200;
/// Rows forgotten in one step, about.
const ROWS: usize = 500;
/// Runs of one job looked at in one step: what is kept of them, the two latest, and a step's worth.
const LOOK: usize = GOOD + FAILED + 2 + ROWS;

/// Between two steps of forgetting: a verb that wants to write, too, looks for its turn every now
/// and then, and would not find it between commits that follow each other at once.
pub(crate) const BREATH: Duration = Duration::from_millis(20);

/// Where the next step goes on, and what the steps did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    pub after: Option<JobId>,
    pub runs: u64,
    pub jobs: u64,
    pub outputs: u64,
    /// Nothing is left to forget.
    pub done: bool,
}

impl Progress {
    /// Whether there was a step before.
    pub(crate) fn has_begun(&self) -> bool {
        self.runs > 0 || self.outputs > 0 || self.after.is_some()
    }
}

/// One short transaction's worth of forgetting.
pub(crate) fn step(
    tx: &Tx<'_>,
    progress: Progress,
    now: DateTime<Utc>,
) -> Result<Progress, StoreError> {
    let mut progress = progress;
    let (mut rows, mut ripe) = (0, 0);
    let jobs = tx.jobs_to_prune(progress.after, now - ONE_OFF_AGE, FAILED, JOBS)?;
    let last_round = jobs.len() < JOBS;
    for job in &jobs {
        if rows >= ROWS || ripe >= RIPE {
            return Ok(progress);
        }
        if !job.is_ripe {
            progress.after = Some(job.id);
            continue;
        }
        ripe += 1;
        let runs = tx.ended_runs(job.id, LOOK)?;
        let is_all = runs.len() < LOOK;
        let unfinished = tx.open_runs(job.id)?.len();
        let forgotten = if job.is_over && is_all && unfinished == 0 && is_old(&runs, now) {
            runs.iter().map(|run| run.id).collect()
        } else {
            excess(&runs, now)
        };
        for run in &forgotten {
            tx.forget_run(*run)?;
        }
        rows += forgotten.len();
        progress.runs += forgotten.len() as u64;
        if !is_all {
            // More of them wait behind these.
            return Ok(progress);
        }
        progress.after = Some(job.id);
        if job.is_over
            && unfinished == 0
            && forgotten.len() == runs.len()
            && tx.forget_job(job.id)?
        {
            progress.jobs += 1;
        }
    }
    if last_round {
        let outputs = tx.forget_oldest_outputs(OUTPUT, ROWS)?;
        progress.outputs += outputs as u64;
        progress.done = outputs < ROWS;
    }
    Ok(progress)
}

/// Whether a job without a future may go with all its runs.
fn is_old(runs: &[EndedRun], now: DateTime<Utc>) -> bool {
    runs.iter().all(|run| {
        let age = if run.stage == Stage::Failed {
            AGE
        } else {
            ONE_OFF_AGE
        };
        run.finished < now - age
    })
}

/// The runs of one job, newest first, that are beyond what is kept.
fn excess(runs: &[EndedRun], now: DateTime<Utc>) -> Vec<RunId> {
    let (mut good, mut failed, mut succeeded) = (0, 0, 0);
    let mut beyond = Vec::new();
    for run in runs {
        let (count, most) = if run.stage == Stage::Failed {
            (&mut failed, FAILED)
        } else {
            (&mut good, GOOD)
        };
        *count += 1;
        let count = *count;
        let is_latest = match run.stage {
            Stage::Failed => count == 1,
            Stage::Succeeded => {
                succeeded += 1;
                succeeded == 1
            }
            _ => false,
        };
        if !is_latest && (count > most || run.finished < now - AGE) {
            beyond.push(run.id);
        }
    }
    beyond
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::{excess, is_old};
    use crate::domain::RunId;
    use crate::store::{EndedRun, Stage};

    fn run(id: i64, stage: Stage, days_ago: i64) -> EndedRun {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        EndedRun {
            id: RunId(id),
            stage,
            finished: now - TimeDelta::days(days_ago),
        }
    }

    #[test]
    fn the_latest_success_and_failure_are_kept_for_ever() {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        let runs = [
            run(5, Stage::Skipped, 100),
            run(4, Stage::Failed, 200),
            run(3, Stage::Succeeded, 300),
            run(2, Stage::Succeeded, 301),
            run(1, Stage::Failed, 302),
        ];
        assert_eq!(excess(&runs, now), [RunId(5), RunId(2), RunId(1)]);
    }

    #[test]
    fn a_thousand_good_and_two_hundred_failed_runs_are_kept() {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        let mut runs: Vec<_> = (0..1_002).map(|id| run(id, Stage::Succeeded, 1)).collect();
        runs.extend((2_000..2_203).map(|id| run(id, Stage::Failed, 1)));
        let gone: Vec<i64> = excess(&runs, now).iter().map(|run| run.0).collect();
        assert_eq!(gone, [1_000, 1_001, 2_200, 2_201, 2_202]);
    }

    #[test]
    fn a_failed_one_off_stays_longer_than_a_good_one() {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        assert!(is_old(&[run(1, Stage::Succeeded, 8)], now));
        assert!(!is_old(&[run(1, Stage::Succeeded, 6)], now));
        assert!(!is_old(&[run(1, Stage::Failed, 8)], now));
        assert!(is_old(&[run(1, Stage::Failed, 91)], now));
    }
}
