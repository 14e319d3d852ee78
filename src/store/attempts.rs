//! Attempts: the processes that were started for a run, and what they printed.

use chrono::{DateTime, Utc};
use rusqlite::{MAIN_DB, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use crate::domain::{
    Attempt, AttemptId, AttemptState, Intent, JobId, Output, Reason, RunId, Usage,
};

use super::codes::{
    Stage, attempt_state, instant, micros, reason, to_attempt_state, to_intent, to_reason,
};
use super::{Read, StoreError, Tx};

/// The identity of a started process, and when it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub boot: String,
    pub pid: i32,
    /// Field 22 of /proc/PID/stat.
    pub ticks: u64,
    /// `CLOCK_MONOTONIC` at the start, in ms: timeouts are counted from it.
    pub uptime_ms: u64,
    pub started: DateTime<Utc>,
    pub slot: u32,
}

impl Process {
    /// Whether it is the same: boot, pid and start time name one process for ever.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.boot, self.pid, self.ticks) == (&other.boot, other.pid, other.ticks)
    }
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finish {
    pub attempt: AttemptId,
    pub state: AttemptState,
    pub reason: Option<Reason>,
    pub message: Option<String>,
    /// Known when the process was started and its start is not stored yet.
    pub process: Option<Process>,
    pub finished: DateTime<Utc>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub usage: Option<Usage>,
}

/// The run of an attempt that ends, and what decides how it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndingRun {
    pub id: RunId,
    pub job: JobId,
    /// With the one that ends.
    pub attempts: u32,
    /// Of its job as it is now.
    pub settings: i64,
    pub intent: Option<Intent>,
}

/// An attempt that an earlier runner left without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenAttempt {
    pub attempt: AttemptId,
    /// `None`: claimed; whether it started is not written down.
    pub process: Option<Process>,
}

/// What is longer is written into its row in place: bound to a statement it would be copied twice, once as a value
/// and once as a record (the peak of a runner whose jobs print 64 MiB each was 3 MiB higher).
const LONG_OUTPUT: usize = 64 << 10;

macro_rules! attempt_columns {
    () => {
        "
  attempt.id,
  attempt.number,
  attempt.state,
  attempt.reason,
  attempt.message,
  attempt.started,
  attempt.finished,
  attempt.exit_code,
  attempt.signal,
  attempt.pid,
  attempt.cpu_ms,
  attempt.max_rss,
  attempt.output_bytes"
    };
}

fn attempt_of(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let cpu: Option<i64> = row.get(10)?;
    let rss: Option<i64> = row.get(11)?;
    Ok(Attempt {
        id: AttemptId(row.get(0)?),
        number: row.get(1)?,
        state: to_attempt_state(row.get(2)?),
        reason: row.get::<_, Option<i64>>(3)?.map(to_reason),
        message: row.get(4)?,
        started: row.get::<_, Option<i64>>(5)?.map(instant),
        finished: row.get::<_, Option<i64>>(6)?.map(instant),
        exit_code: row.get(7)?,
        signal: row.get(8)?,
        pid: row.get(9)?,
        usage: cpu.zip(rss).map(|(cpu, rss)| Usage {
            cpu_ms: cpu as u64,
            max_rss_bytes: rss as u64,
        }),
        output_bytes: row.get::<_, i64>(12)? as u64,
    })
}

/// Attempts without an end. The plus keeps SQLite from walking all attempts only because those come in this order:
/// with a million of them each start of a runner took a tenth of a second longer, and held the write lock for 40 ms.
const OPEN: &str = "
SELECT
  attempt.id,
  boot.uuid,
  attempt.pid,
  attempt.ticks,
  attempt.uptime,
  attempt.started,
  attempt.slot
FROM attempt
LEFT JOIN boot ON boot.id = attempt.boot
WHERE attempt.state < 2
ORDER BY +attempt.id";

impl Read<'_> {
    /// The attempts of a run, the first one first. A claim without a process is not one yet.
    pub(crate) fn attempts(&self, run: RunId) -> Result<Vec<Attempt>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            attempt_columns!(),
            " FROM attempt
              WHERE run = ?1 AND state > 0
              ORDER BY number"
        ))?;
        let rows = statement.query_map([run.0], attempt_of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn output(&self, attempt: AttemptId) -> Result<Option<Output>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT output.head, output.tail, attempt.output_bytes
             FROM attempt
             LEFT JOIN output ON output.attempt = attempt.id
             WHERE attempt.id = ?1 AND attempt.state > 1",
        )?;
        Ok(statement
            .query_row([attempt.0], |row| {
                Ok(Output {
                    head: row.get::<_, Option<_>>(0)?.unwrap_or_default(),
                    tail: row.get::<_, Option<_>>(1)?.unwrap_or_default(),
                    total: row.get::<_, i64>(2)? as u64,
                })
            })
            .optional()?)
    }

    pub(crate) fn ending_run(&self, attempt: AttemptId) -> Result<EndingRun, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT run.id, run.job, attempt.number, job.settings, run.intent
             FROM attempt
             JOIN run ON run.id = attempt.run
             JOIN job ON job.id = run.job
             WHERE attempt.id = ?1",
        )?;
        Ok(statement.query_row([attempt.0], |row| {
            Ok(EndingRun {
                id: RunId(row.get(0)?),
                job: JobId(row.get(1)?),
                attempts: row.get(2)?,
                settings: row.get(3)?,
                intent: row.get::<_, Option<i64>>(4)?.map(to_intent),
            })
        })?)
    }

    /// Every attempt without an end: what a new runner has to judge.
    pub(crate) fn open_attempts(&self) -> Result<Vec<OpenAttempt>, StoreError> {
        let mut statement = self.conn.prepare(OPEN)?;
        let rows = statement.query_map([], |row| {
            let boot: Option<String> = row.get(1)?;
            let process = match boot {
                None => None,
                Some(boot) => Some(Process {
                    boot,
                    pid: row.get(2)?,
                    ticks: row.get::<_, i64>(3)? as u64,
                    uptime_ms: row.get::<_, i64>(4)? as u64,
                    started: instant(row.get(5)?),
                    slot: row.get(6)?,
                }),
            };
            Ok(OpenAttempt {
                attempt: AttemptId(row.get(0)?),
                process,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    fn boot_id(&self, uuid: &str) -> Result<i64, StoreError> {
        let mut find = self
            .conn
            .prepare_cached("SELECT id FROM boot WHERE uuid = ?1")?;
        if let Some(id) = find.query_row([uuid], |row| row.get(0)).optional()? {
            return Ok(id);
        }
        self.conn
            .prepare_cached("INSERT INTO boot(uuid) VALUES (?1)")?
            .execute([uuid])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Writes down that the attempt's process exists; `false` when the attempt is not claimed.
    pub(crate) fn start_attempt(
        &self,
        attempt: AttemptId,
        process: &Process,
    ) -> Result<bool, StoreError> {
        let boot = self.boot_id(&process.boot)?;
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE attempt
                 SET state = 1, boot = ?2, pid = ?3, ticks = ?4, uptime = ?5, started = ?6, slot = ?7
                 WHERE id = ?1 AND state = 0",
            )?
            .execute((
                attempt.0,
                boot,
                process.pid,
                process.ticks as i64,
                process.uptime_ms as i64,
                micros(process.started),
                process.slot,
            ))?;
        self.conn
            .prepare_cached(
                "UPDATE run
                 SET state = 7,
                     started = coalesce(started, ?2),
                     attempts = (SELECT number FROM attempt WHERE id = ?1)
                 WHERE id = (SELECT run FROM attempt WHERE id = ?1) AND state = 6",
            )?
            .execute((attempt.0, micros(process.started)))?;
        Ok(changed > 0)
    }

    /// Ends the attempt; `false` when it had ended before: a final state never changes.
    pub(crate) fn finish_attempt(
        &self,
        finish: &Finish,
        output: &Output,
    ) -> Result<bool, StoreError> {
        let process = finish.process.as_ref();
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE attempt
                 SET state = ?2, reason = ?3, message = ?4, finished = ?5, exit_code = ?6,
                     signal = ?7, cpu_ms = ?8, max_rss = ?9, output_bytes = ?10,
                     pid = coalesce(pid, ?11),
                     started = coalesce(started, ?12),
                     slot = coalesce(slot, ?13)
                 WHERE id = ?1 AND state < 2",
            )?
            .execute(rusqlite::params![
                finish.attempt.0,
                attempt_state(finish.state),
                finish.reason.map(reason),
                finish.message,
                micros(finish.finished),
                finish.exit_code,
                finish.signal,
                finish.usage.map(|usage| usage.cpu_ms as i64),
                finish.usage.map(|usage| usage.max_rss_bytes as i64),
                output.total as i64,
                process.map(|process| process.pid),
                process.map(|process| micros(process.started)),
                process.map(|process| process.slot),
            ])?;
        if changed > 0 && !(output.head.is_empty() && output.tail.is_empty()) {
            self.keep_output(finish.attempt, output)?;
        }
        Ok(changed > 0)
    }

    fn keep_output(&self, attempt: AttemptId, output: &Output) -> Result<(), StoreError> {
        let (head, tail) = (&output.head, &output.tail);
        if head.len() + tail.len() <= LONG_OUTPUT {
            self.conn
                .prepare_cached("INSERT INTO output(attempt, head, tail) VALUES (?1, ?2, ?3)")?
                .execute((attempt.0, head, tail))?;
        } else {
            self.conn
                .prepare_cached(
                    "INSERT INTO output(attempt, head, tail)
                     VALUES (?1, zeroblob(?2), zeroblob(?3))",
                )?
                .execute((attempt.0, head.len() as i64, tail.len() as i64))?;
            for (column, bytes) in [("head", head), ("tail", tail)] {
                self.conn
                    .blob_open(MAIN_DB, "output", column, attempt.0, false)?
                    .write_all_at(bytes, 0)?;
            }
        }
        self.count_output((head.len() + tail.len()) as i64)
    }

    /// Ends a run with its last attempt.
    pub(crate) fn end_run(
        &self,
        run: &EndingRun,
        to: Stage,
        finish: &Finish,
    ) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE run
                 SET state = ?2, reason = CASE ?2 WHEN 12 THEN NULL ELSE ?3 END,
                     finished = ?4, exit_code = ?5, signal = ?6,
                     started = coalesce(started, ?7),
                     attempts = ?8,
                     intent = NULL
                 WHERE id = ?1 AND state IN (6, 7)",
            )?
            .execute(rusqlite::params![
                run.id.0,
                to as i64,
                finish.reason.map(reason),
                micros(finish.finished),
                finish.exit_code,
                finish.signal,
                finish
                    .process
                    .as_ref()
                    .map(|process| micros(process.started)),
                run.attempts,
            ])?;
        Ok(changed > 0)
    }

    /// Lets a run wait for its next attempt.
    pub(crate) fn retry_run(
        &self,
        run: &EndingRun,
        at: DateTime<Utc>,
        finish: &Finish,
    ) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE run
                 SET state = CASE (SELECT state FROM job WHERE id = run.job) WHEN 1 THEN 5 ELSE 3 END,
                     not_before = ?2,
                     intent = NULL,
                     started = coalesce(started, ?3),
                     attempts = ?4
                 WHERE id = ?1 AND state IN (6, 7)",
            )?
            .execute((
                run.id.0,
                micros(at),
                finish
                    .process
                    .as_ref()
                    .map(|process| micros(process.started)),
                run.attempts,
            ))?;
        Ok(changed > 0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::{Finish, LONG_OUTPUT, OPEN};
    use crate::domain::{AttemptState, Command, Kind, Name, Options, Origin, Output};
    use crate::store::{NewJob, NewRun, Stage, Store, StoreError};

    #[test]
    fn what_has_no_end_is_found_in_an_index() {
        let plan = Store::in_memory().read().plan_of(OPEN).unwrap();
        assert!(plan.contains("attempt_open"), "{plan}");
    }

    #[test]
    fn outputs_of_any_length_come_back_as_they_were() {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 0, 0, 0).unwrap();
        let mut store = Store::in_memory();
        let bytes = |length: usize| (0..length).map(|at| (at % 251) as u8).collect::<Vec<u8>>();
        for (head, tail) in [
            (1, 0),
            (LONG_OUTPUT, 0),
            (LONG_OUTPUT + 1, 0),
            (LONG_OUTPUT, LONG_OUTPUT - 1),
            (0, LONG_OUTPUT + 1),
        ] {
            let output = Output {
                head: bytes(head),
                tail: bytes(tail),
                total: (head + tail) as u64 * 10,
            };
            let attempt = store
                .write(|tx| {
                    let job = tx.insert_job(&NewJob {
                        name: Name::parse(&format!("job-{head}-{tail}")).unwrap(),
                        kind: Kind::Once,
                        when: "now".to_owned(),
                        command: Command::Shell("true".to_owned()),
                        queue: Name::default_queue(),
                        priority: 0,
                        options: Options::default(),
                        anchor: now,
                        created: now,
                        next_due: None,
                        source: None,
                    })?;
                    let (run, _) = tx.insert_run(&NewRun {
                        job,
                        origin: Origin::Schedule,
                        stage: Stage::Ready,
                        reason: None,
                        due: now,
                        queue: 1,
                        priority: 0,
                        missed: None,
                        now,
                    })?;
                    let attempt = tx.claim(run)?.unwrap().attempt;
                    let finish = Finish {
                        attempt,
                        state: AttemptState::Succeeded,
                        reason: None,
                        message: None,
                        process: None,
                        finished: now,
                        exit_code: Some(0),
                        signal: None,
                        usage: None,
                    };
                    assert!(tx.finish_attempt(&finish, &output)?);
                    Ok::<_, StoreError>(attempt)
                })
                .unwrap();
            assert_eq!(store.read().output(attempt).unwrap(), Some(output));
        }
        assert_eq!(store.damage().unwrap(), Vec::<String>::new());
    }
}
