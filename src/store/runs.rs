//! Runs: one function for each statement. Every change names the stage it leaves.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    Intent, JobId, MissedStretch, Name, Origin, Reason, Run, RunId, RunRef, RunState,
};

use super::codes::{
    Stage, instant, intent, micros, origin, reason, stages_of, to_intent, to_origin, to_reason,
};
use super::queues::name_of;
use super::{Read, StoreError, Tx};

/// A run to be inserted.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub job: JobId,
    pub origin: Origin,
    pub stage: Stage,
    pub reason: Option<Reason>,
    pub due: DateTime<Utc>,
    pub queue: i64,
    pub priority: i64,
    pub missed: Option<MissedStretch>,
    /// When it came into being: the end of a run that is final from the start.
    pub now: DateTime<Utc>,
}

/// An unfinished run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenRun {
    pub id: RunId,
    pub stage: Stage,
}

/// A run whose waiting time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimedRun {
    pub id: RunId,
    pub job: JobId,
    pub stage: Stage,
    pub due: DateTime<Utc>,
    /// Later than its due time when it was to start already, and there was no room for it.
    pub not_before: DateTime<Utc>,
}

/// Which runs a history shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunFilter {
    pub job: Option<JobId>,
    pub state: Option<RunState>,
    pub since: Option<DateTime<Utc>>,
    pub limit: Option<usize>,
}

/// A macro, for `concat!` takes nothing but literals.
macro_rules! run_columns {
    () => {
        "
  run.id,
  job.name,
  run.seq,
  run.job,
  run.origin,
  run.state,
  run.reason,
  run.due,
  run.not_before,
  queue.name,
  run.priority,
  run.started,
  run.finished,
  run.exit_code,
  run.signal,
  run.missed_count,
  run.missed_first,
  run.attempts"
    };
}
pub(super) use run_columns;

/// The columns of `run_columns`, from the column `first` on.
pub(super) fn run_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Run> {
    run_called(
        row,
        first,
        name_of(row, first + 1)?,
        name_of(row, first + 9)?,
    )
}

/// The same for a reader who knows the names of job and queue: their columns are not looked at.
pub(super) fn run_called(
    row: &Row<'_>,
    first: usize,
    job: Name,
    queue: Name,
) -> rusqlite::Result<Run> {
    let missed_count: Option<i64> = row.get(first + 15)?;
    let missed_first: Option<i64> = row.get(first + 16)?;
    Ok(Run {
        id: RunId(row.get(first)?),
        name: RunRef {
            job,
            seq: row.get(first + 2)?,
        },
        job: JobId(row.get(first + 3)?),
        origin: to_origin(row.get(first + 4)?),
        state: Stage::from_code(row.get(first + 5)?).state(),
        reason: row.get::<_, Option<i64>>(first + 6)?.map(to_reason),
        due: instant(row.get(first + 7)?),
        not_before: instant(row.get(first + 8)?),
        queue,
        priority: row.get(first + 10)?,
        started: row.get::<_, Option<i64>>(first + 11)?.map(instant),
        finished: row.get::<_, Option<i64>>(first + 12)?.map(instant),
        exit_code: row.get(first + 13)?,
        signal: row.get(first + 14)?,
        missed: missed_count
            .zip(missed_first)
            .map(|(count, first)| MissedStretch {
                count: count as u64,
                first: instant(first),
            }),
        attempts: row.get(first + 17)?,
    })
}

macro_rules! run_source {
    () => {
        " FROM run
  JOIN job ON job.id = run.job
  JOIN queue ON queue.id = run.queue "
    };
}

// The plus in these two keeps SQLite from walking all runs only because those come in this order.

const OPEN: &str = concat!(
    "SELECT ",
    run_columns!(),
    run_source!(),
    "WHERE run.state < 10 AND (?1 IS NULL OR queue.name = ?1)
     ORDER BY +run.id"
);

const LATEST_FAILURES: &str = concat!(
    "SELECT ",
    run_columns!(),
    run_source!(),
    "WHERE run.state = 11 AND run.due >= ?1 AND job.state <> 3
       AND run.seq = (SELECT max(seq) FROM run AS other WHERE other.job = run.job)
     ORDER BY +run.id"
);

impl Read<'_> {
    pub(crate) fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            run_columns!(),
            run_source!(),
            "WHERE run.id = ?1"
        ))?;
        Ok(statement
            .query_row([id.0], |row| run_of(row, 0))
            .optional()?)
    }

    /// `backup.41`, of the living job of that name or of a removed one.
    pub(crate) fn run_named(&self, name: &RunRef) -> Result<Option<Run>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            run_columns!(),
            run_source!(),
            "WHERE job.name = ?1 AND run.seq = ?2
             ORDER BY run.id DESC
             LIMIT 1"
        ))?;
        Ok(statement
            .query_row((name.job.as_str(), name.seq), |row| run_of(row, 0))
            .optional()?)
    }

    pub(crate) fn run_of_job(&self, job: JobId, seq: i64) -> Result<Option<Run>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            run_columns!(),
            run_source!(),
            "WHERE run.job = ?1 AND run.seq = ?2"
        ))?;
        Ok(statement
            .query_row((job.0, seq), |row| run_of(row, 0))
            .optional()?)
    }

    pub(crate) fn latest_run(&self, job: JobId) -> Result<Option<Run>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            run_columns!(),
            run_source!(),
            "WHERE run.job = ?1
             ORDER BY run.seq DESC
             LIMIT 1"
        ))?;
        Ok(statement
            .query_row([job.0], |row| run_of(row, 0))
            .optional()?)
    }

    /// Runs, newest first.
    pub(crate) fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, StoreError> {
        let states = filter
            .state
            .map_or("0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13", stages_of);
        // Only fixed texts are joined here; every value is bound.
        let (which, order) = match (filter.job, filter.state) {
            (Some(_), _) => ("run.job = ?1", "run.seq"),
            // They are few: found in their own index, and no success is looked at on the way.
            (None, Some(RunState::Failed)) => (
                "?1 IS NULL AND run.id IN (
                   SELECT id FROM run
                   WHERE state = 11 AND due >= ?2
                   ORDER BY id DESC
                   LIMIT ?3)",
                "run.id",
            ),
            (None, _) => ("?1 IS NULL", "run.id"),
        };
        let text = [
            "SELECT ",
            run_columns!(),
            run_source!(),
            "WHERE ",
            which,
            " AND run.due >= ?2 AND run.state IN (",
            states,
            ") ORDER BY ",
            order,
            " DESC LIMIT ?3",
        ]
        .concat();
        let mut statement = self.conn.prepare(&text)?;
        let keys = (
            filter.job.map(|job| job.0),
            filter.since.map_or(i64::MIN, micros),
            filter.limit.map_or(-1, |limit| limit as i64),
        );
        let rows = statement.query_map(keys, |row| run_of(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The stage of a job's newest run.
    pub(crate) fn open_or_last_stage(&self, job: JobId) -> Result<Option<Stage>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT state FROM run WHERE job = ?1 ORDER BY seq DESC LIMIT 1")?;
        let code: Option<i64> = statement.query_row([job.0], |row| row.get(0)).optional()?;
        Ok(code.map(Stage::from_code))
    }

    /// Every unfinished run, or those of one queue.
    pub(crate) fn all_open_runs(&self, queue: Option<&str>) -> Result<Vec<Run>, StoreError> {
        let mut statement = self.conn.prepare(OPEN)?;
        let rows = statement.query_map([queue], |row| run_of(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest run of each job, where it failed.
    pub(crate) fn latest_failures(&self, since: DateTime<Utc>) -> Result<Vec<Run>, StoreError> {
        let mut statement = self.conn.prepare(LATEST_FAILURES)?;
        let rows = statement.query_map([micros(since)], |row| run_of(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The unfinished runs of a job, the earliest due first.
    pub(crate) fn open_runs(&self, job: JobId) -> Result<Vec<OpenRun>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, state
             FROM run
             WHERE job = ?1 AND state < 10
             ORDER BY due, id",
        )?;
        let rows = statement.query_map([job.0], |row| {
            Ok(OpenRun {
                id: RunId(row.get(0)?),
                stage: Stage::from_code(row.get(1)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Runs whose waiting time ends by `horizon`: one-offs and retries.
    pub(crate) fn timed_runs(
        &self,
        horizon: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<TimedRun>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, job, state, due, not_before
             FROM run
             WHERE state IN (1, 3) AND not_before <= ?1
             ORDER BY not_before
             LIMIT ?2",
        )?;
        let rows = statement.query_map((micros(horizon), limit as i64), |row| {
            Ok(TimedRun {
                id: RunId(row.get(0)?),
                job: JobId(row.get(1)?),
                stage: Stage::from_code(row.get(2)?),
                due: instant(row.get(3)?),
                not_before: instant(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The earliest end of a waiting time.
    pub(crate) fn first_timed(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT min(not_before) FROM run WHERE state IN (1, 3)")?;
        let first: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(first.map(instant))
    }

    /// Runs in the runner's hands that somebody wants ended, or back.
    pub(crate) fn flagged_runs(&self) -> Result<Vec<(RunId, Intent)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, intent FROM run WHERE state IN (6, 7) AND intent IS NOT NULL",
        )?;
        let rows =
            statement.query_map([], |row| Ok((RunId(row.get(0)?), to_intent(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a run is in the runner's hands, waits for a retry, or for room it did not find.
    pub(crate) fn has_unfinished_work(&self) -> Result<bool, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM run WHERE state IN (6, 7))
                 OR EXISTS (
                   SELECT 1 FROM run WHERE state IN (1, 3) AND (state = 3 OR not_before > due))",
        )?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Inserts a run with the job's next number.
    pub(crate) fn insert_run(&self, run: &NewRun) -> Result<(RunId, i64), StoreError> {
        let seq: i64 = self
            .conn
            .prepare_cached(
                "UPDATE job SET last_seq = last_seq + 1 WHERE id = ?1 RETURNING last_seq",
            )?
            .query_row([run.job.0], |row| row.get(0))?;
        self.conn
            .prepare_cached(
                "INSERT INTO run(
                   job, seq, origin, state, reason, due, not_before, queue, priority,
                   finished, missed_count, missed_first
                 ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(rusqlite::params![
                run.job.0,
                seq,
                origin(run.origin),
                run.stage as i64,
                run.reason.map(reason),
                micros(run.due),
                run.queue,
                run.priority,
                run.stage.is_final().then(|| micros(run.now)),
                run.missed.map(|missed| missed.count as i64),
                run.missed.map(|missed| micros(missed.first)),
            ])?;
        Ok((RunId(self.conn.last_insert_rowid()), seq))
    }

    /// Whether this due time of the job has its row already.
    pub(crate) fn has_due(&self, job: JobId, due: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT 1 FROM run WHERE job = ?1 AND due = ?2 AND origin = 0")?;
        Ok(statement.exists((job.0, micros(due)))?)
    }

    /// Moves a waiting run from one stage to another; `false` when it had left the first.
    pub(crate) fn move_run(&self, id: RunId, from: Stage, to: Stage) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached("UPDATE run SET state = ?3 WHERE id = ?1 AND state = ?2")?
            .execute((id.0, from as i64, to as i64))?;
        Ok(changed > 0)
    }

    /// Ends a run that waits; answers its job, or `None` when it does not wait any more.
    pub(crate) fn end_waiting(
        &self,
        id: RunId,
        to: Stage,
        why: Option<Reason>,
        now: DateTime<Utc>,
    ) -> Result<Option<JobId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE run
                 SET state = ?2, reason = ?3, finished = ?4, intent = NULL
                 WHERE id = ?1 AND state < 6
                 RETURNING job",
            )?
            .query_row((id.0, to as i64, why.map(reason), micros(now)), |row| {
                row.get(0).map(JobId)
            })
            .optional()?)
    }

    /// Asks the runner to end a run that it holds, or to give back its claim.
    pub(crate) fn set_intent(&self, id: RunId, wanted: Intent) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE run
                 SET intent = ?2
                 WHERE id = ?1 AND state IN (6, 7) AND coalesce(intent, 2) <> 1",
            )?
            .execute((id.0, intent(wanted)))?;
        Ok(changed > 0)
    }

    pub(crate) fn clear_intent(&self, id: RunId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE run SET intent = NULL WHERE id = ?1")?
            .execute([id.0])?;
        Ok(())
    }

    /// All that a blocked run waited for has come; it is due from now on.
    pub(crate) fn unblock_run(
        &self,
        id: RunId,
        to: Stage,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE run SET state = ?2, due = ?3, not_before = ?3 WHERE id = ?1 AND state = 0",
            )?
            .execute((id.0, to as i64, micros(now)))?;
        Ok(())
    }

    /// Gives a waiting run another time.
    pub(crate) fn reschedule_run(
        &self,
        id: RunId,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE run
                 SET due = ?2, not_before = ?2, origin = 0,
                     state = CASE WHEN state = 5 THEN 5 WHEN ?2 > ?3 THEN 1 ELSE 2 END
                 WHERE id = ?1 AND state IN (0, 1, 2, 5)",
            )?
            .execute((id.0, micros(due), micros(now)))?;
        Ok(())
    }

    /// Asks the runner to give back the claims of a job that was changed.
    pub(crate) fn flag_claims(&self, job: JobId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE run SET intent = 2 WHERE job = ?1 AND state = 6 AND intent IS NULL",
            )?
            .execute([job.0])?;
        Ok(())
    }

    /// Shifts the times of coming retries, and of starts for which there was no room, by a step
    /// of the wall clock.
    pub(crate) fn shift_retries(&self, by_micros: i64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE run
                 SET not_before = CASE
                       WHEN attempts > 0 THEN not_before + ?1
                       ELSE max(not_before + ?1, due)
                     END
                 WHERE state IN (1, 3) AND (state = 3 OR not_before > due)",
            )?
            .execute([by_micros])?;
        self.conn
            .prepare_cached(
                "UPDATE run
                 SET not_before = CASE
                       WHEN attempts > 0 THEN not_before + ?1
                       ELSE max(not_before + ?1, due)
                     END
                 WHERE state IN (6, 7) AND state = 6 AND (attempts > 0 OR not_before > due)",
            )?
            .execute([by_micros])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LATEST_FAILURES, OPEN};
    use crate::store::Store;

    #[test]
    fn a_few_among_a_million_are_found_in_an_index() {
        let store = Store::in_memory();
        for (text, index) in [(OPEN, "run_open"), (LATEST_FAILURES, "run_failed")] {
            let plan = store.read().plan_of(text).unwrap();
            assert!(plan.contains(index), "{plan}");
        }
    }
}
