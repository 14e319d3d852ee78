//! What may be typed: clap types only. They stop here; below stand domain words.

mod files;
mod words;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::domain::{
    Backoff, CodeSet, JobState, MailOn, MailTo, Missed, Name, Overlap, RunState, Size, Span,
};
use crate::engine::{Form, LogFormat};

pub(crate) use files::{ApplyArgs, ExportArgs, ExportFormat, ImportArgs, ImportVerb};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Examples:
  punctual add now -- echo hello            run once, as soon as a runner has room
  punctual add '0 3 * * *' backup.sh        every night at three
  punctual add 'every 15m' 'curl -fsS https://example.org/ping | logger'
  punctual run                              the runner: executes jobs until stopped
  punctual next '*/20 9-17 * * MON-FRI'     when would that be?

The database is --db, else PUNCTUAL_DB, else punctual.db in your data directory.";

/// Runs shell commands on time and never loses one: a cron replacement and a durable task queue
#[derive(Debug, Parser)]
#[command(name = "punctual", version, styles = STYLES, after_help = AFTER_HELP, propagate_version = true, max_term_width = 100)]
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
}

impl Default for Verb {
    fn default() -> Self {
        Self::List(ListArgs::default())
    }
}

const ADD_HELP: &str = "\
WHEN is one argument:
  now | 'in 10m' | 'at 17:30' | 'tomorrow 09:00' | 'monday 08:00' | '2026-12-01 09:00'
  'every 15m' | 'every 2w on monday 08:00' | @hourly … | @reboot | @start | never
  '0 3 * * *': crontab fields (5; 6 with leading seconds; 7 with a year)
  'after build,test' | 'after-any build' | 'after-fail build'

A line of a --batch is a string for the shell. One that begins with { is JSON: command (a string, or
an array run without a shell), and any of name, when, paused and the options with _ for - (env is an
object, stdin the text itself). WHEN and options given here hold for lines without their own. `after`
may name lines above or below.

Examples:
  punctual add now true
  punctual add 'in 10m' 'echo tea is ready'
  punctual add '30 4 * * *' --name backup --timeout 2h --retries 3 -- restic backup /data
  punctual add 'every 1h' --tz Europe/Berlin 'date >> hours.txt'
  punctual add 'after build' --on-failure 'mail -s broken ops' make publish
  seq 1000 | sed 's/.*/true/' | punctual add now --batch -";

/// Create a job: its name and next time are the answer
#[derive(Debug, ClapArgs)]
#[command(after_help = ADD_HELP)]
pub(crate) struct AddArgs {
    /// When to run: see below
    #[arg(value_name = "WHEN")]
    pub when: String,
    /// One word is a string for the shell, several are a program and its arguments
    #[arg(value_name = "COMMAND", required_unless_present = "batch", num_args = 1.., trailing_var_arg = true)]
    pub command: Vec<String>,
    /// Add a job for each line of a file, or of standard input (-), all or none: see below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "name", "wait", "follow", "exec"])]
    pub batch: Option<PathBuf>,
    /// Name of the job [default: made from the command]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub name: Option<Name>,
    /// What to do when a job of this name exists
    #[arg(long, value_name = "WHAT", default_value = "error")]
    pub if_exists: IfExists,
    /// Add it paused
    #[arg(long)]
    pub paused: bool,
    /// Wait for the run to end, and exit as it did
    #[arg(long)]
    pub wait: bool,
    /// Wait, and show the output meanwhile
    #[arg(long)]
    pub follow: bool,
    #[command(flatten)]
    pub job: JobArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfExists {
    /// Refuse (exit 4)
    Error,
    /// Leave it as it is, and say so
    Keep,
    /// Give it the new definition; a living run is left alone
    Replace,
}

/// The options that shape how a job runs.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct JobArgs {
    /// IANA zone in which WHEN is read [default: the machine's]
    #[arg(long, value_name = "ZONE", help_heading = "Schedule")]
    pub tz: Option<String>,
    /// First moment of a recurring job
    #[arg(long, value_name = "TIME", help_heading = "Schedule")]
    pub from: Option<String>,
    /// Last moment of a recurring job
    #[arg(long, value_name = "TIME", help_heading = "Schedule")]
    pub until: Option<String>,
    /// A fixed offset in 0..D for this job on this machine
    #[arg(long, value_name = "D", value_parser = parse_span, help_heading = "Schedule")]
    pub jitter: Option<Span>,
    /// When an earlier run is unfinished [default: skip]
    #[arg(long, value_name = "POLICY", help_heading = "Schedule")]
    pub overlap: Option<Overlap>,
    /// Due times that passed while nobody ran [default: once]
    #[arg(long, value_name = "POLICY", help_heading = "Schedule")]
    pub missed: Option<Missed>,
    /// Skip a run that could not start D after its due time
    #[arg(long, value_name = "D", value_parser = parse_span, help_heading = "Schedule")]
    pub deadline: Option<Span>,

    /// Queue whose slots the job shares [default: default]
    #[arg(long, value_name = "QUEUE", value_parser = parse_name, help_heading = "Order")]
    pub queue: Option<Name>,
    /// Higher starts first [default: 0]
    #[arg(
        long,
        value_name = "N",
        allow_hyphen_values = true,
        help_heading = "Order"
    )]
    pub priority: Option<i64>,
    /// Refuse (exit 4) while a job that is not done has the same key
    #[arg(long, value_name = "KEY", help_heading = "Order")]
    pub unique: Option<String>,

    /// End the run after D: TERM to its group, then KILL
    #[arg(long, value_name = "D", value_parser = parse_span, help_heading = "Limits")]
    pub timeout: Option<Span>,
    /// From TERM to KILL [default: 10s]
    #[arg(long, value_name = "D", value_parser = parse_span, help_heading = "Limits")]
    pub kill_after: Option<Span>,
    /// Try a failed run again, up to N times [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000), help_heading = "Limits")]
    pub retries: Option<u32>,
    /// Wait before a retry: doubled each time, ±10 % [default: 10s..1h]
    #[arg(long, value_name = "D[..MAX]", value_parser = Backoff::parse, help_heading = "Limits")]
    pub backoff: Option<Backoff>,
    /// Retry only on these exit codes [default: any failure]
    #[arg(long, value_name = "CODES", value_parser = CodeSet::parse, help_heading = "Limits")]
    pub retry_on: Option<CodeSet>,
    /// Exit codes that mean success [default: 0]
    #[arg(long, value_name = "CODES", value_parser = CodeSet::parse, help_heading = "Limits")]
    pub success_codes: Option<CodeSet>,
    /// Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]
    #[arg(long, value_name = "SIZE", value_parser = Size::parse, help_heading = "Limits")]
    pub output_limit: Option<Size>,

    /// Command for the shell when a run succeeded; the run's JSON is its input
    #[arg(long, value_name = "CMD", help_heading = "Hooks")]
    pub on_success: Option<String>,
    /// When a run failed, was missed, expired, or lost its dependency
    #[arg(long, value_name = "CMD", help_heading = "Hooks")]
    pub on_failure: Option<String>,
    /// When a run succeeded, failed or was cancelled
    #[arg(long, value_name = "CMD", help_heading = "Hooks")]
    pub on_finish: Option<String>,

    /// Mail the output to these addresses, through sendmail
    #[arg(long, value_name = "ADDR[,ADDR]", value_parser = MailTo::parse, help_heading = "Hooks")]
    pub mail_to: Option<MailTo>,
    /// Which ends are mailed; `output` means whatever wrote something [default: failure]
    #[arg(long, value_name = "ENDS", help_heading = "Hooks")]
    pub mail_on: Option<MailOn>,

    /// One word is a program, not a string for the shell
    #[arg(long, conflicts_with = "sh", help_heading = "Process")]
    pub exec: bool,
    /// Join the words for the shell
    #[arg(long, help_heading = "Process")]
    pub sh: bool,
    /// Working directory [default: this one]
    #[arg(long, value_name = "DIR", help_heading = "Process")]
    pub cwd: Option<PathBuf>,
    /// Set a variable (K=V), or copy one from here (K)
    #[arg(long, value_name = "K[=V]", action = ArgAction::Append, help_heading = "Process")]
    pub env: Vec<String>,
    /// Copy this environment, without terminal and session variables
    #[arg(long, help_heading = "Process")]
    pub env_all: bool,
    /// Read K=V lines from a file at each attempt
    #[arg(long, value_name = "FILE", help_heading = "Process")]
    pub env_file: Option<PathBuf>,
    /// Start from cron's minimal environment instead of the runner's
    #[arg(long, help_heading = "Process")]
    pub env_clean: bool,
    /// Shell for shell strings [default: /bin/sh]
    #[arg(long, value_name = "PATH", help_heading = "Process")]
    pub shell: Option<String>,
    /// Run as this user, with a runner of root
    #[arg(long, value_name = "NAME", help_heading = "Process")]
    pub user: Option<String>,
    /// Octal file creation mask [default: the runner's]
    #[arg(long, value_name = "MASK", value_parser = parse_umask, help_heading = "Process")]
    pub umask: Option<String>,
    /// Niceness [default: the runner's]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(i32).range(-20..=19), help_heading = "Process")]
    pub nice: Option<i32>,
    /// Standard input, stored with the job: a file, or - for this one's [default: empty]
    #[arg(long, value_name = "FILE", help_heading = "Process")]
    pub stdin: Option<PathBuf>,
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

fn parse_span(text: &str) -> Result<Span, String> {
    Span::parse(text).map_err(|error| error.to_string())
}

fn parse_umask(text: &str) -> Result<String, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mask) if mask <= 0o777 => Ok(text.to_owned()),
        _ => Err("write an octal mask from 0 to 0777, such as 022".to_owned()),
    }
}

/// Signals that have a name, as signal(7) numbers them on Linux.
const SIGNALS: [(&str, i32); 14] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("KILL", 9),
    ("USR1", 10),
    ("USR2", 12),
    ("ALRM", 14),
    ("TERM", 15),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("WINCH", 28),
    ("SYS", 31),
];

fn parse_signal(text: &str) -> Result<i32, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, number)| *number)
        .or_else(|| name.parse().ok().filter(|number| (1..=31).contains(number)))
        .ok_or_else(|| {
            "write a signal such as TERM, HUP or USR1, or a number from 1 to 31".to_owned()
        })
}

/// List the jobs: what, when next, how it went, why it waits
#[derive(Debug, Default, ClapArgs)]
#[command(after_help = "\
Examples:
  punctual list
  punctual list --failed
  punctual --json list | jq -r '.[].name'")]
pub(crate) struct ListArgs {
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
    /// Absolute times, whole commands
    #[arg(long)]
    pub long: bool,
    /// At most N jobs
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
}

/// Show everything about a job or a run
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  punctual show backup
  punctual show backup.41")]
pub(crate) struct ShowArgs {
    /// A job (name or id) or a run (JOB.N)
    #[arg(value_name = "JOB|RUN")]
    pub what: String,
}

/// Which jobs a verb means.
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

/// Change jobs in place
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A living attempt keeps what it started with; later attempts and `retry` use the job as it is now.

Examples:
  punctual edit backup --timeout 3h
  punctual edit backup --when '0 4 * * *' --unset retries
  punctual edit backup -- restic backup /data /home")]
pub(crate) struct EditArgs {
    /// Jobs, by name or id
    #[arg(value_name = "JOB", required = true)]
    pub jobs: Vec<String>,
    /// The new command, after --
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<String>,
    /// A new WHEN
    #[arg(long, value_name = "WHEN")]
    pub when: Option<String>,
    /// A new name
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub name: Option<Name>,
    /// Give an option its default again, such as `timeout`
    #[arg(long, value_name = "OPTION", action = ArgAction::Append)]
    pub unset: Vec<String>,
    #[command(flatten)]
    pub job: JobArgs,
}

/// Start nothing new of some jobs, until they are resumed
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
What runs goes on. Due times of the pause become one skipped row at resume; one-offs wait.

Examples:
  punctual pause backup
  punctual pause --all --until 'tomorrow 06:00'")]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    pub which: Selector,
    /// Resume by itself at this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// Let paused jobs go on
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
`resume --all` wakes what `pause --all` paused.

Examples:
  punctual resume backup
  punctual resume --all")]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub which: Selector,
}

/// Run jobs once more now, exactly as their schedule would
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Works on paused and finished jobs; waits for a living run of the job instead of being skipped.

Examples:
  punctual trigger backup
  punctual trigger backup --wait")]
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

/// End running runs, drop waiting ones
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Running: TERM and CONT to the process group, then KILL after the job's --kill-after.
A job means all its unfinished runs.

Examples:
  punctual cancel backup
  punctual cancel backup.41
  punctual cancel backup --signal USR1")]
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

/// Make new runs of jobs whose runs have ended
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The old run stays as it is. A job means its latest run.

Examples:
  punctual retry backup.41
  punctual retry --failed --since 24h")]
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

/// Forget now what is beyond keeping
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Kept for each job: the last 1,000 succeeded or skipped runs and the last 200 failed ones, 90 days,
and always the latest success and failure; finished one-offs 7 days, failed ones 90; 1 GiB of
output in all. The runner does this by itself every hour or so.

Examples:
  punctual prune")]
pub(crate) struct PruneArgs {}

/// Write a consistent copy of the database, while the runner works
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The copy is a whole database: use it with --db, or put it in the place of the lost one.

Examples:
  punctual backup copy.db")]
pub(crate) struct BackupArgs {
    /// The copy; must not exist yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Find out whether anything is wrong: exit 1 then
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Looks at the database, the permissions, the runner and lateness. With jobs and --within: did each
succeed in time?

Examples:
  punctual check
  punctual check --live
  punctual check backup --within 26h")]
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

/// The runner and the queues on one screen
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
--metrics is for node_exporter's textfile collector: write it to a file beside, and rename that.

Examples:
  punctual status
  punctual status --metrics > punctual.prom.new && mv punctual.prom.new punctual.prom")]
pub(crate) struct StatusArgs {
    /// Numbers for a monitor, in the text format of Prometheus
    #[arg(long)]
    pub metrics: bool,
}

/// Remove jobs; their history stays readable
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  punctual remove backup")]
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

/// Wait until runs are final, and exit as they did
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A job means its latest run, or its first to come. Exit code: that of the command; 128+N on
signal N; 124 timed out; 126/127 not executable or not found; 125 lost or no runner; 75 skipped;
130 cancelled; 123 --timeout ran out. Several runs: 0 if all succeeded, else 1.

Examples:
  punctual wait backup.41
  punctual wait build test --timeout 10m")]
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

/// Print what a run wrote, stdout and stderr in order
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  punctual logs backup
  punctual logs backup.41 -n 20
  punctual logs -f backup")]
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

/// List runs, newest first
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  punctual history
  punctual history backup -n 5
  punctual history --state failed --since 24h")]
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
    /// Absolute times
    #[arg(long)]
    pub long: bool,
    /// At most N runs
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
}

/// Say when a job, or any WHEN, comes next
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
An existing job wins; anything else is read as a WHEN. Without one: the next runs of all jobs.

Examples:
  punctual next '0 12 1 * +MON' -n 3
  punctual next '30 2 * * *' --tz Europe/Berlin --from 2027-03-27
  punctual next")]
pub(crate) struct NextArgs {
    /// A job, or a WHEN
    #[arg(value_name = "JOB|WHEN", allow_hyphen_values = true)]
    pub what: Option<String>,
    /// How many times [default: 5]
    #[arg(short, value_name = "N")]
    pub n: Option<usize>,
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

/// Queues: named lanes with their own limit
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
    #[command(after_help = "\
Examples:
  punctual queue set reports --slots 2
  punctual queue set reports --slots none")]
    Set {
        /// The queue; it is made if there is none of this name
        #[arg(value_name = "NAME", value_parser = parse_name)]
        name: Name,
        /// Runs alive at once; `none` leaves only the pool's bound
        #[arg(long, value_name = "N", value_parser = parse_slots)]
        slots: Slots,
    },
    /// Start nothing new of a queue
    #[command(after_help = "\
What runs goes on, and due runs stay queued.

Examples:
  punctual queue pause reports
  punctual queue pause reports --until 'tomorrow 06:00'")]
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

#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots(pub Option<u32>);

fn parse_slots(text: &str) -> Result<Slots, String> {
    match text.parse() {
        _ if text == "none" => Ok(Slots(None)),
        Ok(slots @ 1..=100_000) => Ok(Slots(Some(slots))),
        _ => Err("write a number from 1 to 100000, or none".to_owned()),
    }
}

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

/// The runner: executes jobs on schedule, in the foreground
#[derive(Debug, ClapArgs)]
#[command(after_help = RUN_HELP)]
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

#[derive(Debug, Clone, Copy)]
pub(crate) enum GraceArg {
    Forever,
    For(Span),
}

fn parse_grace(text: &str) -> Result<GraceArg, String> {
    if text == "forever" {
        Ok(GraceArg::Forever)
    } else {
        parse_span(text).map(GraceArg::For)
    }
}

/// Print a systemd unit that keeps a runner of this database alive
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The unit stops a runner in order and leaves the jobs of a killed one for the next. It is hardened; what it
forbids is forbidden to the jobs, too. Run options, such as -j or --file, belong to its ExecStart line.

Examples:
  punctual service --user > punctual.service
  punctual --db /var/lib/punctual/punctual.db service --system > punctual.service")]
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

/// Print the completions of a shell
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  punctual completions bash > ~/.local/share/bash-completion/completions/punctual
  punctual completions fish > ~/.config/fish/completions/punctual.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
