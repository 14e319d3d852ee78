//! What can be wrong with the file, in the words the front door needs.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_FSYNC, SQLITE_IOERR_SHMSIZE};

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The path or its surroundings are not safe to use; the text says what and the hint how to mend it.
    #[error("{message}")]
    Unsafe { message: String, hint: String },
    #[error("{} is not a punctual database", .path.display())]
    Foreign { path: PathBuf },
    #[error("{} is damaged: {detail}", .path.display())]
    Damaged { path: PathBuf, detail: String },
    #[error("{} was made by a newer punctual (schema {found} > {known})", .path.display())]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    #[error("{} was made by an older punctual, and its runner{} is still at work", .path.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    OlderRunner { path: PathBuf, pid: Option<i32> },
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the database is busy: another process has held its write lock for over 10 s")]
    Busy,
    #[error("the disk is full")]
    Full,
    #[error("the database is read-only: {0}")]
    ReadOnly(String),
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    #[error("reading or writing the database failed: {0}")]
    Device(String),
    /// All of a change was written, and nobody knows how much of it the disk keeps.
    #[error("the disk did not confirm the change: {0}")]
    Unsynced(String),
    #[error("the database refused: {}", said(.0))]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match extended {
            Some(SQLITE_IOERR_FSYNC) => return Self::Unsynced(text),
            // The index of the log could not grow, and SQLite does not say that it was for want of space.
            Some(SQLITE_IOERR_SHMSIZE) => return Self::Full,
            _ => {}
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(text),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Device(text),
            _ => Self::Sqlite(error),
        }
    }
}

/// What SQLite said, without the statement that it said it about.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

impl StoreError {
    /// Whether the same change may succeed later: somebody holds the lock, or space is missing.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Busy | Self::Full)
    }

    /// The same error, naming the file.
    pub(super) fn at(self, path: &std::path::Path) -> Self {
        match self {
            Self::Corrupt(detail) => Self::Damaged {
                path: path.to_owned(),
                detail,
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::StoreError;

    #[test]
    fn what_sqlite_refuses_is_said_without_the_statement() {
        let memory = Connection::open_in_memory().unwrap();
        let refused = |sql: &str| StoreError::from(memory.execute(sql, []).unwrap_err());
        assert_eq!(
            refused("UPDATE job SET name = 'x'").to_string(),
            "the database refused: no such table: job"
        );
        memory
            .execute_batch("CREATE TABLE t(a CHECK (a > 0))")
            .unwrap();
        assert_eq!(
            refused("INSERT INTO t VALUES (0)").to_string(),
            "the database refused: CHECK constraint failed: a > 0"
        );
    }
}
