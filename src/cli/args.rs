//! What may be typed: clap types only. They stop here; below stand domain words.
//!
//! Here is the root of the tree; each family of verbs has a file.

mod files;
mod job;
mod keeping;
mod looking;
mod prose;
mod steering;
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

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Add(Box<AddArgs>),
    #[command(visible_alias = "ls")]
    List(ListArgs),
    Top(TopArgs),
    Show(ShowArgs),
    Edit(Box<EditArgs>),
    #[command(visible_alias = "rm")]
    Remove(RemoveArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
    Trigger(TriggerArgs),
    Cancel(CancelArgs),
    Retry(RetryArgs),
    Wait(WaitArgs),
    Logs(LogsArgs),
    History(HistoryArgs),
    Next(NextArgs),
    Queue(QueueArgs),
    Run(RunArgs),
    Status(StatusArgs),
    Check(CheckArgs),
    Apply(ApplyArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    Prune(PruneArgs),
    Backup(BackupArgs),
    Service(ServiceArgs),
    Completions(CompletionsArgs),
    Help(HelpArgs),
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}
