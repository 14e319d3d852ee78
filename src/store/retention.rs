//! Forgetting: the statements of retention. What is beyond keeping is decided elsewhere.

use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;

use crate::domain::{JobId, RunId};

use super::codes::{Stage, instant, micros};
use super::{Read, StoreError, Tx};

/// A run that has ended, for the decision whether it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndedRun {
    pub id: RunId,
    /// Its number among the runs of its job.
    pub seq: i64,
    pub stage: Stage,
    pub finished: DateTime<Utc>,
}

/// A job that may have runs to forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrunableJob {
    pub id: JobId,
    /// Done or removed: it may go with its last run.
    pub is_over: bool,
    /// It has many runs, or was made long ago.
    pub is_ripe: bool,
}

impl Read<'_> {
    /// The next jobs behind `after`, ripe or not: to look for the ripe ones alone would be to read all.
    pub(crate) fn jobs_to_prune(
        &self,
        after: Option<JobId>,
        made_before: DateTime<Utc>,
        more_runs_than: usize,
        limit: usize,
    ) -> Result<Vec<PrunableJob>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, state, last_seq > ?2 OR created < ?3
             FROM job
             WHERE id > ?1
             ORDER BY id
             LIMIT ?4",
        )?;
        let keys = (
            after.map_or(0, |job| job.0),
            more_runs_than as i64,
            micros(made_before),
            limit as i64,
        );
        let rows = statement.query_map(keys, |row| {
            Ok(PrunableJob {
                id: JobId(row.get(0)?),
                is_over: row.get::<_, i64>(1)? >= 2,
                is_ripe: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The ended runs of a job below a number, newest first, and not more than so many.
    pub(crate) fn ended_runs(
        &self,
        job: JobId,
        below: i64,
        limit: usize,
    ) -> Result<Vec<EndedRun>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, seq, state, coalesce(finished, due)
             FROM run
             WHERE job = ?1 AND seq < ?2 AND state >= 10
             ORDER BY seq DESC
             LIMIT ?3",
        )?;
        let rows = statement.query_map((job.0, below, limit as i64), |row| {
            Ok(EndedRun {
                id: RunId(row.get(0)?),
                seq: row.get(1)?,
                stage: Stage::from_code(row.get(2)?),
                finished: instant(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Deletes an ended run with its attempts, their output and its hooks.
    pub(crate) fn forget_run(&self, run: RunId) -> Result<(), StoreError> {
        let freed: i64 = self
            .conn
            .prepare_cached(
                "SELECT coalesce(sum(length(output.head) + length(output.tail)), 0)
                 FROM attempt JOIN output ON output.attempt = attempt.id
                 WHERE attempt.run = ?1",
            )?
            .query_row([run.0], |row| row.get(0))?;
        for text in [
            "DELETE FROM output WHERE attempt IN (SELECT id FROM attempt WHERE run = ?1)",
            "DELETE FROM attempt WHERE run = ?1 AND state >= 2",
            "DELETE FROM hook WHERE run = ?1",
            "DELETE FROM run WHERE id = ?1 AND state >= 10",
        ] {
            self.conn.prepare_cached(text)?.execute([run.0])?;
        }
        if freed > 0 {
            self.count_output(-freed)?;
        }
        Ok(())
    }

    /// Deletes a job that is over and has no runs; its numbering is remembered. `false`
    /// when something still refers to it.
    pub(crate) fn forget_job(&self, job: JobId) -> Result<bool, StoreError> {
        let in_use = self
            .conn
            .prepare_cached(
                "SELECT 1 FROM run WHERE job = ?1
                 UNION ALL
                 SELECT 1 FROM edge JOIN job ON job.id = edge.job
                 WHERE edge.parent = ?1 AND job.state < 2",
            )?
            .exists([job.0])?;
        if in_use {
            return Ok(false);
        }
        for text in [
            "INSERT INTO numbering(name, last_seq)
             SELECT name, last_seq FROM job WHERE id = ?1
             ON CONFLICT (name) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq)",
            "DELETE FROM edge WHERE job = ?1 OR parent = ?1",
            "DELETE FROM job WHERE id = ?1 AND state >= 2",
        ] {
            self.conn.prepare_cached(text)?.execute([job.0])?;
        }
        Ok(true)
    }

    /// Deletes the oldest kept outputs while all of them take more than `most` bytes, at
    /// most `limit` in one go; answers how many.
    pub(crate) fn forget_oldest_outputs(
        &self,
        most: u64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let mut total: i64 = self
            .conn
            .prepare_cached("SELECT bytes FROM kept_output")?
            .query_row([], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        let mut forgotten = 0;
        while total > most as i64 && forgotten < limit {
            let oldest: Option<(i64, i64)> = self
                .conn
                .prepare_cached(
                    "SELECT attempt, length(head) + length(tail)
                     FROM output
                     ORDER BY attempt
                     LIMIT 1",
                )?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((attempt, bytes)) = oldest else {
                break;
            };
            self.conn
                .prepare_cached("DELETE FROM output WHERE attempt = ?1")?
                .execute([attempt])?;
            self.count_output(-bytes)?;
            total -= bytes;
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// Gives back the pages that were read: whoever walked through the file will not need them again.
    pub(crate) fn drop_read_pages(&self) -> Result<(), StoreError> {
        Ok(self.conn.release_memory()?)
    }

    /// Keeps the sum of all kept output, so that nobody has to add it up.
    pub(super) fn count_output(&self, bytes: i64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE kept_output SET bytes = bytes + ?1")?
            .execute([bytes])?;
        Ok(())
    }
}
