//! Distinct sets of options, each stored once, and read once for each statement.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::OptionalExtension;

use crate::domain::Options;

use super::{Read, StoreError, Tx};

/// Options by their number. A row of `settings` never changes, so what was read once
/// holds for as long as the reader lives.
#[derive(Debug, Default)]
pub(crate) struct OptionsCache(HashMap<i64, Arc<Options>>);

/// Enough for every real set of jobs, and a bound for the runner's memory.
const REMEMBERED: usize = 1_024;

impl Read<'_> {
    pub(crate) fn options(
        &self,
        id: i64,
        cache: &mut OptionsCache,
    ) -> Result<Arc<Options>, StoreError> {
        if let Some(options) = cache.0.get(&id) {
            return Ok(Arc::clone(options));
        }
        let mut statement = self
            .conn
            .prepare_cached("SELECT content FROM settings WHERE id = ?1")?;
        let content: String = statement.query_row([id], |row| row.get(0))?;
        let options = serde_json::from_str(&content)
            .map(Arc::new)
            .map_err(|error| StoreError::Corrupt(format!("options {id}: {error}")))?;
        if cache.0.len() >= REMEMBERED {
            cache.0.clear();
        }
        cache.0.insert(id, Arc::clone(&options));
        Ok(options)
    }
}

impl Tx<'_> {
    /// The number of this set of options, which is stored if it is new.
    pub(crate) fn settings_id(&self, options: &Options) -> Result<i64, StoreError> {
        let content =
            serde_json::to_string(options).expect("options are plain strings and numbers");
        let mut find = self
            .conn
            .prepare_cached("SELECT id FROM settings WHERE content = ?1")?;
        if let Some(id) = find.query_row([&content], |row| row.get(0)).optional()? {
            return Ok(id);
        }
        self.conn
            .prepare_cached("INSERT INTO settings(content) VALUES (?1)")?
            .execute([&content])?;
        Ok(self.conn.last_insert_rowid())
    }
}
