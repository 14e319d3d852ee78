//! What may be typed: clap types only. They stop here; below stand domain words.
//!
//! Here is the root of the tree; each family of verbs has a file.

mod files;
mod job;
mod keeping;
mod looking;
mod prose;
mod steering;
mod typed;
mod values;
mod words;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use files::{ApplyArgs, ExportArgs, ExportFormat, ImportArgs, ImportVerb};
pub(crate) use job::{AddArgs, EditArgs, IfExists, JobArgs};
pub(crate) use keeping::{BackupArgs, CompletionsArgs, HelpArgs, PruneArgs, RunArgs, ServiceArgs};
pub(crate) use looking::{
    CheckArgs, HistoryArgs, ListArgs, LogsArgs, NextArgs, ShowArgs, Shown, StatusArgs, TopArgs,
    WaitArgs,
};
pub(crate) use steering::{
    CancelArgs, PauseArgs, QueueArgs, QueueVerb, RemoveArgs, ResumeArgs, RetryArgs, Selector,
    TriggerArgs,
};
pub(crate) use values::{GraceArg, SIGNALS};

use prose::flowing;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Examples:
  punctual add now -- echo hello            once, as soon as there is room
  punctual add '0 3 * * *' backup.sh        every night at three
  punctual add 'every 15m' 'curl -fsS https://example.org/ping | logger'
  punctual run                              the runner, until it is stopped
  punctual next '*/20 9-17 * * MON-FRI'     when would that be?

On one page each: punctual help schedules, punctual help policies, punctual help json.
The database is --db, else PUNCTUAL_DB, else punctual.db in your data directory.";

/// Runs shell commands on time and never loses one: a cron replacement and a durable task queue
#[derive(Debug, Parser)]
#[command(name = "punctual", version, styles = STYLES, after_help = flowing(AFTER_HELP), propagate_version = true, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Global {
    /// The database file
    #[arg(long, value_name = "FILE", global = true, help_heading = "Everywhere")]
    pub db: Option<PathBuf>,
    /// Print one JSON document instead of text for people
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// When to use colours
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        hide_possible_values = false,
        help_heading = "Everywhere"
    )]
    pub color: ColorChoice,
    /// Print only what was asked for
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
    /// Say on stderr which database is used
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// What each verb takes is built only when it is the one that was typed: to build them all, with the examples in their
/// help, was a fifth of the time of `--version`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Create a job: its name and next time are the answer
    Add(Box<AddArgs>),
    /// List the jobs: what, when next, how it went, why it waits
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Watch the jobs on the whole screen, and steer them with single keys
    Top(TopArgs),
    /// Show everything about a job or a run
    Show(ShowArgs),
    /// Change jobs in place
    Edit(Box<EditArgs>),
    /// Remove jobs; their history stays readable
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
    /// Start nothing new of some jobs, until they are resumed
    Pause(PauseArgs),
    /// Let paused jobs go on
    Resume(ResumeArgs),
    /// Run jobs once more now, exactly as their schedule would
    Trigger(TriggerArgs),
    /// End running runs, drop waiting ones
    Cancel(CancelArgs),
    /// Make new runs of jobs whose runs have ended
    Retry(RetryArgs),
    /// Wait until runs are final, and exit as they did
    Wait(WaitArgs),
    /// Print what a run wrote, stdout and stderr in order
    Logs(LogsArgs),
    /// List runs, newest first
    History(HistoryArgs),
    /// Say when a job, or any WHEN, comes next
    Next(NextArgs),
    /// Queues: named lanes with their own limit
    Queue(QueueArgs),
    /// The runner: executes jobs on schedule, in the foreground
    Run(RunArgs),
    /// The runner and the queues on one screen
    Status(StatusArgs),
    /// Find out whether anything is wrong: exit 1 then
    Check(CheckArgs),
    /// Make the database match a job file
    Apply(ApplyArgs),
    /// Take over jobs from elsewhere
    Import(ImportArgs),
    /// Print the jobs as a job file that `apply` takes back
    Export(ExportArgs),
    /// Forget now what is beyond keeping
    Prune(PruneArgs),
    /// Write a consistent copy of the database, while the runner works
    Backup(BackupArgs),
    /// Print a systemd unit that keeps a runner of this database alive
    Service(ServiceArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Explain a verb, or a topic on one page
    Help(HelpArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}
