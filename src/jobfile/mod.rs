//! TEXT IN AND OUT: files that people write by hand, read into plain values and written from them.
//!
//! What lives here: job files (TOML, JSON), crontab(5) files, the lines of a batch, and the words
//! in which they are refused. What never does: opening a file, the clock, SQL, or giving a
//! schedule its meaning; the room `schedule` is only asked whether a WHEN is one. So every rule of
//! a file format can be tested with a string, and a file is judged whole before anything is
//! done with it; each complaint has its place.

#[cfg(test)]
mod any;
pub(crate) mod batch;
mod complaint;
pub(crate) mod crontab;
pub(crate) mod document;
mod fields;
mod json;
mod line;

use std::fmt;

pub(crate) use fields::{FieldError, Fields, Place};

/// A place in a job file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub(crate) struct FileError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The line, for a caret below `column`; cut well behind that place if it is long.
    pub text: String,
}

/// Something in a readable file that its author should know: where we differ from cron,
/// or what is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}
