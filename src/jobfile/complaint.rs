//! From what a reader of a format says to what its author can use: the place, the sentence, the hint.

use std::ops::Range;

use super::FileError;
use super::line::Line;
use crate::domain::closest;
use crate::schedule;

/// Something that is wrong at a place of a text.
#[derive(Debug, Clone)]
pub(super) struct Complaint {
    /// In bytes.
    pub at: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl Complaint {
    /// Out of the words of a serde reader. `value` is what it was about, if that is known: the
    /// place is made sharper with it, to the very field of a schedule.
    pub(super) fn of_reader(message: &str, value: Range<usize>, text: &str) -> Self {
        let message = message.trim_end();
        if let Some((sentence, hint)) = unknown_key(message) {
            return Self {
                at: value.start,
                message: sentence,
                hint,
            };
        }
        let written = text.get(value.clone()).unwrap_or_default();
        let (at, hint) = match sharper(written, message) {
            Some((within, hint)) => (value.start + within, hint),
            None => (value.start, None),
        };
        // What the parser of TOML adds in lines of its own is about its grammar.
        let (sentence, more) = message.split_once('\n').unwrap_or((message, ""));
        let more = (!more.trim().is_empty()).then(|| more.trim().replace('\n', "; "));
        Self {
            at,
            message: sentence.to_owned(),
            hint: hint.or(more),
        }
    }

    /// Where it is in a text of several lines that begin at `first`, counted from 1.
    pub(super) fn in_text(self, text: &str) -> FileError {
        let mut at = self.at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let begin = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        let line = Line {
            number: text[..at].matches('\n').count() + 1,
            text: line,
        };
        let error = line.error((at - begin).min(line.text.len()), self.message);
        match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// serde says: unknown field `retris`, expected one of `name`, `when`, …
fn unknown_key(message: &str) -> Option<(String, Option<String>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (key, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let dashed = key.replace('-', "_");
    let hint = match closest(&dashed, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => "no key is expected here".to_owned(),
        None if known.len() < 6 => format!("the keys are {}", known.join(", ")),
        None => "the keys are `when`, `command` and the options of add, with _ for -".to_owned(),
    };
    Some((format!("there is no key {key:?}"), Some(hint)))
}

/// The byte of a quoted value that a complaint about a schedule or zone in it means.
fn sharper(written: &str, message: &str) -> Option<(usize, Option<String>)> {
    let quote = written.chars().next().filter(|&c| c == '"' || c == '\'')?;
    let value = written[1..].strip_suffix(quote)?;
    // With an escape in it, bytes of the value are not bytes of the text.
    if quote == '"' && value.contains('\\') {
        return None;
    }
    let errors = [
        schedule::parse(value).err(),
        schedule::parse_zone(value).err(),
    ];
    let error = errors
        .into_iter()
        .flatten()
        .find(|error| error.message == message)?;
    Some((1 + error.span.start, error.hint))
}
