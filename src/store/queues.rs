//! Queues: named lanes, made on first use.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;

use crate::domain::{Name, Queue, QueueState};

use super::codes::micros;
use super::{Read, StoreError, Tx};

/// A queue as the claim needs it.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    pub id: i64,
    pub queue: Queue,
    /// Runs of it in the runner's hands; counted only where there is a limit.
    pub live: u64,
}

impl Read<'_> {
    /// Every queue; one with a limit with the number of its runs that are claimed or running.
    pub(crate) fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT
               queue.id,
               queue.name,
               queue.slots,
               queue.paused,
               CASE WHEN slots IS NULL THEN 0 ELSE
                 (SELECT count(*) FROM run WHERE state IN (6, 7) AND run.queue = queue.id) END
             FROM queue
             ORDER BY queue.id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Lane {
                id: row.get(0)?,
                queue: Queue {
                    name: name_of(row, 1)?,
                    slots: row.get(2)?,
                    paused: row.get(3)?,
                },
                live: row.get::<_, i64>(4)? as u64,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn queue_states(&self, now: DateTime<Utc>) -> Result<Vec<QueueState>, StoreError> {
        let by_queue = |text: &str, keys: &[i64]| -> Result<HashMap<i64, i64>, StoreError> {
            let mut statement = self.conn.prepare_cached(text)?;
            let rows = statement.query_map(rusqlite::params_from_iter(keys), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let an_hour_ago = micros(now - chrono::TimeDelta::hours(1));
        let ended = by_queue(
            "SELECT queue, count(*)
             FROM run
             WHERE id > (SELECT max(id) - 10000 FROM run)
               AND state IN (10, 11, 12) AND finished >= ?1
             GROUP BY queue",
            &[an_hour_ago],
        )?;
        // What is claimed ahead has a place in the queue's limit, and no process yet. Most of what waits is ready,
        // and that is counted in an index that knows the queue; the rest is looked up, once for all queues. Without
        // `state < 10` the index of unfinished runs is of no use, and a million finished ones are read (0.3 s).
        let mut ready = self
            .conn
            .prepare_cached("SELECT count(*) FROM run WHERE state = 2 AND queue = ?1")?;
        let others = by_queue(
            "SELECT queue, count(*)
             FROM run
             WHERE state < 10 AND state NOT IN (2, 7)
             GROUP BY queue",
            &[],
        )?;
        let mut running = self.conn.prepare_cached(
            "SELECT count(*) FROM run WHERE state IN (6, 7) AND state = 7 AND queue = ?1",
        )?;
        self.lanes()?
            .into_iter()
            .map(|lane| {
                let ready: i64 = ready.query_row([lane.id], |row| row.get(0))?;
                let running: i64 = running.query_row([lane.id], |row| row.get(0))?;
                let others = others.get(&lane.id).unwrap_or(&0);
                let ended = ended.get(&lane.id).unwrap_or(&0);
                Ok(QueueState {
                    waiting: (ready + others) as u64,
                    running: running as u64,
                    ended_last_hour: *ended as u64,
                    queue: lane.queue,
                })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// The queue's number; the queue is made if there is none of this name.
    pub(crate) fn queue_id(&self, name: &Name) -> Result<i64, StoreError> {
        let mut find = self
            .conn
            .prepare_cached("SELECT id FROM queue WHERE name = ?1")?;
        if let Some(id) = find
            .query_row([name.as_str()], |row| row.get(0))
            .optional()?
        {
            return Ok(id);
        }
        self.conn
            .prepare_cached("INSERT INTO queue(name) VALUES (?1)")?
            .execute([name.as_str()])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Pauses or resumes a queue; `false` when it was like that before. Its claims without a process go back.
    pub(crate) fn set_queue_paused(
        &self,
        id: i64,
        paused: bool,
        until: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE queue SET paused = ?2, resume_at = ?3 WHERE id = ?1 AND paused <> ?2",
            )?
            .execute((id, paused, until.map(micros)))?;
        if paused {
            self.conn
                .prepare_cached(
                    "UPDATE run SET intent = 2 WHERE state = 6 AND queue = ?1 AND intent IS NULL",
                )?
                .execute([id])?;
        }
        Ok(changed > 0)
    }

    /// Ends the pauses of queues whose time is over.
    pub(crate) fn resume_queues(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE queue
                 SET paused = 0, resume_at = NULL
                 WHERE resume_at IS NOT NULL AND resume_at <= ?1",
            )?
            .execute([micros(now)])?;
        Ok(())
    }

    /// Removes a queue that no job and no run uses; `false` when one does.
    pub(crate) fn remove_queue(&self, id: i64) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "DELETE FROM queue
                 WHERE id = ?1
                   AND NOT EXISTS (SELECT 1 FROM job WHERE queue = ?1)
                   AND NOT EXISTS (SELECT 1 FROM run WHERE queue = ?1)",
            )?
            .execute([id])?;
        Ok(changed > 0)
    }

    pub(crate) fn set_queue_slots(&self, id: i64, slots: Option<u32>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE queue SET slots = ?2 WHERE id = ?1")?
            .execute((id, slots))?;
        Ok(())
    }
}

/// A column that holds a name we wrote ourselves.
pub(super) fn name_of(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Name> {
    let text = row.get_ref(index)?.as_str()?;
    Name::parse(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(
            index,
            rusqlite::types::Type::Text,
            Box::new(error),
        )
    })
}
