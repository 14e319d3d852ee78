//! What a wall clock that was set needs to know and to change: who waits for a time that the old
//! clock meant, and how far ahead that clock was.

use chrono::{DateTime, Utc};

use crate::domain::{Job, JobId};

use super::codes::{instant, micros};
use super::jobs::{job_columns, job_of};
use super::settings::OptionsCache;
use super::{Read, StoreError, Tx};

impl Read<'_> {
    /// Recurring jobs that are not due before `now` has passed.
    pub(crate) fn jobs_due_after(&self, now: DateTime<Utc>) -> Result<Vec<Job>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            " FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state < 2 AND job.next_due > ?1
              ORDER BY job.id"
        ))?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let rows = statement.query_map([micros(now)], |row| job_of(row, &mut options))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The latest instant that the newest rows tell of: no clock was behind it then.
    pub(crate) fn newest_stamp(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT max(at) FROM (
               SELECT since AS at FROM runner
               UNION ALL
               SELECT created FROM (SELECT created FROM job ORDER BY id DESC LIMIT 1)
               UNION ALL
               SELECT due FROM (
                 SELECT CASE WHEN state < 2 THEN finished ELSE due END AS due
                 FROM run ORDER BY id DESC LIMIT 1)
               UNION ALL
               SELECT at FROM (
                 SELECT coalesce(finished, started) AS at
                 FROM attempt ORDER BY id DESC LIMIT 1))",
        )?;
        let newest: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(newest.map(instant))
    }
}

impl Tx<'_> {
    /// Counts a grid, or the days of a calendar, from another instant.
    pub(crate) fn anchor_job(&self, id: JobId, anchor: DateTime<Utc>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE job SET anchor = ?2 WHERE id = ?1")?
            .execute((id.0, micros(anchor)))?;
        Ok(())
    }
}
