//! The verbs for files of jobs: `apply`, `import`, `export`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::prose::flowing;

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
A file is TOML (or JSON of the same shape) if its name ends in .toml (.json), else a crontab:
  [defaults]                  options for every job of the file
  on_failure = 'notify-ops'
  [queue.reports]
  slots = 2                   or 'none'
  [job.backup]                the name of a job is its key
  when = '0 3 * * *'
  command = 'restic backup'   for the shell; an array is run without one
  retries = 3                 any option of add, with _ for -

env is a table, and stdin the text itself.

Jobs capture nothing from here: their directory is the file's, their PATH the runner's. An unchanged
job keeps its grid and its pause. Jobs that are gone from the file stay, unless --prune.

Examples:
  punctual apply jobs.toml
  punctual apply jobs.toml --dry-run --prune"))]
pub(crate) struct ApplyArgs {
    /// The job file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Remove jobs that came from this file and are gone from it
    #[arg(long)]
    pub prune: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Examples:
  crontab -l | punctual import crontab -"))]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    pub what: ImportVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportVerb {
    Crontab(ImportCrontabArgs),
}

/// Turn the lines of a crontab(5) into jobs, all or none
#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
The jobs keep cron's habits: a run starts though an earlier one is alive (--overlap allow), missed
times are gone (--missed skip), the environment is cron's minimal one and the directory HOME.
Importing the same file again changes only what changed in it. cron still has the lines, and the
report says how to take them out.

Examples:
  crontab -l | punctual import crontab -
  punctual import crontab my.crontab --paused"))]
pub(crate) struct ImportCrontabArgs {
    /// The crontab, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A user stands before each command, as in /etc/crontab and /etc/cron.d
    #[arg(long)]
    pub system: bool,
    /// Add new jobs paused
    #[arg(long)]
    pub paused: bool,
    /// Leave out lines that cannot be imported, and say which
    #[arg(long)]
    pub keep_going: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Values of --env are shown. Finished jobs are left out: there is nothing left of them to do.

Examples:
  punctual export > all.toml
  punctual export --format json"))]
pub(crate) struct ExportArgs {
    /// Format of the file [default: toml, with --json json]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ExportFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Toml,
    Json,
}
