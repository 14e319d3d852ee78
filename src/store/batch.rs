//! Very many jobs in one transaction: statements that insert dozens of rows at a time.
//!
//! A million rows cost what the statements around them cost, so these have none: numbers of
//! settings and queues come from the caller, names are free already, and foreign keys are not
//! looked up again for numbers that this very transaction made.

use chrono::{DateTime, Utc};

use crate::domain::{Job, JobId, Kind, Name};

use super::codes::{Stage, kind, micros};
use super::jobs::{job_columns, job_of};
use super::settings::OptionsCache;
use super::{Read, Store, StoreError, Tx};

/// Rows of one statement: beyond this it does not get faster.
const ROWS: usize = 50;

/// Memory for pages that are not written yet, in KiB; without it each page of an index
/// goes to the log many times.
const CACHE_KIB: i64 = -128 * 1_024;

/// What one-offs that are inserted together have in common.
#[derive(Debug, Clone)]
pub(crate) struct Alike {
    pub when: String,
    pub settings: i64,
    pub queue: i64,
    pub priority: i64,
    pub due: DateTime<Utc>,
    /// Where their only run waits.
    pub stage: Stage,
    pub created: DateTime<Utc>,
}

/// What is a job's own: its name, its shell string, and the number of its first run.
#[derive(Debug, Clone)]
pub(crate) struct OneOff<'a> {
    pub name: Name,
    pub command: &'a str,
    pub seq: i64,
}

impl Store {
    /// As [`Store::write`], for a transaction of very many rows.
    pub(crate) fn write_many<T, E>(
        &mut self,
        change: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let set = |name: &str, value: i64| {
            self.conn
                .pragma_update(None, name, value)
                .map_err(StoreError::from)
        };
        set("cache_size", CACHE_KIB)?;
        set("foreign_keys", 0)?;
        let answer = self.write(change);
        self.conn
            .pragma_update(None, "foreign_keys", 1)
            .map_err(StoreError::from)?;
        answer
    }
}

impl Read<'_> {
    /// Whether any name was used by a job that is gone, so that its numbers go on.
    pub(crate) fn has_earlier_names(&self) -> Result<bool, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM job WHERE state = 3)
                 OR EXISTS (SELECT 1 FROM numbering)",
        )?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// The last number of a run that earlier jobs of this name had.
    pub(crate) fn last_number_of(&self, name: &Name) -> Result<i64, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT coalesce(max(
               coalesce((SELECT max(last_seq) FROM job WHERE name = ?1 AND state = 3), 0),
               coalesce((SELECT last_seq FROM numbering WHERE name = ?1), 0)), 0)",
        )?;
        Ok(statement.query_row([name.as_str()], |row| row.get(0))?)
    }

    /// The highest number behind a stem among the names of living jobs.
    pub(crate) fn highest_of_series(&self, stem: &Name) -> Result<u64, StoreError> {
        // Names of one series sort together: `true-` is before every `true-N`, and `true.` after.
        let low = format!("{stem}-");
        let high = format!("{stem}.");
        let mut statement = self.conn.prepare_cached(
            "SELECT max(CAST(substr(name, length(?1) + 1) AS INTEGER))
             FROM job
             WHERE name > ?1 AND name < ?2 AND state <> 3",
        )?;
        let highest: Option<i64> = statement.query_row((low, high), |row| row.get(0))?;
        Ok(highest.unwrap_or(0).max(0) as u64)
    }

    /// The living jobs that are no one-offs, to look for twins of a new one.
    pub(crate) fn jobs_that_stay(&self) -> Result<Vec<Job>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            " FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state < 2 AND job.kind <> 0
              ORDER BY job.id"
        ))?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let rows = statement.query_map([], |row| job_of(row, &mut options))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Inserts one-offs and their only runs, in this order; the number of the first job.
    pub(crate) fn insert_one_offs(
        &self,
        alike: &Alike,
        jobs: &[OneOff<'_>],
    ) -> Result<Option<JobId>, StoreError> {
        let mut first = None;
        for some in jobs.chunks(ROWS) {
            let begin = self.insert_some(alike, some)?;
            first.get_or_insert(JobId(begin));
        }
        if let Some(JobId(first)) = first {
            self.insert_their_runs(alike, first, first + jobs.len() as i64)?;
        }
        Ok(first)
    }

    fn insert_some(&self, alike: &Alike, jobs: &[OneOff<'_>]) -> Result<i64, StoreError> {
        // OR FAIL: a failure undoes the whole batch, so the statement keeps no journal of its own.
        let mut text = "INSERT OR FAIL INTO job(
               name, command, last_seq, state, kind, schedule, argv, settings, queue, priority,
               anchor, created
             )
             SELECT column1, column2, column3, 0, ?1, ?2, 0, ?3, ?4, ?5, ?6, ?7
             FROM (VALUES (?, ?, ?)"
            .to_owned();
        for _ in 1..jobs.len() {
            text.push_str(", (?, ?, ?)");
        }
        text.push(')');
        let mut insert = self.conn.prepare_cached(&text)?;
        insert.raw_bind_parameter(1, kind(Kind::Once))?;
        insert.raw_bind_parameter(2, alike.when.as_str())?;
        insert.raw_bind_parameter(3, alike.settings)?;
        insert.raw_bind_parameter(4, alike.queue)?;
        insert.raw_bind_parameter(5, alike.priority)?;
        // A one-off has no grid, and eight bytes are a lot of so small a row.
        insert.raw_bind_parameter(6, 0)?;
        insert.raw_bind_parameter(7, micros(alike.created))?;
        for (index, job) in jobs.iter().enumerate() {
            let at = 8 + 3 * index;
            insert.raw_bind_parameter(at, job.name.as_str())?;
            insert.raw_bind_parameter(at + 1, job.command)?;
            insert.raw_bind_parameter(at + 2, job.seq)?;
        }
        insert.raw_execute()?;
        Ok(self.conn.last_insert_rowid() + 1 - jobs.len() as i64)
    }

    fn insert_their_runs(&self, alike: &Alike, first: i64, behind: i64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR FAIL INTO run(
                   job, seq, origin, state, due, not_before, queue, priority
                 )
                 SELECT id, last_seq, 0, ?3, ?4, ?4, queue, priority
                 FROM job
                 WHERE id >= ?1 AND id < ?2
                 ORDER BY id",
            )?
            .execute((first, behind, alike.stage as i64, micros(alike.due)))?;
        Ok(())
    }
}
