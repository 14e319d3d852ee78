//! The verbs that steer jobs, runs and queues that are there.

use clap::{Args as ClapArgs, Subcommand};

use super::prose::flowing;

use super::values::{Slots, parse_name, parse_signal, parse_slots};
use crate::domain::Name;

// Which jobs a verb means. (No doc comment: it would be what the verbs are about.)
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct Selector {
    /// Jobs, by name or id
    #[arg(value_name = "JOB", required_unless_present_any = ["queue", "all"], conflicts_with_all = ["queue", "all"])]
    pub jobs: Vec<String>,
    /// All jobs of this queue
    #[arg(long, value_name = "QUEUE", value_parser = parse_name, conflicts_with = "all")]
    pub queue: Option<Name>,
    /// All jobs
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Examples:
  punctual remove backup"))]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    pub which: Selector,
    /// End living runs first: the runner does it, then the jobs go
    #[arg(long)]
    pub cancel: bool,
    /// Do not ask before --all
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
What runs goes on. Due times of the pause become one skipped row at resume; one-offs wait.

Examples:
  punctual pause backup
  punctual pause --all --until 'tomorrow 06:00'"))]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    pub which: Selector,
    /// Resume by itself at this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
`resume --all` wakes what `pause --all` paused.

Examples:
  punctual resume backup
  punctual resume --all"))]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub which: Selector,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Works on paused and finished jobs; waits for a living run of the job instead of being skipped.

Examples:
  punctual trigger backup
  punctual trigger backup --wait"))]
pub(crate) struct TriggerArgs {
    /// Jobs, by name or id
    #[arg(value_name = "JOB", required = true)]
    pub jobs: Vec<String>,
    /// Wait for the runs to end, and exit as they did
    #[arg(long)]
    pub wait: bool,
    /// Wait, and show the output meanwhile
    #[arg(long)]
    pub follow: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Running: TERM and CONT to the process group, then KILL after the job's --kill-after.
A job means all its unfinished runs.

Examples:
  punctual cancel backup
  punctual cancel backup.41
  punctual cancel backup --signal USR1"))]
pub(crate) struct CancelArgs {
    /// Runs (JOB.N), or jobs by name or id
    #[arg(value_name = "JOB|RUN", required_unless_present_any = ["queue", "all"], conflicts_with_all = ["queue", "all"])]
    pub runs: Vec<String>,
    /// All unfinished runs of this queue
    #[arg(long, value_name = "QUEUE", value_parser = parse_name, conflicts_with = "all")]
    pub queue: Option<Name>,
    /// All unfinished runs
    #[arg(long)]
    pub all: bool,
    /// Only send this signal to running runs: a name or number
    #[arg(long, value_name = "SIGNAL", value_parser = parse_signal)]
    pub signal: Option<i32>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
The old run stays as it is. A job means its latest run.

Examples:
  punctual retry backup.41
  punctual retry --failed --since 24h"))]
pub(crate) struct RetryArgs {
    /// Runs (JOB.N), or jobs by name or id
    #[arg(
        value_name = "RUN",
        required_unless_present = "failed",
        conflicts_with = "failed"
    )]
    pub runs: Vec<String>,
    /// For each job its latest run, if that failed
    #[arg(long)]
    pub failed: bool,
    /// Only failures due since then: a time, or a duration ago
    #[arg(long, value_name = "TIME", requires = "failed")]
    pub since: Option<String>,
    /// Also the jobs that were skipped because these failed
    #[arg(long)]
    pub cascade: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    pub verb: QueueVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueVerb {
    /// List the queues with their slots and depth
    #[command(after_help = "Examples:\n  punctual queue list")]
    List,
    /// Set how many runs of a queue may be alive at once
    #[command(after_help = flowing("\
Examples:
  punctual queue set reports --slots 2
  punctual queue set reports --slots none"))]
    Set {
        /// The queue; it is made if there is none of this name
        #[arg(value_name = "NAME", value_parser = parse_name)]
        name: Name,
        /// Runs alive at once; `none` leaves only the pool's bound
        #[arg(long, value_name = "N", value_parser = parse_slots)]
        slots: Slots,
    },
    /// Start nothing new of a queue
    #[command(after_help = flowing("\
What runs goes on, and due runs stay queued.

Examples:
  punctual queue pause reports
  punctual queue pause reports --until 'tomorrow 06:00'"))]
    Pause {
        /// The queue
        #[arg(value_name = "NAME", value_parser = parse_name)]
        name: Name,
        /// Resume by itself at this time
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// Let a paused queue go on
    #[command(after_help = "Examples:\n  punctual queue resume reports")]
    Resume {
        /// The queue
        #[arg(value_name = "NAME", value_parser = parse_name)]
        name: Name,
    },
    /// Remove a queue that nothing uses
    #[command(after_help = "Examples:\n  punctual queue remove reports")]
    Remove {
        /// The queue
        #[arg(value_name = "NAME", value_parser = parse_name)]
        name: Name,
    },
}
