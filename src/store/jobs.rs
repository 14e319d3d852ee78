//! Jobs: one function for each statement.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row};

use crate::domain::{Command, Job, JobId, Kind, Name, Options};

use super::codes::{instant, kind, micros, to_job_state, to_kind};
use super::queues::name_of;
use super::settings::OptionsCache;
use super::{Read, StoreError, Tx};

/// A job to be inserted.
#[derive(Debug, Clone)]
pub(crate) struct NewJob {
    pub name: Name,
    pub kind: Kind,
    pub when: String,
    pub command: Command,
    pub queue: Name,
    pub priority: i64,
    pub options: Options,
    pub anchor: DateTime<Utc>,
    pub created: DateTime<Utc>,
    pub next_due: Option<DateTime<Utc>>,
    /// The job file it comes from and its key there.
    pub source: Option<(String, String)>,
}

/// A recurring job whose next run has to be made.
#[derive(Debug, Clone)]
pub(crate) struct DueJob {
    pub job: Job,
    pub queue_id: i64,
}

/// A macro, for `concat!` takes nothing but literals.
macro_rules! job_columns {
    () => {
        "
  job.id,
  job.name,
  job.state,
  job.kind,
  job.schedule,
  job.command,
  job.argv,
  queue.name,
  job.priority,
  job.settings,
  job.anchor,
  job.created,
  job.next_due"
    };
}
pub(super) use job_columns;

/// The columns of `job_columns`, options apart.
pub(super) fn job_of(
    row: &Row<'_>,
    options: impl FnOnce(i64) -> rusqlite::Result<Arc<Options>>,
) -> rusqlite::Result<Job> {
    job_in(row, options, name_of(row, 7)?)
}

/// The same for a reader who knows the name of the queue: its column is not looked at.
pub(super) fn job_in(
    row: &Row<'_>,
    options: impl FnOnce(i64) -> rusqlite::Result<Arc<Options>>,
    queue: Name,
) -> rusqlite::Result<Job> {
    Ok(Job {
        id: JobId(row.get(0)?),
        name: name_of(row, 1)?,
        state: to_job_state(row.get(2)?),
        kind: to_kind(row.get(3)?),
        when: row.get(4)?,
        command: command_of(row, 5, 6)?,
        queue,
        priority: row.get(8)?,
        options: options(row.get(9)?)?,
        anchor: instant(row.get(10)?),
        created: instant(row.get(11)?),
        next_due: row.get::<_, Option<i64>>(12)?.map(instant),
    })
}

pub(super) fn command_of(row: &Row<'_>, text: usize, argv: usize) -> rusqlite::Result<Command> {
    let content: String = row.get(text)?;
    if !row.get::<_, bool>(argv)? {
        return Ok(Command::Shell(content));
    }
    serde_json::from_str(&content)
        .map(Command::Argv)
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                text,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })
}

impl Read<'_> {
    pub(super) fn options_for_row(
        &self,
        cache: &mut OptionsCache,
    ) -> impl FnMut(i64) -> rusqlite::Result<Arc<Options>> {
        |id| {
            self.options(id, cache).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(
                    9,
                    rusqlite::types::Type::Text,
                    Box::new(error),
                )
            })
        }
    }

    fn one_job(
        &self,
        condition: &'static str,
        key: impl rusqlite::ToSql,
    ) -> Result<Option<Job>, StoreError> {
        let mut statement = self.conn.prepare_cached(condition)?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        Ok(statement
            .query_row([key], |row| job_of(row, &mut options))
            .optional()?)
    }

    /// The job of this name that is not removed.
    pub(crate) fn job_named(&self, name: &Name) -> Result<Option<Job>, StoreError> {
        self.one_job(
            concat!(
                "SELECT ",
                job_columns!(),
                " FROM job JOIN queue ON queue.id = job.queue
                  WHERE job.name = ?1 AND job.state <> 3"
            ),
            name.as_str(),
        )
    }

    /// The newest removed job of this name, for its history.
    pub(crate) fn removed_job_named(&self, name: &Name) -> Result<Option<Job>, StoreError> {
        self.one_job(
            concat!(
                "SELECT ",
                job_columns!(),
                " FROM job JOIN queue ON queue.id = job.queue
                  WHERE job.name = ?1 AND job.state = 3
                  ORDER BY job.id DESC
                  LIMIT 1"
            ),
            name.as_str(),
        )
    }

    /// The job of this number, removed or not.
    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.one_job(
            concat!(
                "SELECT ",
                job_columns!(),
                " FROM job JOIN queue ON queue.id = job.queue
                  WHERE job.id = ?1"
            ),
            id.0,
        )
    }

    /// A living recurring job with the same WHEN and command; the caller compares directories.
    pub(crate) fn jobs_like(&self, when: &str, command: &Command) -> Result<Vec<Job>, StoreError> {
        let (text, argv) = command_text(command);
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            " FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state < 2 AND job.kind <> 0 AND job.command = ?1 AND job.argv = ?2
                AND job.schedule = ?3"
        ))?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let rows = statement.query_map((text, argv, when), |row| job_of(row, &mut options))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The names of living jobs that begin with `stem`, for making the next one.
    pub(crate) fn name_is_free(&self, name: &Name) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT 1 FROM job WHERE name = ?1 AND state <> 3")?;
        Ok(!statement.exists([name.as_str()])?)
    }

    /// Where to look for the next free name of a series: beyond the jobs there are.
    pub(crate) fn next_name_number(&self, stem: &Name) -> Result<u64, StoreError> {
        // Names of one series sort together: `true-` is before every `true-N`, and `true.` after.
        let low = format!("{stem}-");
        let high = format!("{stem}.");
        let mut statement = self.conn.prepare_cached(
            "SELECT count(*) FROM job WHERE name > ?1 AND name < ?2 AND state <> 3",
        )?;
        let series: i64 = statement.query_row((low, high), |row| row.get(0))?;
        Ok(series as u64 + 2)
    }

    /// How the runs of a job come into being; removed or not.
    pub(crate) fn kind_of_job(&self, id: JobId) -> Result<Option<Kind>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT kind FROM job WHERE id = ?1")?;
        Ok(statement
            .query_row([id.0], |row| Ok(to_kind(row.get(0)?)))
            .optional()?)
    }

    /// The name of a job, removed or not.
    pub(crate) fn name_of_job(&self, id: JobId) -> Result<Option<Name>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT name FROM job WHERE id = ?1")?;
        Ok(statement
            .query_row([id.0], |row| name_of(row, 0))
            .optional()?)
    }

    pub(crate) fn job_names(&self, limit: usize) -> Result<Vec<Name>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT name FROM job WHERE state <> 3 ORDER BY id DESC LIMIT ?1")?;
        let rows = statement.query_map([limit as i64], |row| name_of(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The job that has this `--unique` key and is not done.
    pub(crate) fn job_with_key(&self, key: &str) -> Result<Option<Job>, StoreError> {
        self.one_job(
            concat!(
                "SELECT ",
                job_columns!(),
                " FROM job JOIN queue ON queue.id = job.queue
                  WHERE job.unique_key = ?1 AND job.unique_key IS NOT NULL AND job.state < 2"
            ),
            key,
        )
    }

    /// Recurring jobs due by `horizon`, the longest due first.
    pub(crate) fn due_jobs(
        &self,
        horizon: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<DueJob>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            ", job.queue
              FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state = 0 AND job.next_due IS NOT NULL AND job.next_due <= ?1
              ORDER BY job.next_due
              LIMIT ?2"
        ))?;
        self.due_rows(&mut statement, (micros(horizon), limit as i64))
    }

    /// Jobs for each boot or each start of a runner.
    pub(crate) fn event_jobs(&self, of: Kind) -> Result<Vec<DueJob>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            ", job.queue
              FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state = 0 AND job.kind IN (2, 3) AND job.kind = ?1
              ORDER BY job.id"
        ))?;
        self.due_rows(&mut statement, [kind(of)])
    }

    fn due_rows(
        &self,
        statement: &mut rusqlite::Statement<'_>,
        keys: impl rusqlite::Params,
    ) -> Result<Vec<DueJob>, StoreError> {
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let rows = statement.query_map(keys, |row| {
            Ok(DueJob {
                job: job_of(row, &mut options)?,
                queue_id: row.get(13)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The options of a job as it is now.
    pub(crate) fn options_of_job(
        &self,
        id: JobId,
        cache: &mut OptionsCache,
    ) -> Result<Arc<Options>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT settings FROM job WHERE id = ?1")?;
        let settings = statement.query_row([id.0], |row| row.get(0))?;
        self.options(settings, cache)
    }

    /// The earliest due time of any recurring job.
    pub(crate) fn first_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT min(next_due) FROM job WHERE next_due IS NOT NULL AND state = 0",
        )?;
        let first: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(first.map(instant))
    }

    /// Paused jobs whose pause is over by `now`.
    pub(crate) fn jobs_to_resume(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(JobId, DateTime<Utc>)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, resume_at FROM job
             WHERE state = 1 AND resume_at IS NOT NULL AND resume_at <= ?1",
        )?;
        let rows = statement.query_map([micros(now)], |row| {
            Ok((JobId(row.get(0)?), instant(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the first pause with an end is over.
    pub(crate) fn first_resume(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT min(at) FROM (
               SELECT min(resume_at) AS at FROM job WHERE state = 1 AND resume_at IS NOT NULL
               UNION ALL
               SELECT min(resume_at) FROM queue WHERE resume_at IS NOT NULL)",
        )?;
        let first: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(first.map(instant))
    }

    /// The living jobs that a selector means: all, or those of one queue.
    pub(crate) fn jobs_of_queue(&self, queue: Option<&Name>) -> Result<Vec<Job>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            " FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state <> 3 AND (?1 IS NULL OR queue.name = ?1)
              ORDER BY job.id"
        ))?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let rows =
            statement.query_map([queue.map(Name::as_str)], |row| job_of(row, &mut options))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether this paused job was paused by `pause --all`.
    pub(crate) fn was_paused_with_all(&self, id: JobId) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT paused_with_all FROM job WHERE id = ?1")?;
        Ok(statement.query_row([id.0], |row| row.get(0))?)
    }

    /// The queue's number of a job.
    pub(crate) fn queue_of_job(&self, id: JobId) -> Result<i64, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT queue FROM job WHERE id = ?1")?;
        Ok(statement.query_row([id.0], |row| row.get(0))?)
    }

    /// The living jobs that came from one file, with their keys.
    pub(crate) fn jobs_of_source(&self, source: &str) -> Result<Vec<(String, Job)>, StoreError> {
        let mut statement = self.conn.prepare_cached(concat!(
            "SELECT ",
            job_columns!(),
            ", job.source_key
              FROM job JOIN queue ON queue.id = job.queue
              WHERE job.source = ?1 AND job.source IS NOT NULL AND job.state <> 3
              ORDER BY job.id"
        ))?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let rows = statement.query_map([source], |row| {
            Ok((
                row.get::<_, Option<String>>(13)?.unwrap_or_default(),
                job_of(row, &mut options)?,
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn command_text(command: &Command) -> (String, bool) {
    match command {
        Command::Shell(line) => (line.clone(), false),
        Command::Argv(words) => (
            serde_json::to_string(words).expect("strings are always JSON"),
            true,
        ),
    }
}

impl Tx<'_> {
    /// Inserts the job. Its numbering goes on from the last job that had the name, so
    /// that `backup.41` never means two runs.
    pub(crate) fn insert_job(&self, job: &NewJob) -> Result<JobId, StoreError> {
        let (text, argv) = command_text(&job.command);
        let queue = self.queue_id(&job.queue)?;
        let settings = self.settings_id(&job.options)?;
        let (source, source_key) = job.source.clone().unzip();
        self.conn
            .prepare_cached(
                "INSERT INTO job(
                   name, state, kind, schedule, command, argv, settings, queue, priority,
                   anchor, created, next_due, last_seq, unique_key, source, source_key
                 ) VALUES (
                   ?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
                   ?9, ?10, ?11,
                   coalesce(max(
                     coalesce((SELECT max(last_seq) FROM job WHERE name = ?1 AND state = 3), 0),
                     coalesce((SELECT last_seq FROM numbering WHERE name = ?1), 0)), 0),
                   ?12, ?13, ?14
                 )",
            )?
            .execute(rusqlite::params![
                job.name.as_str(),
                kind(job.kind),
                job.when,
                text,
                argv,
                settings,
                queue,
                job.priority,
                micros(job.anchor),
                micros(job.created),
                job.next_due.map(micros),
                job.options.unique,
                source,
                source_key,
            ])?;
        Ok(JobId(self.conn.last_insert_rowid()))
    }

    /// Gives a living job a new definition. Its number, name and history stay.
    pub(crate) fn redefine_job(&self, id: JobId, job: &NewJob) -> Result<(), StoreError> {
        let (text, argv) = command_text(&job.command);
        let queue = self.queue_id(&job.queue)?;
        let settings = self.settings_id(&job.options)?;
        self.conn
            .prepare_cached(
                "UPDATE job
                 SET name = ?2, kind = ?3, schedule = ?4, command = ?5, argv = ?6, settings = ?7,
                     queue = ?8, priority = ?9, anchor = ?10, next_due = ?11, unique_key = ?12,
                     state = CASE state WHEN 2 THEN 0 ELSE state END, ended = NULL
                 WHERE id = ?1 AND state <> 3",
            )?
            .execute(rusqlite::params![
                id.0,
                job.name.as_str(),
                kind(job.kind),
                job.when,
                text,
                argv,
                settings,
                queue,
                job.priority,
                micros(job.anchor),
                job.next_due.map(micros),
                job.options.unique,
            ])?;
        self.conn
            .prepare_cached(
                "UPDATE run SET queue = ?2, priority = ?3 WHERE job = ?1 AND state < 6",
            )?
            .execute((id.0, queue, job.priority))?;
        Ok(())
    }

    /// Sets the next due time; `None` for a job whose bounds have passed.
    pub(crate) fn advance_job(
        &self,
        id: JobId,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE job SET next_due = ?2 WHERE id = ?1")?
            .execute((id.0, next.map(micros)))?;
        Ok(())
    }

    /// A one-off that ended, or a recurring job past its bounds, is done.
    pub(crate) fn end_job_without_future(&self, id: JobId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE job
                 SET state = 2, ended = coalesce(
                   (SELECT finished FROM run WHERE job = ?1 ORDER BY seq DESC LIMIT 1), created)
                 WHERE id = ?1 AND state IN (0, 1)
                   AND ((kind IN (0, 1) AND next_due IS NULL)
                     OR (kind = 5 AND NOT EXISTS (
                       SELECT 1
                       FROM edge JOIN job AS parent ON parent.id = edge.parent
                       WHERE edge.job = ?1 AND parent.state < 2)))",
            )?
            .execute([id.0])?;
        Ok(())
    }

    /// Starts nothing new of this job until it is resumed; `false` when it was not active.
    pub(crate) fn pause_job(
        &self,
        id: JobId,
        until: Option<DateTime<Utc>>,
        with_all: bool,
    ) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE job
                 SET state = 1, resume_at = ?2, paused_with_all = ?3
                 WHERE id = ?1 AND state = 0",
            )?
            .execute((id.0, until.map(micros), with_all))?;
        if changed == 0 {
            return Ok(false);
        }
        self.conn
            .prepare_cached("UPDATE run SET state = 5 WHERE job = ?1 AND state IN (1, 2, 3, 4)")?
            .execute([id.0])?;
        self.flag_claims(id)?;
        Ok(true)
    }

    /// A job that was done has something to do again.
    pub(crate) fn revive_job(&self, id: JobId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE job SET state = 0, ended = NULL WHERE id = ?1 AND state = 2")?
            .execute([id.0])?;
        Ok(())
    }

    /// Lets a paused job go on; its parked runs wait for their time again.
    pub(crate) fn unpause_job(&self, id: JobId) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE job
                 SET state = 0, resume_at = NULL, paused_with_all = 0
                 WHERE id = ?1 AND state = 1",
            )?
            .execute([id.0])?;
        self.conn
            .prepare_cached(
                "UPDATE run
                 SET state = CASE WHEN attempts > 0 THEN 3 ELSE 1 END
                 WHERE job = ?1 AND state = 5",
            )?
            .execute([id.0])?;
        Ok(changed > 0)
    }

    pub(crate) fn remove_job(&self, id: JobId) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE job
                 SET state = 3, next_due = NULL, source = NULL, source_key = NULL
                 WHERE id = ?1 AND state <> 3",
            )?
            .execute([id.0])?;
        Ok(changed > 0)
    }
}
