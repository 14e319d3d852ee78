//! The runner, and what keeps it and its database well.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::prose::flowing;

use super::values::{GraceArg, parse_grace, parse_span};
use crate::domain::Span;
use crate::engine::{Form, LogFormat};

const RUN_HELP: &str = "\
The promise: a command that `add` accepted (exit 0) is on disk. Every due time is accounted for
exactly once: by a run of its own, even if that run was skipped, or by the count that one run
carries for a stretch of missed ones. A run that was started is never silently lost and never
silently repeated: if punctual or the machine dies during a run, that attempt is recorded as
`lost`, counts as a failed attempt, and is tried again exactly when the job has retries left.
(Stepping the wall clock back by more than a minute is the one exception: times inside a stretch
already counted may run.)

First SIGINT or SIGTERM: nothing new starts, and running work has --grace in all. The second
ends everything at once. SIGKILL of the runner leaves its jobs alive; the next runner adopts them.

Examples:
  punctual run
  punctual run -j 4 --until-idle
  punctual run --forward-output=prefix
  punctual run --file my.crontab --for 10s";

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing(RUN_HELP))]
pub(crate) struct RunArgs {
    /// Runs alive at once [default: the number of CPUs]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub j: Option<u32>,
    /// Make the database match this job file (.toml, .json, else a crontab), now and whenever it changes
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Exit when nothing runs, is due or waits for a retry
    #[arg(long)]
    pub until_idle: bool,
    /// Stop after D, as on SIGTERM
    #[arg(long = "for", value_name = "D", value_parser = parse_span)]
    pub run_for: Option<Span>,
    /// How long running work may go on after the first signal: D or forever [default: 25s]
    #[arg(long, value_name = "D", value_parser = parse_grace)]
    pub grace: Option<GraceArg>,
    /// Command for the shell when a run fails whose job has no --on-failure
    #[arg(long, value_name = "CMD")]
    pub on_failure: Option<String>,
    /// On a signal exit at once and leave the jobs running, for the next runner to adopt
    #[arg(long)]
    pub leave_running: bool,
    /// Copy what the jobs write to standard output; `prefix` puts `JOB.N: ` before each line
    #[arg(long, value_name = "FORM")]
    pub forward_output: Option<Form>,
    /// How events are written to standard error; `json` is an object a line [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Kept for each job: the last 1,000 succeeded or skipped runs and the last 200 failed ones, 90 days,
and always the latest success and failure; finished one-offs 7 days, failed ones 90; 1 GiB of
output in all. The runner does this by itself every hour or so.

Examples:
  punctual prune"))]
pub(crate) struct PruneArgs {}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
The copy is a whole database: use it with --db, or put it in the place of the lost one.

Examples:
  punctual backup copy.db"))]
pub(crate) struct BackupArgs {
    /// The copy; must not exist yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
The unit stops a runner in order and leaves the jobs of a killed one for the next. It is hardened; what it
forbids is forbidden to the jobs, too. Run options, such as -j or --file, belong to its ExecStart line.

Examples:
  punctual service --user > punctual.service
  punctual --db /srv/jobs/punctual.db service --system > punctual.service"))]
pub(crate) struct ServiceArgs {
    /// For the system's manager; the runner is the database's owner [default: when root asks]
    #[arg(long, conflicts_with = "user")]
    pub system: bool,
    /// For the manager of the user who installs it [default: unless root asks]
    #[arg(long)]
    pub user: bool,
    /// Leave out what keeps jobs from sudo and from mailers that are set-uid
    #[arg(long)]
    pub allow_setuid: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
The script asks punctual itself what can follow: verbs, options, and the jobs, runs and queues of the
database. It need not be renewed when punctual is. zsh looks for it in the directories of fpath.

Examples:
  punctual completions bash >~/.local/share/bash-completion/completions/punctual
  punctual completions zsh >~/.zfunc/_punctual
  punctual completions fish >~/.config/fish/completions/punctual.fish"))]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Topics:
  schedules   the language of WHEN: times, crontab fields, daylight saving
  policies    retries, time limits, overlap, missed times, queues, chains, hooks
  json        what --json prints

Examples:
  punctual help add
  punctual help queue set
  punctual help schedules"))]
pub(crate) struct HelpArgs {
    /// A verb, or a topic: see below
    #[arg(value_name = "VERB|TOPIC")]
    pub about: Vec<String>,
}
