//! Hooks: commands that tell of the end of a run. Recorded with the end, started at most once.

use chrono::{DateTime, Utc};

use crate::domain::{HookFailure, JobId, RunId};

use super::codes::{instant, micros};
use super::queues::name_of;
use super::{Read, StoreError, Tx};

/// A hook about to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub id: i64,
    pub run: RunId,
    pub occasion: String,
    pub command: String,
}

impl Read<'_> {
    /// Hooks of a job's runs, or of one of them, that did not do their work, newest first.
    pub(crate) fn hook_failures(
        &self,
        job: JobId,
        run: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<HookFailure>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT job.name, run.seq, hook.occasion, hook.at, hook.message
             FROM run
             JOIN hook ON hook.run = run.id
             JOIN job ON job.id = run.job
             WHERE run.job = ?1
             AND run.id = coalesce(?2, run.id)
             AND hook.message IS NOT NULL
             ORDER BY hook.id DESC
             LIMIT ?3",
        )?;
        let key = (job.0, run.map(|run| run.0), limit as i64);
        let rows = statement.query_map(key, |row| {
            Ok(HookFailure {
                run: crate::domain::RunRef {
                    job: name_of(row, 0)?,
                    seq: row.get(1)?,
                },
                hook: row.get(2)?,
                at: instant(row.get(3)?),
                message: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a hook waits or is under way.
    pub(crate) fn has_open_hooks(&self) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT 1 FROM hook WHERE state < 2 LIMIT 1")?;
        Ok(statement.exists([])?)
    }
}

impl Tx<'_> {
    pub(crate) fn record_hook(
        &self,
        run: RunId,
        occasion: &str,
        command: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO hook(run, occasion, command, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute((run.0, occasion, command, micros(now)))?;
        Ok(())
    }

    /// Takes waiting hooks into the runner's hands: from here on they count as started.
    pub(crate) fn take_hooks(&self, limit: usize) -> Result<Vec<Hook>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut statement = self.conn.prepare_cached(
            "SELECT id, run, occasion, command FROM hook WHERE state = 0 AND state < 2 ORDER BY id LIMIT ?1",
        )?;
        let rows = statement.query_map([limit as i64], |row| {
            Ok(Hook {
                id: row.get(0)?,
                run: RunId(row.get(1)?),
                occasion: row.get(2)?,
                command: row.get(3)?,
            })
        })?;
        let hooks = rows.collect::<Result<Vec<_>, _>>()?;
        let mut start = self
            .conn
            .prepare_cached("UPDATE hook SET state = 1 WHERE id = ?1 AND state = 0")?;
        for hook in &hooks {
            start.execute([hook.id])?;
        }
        Ok(hooks)
    }

    pub(crate) fn end_hook(&self, id: i64, message: Option<&str>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE hook SET state = 2, message = ?2 WHERE id = ?1 AND state = 1")?
            .execute((id, message))?;
        Ok(())
    }

    /// Hooks that a dead runner had started: nobody saw their end, and none is started twice.
    pub(crate) fn lose_hooks(&self) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE hook SET state = 2, message = 'lost: the runner died' WHERE state = 1",
            )?
            .execute([])?;
        Ok(())
    }
}
