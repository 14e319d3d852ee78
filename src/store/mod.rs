//! THE FILE: everything SQLite.
//!
//! What lives here: opening and checking the database file, the schema, one function for
//! each statement, and the way between rows and the words of `domain`. What never does:
//! decisions. A transaction is composed by whoever decides (a verb, the engine's ledger)
//! out of the functions on [`Tx`]; no SQL, row or connection is seen above this room, so
//! that a second store can stand beside it one day.

mod attempts;
#[cfg(test)]
mod audit;
mod batch;
mod claims;
mod clock;
mod codes;
mod edges;
mod error;
mod file;
mod hooks;
mod jobs;
mod metrics;
mod notes;
mod offers;
mod open;
mod queues;
mod retention;
mod runs;
mod schema;
mod settings;
mod views;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::os;

pub(crate) use attempts::{Finish, OpenAttempt, Process};
#[cfg(test)]
pub(crate) use audit::{AttemptRow, JobRow, RunRow};
pub(crate) use batch::{Alike, OneOff};
pub(crate) use claims::{Candidate, Claimed};
pub(crate) use codes::Stage;
pub(crate) use error::StoreError;
pub(crate) use file::{
    ends_path, hook_output_path, lock_path, output_path, outputs_beside, trusted_directory,
};
pub(crate) use hooks::Hook;
pub(crate) use jobs::{DueJob, NewJob};
pub(crate) use retention::{EndedRun, PrunableJob};
pub(crate) use runs::{NewRun, OpenRun, RunFilter, TimedRun};
pub(crate) use settings::OptionsCache;
pub(crate) use views::{JobFilter, JobPage, MANY};

/// An open database.
pub(crate) struct Store {
    conn: Connection,
    path: PathBuf,
    writable: bool,
}

/// Reading functions, in or out of a transaction.
pub(crate) struct Read<'c> {
    conn: &'c Connection,
}

/// A write transaction: everything [`Read`] can, and the changes.
pub(crate) struct Tx<'c> {
    read: Read<'c>,
}

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = Read<'c>;

    fn deref(&self) -> &Read<'c> {
        &self.read
    }
}

/// Whoever opens the file while nobody else has it open reads the whole log first, and only
/// the one who closes it can make the log short again: a checkpoint that does not truncate
/// is forgotten with the last connection. While a runner has it open nobody reads a log, and it would
/// wait for our three syncs, since it wakes when the file is closed (`add now`: 2 ms, one time in four).
impl Drop for Store {
    fn drop(&mut self) {
        let is_long = |pages| file::log_is_longer(&self.path, pages);
        if self.writable
            && is_long(LONG_LOG)
            && (is_long(OVERLONG_LOG) || !self.has_living_runner())
        {
            // Nobody is waited for: the next one who closes tries again.
            let _ = self.conn.busy_timeout(std::time::Duration::ZERO);
            let _ = self
                .conn
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
}

/// Reading so many pages takes about as long as a commit.
const LONG_LOG: u64 = 100;

/// More than a runner lets it become, unless somebody reads for long.
const OVERLONG_LOG: u64 = open::RUNNER_CHECKPOINT_PAGES as u64 * 5 / 4;

impl Store {
    /// As the file has it: to ask for the lock would, in the runner itself, give it back. A killed one lives no more.
    fn has_living_runner(&self) -> bool {
        let runner = self.read().runner();
        matches!(runner, Ok(Some(runner)) if os::proc::stat(runner.pid).is_ok())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read(&self) -> Read<'_> {
        Read { conn: &self.conn }
    }

    /// Everything that `look` reads is of one moment. Nobody waits for it, but the log cannot be made
    /// short meanwhile: what was read is printed behind it.
    pub(crate) fn snapshot<T, E>(
        &self,
        look: impl FnOnce(&Read<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let transaction = self
            .conn
            .unchecked_transaction()
            .map_err(StoreError::from)?;
        look(&Read { conn: &transaction })
    }

    /// A number that changes when somebody else has changed the database.
    pub(crate) fn version(&self) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Runs `change` in one transaction that holds the write lock from its first
    /// statement on; an error rolls it back.
    pub(crate) fn write<T, E>(
        &mut self,
        change: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let answer = change(&Tx {
            read: Read { conn: &transaction },
        })?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(answer)
    }
}

impl Store {
    /// Writes a consistent copy into an empty file, whatever others write meanwhile.
    pub(crate) fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let to = to
            .to_str()
            .ok_or_else(|| StoreError::Device(format!("{} is not valid UTF-8", to.display())))?;
        self.conn.execute("VACUUM INTO ?1", [to])?;
        Ok(())
    }

    /// What SQLite finds wrong with the file; empty when all is well.
    pub(crate) fn damage(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        let mut check = self.conn.prepare("PRAGMA integrity_check(20)")?;
        let rows = check.query_map([], |row| row.get::<_, String>(0))?;
        for row in rows {
            let row = row?;
            if row != "ok" {
                found.push(row);
            }
        }
        let mut keys = self.conn.prepare("PRAGMA foreign_key_check")?;
        let rows = keys.query_map([], |row| row.get::<_, String>(0))?;
        for table in rows {
            found.push(format!("a row of {} refers to one that is gone", table?));
        }
        Ok(found)
    }
}

impl Tx<'_> {
    /// A copied file gets a number of its own, so that its runner never takes the processes of
    /// the original for its own. `file` names the file on this machine.
    pub(crate) fn be_one_of_a_kind(&self, file: &str) -> Result<(), StoreError> {
        let changed = self.conn.execute(
            "INSERT INTO meta(key, value) VALUES ('file', ?1)
             ON CONFLICT (key) DO UPDATE SET value = ?1 WHERE value <> ?1",
            [file],
        )?;
        if changed > 0 {
            self.conn.execute(
                "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'id'",
                [],
            )?;
        }
        Ok(())
    }
}

impl Read<'_> {
    /// The database's own number (marks of processes) or its salt (`H`, `--jitter`).
    pub(crate) fn meta(&self, key: &str) -> Result<String, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Store, StoreError};

    #[test]
    fn what_is_read_together_is_of_one_moment() {
        let directory = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(directory.path(), mode).unwrap();
        let path = directory.path().join("punctual.db");
        let mut writer = Store::open(&path).unwrap();
        let reader = Store::open(&path).unwrap();
        let seen = reader.snapshot(|read| {
            let before = read.file_problem()?;
            writer.write(|tx| tx.set_file_problem("a comma"))?;
            Ok::<_, StoreError>([before, read.file_problem()?])
        });
        assert_eq!(seen.unwrap(), [None, None]);
        assert_eq!(
            reader.read().file_problem().unwrap().as_deref(),
            Some("a comma")
        );
    }
}
