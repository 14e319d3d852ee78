//! Names by their beginning: what a shell offers at its prompt.

use crate::domain::{Job, JobState, Name};

use super::jobs::{job_columns, job_of};
use super::queues::name_of;
use super::settings::OptionsCache;
use super::{Read, StoreError};

/// Sorts behind every character of a name.
const BEHIND: char = '\u{7f}';

impl Read<'_> {
    /// Jobs by name, for a beginning of it; only those in `state`, if one is given.
    pub(crate) fn jobs_beginning(
        &self,
        beginning: &str,
        state: Option<JobState>,
        limit: usize,
    ) -> Result<Vec<Job>, StoreError> {
        let mut statement = self.conn.prepare(concat!(
            "SELECT ",
            job_columns!(),
            " FROM job JOIN queue ON queue.id = job.queue
              WHERE job.state <> 3
                AND job.name >= ?1
                AND job.name < ?2
                AND (?3 IS NULL OR job.state = ?3)
              ORDER BY job.name
              LIMIT ?4"
        ))?;
        let mut cache = OptionsCache::default();
        let mut options = self.options_for_row(&mut cache);
        let keys = (
            beginning,
            format!("{beginning}{BEHIND}"),
            state.map(super::codes::job_state),
            limit as i64,
        );
        let rows = statement.query_map(keys, |row| job_of(row, &mut options))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Queues by name, for a beginning of it.
    pub(crate) fn queues_beginning(
        &self,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Name>, StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT name
             FROM queue
             WHERE name >= ?1 AND name < ?2
             ORDER BY name
             LIMIT ?3",
        )?;
        let keys = (beginning, format!("{beginning}{BEHIND}"), limit as i64);
        let rows = statement.query_map(keys, |row| name_of(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
