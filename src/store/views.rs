//! Listings: the few statements that join jobs, runs, queues and the runner for a reader.

use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;
use rusqlite::types::ValueRef;

use crate::domain::{Job, JobId, JobState, JobView, Kind, Name, Run, Runner, Waiting};

use super::codes::{Stage, instant, micros};
use super::jobs::{job_columns, job_in};
use super::queues::Lane;
use super::runs::{run_called, run_columns};
use super::settings::OptionsCache;
use super::{Read, StoreError, Tx};

/// Which jobs a listing shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobFilter {
    pub job: Option<JobId>,
    pub state: Option<JobState>,
    pub queue: Option<Name>,
    /// Only jobs whose newest finished run failed.
    pub failed: bool,
    /// One-offs that ended before this are left out.
    pub ended_after: Option<DateTime<Utc>>,
    pub limit: Option<usize>,
}

/// The jobs shown, and how many the filter left out for their age or the limit, counted up to one
/// above [`MANY`].
#[derive(Debug, Clone, Default)]
pub(crate) struct JobPage {
    pub jobs: Vec<JobView>,
    pub old: u64,
    pub more: u64,
}

/// How far a listing counts what it does not show.
pub(crate) const MANY: u64 = 1_000;

/// Newest run and first waiting run of a job, each found by an index. A one-off has but one run, and
/// of those there are the most.
const LIST: &str = "
FROM job
LEFT JOIN run AS last ON last.id = (
  SELECT id FROM run WHERE run.job = job.id ORDER BY seq DESC LIMIT 1)
LEFT JOIN run AS open ON open.id = CASE
  WHEN last.seq = 1 THEN iif(last.state < 10 AND last.state <> 7, last.id, NULL)
  ELSE (
    SELECT id FROM run WHERE run.job = job.id AND state < 10 AND state <> 7
    ORDER BY due, id LIMIT 1)
  END
WHERE job.state <> 3
  AND (?1 IS NULL OR job.id = ?1)
  AND (?2 IS NULL OR job.state = ?2)
  AND (?3 IS NULL OR job.queue = (SELECT id FROM queue WHERE name = ?3))";

/// Told only when wanted: without it, those who count need not look at a run.
const FAILED: &str = " AND last.state = 11";

const FRESH: &str = " AND NOT (job.state = 2 AND job.ended < ?4)";

const OLD: &str = " AND job.state = 2 AND job.ended < ?4";

impl Read<'_> {
    /// Jobs in the order they were added.
    pub(crate) fn list(&self, filter: &JobFilter) -> Result<JobPage, StoreError> {
        let lanes = self.lanes()?;
        let runner = self.runner()?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let queue_called = |id: i64| {
            let lane = lanes.iter().find(|lane| lane.id == id);
            lane.map_or_else(Name::default_queue, |lane| lane.queue.name.clone())
        };
        let last_columns = run_columns!()
            .replace("run.", "last.")
            .replace("queue.name", "last.queue");
        let failed = if filter.failed { FAILED } else { "" };
        let text = [
            "SELECT ",
            &job_columns!().replace("queue.name", "job.queue"),
            ", open.state, open.due, open.not_before, open.attempts, open.queue, ",
            &last_columns,
            LIST,
            failed,
            FRESH,
            " ORDER BY job.id LIMIT ?5 OFFSET ?6",
        ]
        .concat();
        let mut statement = self.conn.prepare(&text)?;
        let limit = filter.limit.map_or(-1, |limit| limit as i64);
        let keys = |limit: i64, offset: usize| {
            (
                filter.job.map(|job| job.0),
                filter.state.map(super::codes::job_state),
                filter.queue.as_ref().map(Name::as_str),
                filter.ended_after.map_or(i64::MIN, micros),
                limit,
                offset as i64,
            )
        };
        let rows = statement.query_map(keys(limit, 0), |row| {
            let job = job_in(row, &mut options, queue_called(row.get(7)?))?;
            let open = match row.get::<_, Option<i64>>(13)? {
                None => None,
                Some(code) => Some(Open {
                    stage: Stage::from_code(code),
                    due: instant(row.get(14)?),
                    not_before: instant(row.get(15)?),
                    attempts: row.get(16)?,
                    queue: row.get(17)?,
                }),
            };
            let mut last = None;
            if row.get_ref(18)? != ValueRef::Null {
                let queue = queue_called(row.get(18 + 9)?);
                last = Some(run_called(row, 18, job.name.clone(), queue)?);
            }
            Ok(view(job, last, open, &lanes, runner.as_ref()))
        })?;
        let jobs: Vec<JobView> = rows.collect::<Result<_, _>>()?;
        let count = |age: &str, behind: usize| -> Result<u64, StoreError> {
            let text = [
                "SELECT count(*) FROM (SELECT 1",
                LIST,
                failed,
                age,
                " LIMIT ?5 OFFSET ?6)",
            ]
            .concat();
            let found: i64 = self
                .conn
                .query_row(&text, keys(MANY as i64 + 1, behind), |row| row.get(0))?;
            Ok(found as u64)
        };
        let full = jobs.len() as i64 == limit;
        Ok(JobPage {
            more: if full { count(FRESH, jobs.len())? } else { 0 },
            old: count(OLD, 0)?,
            jobs,
        })
    }

    /// One job as a listing shows it, removed ones too.
    pub(crate) fn job_view(&self, job: Job) -> Result<JobView, StoreError> {
        let last = self.latest_run(job.id)?;
        let open = self.first_open(job.id)?;
        Ok(view(
            job,
            last,
            open,
            &self.lanes()?,
            self.runner()?.as_ref(),
        ))
    }

    /// When something of a job comes next.
    pub(crate) fn next_of(&self, job: &Job) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(next(job, self.first_open(job.id)?.as_ref()))
    }

    fn first_open(&self, job: JobId) -> Result<Option<Open>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT state, due, not_before, attempts, queue
             FROM run
             WHERE job = ?1 AND state < 10 AND state <> 7
             ORDER BY due, id
             LIMIT 1",
        )?;
        Ok(statement
            .query_row([job.0], |row| {
                Ok(Open {
                    stage: Stage::from_code(row.get(0)?),
                    due: instant(row.get(1)?),
                    not_before: instant(row.get(2)?),
                    attempts: row.get(3)?,
                    queue: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// The runner that holds the database, or the last one that did.
    pub(crate) fn runner(&self) -> Result<Option<Runner>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT pid, since, pool FROM runner WHERE alive = 1")?;
        Ok(statement
            .query_row([], |row| {
                Ok(Runner {
                    pid: row.get(0)?,
                    since: instant(row.get(1)?),
                    pool: row.get(2)?,
                })
            })
            .optional()?)
    }
}

impl Tx<'_> {
    /// Writes down who runs; answers the boot at which a runner started last.
    pub(crate) fn enter_runner(
        &self,
        runner: &Runner,
        boot: &str,
    ) -> Result<Option<String>, StoreError> {
        let before = self
            .conn
            .prepare_cached("SELECT boot FROM runner")?
            .query_row([], |row| row.get(0))
            .optional()?;
        self.conn
            .prepare_cached(
                "INSERT INTO runner(id, pid, since, pool, boot, alive)
                 VALUES (1, ?1, ?2, ?3, ?4, 1)
                 ON CONFLICT (id) DO UPDATE
                 SET pid = ?1, since = ?2, pool = ?3, boot = ?4, alive = 1",
            )?
            .execute((runner.pid, micros(runner.since), runner.pool, boot))?;
        Ok(before)
    }

    pub(crate) fn leave_runner(&self) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE runner SET alive = 0")?
            .execute([])?;
        Ok(())
    }
}

/// The first unfinished run of a job that has no process.
struct Open {
    stage: Stage,
    due: DateTime<Utc>,
    not_before: DateTime<Utc>,
    attempts: u32,
    queue: i64,
}

fn next(job: &Job, open: Option<&Open>) -> Option<DateTime<Utc>> {
    open.map_or(job.next_due, |open| Some(open.not_before.max(open.due)))
}

fn view(
    job: Job,
    last: Option<Run>,
    open: Option<Open>,
    lanes: &[Lane],
    runner: Option<&Runner>,
) -> JobView {
    let next = next(&job, open.as_ref());
    let waiting = why(&job, open, lanes, runner);
    JobView {
        job,
        last,
        next,
        waiting,
    }
}

/// Why nothing of this job starts; `None` when nothing of it waits.
fn why(job: &Job, open: Option<Open>, lanes: &[Lane], runner: Option<&Runner>) -> Option<Waiting> {
    if job.state == JobState::Paused {
        return Some(Waiting::JobPaused);
    }
    let Some(open) = open else {
        let chained = job.kind == Kind::After && job.state == JobState::Active;
        return chained.then(|| Waiting::After(job.when.clone()));
    };
    match open.stage {
        Stage::Blocked => return Some(Waiting::After(job.when.clone())),
        Stage::Timed => return Some(Waiting::Due(open.not_before)),
        Stage::Parked => return Some(Waiting::JobPaused),
        Stage::Held => return Some(Waiting::Earlier),
        Stage::Retrying => {
            return Some(Waiting::Retry {
                at: open.not_before,
                attempt: open.attempts + 1,
                of: job.options.retries + 1,
            });
        }
        _ => {}
    }
    let lane = lanes.iter().find(|lane| lane.id == open.queue)?;
    if lane.queue.paused {
        return Some(Waiting::QueuePaused(lane.queue.name.clone()));
    }
    if let Some(slots) = lane.queue.slots
        && lane.live >= u64::from(slots)
        && open.stage == Stage::Ready
    {
        return Some(Waiting::QueueFull {
            queue: lane.queue.name.clone(),
            slots,
            running: lane.live,
        });
    }
    Some(match runner {
        None => Waiting::NoRunner,
        Some(runner) => Waiting::PoolFull {
            pool: runner.pool,
            running: u64::from(runner.pool),
        },
    })
}
