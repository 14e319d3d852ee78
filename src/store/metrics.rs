//! Numbers for a monitor: how much waits and how late, how runs ended, when jobs last succeeded.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Failures, JobId, LastSuccess, Numbers, RunState};

use super::codes::{Stage, instant, micros};
use super::queues::name_of;
use super::{Read, StoreError};

/// A start takes a few milliseconds; what waits for longer than this is late.
const LATE: TimeDelta = TimeDelta::seconds(1);

/// Due runs that could start, but for a slot or a runner: claimed and not started, ready, and
/// those whose time has come unseen. What is paused or waits for other runs is not late.
const DUE_RUNS: &str = "
SELECT count(*), min(at)
FROM (
  SELECT run.not_before AS at
  FROM run
  JOIN queue ON queue.id = run.queue
  WHERE run.state IN (1, 2, 3, 6) AND run.state < 10
    AND run.not_before <= ?1 AND queue.paused = 0
  UNION ALL
  SELECT next_due
  FROM job
  WHERE next_due IS NOT NULL AND state = 0 AND next_due <= ?1
)";

/// One pass over the history: SQLite reads a million rows in the time of a blink.
const ENDED: &str = "SELECT state, count(*) FROM run WHERE state >= 10 GROUP BY state";

const RUNNING: &str =
    "SELECT count(*) FROM (SELECT 1 FROM run WHERE state IN (6, 7) AND state = 7 LIMIT ?1)";

const WAITING: &str =
    "SELECT count(*) FROM (SELECT 1 FROM run WHERE state < 10 AND state <> 7 LIMIT ?1)";

/// Read from the index of failures. Grouped by an expression, or SQLite would walk through all runs in the order of
/// their jobs.
const FAILURES: &str = "
SELECT job, count(*)
FROM run
WHERE state = 11 AND due >= ?1
GROUP BY +job
ORDER BY max(id) DESC";

/// The newest success of each job that has more than one run to come.
const SUCCESSES: &str = "
SELECT job.name, run.started, run.finished
FROM job
LEFT JOIN run ON run.id = (
  SELECT id FROM run WHERE run.job = job.id AND run.state = 10 ORDER BY run.seq DESC LIMIT 1)
WHERE job.state < 2 AND job.kind <> 0
ORDER BY job.name";

impl Read<'_> {
    /// Runs alive, and runs that have not started; those are counted up to one above the limit.
    pub(crate) fn depth(&self, limit: u64) -> Result<(u64, u64), StoreError> {
        let count = |text: &str, limit: i64| -> Result<u64, StoreError> {
            let mut statement = self.conn.prepare_cached(text)?;
            Ok(statement.query_row([limit], |row| row.get::<_, i64>(0))? as u64)
        };
        Ok((count(RUNNING, -1)?, count(WAITING, limit as i64 + 1)?))
    }

    /// How many runs could have started long ago, and the oldest of their due times.
    pub(crate) fn late(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(u64, Option<DateTime<Utc>>), StoreError> {
        let mut statement = self.conn.prepare(DUE_RUNS)?;
        Ok(statement.query_row([micros(now - LATE)], |row| {
            let oldest = row.get::<_, Option<i64>>(1)?;
            Ok((row.get::<_, i64>(0)? as u64, oldest.map(instant)))
        })?)
    }

    /// Failed runs that were due since then; so many jobs are named.
    pub(crate) fn failures(
        &self,
        since: DateTime<Utc>,
        named: usize,
    ) -> Result<Failures, StoreError> {
        let mut statement = self.conn.prepare(FAILURES)?;
        let rows = statement.query_map([micros(since)], |row| {
            Ok((JobId(row.get(0)?), row.get::<_, i64>(1)? as u64))
        })?;
        let mut failures = Failures::default();
        for row in rows {
            let (job, count) = row?;
            failures.runs += count;
            failures.jobs += 1;
            if failures.newest.len() < named
                && let Some(name) = self.name_of_job(job)?
            {
                failures.newest.push((name, count));
            }
        }
        Ok(failures)
    }

    pub(crate) fn numbers(&self, now: DateTime<Utc>) -> Result<Numbers, StoreError> {
        let (late, oldest_due) = self.late(now)?;
        let ended = RunState::ALL.into_iter().filter(|state| state.is_final());
        let mut ended: Vec<(RunState, u64)> = ended.map(|state| (state, 0)).collect();
        let mut statement = self.conn.prepare(ENDED)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let state = Stage::from_code(row.get(0)?).state();
            let count: i64 = row.get(1)?;
            if let Some((_, place)) = ended.iter_mut().find(|(of, _)| *of == state) {
                *place += count as u64;
            }
        }
        let mut statement = self.conn.prepare(SUCCESSES)?;
        let successes = statement.query_map([], |row| {
            let started = row.get::<_, Option<i64>>(1)?.map(instant);
            let finished = row.get::<_, Option<i64>>(2)?.map(instant);
            Ok(LastSuccess {
                job: name_of(row, 0)?,
                at: finished,
                took: started
                    .zip(finished)
                    .map(|(started, finished)| finished - started),
            })
        })?;
        Ok(Numbers {
            late,
            oldest_due,
            ended,
            successes: successes.collect::<Result<_, _>>()?,
        })
    }
}
