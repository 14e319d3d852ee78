//! The claim: from waiting rows to rows in the runner's hands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{AttemptId, Command, JobId, Name, RunId, RunRef};

use super::codes::{instant, micros};
use super::jobs::command_of;
use super::queues::name_of;
use super::{Read, StoreError, Tx};

/// A run that could be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub run: RunId,
    pub queue: i64,
    pub priority: i64,
    pub due: DateTime<Utc>,
}

/// A claimed run with all that starting it needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claimed {
    pub attempt: AttemptId,
    pub number: u32,
    pub run: RunId,
    pub name: RunRef,
    pub job: JobId,
    pub due: DateTime<Utc>,
    pub not_before: DateTime<Utc>,
    pub priority: i64,
    pub queue: Name,
    pub command: Command,
    pub settings: i64,
}

/// The first ready runs of one queue. Reads the partial index `run_ready` from its
/// front, whatever the number of rows behind.
const READY: &str = "
SELECT id, queue, priority, due
FROM run
WHERE state = 2 AND queue = ?1
ORDER BY priority DESC, due, id
LIMIT ?2";

impl Read<'_> {
    pub(crate) fn ready(&self, queue: i64, limit: usize) -> Result<Vec<Candidate>, StoreError> {
        let mut statement = self.conn.prepare_cached(READY)?;
        let rows = statement.query_map((queue, limit as i64), |row| {
            Ok(Candidate {
                run: RunId(row.get(0)?),
                queue: row.get(1)?,
                priority: row.get(2)?,
                due: instant(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Takes a ready run into the runner's hands and opens its attempt; `None` when it
    /// is not ready any more.
    pub(crate) fn claim(&self, run: RunId) -> Result<Option<Claimed>, StoreError> {
        let changed = self
            .conn
            .prepare_cached("UPDATE run SET state = 6 WHERE id = ?1 AND state = 2")?
            .execute([run.0])?;
        if changed == 0 {
            return Ok(None);
        }
        // One row of values: for an INSERT from a SELECT, SQLite keeps what would undo it alone.
        self.conn
            .prepare_cached(
                "INSERT INTO attempt(run, number, state)
                 VALUES (?1, (SELECT attempts + 1 FROM run WHERE id = ?1), 0)",
            )?
            .execute([run.0])?;
        let attempt = AttemptId(self.conn.last_insert_rowid());
        self.claimed(attempt).map(Some)
    }

    /// Everything about a claimed attempt that starting it needs.
    pub(crate) fn claimed(&self, attempt: AttemptId) -> Result<Claimed, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT
               run.id,
               attempt.number,
               job.name,
               run.seq,
               run.job,
               run.due,
               run.not_before,
               run.priority,
               queue.name,
               job.command,
               job.argv,
               job.settings
             FROM attempt
             JOIN run ON run.id = attempt.run
             JOIN job ON job.id = run.job
             JOIN queue ON queue.id = run.queue
             WHERE attempt.id = ?1",
        )?;
        Ok(statement.query_row([attempt.0], |row| {
            Ok(Claimed {
                attempt,
                run: RunId(row.get(0)?),
                number: row.get(1)?,
                name: RunRef {
                    job: name_of(row, 2)?,
                    seq: row.get(3)?,
                },
                job: JobId(row.get(4)?),
                due: instant(row.get(5)?),
                not_before: instant(row.get(6)?),
                priority: row.get(7)?,
                queue: name_of(row, 8)?,
                command: command_of(row, 9, 10)?,
                settings: row.get(11)?,
            })
        })?)
    }

    /// Undoes a claim whose process certainly never existed: the attempt is given back,
    /// not spent.
    pub(crate) fn unclaim(
        &self,
        attempt: AttemptId,
        not_before: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE run
                 SET state = CASE
                       WHEN (SELECT state FROM job WHERE id = run.job) = 1 AND origin = 0 THEN 5
                       WHEN ?2 IS NULL THEN 2
                       WHEN attempts > 0 THEN 3
                       ELSE 1
                     END,
                     not_before = coalesce(?2, not_before),
                     intent = NULL
                 WHERE id = (SELECT run FROM attempt WHERE id = ?1 AND state = 0) AND state = 6",
            )?
            .execute((attempt.0, not_before.map(micros)))?;
        self.conn
            .prepare_cached("DELETE FROM attempt WHERE id = ?1 AND state = 0")?
            .execute([attempt.0])?;
        Ok(changed > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::READY;
    use crate::store::Store;

    #[test]
    fn the_claim_reads_the_front_of_an_index_and_sorts_nothing() {
        let plan = Store::in_memory().read().plan_of(READY).unwrap();
        assert!(plan.contains("run_ready"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}
