//! The verbs that look, and change nothing.

use clap::Args as ClapArgs;

use super::prose::flowing;

use super::values::{parse_name, parse_span};
use crate::domain::{JobState, Name, RunState, Span};

#[derive(Debug, Default, ClapArgs)]
#[command(after_help = flowing("\
Examples:
  punctual list
  punctual list --failed
  punctual --json list | jq -r '.[].name'"))]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub which: Shown,
    /// Go on showing them, on the whole screen: the same as `top`
    #[arg(long, conflicts_with_all = ["long", "n"])]
    pub watch: bool,
    /// Absolute times, whole commands
    #[arg(long)]
    pub long: bool,
    /// At most N jobs
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
}

// Which jobs a listing shows. (No doc comment: it would be what the verbs are about.)
#[derive(Debug, Clone, Default, ClapArgs)]
pub(crate) struct Shown {
    /// Only jobs in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<JobState>,
    /// Only jobs of this queue
    #[arg(long, value_name = "QUEUE", value_parser = parse_name)]
    pub queue: Option<Name>,
    /// Only jobs whose latest run failed
    #[arg(long)]
    pub failed: bool,
    /// One-offs that ended long ago too
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Keys: up and down to choose a job; p pauses or resumes it, t triggers it, r retries its latest run,
c cancels what runs or waits, l or Enter shows what its latest run wrote; a shows or hides finished
one-offs; ? shows all keys; q ends.

Examples:
  punctual top
  punctual top --queue reports"))]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub which: Shown,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Examples:
  punctual show backup
  punctual show backup.41"))]
pub(crate) struct ShowArgs {
    /// A job (name or id) or a run (JOB.N)
    #[arg(value_name = "JOB|RUN")]
    pub what: String,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
An existing job wins; anything else is read as a WHEN. Without one: the next runs of all jobs.

Examples:
  punctual next '0 12 1 * +MON' -n 3
  punctual next '30 2 * * *' --tz Europe/Berlin --from 2027-03-27
  punctual next
  punctual next --chart"))]
pub(crate) struct NextArgs {
    /// A job, or a WHEN
    #[arg(value_name = "JOB|WHEN", allow_hyphen_values = true)]
    pub what: Option<String>,
    /// How many times [default: 5]; with --chart how many jobs
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
    /// Draw the day to come instead: a strip for each job, higher where it starts more often
    #[arg(long)]
    pub chart: bool,
    /// Times strictly after this one [default: now]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Zone of a WHEN [default: the machine's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Job name that H and ~ are drawn for
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub name: Option<Name>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Examples:
  punctual history
  punctual history backup -n 5
  punctual history --state failed --since 24h
  punctual history backup --chart"))]
pub(crate) struct HistoryArgs {
    /// Only runs of this job
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
    /// Only runs in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<RunState>,
    /// Only runs due since then: a time, or a duration ago
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Draw the last runs of JOB instead: bars of their duration, coloured by result
    #[arg(long, requires = "job", conflicts_with = "long")]
    pub chart: bool,
    /// Absolute times
    #[arg(long)]
    pub long: bool,
    /// At most N runs
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Examples:
  punctual logs backup
  punctual logs backup.41 -n 20
  punctual logs -f backup
  punctual logs -f -n 5 build test"))]
pub(crate) struct LogsArgs {
    /// Runs (JOB.N), or jobs by name or id: their latest run
    #[arg(value_name = "JOB|RUN", required = true)]
    pub runs: Vec<String>,
    /// Wait for the start, follow, and end with the run
    #[arg(short, long)]
    pub follow: bool,
    /// Only the last N lines
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
    /// This attempt instead of the last one
    #[arg(long, value_name = "K")]
    pub attempt: Option<u32>,
    /// Print bytes as they are, on a terminal too
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
A job means its latest run, or its first to come. Exit code: that of the command; 128+N on
signal N; 124 timed out; 126/127 not executable or not found; 125 lost or no runner; 75 skipped;
130 cancelled; 123 --timeout ran out. Several runs: 0 if all succeeded, else 1. What did not
succeed is named on standard error.

Examples:
  punctual wait backup.41
  punctual wait build test --timeout 10m"))]
pub(crate) struct WaitArgs {
    /// Runs (JOB.N), or jobs by name or id
    #[arg(value_name = "JOB|RUN", required = true)]
    pub runs: Vec<String>,
    /// Stop waiting after D (exit 123)
    #[arg(long, value_name = "D", value_parser = parse_span)]
    pub timeout: Option<Span>,
    /// Return at the first final run
    #[arg(long)]
    pub any: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
--metrics is for node_exporter's textfile collector: write it to a file beside, and rename that.

Examples:
  punctual status
  punctual status --metrics > p.new && mv p.new punctual.prom"))]
pub(crate) struct StatusArgs {
    /// Numbers for a monitor, in the text format of Prometheus
    #[arg(long)]
    pub metrics: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Looks at the database, the permissions, the runner and lateness. With jobs and --within: did each
succeed in time?

Examples:
  punctual check
  punctual check --live
  punctual check backup --within 26h"))]
pub(crate) struct CheckArgs {
    /// Jobs, by name or id
    #[arg(value_name = "JOB", requires = "within")]
    pub jobs: Vec<String>,
    /// Each job succeeded within this long
    #[arg(long, value_name = "D", value_parser = parse_span, requires = "jobs")]
    pub within: Option<Span>,
    /// Only whether the runner lives and the database answers, for probes
    #[arg(long)]
    pub live: bool,
}
