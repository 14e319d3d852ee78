//! What a job is made of: `add`, `edit`, and the options both share.

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs, ValueEnum};

use super::prose::flowing;

use super::values::{parse_name, parse_span, parse_umask};
use crate::domain::{Backoff, CodeSet, MailOn, MailTo, Missed, Name, Overlap, Size, Span};

const ADD_HELP: &str = "\
WHEN is one argument:
  now | 'in 10m' | 'at 17:30' | 'tomorrow 09:00' | 'monday 08:00'
  '2026-12-01 09:00' | 'every 15m' | 'every 2w on monday 08:00'
  @hourly … | @reboot | @start | never
  '0 3 * * *': crontab fields (5; 6 with leading seconds; 7 with a year)
  'after build,test' | 'after-any build' | 'after-fail build'

A line of a --batch is a string for the shell. One that begins with { is JSON: command (a string, or
an array run without a shell), and any of name, when, paused and the options with _ for - (env is an
object, stdin the text itself). WHEN and options given here hold for lines without their own. `after`
may name lines above or below.

Examples:
  punctual add now true
  punctual add 'in 10m' 'echo tea is ready'
  punctual add '30 4 * * *' --name backup --retries 3 -- restic backup /data
  punctual add 'every 1h' --tz Europe/Berlin 'date >> hours.txt'
  punctual add 'after build' --on-failure 'mail -s broken ops' make publish
  seq 1000 | sed 's/.*/true/' | punctual add now --batch -";

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing(ADD_HELP))]
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

// The options that shape how a job runs. (No doc comment: it would be what the verbs are about.)
#[derive(Debug, Default, PartialEq, ClapArgs)]
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

#[derive(Debug, ClapArgs)]
#[command(after_help = flowing("\
Without an option, and on a terminal, the job opens as TOML in $VISUAL or $EDITOR.
A living attempt keeps what it started with; later attempts and `retry` use the job as it is now.

Examples:
  punctual edit backup --timeout 3h
  punctual edit backup --when '0 4 * * *' --unset retries
  punctual edit backup -- restic backup /data /home"))]
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

impl EditArgs {
    /// Whether nothing is said of what to change.
    pub(crate) fn is_bare(&self) -> bool {
        self.command.is_empty()
            && self.when.is_none()
            && self.name.is_none()
            && self.unset.is_empty()
            && self.job == JobArgs::default()
    }
}
