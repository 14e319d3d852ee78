//! From an error to a sentence, a hint and an exit code: the one table of both.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use crate::engine::RunError;
use crate::schedule::WhenError;
use crate::store::StoreError;

use super::args::ColorChoice;
use super::context::wants_color;
use super::render::{Tint, json, paint, text};

/// The exit codes of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Failed = 1,
    Usage = 2,
    Absent = 3,
    Conflict = 4,
    Database = 5,
}

/// How somebody on stderr wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Voice {
    pub json: bool,
    pub color: bool,
}

impl Voice {
    /// As the words ask for it, when they could not be understood as a whole.
    pub(crate) fn of_words(words: &[OsString]) -> Self {
        // What stands behind `--` is said to somebody else.
        let ours: Vec<&str> = words
            .iter()
            .take_while(|word| *word != "--")
            .filter_map(|word| word.to_str())
            .collect();
        let chosen = |choice: &str| {
            ours.contains(&format!("--color={choice}").as_str())
                || ours.windows(2).any(|pair| pair == ["--color", choice])
        };
        let color = match (chosen("always"), chosen("never")) {
            (true, _) => ColorChoice::Always,
            (_, true) => ColorChoice::Never,
            _ => ColorChoice::Auto,
        };
        Self {
            json: ours.contains(&"--json"),
            color: wants_color(color, std::io::stderr().is_terminal()),
        }
    }

    /// A word or two in the colour of what they stand for.
    pub(crate) fn paint(self, text: &str, tint: Tint) -> Cow<'_, str> {
        paint(text, tint, self.color)
    }
}

/// What a person is told when a verb could not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub code: u8,
    pub message: String,
    pub hint: Option<String>,
    /// A text and the place in it that is wrong.
    pub place: Option<(String, Range<usize>)>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code as u8,
            message: message.into(),
            hint: None,
            place: None,
        }
    }

    /// A verb's own exit code without a word: the words were printed.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Waiting has exit codes of its own.
    pub(crate) fn exiting(code: u8, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
            hint: None,
            place: None,
        }
    }

    /// An error in a WHEN or a TIME, with a caret under its place.
    pub(crate) fn when(text: &str, error: WhenError) -> Self {
        Self {
            code: Code::Usage as u8,
            message: error.message,
            hint: error.hint,
            place: Some((text.to_owned(), error.span)),
        }
    }

    /// What is wrong with the database says which database: SQLite does not.
    pub(crate) fn about(mut self, database: &Path) -> Self {
        let shown = database.display().to_string();
        if self.code == Code::Database as u8 && !self.message.contains(&shown) {
            self.message = format!("{shown}: {}", self.message);
        }
        self
    }

    pub(crate) fn print(mut self, voice: Voice) -> ExitCode {
        self.message = without_numbers(&self.message);
        let bytes = if voice.json {
            let document = json::error(self.code, &self.message, self.hint.as_deref());
            json::text(&document, false)
        } else {
            self.to_text(voice)
        };
        // Nobody listens: the exit code still tells.
        let _ = std::io::stderr().write_all(bytes.as_bytes());
        ExitCode::from(self.code)
    }

    fn to_text(&self, voice: Voice) -> String {
        let who = voice.paint("punctual:", Tint::Failed);
        let mut out = format!("{who} {}\n", text::escape(&self.message));
        if let Some((line, span)) = &self.place {
            let shown = text::escape(line);
            let before = line.get(..span.start).unwrap_or(line);
            let under = line.get(span.clone()).unwrap_or_default();
            let indent = text::width(&text::escape(before));
            let carets = text::width(&text::escape(under)).max(1);
            let carets = "^".repeat(carets);
            let carets = voice.paint(&carets, Tint::Failed);
            let _ = writeln!(out, "  {shown}\n  {:indent$}{carets}", "");
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "hint: {}", text::escape(hint));
        }
        out
    }
}

/// The system's words without its number for them, which says nothing more to a person.
fn without_numbers(message: &str) -> String {
    let mut parts = message.split(" (os error ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.parse::<i32>().is_ok() => out.push_str(rest),
            _ => out.extend([" (os error ", part]),
        }
    }
    out
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        let failure = Self::new(Code::Database, message);
        match error {
            StoreError::Unsafe { hint, .. } => failure.hint(hint),
            StoreError::Foreign { .. } => failure.hint("name another file with --db"),
            StoreError::Damaged { .. } | StoreError::Corrupt(_) => failure.hint(
                "nothing was changed; keep the file, and restore a backup or name another with --db",
            ),
            StoreError::Newer { .. } => failure.hint("use that punctual, or name another file with --db"),
            StoreError::OlderRunner { .. } => failure.hint(
                "restart the runner with this punctual, which upgrades the file; reading works meanwhile",
            ),
            StoreError::Busy => failure.hint("try again; nothing was changed"),
            StoreError::Full => failure.hint("make room and try again; nothing was changed"),
            StoreError::ReadOnly(_) | StoreError::Io { .. } | StoreError::Device(_) => {
                failure.hint("check the file, its directory and the disk; nothing was changed")
            }
            StoreError::Unsynced(_) => {
                failure.hint("check the disk, and then whether the change is there")
            }
            StoreError::Sqlite(_) => failure.hint(
                "nothing was changed; see whether the file is sound with: punctual check",
            ),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Held { .. } => Self::new(Code::Conflict, error.to_string())
                .hint("one runner serves the whole database; stop that one first, or name another file with --db"),
            // The lock stands beside the database: who cannot write it cannot use that either.
            RunError::System { ref source, .. }
                if matches!(
                    source.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Self::new(Code::Database, error.to_string())
                    .hint("check the file, its directory and the disk; nothing was changed")
            }
            RunError::System { .. } => Self::new(Code::Failed, error.to_string()),
            RunError::Unwritten(_) => Self::new(Code::Database, error.to_string())
                .hint("make it writable again; the next start finds out what became of them"),
            RunError::Gone => Self::new(Code::Database, error.to_string())
                .hint("running jobs were left alone; put the file back and start the runner again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Voice, without_numbers};
    use crate::schedule;

    #[test]
    fn colour_stands_where_it_went_wrong_only() {
        let error = schedule::parse("at 25:00").unwrap_err();
        let failure = Failure::when("at 25:00", error);
        let told = |color| failure.to_text(Voice { json: false, color });
        let plain = "\
punctual: \"25:00\" is beyond 23:59:59
  at 25:00
     ^^^^^
hint: write 17:30, 17:30:15, 9am or 5:30pm
";
        assert_eq!(told(false), plain);
        let red = |text: &str| format!("\x1b[31m{text}\x1b[0m");
        let colored = plain.replace("punctual:", &red("punctual:"));
        assert_eq!(told(true), colored.replace("^^^^^", &red("^^^^^")));
    }

    #[test]
    fn words_that_are_not_understood_still_say_how_to_speak() {
        let voice = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(Into::into).collect();
            Voice::of_words(&words)
        };
        assert!(voice(&["punctual", "--color", "always", "frob"]).color);
        assert!(voice(&["punctual", "frob", "--color=always"]).color);
        assert!(!voice(&["punctual", "frob", "--color=never"]).color);
        assert!(!voice(&["punctual", "frob", "--", "--color=always", "--json"]).color);
        assert!(voice(&["punctual", "--json", "frob"]).json);
        assert!(!voice(&["punctual", "frob", "--", "--json"]).json);
    }

    #[test]
    fn an_error_of_the_system_is_told_in_its_words_only() {
        for (message, told) in [
            (
                "/a: No such file or directory (os error 2)",
                "/a: No such file or directory",
            ),
            ("a (os error 2); b (os error 13).", "a; b."),
            ("a (os error x)", "a (os error x)"),
            ("a (os error 2", "a (os error 2"),
        ] {
            assert_eq!(without_numbers(message), told);
        }
    }
}
