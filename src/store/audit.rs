//! What the simulation looks at: rows as they stand, integers and all.
//!
//! Lives here because SQL lives here; built for tests only. No verb and no runner reads a run
//! this way: they have no business with the difference between two kinds of waiting.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row};

use crate::domain::{
    AttemptId, AttemptState, JobId, JobState, MissedStretch, Origin, Reason, RunId,
};

use super::codes::{Stage, instant, to_attempt_state, to_job_state, to_origin, to_reason};
use super::{Read, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunRow {
    pub id: RunId,
    pub job: JobId,
    pub origin: Origin,
    pub stage: Stage,
    pub reason: Option<Reason>,
    pub due: DateTime<Utc>,
    pub not_before: DateTime<Utc>,
    pub queue: i64,
    pub priority: i64,
    pub attempts: u32,
    pub finished: Option<DateTime<Utc>>,
    pub missed: Option<MissedStretch>,
    /// Somebody wants it ended or back.
    pub flagged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptRow {
    pub id: AttemptId,
    pub run: RunId,
    pub state: AttemptState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JobRow {
    pub id: JobId,
    pub state: JobState,
    pub next_due: Option<DateTime<Utc>>,
    pub resume_at: Option<DateTime<Utc>>,
}

macro_rules! run_row {
    ($condition:literal) => {
        concat!(
            "SELECT id, job, origin, state, reason, due, not_before, queue, priority,
                    attempts, finished, missed_count, missed_first,
                    intent IS NOT NULL
             FROM run WHERE ",
            $condition
        )
    };
}

fn run_row_of(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let count: Option<i64> = row.get(11)?;
    let first: Option<i64> = row.get(12)?;
    Ok(RunRow {
        id: RunId(row.get(0)?),
        job: JobId(row.get(1)?),
        origin: to_origin(row.get(2)?),
        stage: Stage::from_code(row.get(3)?),
        reason: row.get::<_, Option<i64>>(4)?.map(to_reason),
        due: instant(row.get(5)?),
        not_before: instant(row.get(6)?),
        queue: row.get(7)?,
        priority: row.get(8)?,
        attempts: row.get(9)?,
        finished: row.get::<_, Option<i64>>(10)?.map(instant),
        missed: count.zip(first).map(|(count, first)| MissedStretch {
            count: count as u64,
            first: instant(first),
        }),
        flagged: row.get(13)?,
    })
}

impl Read<'_> {
    /// Every unfinished run, and every run that came after `seen`.
    pub(crate) fn audit_moving(&self, seen: RunId) -> Result<Vec<RunRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(run_row!("state < 10 OR id > ?1 ORDER BY id"))?;
        let rows = statement.query_map([seen.0], run_row_of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn audit_run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(run_row!("id = ?1"))?;
        Ok(statement.query_row([id.0], run_row_of).optional()?)
    }

    /// Attempts that have not ended.
    pub(crate) fn audit_open_attempts(&self) -> Result<Vec<AttemptRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id, run, state FROM attempt WHERE state < 2 ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(AttemptRow {
                id: AttemptId(row.get(0)?),
                run: RunId(row.get(1)?),
                state: to_attempt_state(row.get(2)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn audit_jobs(&self) -> Result<Vec<JobRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT id, state, next_due, resume_at FROM job ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(JobRow {
                id: JobId(row.get(0)?),
                state: to_job_state(row.get(1)?),
                next_due: row.get::<_, Option<i64>>(2)?.map(instant),
                resume_at: row.get::<_, Option<i64>>(3)?.map(instant),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// `ok`, or what SQLite and its foreign keys find wrong.
    pub(crate) fn audit_integrity(&self) -> Result<String, StoreError> {
        let found: String = self
            .conn
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        let strays: i64 =
            self.conn
                .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                    row.get(0)
                })?;
        if strays > 0 {
            return Ok(format!("{strays} rows point nowhere"));
        }
        Ok(found)
    }
}

impl Read<'_> {
    /// How SQLite goes about a statement.
    pub(super) fn plan_of(&self, text: &str) -> Result<String, StoreError> {
        let mut statement = self.conn.prepare(&["EXPLAIN QUERY PLAN ", text].concat())?;
        // Nothing is bound: a plan does not depend on values.
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            steps.push(row.get::<_, String>(3)?);
        }
        Ok(steps.join("\n"))
    }
}
