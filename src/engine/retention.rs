//! What is forgotten, and what never: a pure rule, and the small steps that carry it out.
//!
//! For each job the last 1,000 succeeded or skipped and the last 200 failed runs are kept,
//! none older than 90 days, but always the latest success and the latest failure. One-offs that
//! ended well go after 7 days, others after 90. Output is kept up to 1 GiB in all. A step is one short
//! transaction, so that no start ever waits for it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::JobId;
use crate::store::{EndedRun, PrunableJob, Stage, StoreError, Tx};

const GOOD: usize = 1_000;
const FAILED: usize = 200;
const AGE: TimeDelta = TimeDelta::days(90);
const ONE_OFF_AGE: TimeDelta = TimeDelta::days(7);
const OUTPUT: u64 = 1 << 30;

/// Jobs passed in one step; most are passed with one look.
const JOBS: usize = 2_000;
/// Of those, jobs whose runs are read.
const RIPE: usize = 100;
/// Runs looked at in one step. Each is a page of its own in a long history of many jobs.
const LOOKS: usize = 400;
/// Runs forgotten in one step. In a long history of many jobs each changes pages of its own: with 500 of them the lock
/// was held for up to 190 ms and starts were that late; with 50 the worst is 2 ms later than without retention.
const ROWS: usize = 50;
/// Outputs forgotten in one step; they may be large.
const OUTPUTS: usize = 50;

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
    /// In the middle of a job with many runs.
    walk: Option<Walk>,
}

impl Progress {
    /// Whether there was a step before.
    pub(crate) fn has_begun(&self) -> bool {
        self.runs > 0 || self.outputs > 0 || self.after.is_some() || self.walk.is_some()
    }
}

/// The way through the ended runs of a job, newest first. It is kept between two steps, or each would read
/// a thousand kept runs before it came to one to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Walk {
    job: JobId,
    /// The number of the last run that was looked at.
    below: i64,
    /// The job is over and goes with all its runs.
    goes: bool,
    good: usize,
    failed: usize,
    succeeded: usize,
}

impl Walk {
    fn begin(job: JobId, goes: bool) -> Self {
        Self {
            job,
            below: i64::MAX,
            goes,
            good: 0,
            failed: 0,
            succeeded: 0,
        }
    }

    /// Looks at the next run; whether it is beyond what is kept.
    fn is_beyond(&mut self, run: &EndedRun, now: DateTime<Utc>) -> bool {
        self.below = run.seq;
        let (count, most) = if run.stage == Stage::Failed {
            (&mut self.failed, FAILED)
        } else {
            (&mut self.good, GOOD)
        };
        *count += 1;
        let count = *count;
        let is_latest = match run.stage {
            Stage::Failed => count == 1,
            Stage::Succeeded => {
                self.succeeded += 1;
                self.succeeded == 1
            }
            _ => false,
        };
        self.goes || !is_latest && (count > most || run.finished < now - AGE)
    }
}

/// One short transaction's worth of forgetting.
pub(crate) fn step(
    tx: &Tx<'_>,
    progress: Progress,
    now: DateTime<Utc>,
) -> Result<Progress, StoreError> {
    let progress = go_on(tx, progress, now)?;
    // The way past a hundred thousand jobs would fill the page cache, and an idle runner keep 2 MiB of it for ever.
    tx.drop_read_pages()?;
    Ok(progress)
}

fn go_on(tx: &Tx<'_>, mut progress: Progress, now: DateTime<Utc>) -> Result<Progress, StoreError> {
    let mut step = Step { rows: 0, looks: 0 };
    let mut ripe = 0;
    let jobs = tx.jobs_to_prune(progress.after, now - ONE_OFF_AGE, FAILED, JOBS)?;
    let last_round = jobs.len() < JOBS;
    for job in &jobs {
        if job.is_ripe {
            if !step.came_to_the_end_of(tx, job, &mut progress, now)? {
                return Ok(progress);
            }
            ripe += 1;
        }
        progress.after = Some(job.id);
        if step.is_long() || ripe >= RIPE {
            return Ok(progress);
        }
    }
    if last_round {
        let outputs = tx.forget_oldest_outputs(OUTPUT, OUTPUTS)?;
        progress.outputs += outputs as u64;
        progress.done = outputs < OUTPUTS;
    }
    Ok(progress)
}

/// What one step has done so far.
struct Step {
    rows: usize,
    looks: usize,
}

impl Step {
    fn is_long(&self) -> bool {
        self.rows >= ROWS || self.looks >= LOOKS
    }

    /// Goes on with a job; `false` when more of its runs wait behind these.
    fn came_to_the_end_of(
        &mut self,
        tx: &Tx<'_>,
        job: &PrunableJob,
        progress: &mut Progress,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let begun = progress.walk.take().filter(|walk| walk.job == job.id);
        let below = begun.map_or(i64::MAX, |walk| walk.below);
        let limit = LOOKS - self.looks;
        let runs = tx.ended_runs(job.id, below, limit)?;
        let is_all = runs.len() < limit;
        let mut walk = match begun {
            Some(walk) => walk,
            // It gets a step of its own, so that the runs of a job that is over are seen together.
            None if !is_all && self.looks > 0 => return Ok(false),
            None => Walk::begin(job.id, job.is_over && is_all && is_old(&runs, now)),
        };
        walk.goes &= job.is_over && tx.open_runs(job.id)?.is_empty();
        for run in &runs {
            if self.rows >= ROWS {
                break;
            }
            self.looks += 1;
            if walk.is_beyond(run, now) {
                tx.forget_run(run.id)?;
                self.rows += 1;
                progress.runs += 1;
            }
        }
        let is_at_end = is_all && runs.last().is_none_or(|last| last.seq == walk.below);
        if !is_at_end {
            progress.walk = Some(walk);
        } else if walk.goes && tx.forget_job(job.id)? {
            progress.jobs += 1;
        }
        Ok(is_at_end)
    }
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, TimeZone, Utc};

    use super::{LOOKS, Progress, ROWS, Walk, is_old, step};
    use crate::domain::{Command, JobId, Kind, Name, Options, Origin, RunId};
    use crate::store::{EndedRun, NewJob, NewRun, Stage, Store, StoreError, Tx};

    fn run(id: i64, stage: Stage, days_ago: i64) -> EndedRun {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        EndedRun {
            id: RunId(id),
            seq: i64::MAX - id,
            stage,
            finished: now - TimeDelta::days(days_ago),
        }
    }

    /// The runs of one job, newest first, that are beyond what is kept.
    fn excess(runs: &[EndedRun], now: DateTime<Utc>) -> Vec<RunId> {
        let mut walk = Walk::begin(JobId(1), false);
        let beyond = runs.iter().filter(|run| walk.is_beyond(run, now));
        beyond.map(|run| run.id).collect()
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

    /// A job with so many finished runs, every third of them failed, and steps until nothing is left to forget.
    fn steps_over(runs: usize, is_removed: bool, days_ago: i64) -> (Store, Vec<Progress>) {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        let ended = now - TimeDelta::days(days_ago);
        let mut store = Store::in_memory();
        let make = |tx: &Tx<'_>| {
            let job = tx.insert_job(&NewJob {
                name: Name::parse("tick").unwrap(),
                kind: Kind::Recurring,
                when: "@daily".to_owned(),
                command: Command::Shell("true".to_owned()),
                queue: Name::default_queue(),
                priority: 0,
                options: Options::default(),
                anchor: ended,
                created: ended,
                next_due: None,
                source: None,
            })?;
            for number in 0..runs {
                tx.insert_run(&NewRun {
                    job,
                    origin: Origin::Trigger,
                    stage: if number % 3 == 0 {
                        Stage::Failed
                    } else {
                        Stage::Succeeded
                    },
                    reason: None,
                    due: ended,
                    queue: 1,
                    priority: 0,
                    missed: None,
                    now: ended,
                })?;
            }
            if is_removed {
                tx.remove_job(job)?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(make).unwrap();
        let mut steps = vec![Progress::default()];
        while let Some(last) = steps.last().filter(|last| !last.done) {
            let next = store.write(|tx| step(tx, *last, now)).unwrap();
            steps.push(next);
        }
        (store, steps)
    }

    #[test]
    fn no_step_is_long_and_none_begins_again() {
        let (store, steps) = steps_over(3_000, false, 1);
        // Of 2,000 successes and 1,000 failures.
        assert_eq!(steps.last().unwrap().runs, 1_000 + 800);
        assert!(
            steps
                .windows(2)
                .all(|pair| pair[1].runs - pair[0].runs <= ROWS as u64)
        );
        assert!(
            steps.len() <= 1_800 / ROWS + 3_000 / LOOKS + 4,
            "{}",
            steps.len()
        );
        let kept = store.read().ended_runs(JobId(1), i64::MAX, 3_000).unwrap();
        let failed = kept.iter().filter(|run| run.stage == Stage::Failed);
        assert_eq!((kept.len(), failed.count()), (1_200, 200));
    }

    #[test]
    fn a_job_that_is_over_goes_with_all_its_runs_in_as_many_steps_as_they_need() {
        let (store, steps) = steps_over(LOOKS - 1, true, 91);
        let last = steps.last().unwrap();
        assert_eq!((last.runs, last.jobs), (LOOKS as u64 - 1, 1));
        assert!(
            steps
                .windows(2)
                .all(|pair| pair[1].runs - pair[0].runs <= ROWS as u64)
        );
        assert!(store.read().job(JobId(1)).unwrap().is_none());
    }

    #[test]
    fn a_removed_job_with_a_long_history_goes_at_the_second_pass() {
        let (mut store, steps) = steps_over(LOOKS + 10, true, 91);
        let last = steps.last().unwrap();
        // The latest success and the latest failure.
        assert_eq!((last.runs, last.jobs), (LOOKS as u64 + 8, 0));
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        let again = store
            .write(|tx| step(tx, Progress::default(), now))
            .unwrap();
        assert_eq!((again.runs, again.jobs), (2, 1));
    }
}
