//! How `punctual run` was asked to behave: what the front door hands to the driver.

use std::path::PathBuf;
use std::time::Duration;

use crate::schedule::Zone;

use crate::domain::{Attempt, Run};

use super::core::Grace;
use super::forward::Forward;
use super::log::Format;

/// How `punctual run` was asked to behave.
pub(crate) struct RunnerOptions {
    pub pool: u32,
    pub until_idle: bool,
    pub run_for: Option<Duration>,
    pub grace: Grace,
    pub leave_running: bool,
    /// For jobs without an `--on-failure` of their own.
    pub on_failure: Option<String>,
    /// A run as JSON, for the standard input of hooks.
    pub describe: fn(&Run, &[Attempt]) -> String,
    /// What `H`, `~` and `--jitter` are drawn with.
    pub salt: String,
    /// The machine's zone; asked whenever a job without one of its own is evaluated.
    pub zone: fn() -> Zone,
    pub file: Option<JobFile>,
    /// Output of the jobs, copied to stdout.
    pub forward: Option<Forward>,
    pub log_format: Format,
}

/// A file of jobs that is applied again on SIGHUP and when it changes.
pub(crate) struct JobFile {
    pub path: PathBuf,
    /// Applies it; the text is for the log.
    pub apply: Box<dyn FnMut() -> Result<String, String>>,
}
