//! One line of a job file and the words in it, so that each complaint knows its place.

use super::{FileError, Note};

/// How much of a line is shown behind the place of an error. A line can be as long as the
/// file; a caret needs only what is around it.
const SHOWN_BEHIND: usize = 200;

/// A line without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// An error at a byte of this line.
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> FileError {
        let before = &self.text[..at];
        let behind = &self.text[at..];
        let text = match behind.char_indices().nth(SHOWN_BEHIND) {
            Some((cut, _)) => format!("{before}{}…", &behind[..cut]),
            None => self.text.to_owned(),
        };
        FileError {
            line: self.number,
            column: before.chars().count() + 1,
            message: message.into(),
            hint: None,
            text,
        }
    }

    pub(super) fn note(&self, message: impl Into<String>) -> Note {
        Note {
            line: self.number,
            message: message.into(),
        }
    }

    /// The first word at or after a byte.
    pub(super) fn word(&self, from: usize) -> Option<Word<'a>> {
        let rest = &self.text[from..];
        let at = from + rest.find(|c| !is_blank(c))?;
        let word = &self.text[at..];
        let length = word.find(is_blank).unwrap_or(word.len());
        Some(Word {
            at,
            text: &word[..length],
        })
    }

    /// All words from a byte on.
    pub(super) fn words(&self, from: usize) -> impl Iterator<Item = Word<'a>> + use<'a> {
        let line = *self;
        std::iter::successors(line.word(from), move |word| line.word(word.end()))
    }
}

impl FileError {
    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Text between blanks, and the byte of the line where it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

impl Word<'_> {
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// Cron's blanks. Other white space is part of a word, there as here.
pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}
