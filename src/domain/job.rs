//! A job: WHEN, a command, and how to run it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CodeSet, MailOn, MailTo, Name, Size, Span};

/// The number of a job, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A definition as it stands in the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub id: JobId,
    pub name: Name,
    pub state: JobState,
    pub kind: Kind,
    /// WHEN as the user wrote it; the room `schedule` gives it meaning.
    pub when: String,
    pub command: Command,
    pub queue: Name,
    pub priority: i64,
    pub options: Arc<Options>,
    /// Where a grid (`every 15m`) and calendar intervals are counted from.
    pub anchor: DateTime<Utc>,
    pub created: DateTime<Utc>,
    /// The next due time of a recurring job, if one is to come.
    pub next_due: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobState {
    Active,
    Paused,
    /// A one-off that finished, or a recurring job past its bounds.
    Done,
    Removed,
}

/// How the runs of a job come into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// One run, inserted with the job.
    Once,
    /// Runs inserted when they fall due.
    Recurring,
    /// A run for each boot.
    Reboot,
    /// A run for each start of a runner.
    Start,
    /// Only `trigger` makes runs.
    Never,
    /// Runs on the end of other jobs.
    After,
}

/// What a job runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Command {
    /// One string for the shell.
    Shell(String),
    /// A program and its arguments, run directly.
    Argv(Vec<String>),
}

impl Command {
    /// Longest command, in bytes: what one argument of execve(2) may hold with its NUL
    /// (`MAX_ARG_STRLEN`).
    const LONGEST: usize = 131_071;

    /// Says so of a command that no system takes.
    pub(crate) fn too_long(&self) -> Option<String> {
        Self::too_many(match self {
            Self::Shell(line) => line.len(),
            Self::Argv(words) => words.iter().map(|word| word.len() + 1).sum(),
        })
    }

    /// The same of a string for the shell.
    pub(crate) fn too_long_line(line: &str) -> Option<String> {
        Self::too_many(line.len())
    }

    fn too_many(bytes: usize) -> Option<String> {
        let limit = Self::LONGEST;
        (bytes > limit).then(|| format!("the command has {bytes} bytes, {limit} are the limit"))
    }

    /// The words as a person would type them, for listings.
    pub(crate) fn to_line(&self) -> String {
        match self {
            Self::Shell(line) => line.clone(),
            Self::Argv(words) => words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// The words a name is made from.
    pub(crate) fn words(&self) -> Vec<&str> {
        match self {
            Self::Shell(line) => line.split_whitespace().collect(),
            Self::Argv(words) => words.iter().map(String::as_str).collect(),
        }
    }
}

/// A word as a POSIX shell would need it.
fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./=:,+@%^".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Every option of `add` that shapes how a job runs. Keys of job files have the same
/// words; a field at its default is not written, so equal jobs have equal text and the
/// store keeps each distinct set once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The adder's `PATH`, unless one is given in `env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_file: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub env_clean: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Who the job is, where the runner is root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Octal, `0` to `0777`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nice: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_after: Option<Span>,
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_on: Option<CodeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_codes: Option<CodeSet>,
    #[serde(skip_serializing_if = "is_default")]
    pub overlap: Overlap,
    #[serde(skip_serializing_if = "is_default")]
    pub missed: Missed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_limit: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_finish: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_to: Option<MailTo>,
    #[serde(skip_serializing_if = "is_default")]
    pub mail_on: MailOn,
}

impl Options {
    pub(crate) const KILL_AFTER: Span = Span::from_millis(10_000);
    pub(crate) const OUTPUT_LIMIT: Size = Size::from_bytes(1 << 20);
    pub(crate) const SHELL: &str = "/bin/sh";

    pub(crate) fn kill_after(&self) -> Span {
        self.kill_after.unwrap_or(Self::KILL_AFTER)
    }

    pub(crate) fn output_limit(&self) -> Size {
        self.output_limit.unwrap_or(Self::OUTPUT_LIMIT)
    }

    pub(crate) fn shell(&self) -> &str {
        self.shell.as_deref().unwrap_or(Self::SHELL)
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.backoff.unwrap_or(Backoff::DEFAULT)
    }

    pub(crate) fn is_success(&self, code: i32) -> bool {
        self.success_codes
            .as_ref()
            .map_or(code == 0, |codes| codes.contains(code))
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde wants"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde wants"
)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The wait before a retry: `base` doubled for each failure, never above `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub base: Span,
    pub max: Span,
}

impl Backoff {
    pub(crate) const DEFAULT: Self = Self {
        base: Span::from_millis(10_000),
        max: Span::from_millis(3_600_000),
    };

    /// Reads `D` or `D..MAX`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (base, max) = match text.split_once("..") {
            Some((base, max)) => (base, Some(max)),
            None => (text, None),
        };
        let base = Span::parse(base).map_err(|error| error.to_string())?;
        let max = match max {
            Some(max) => Span::parse(max).map_err(|error| error.to_string())?,
            None => Self::DEFAULT.max.max(base),
        };
        if max < base {
            return Err(format!("the longest wait {max} is below the first {base}"));
        }
        Ok(Self { base, max })
    }
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.base, self.max)
    }
}

impl Serialize for Backoff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What happens when a run of this job is unfinished and the next falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Overlap {
    #[default]
    Skip,
    /// At most one waits.
    Queue,
    /// The unfinished run is ended for the new one.
    Replace,
    Allow,
}

/// What happens to due times that passed while nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Missed {
    /// The latest one runs and counts the others.
    #[default]
    Once,
    Skip,
    /// Each runs, at most the last 100, one after another.
    All,
}

/// A named lane with its own limit inside the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    pub name: Name,
    /// `None`: bounded by the pool alone.
    pub slots: Option<u32>,
    pub paused: bool,
}

/// A queue and how full it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueState {
    pub queue: Queue,
    pub running: u64,
    pub waiting: u64,
    /// Runs that ended within the last hour, as far as the newest ten thousand tell.
    pub ended_last_hour: u64,
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Command, Options};

    #[test]
    fn default_options_have_no_text() {
        assert_eq!(serde_json::to_string(&Options::default()).unwrap(), "{}");
    }

    #[test]
    fn an_unknown_option_is_refused() {
        assert!(serde_json::from_str::<Options>(r#"{"retris":3}"#).is_err());
    }

    #[test]
    fn backoff_reads_and_prints_the_same() {
        assert_eq!(Backoff::parse("5s..1m").unwrap().to_string(), "5s..1m");
        assert_eq!(Backoff::parse("2h").unwrap().to_string(), "2h..2h");
        assert!(Backoff::parse("1m..5s").is_err());
    }

    #[test]
    fn an_argument_vector_prints_as_it_would_be_typed() {
        let words = ["echo", "a b", "it's", ""].map(str::to_owned).to_vec();
        assert_eq!(Command::Argv(words).to_line(), r"echo 'a b' 'it'\''s' ''");
    }
}
