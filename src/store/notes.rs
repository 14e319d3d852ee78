//! What a runner leaves for those who look: why its job file could not be applied.

use rusqlite::OptionalExtension;

use super::{Read, StoreError, Tx};

const FILE_PROBLEM: &str = "file_problem";

impl Read<'_> {
    /// What is wrong with the job file that the runner was last told to follow.
    pub(crate) fn file_problem(&self) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement
            .query_row([FILE_PROBLEM], |row| row.get(0))
            .optional()?)
    }
}

impl Tx<'_> {
    pub(crate) fn set_file_problem(&self, problem: &str) -> Result<(), StoreError> {
        self.conn.execute(
            "INSERT INTO meta(key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [FILE_PROBLEM, problem],
        )?;
        Ok(())
    }

    pub(crate) fn clear_file_problem(&self) -> Result<(), StoreError> {
        self.conn
            .execute("DELETE FROM meta WHERE key = ?1", [FILE_PROBLEM])?;
        Ok(())
    }
}
