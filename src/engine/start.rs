//! From a claim to a child: the words, the environment and the directory of one attempt.

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{AttemptId, Command, Exit, Options};
use crate::os::users::Person;
use crate::process::environment::{EnvPlan, Environment, Fact, HasNul, compose};
use crate::process::output::Spare;
use crate::process::{Child, Launch, SpawnError, spawn, spawn_with};
use crate::store::{hook_output_path, output_path};

use super::core::Refusal;
use super::direct;
use super::ledger::{Claim, HookStart};
use super::person;

/// Where a mailer is installed that no user has to call.
const MAILERS: &str = ":/usr/sbin:/usr/lib:/usr/local/sbin";

/// Whether a runner with this `PATH` would find a mailer.
pub(crate) fn finds_mailer(path: &str) -> bool {
    format!("{path}{MAILERS}")
        .split(':')
        .filter(|directory| directory.starts_with('/'))
        .any(|directory| Path::new(directory).join("sendmail").exists())
}

/// A hook to be started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HookLaunch {
    pub id: i64,
    pub is_mail: bool,
    pub command: String,
    pub options: Options,
    pub facts: Vec<Fact>,
    /// What it reads.
    pub text: String,
}

/// What the starts of one runner have in common.
pub(super) struct Launcher {
    database: PathBuf,
    /// The database's own number, for marks.
    id: String,
    inherited: HashMap<OsString, OsString>,
    /// The latest environments, for the next attempts with the same options.
    environments: Mutex<VecDeque<(Arc<Options>, Environment)>>,
}

/// Environments remembered. Most jobs of a database share theirs; a copy for each start would be a third
/// of what we spend on it.
const ENVIRONMENTS: usize = 8;

impl Launcher {
    pub(super) fn new(database: PathBuf, id: String) -> Self {
        Self {
            database,
            id,
            inherited: std::env::vars_os().collect(),
            environments: Mutex::default(),
        }
    }

    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    pub(super) fn output_of(&self, attempt: AttemptId) -> PathBuf {
        output_path(&self.database, attempt)
    }

    /// Whether a process was started for this very database.
    pub(super) fn is_ours(&self, pid: i32) -> bool {
        let pair = format!("PUNCTUAL_DB={}", self.database.display());
        crate::os::proc::environment_holds(pid, pair.as_bytes())
    }

    /// Our mark in the environment of a process, by which it can be found in /proc.
    pub(super) fn mark_of(&self, attempt: AttemptId) -> String {
        format!("{}/{}", self.id, attempt.0)
    }

    /// Starts an attempt in this slot; waits when all is ready that can be.
    pub(super) fn launch(
        &self,
        claim: &Claim,
        slot: u32,
        wait: &dyn Fn(),
        spare: &mut Option<Spare>,
    ) -> Result<Child, Refusal> {
        let options = &claim.options;
        let facts = self.facts(claim, slot);
        let output = self.output_of(claim.row.attempt);
        let command = &claim.row.command;
        let person = person::of(options)?;
        let launch = Launch {
            umask: options
                .umask
                .as_deref()
                .and_then(|mask| u32::from_str_radix(mask, 8).ok()),
            nice: options.nice,
            stdin: options.stdin.clone().map(String::into_bytes),
            ..self.plain(
                words(command, options),
                options,
                person.as_ref(),
                facts,
                output,
            )?
        };
        if let Some(person) = person {
            return spawn_with(&person::by_way_of_us(launch, &person), wait, spare)
                .map_err(refusal);
        }
        let Some(direct) = direct_words(command, options) else {
            return spawn_with(&launch, wait, spare).map_err(refusal);
        };
        let direct = Launch {
            command: direct,
            ..launch
        };
        match spawn_with(&direct, wait, spare) {
            // The shell says it in its own words.
            Err(SpawnError::NotFound(_) | SpawnError::NotExecutable(_)) => {
                let launch = Launch {
                    command: words(command, options),
                    ..direct
                };
                spawn_with(&launch, wait, spare).map_err(refusal)
            }
            other => other.map_err(refusal),
        }
    }

    /// All that a start of this hook needs, which is told this text.
    pub(super) fn hook(&self, start: &HookStart, text: String) -> HookLaunch {
        HookLaunch {
            id: start.hook.id,
            is_mail: start.mail.is_some(),
            command: start.hook.command.clone(),
            options: Options::clone(&start.options),
            facts: self.hook_facts(start),
            text,
        }
    }

    pub(super) fn launch_hook(&self, hook: &HookLaunch) -> Result<Child, String> {
        let launch = if hook.is_mail {
            self.mail(hook)
        } else {
            self.hook_command(hook)
        };
        launch
            .and_then(|launch| spawn(&launch).map_err(refusal))
            .map_err(|refusal| match refusal {
                Refusal::NoRoom(message) | Refusal::Unstartable { message, .. } => message,
            })
    }

    /// A hook runs in its job's directory and environment, and reads what it is told.
    fn hook_command(&self, hook: &HookLaunch) -> Result<Launch, Refusal> {
        let options = Arc::new(hook.options.clone());
        let words = shell_words(&options, &hook.command);
        let output = self.output_of_hook(hook.id);
        let person = person::of(&options)?;
        let facts = hook.facts.clone();
        let launch = Launch {
            stdin: Some(hook.text.clone().into_bytes()),
            ..self.plain(words, &options, person.as_ref(), facts, output)?
        };
        Ok(match &person {
            Some(person) => person::by_way_of_us(launch, person),
            None => launch,
        })
    }

    /// A mail is the runner's own business: nothing of the job can change how it is sent.
    fn mail(&self, hook: &HookLaunch) -> Result<Launch, Refusal> {
        let runners = self.inherited.get(OsStr::new("PATH"));
        let runners = runners
            .and_then(|path| path.to_str())
            .unwrap_or("/usr/bin:/bin");
        let plan = EnvPlan {
            path: Some(format!("{runners}{MAILERS}")),
            cwd: "/".to_owned(),
            ..EnvPlan::default()
        };
        let inherited = self.inherited.clone().into_iter();
        let words = ["sendmail", "-i", "-t"];
        Ok(Launch {
            command: words.iter().map(OsString::from).collect(),
            cwd: "/".into(),
            env: compose(inherited, &plan)
                .map_err(|error| unusable(&error))?
                .with(hook.facts.clone()),
            umask: None,
            nice: None,
            stdin: Some(hook.text.clone().into_bytes()),
            output: self.output_of_hook(hook.id),
        })
    }

    pub(super) fn output_of_hook(&self, hook: i64) -> PathBuf {
        hook_output_path(&self.database, hook)
    }

    pub(super) fn mark_of_hook(&self, hook: i64) -> String {
        format!("{}/hook-{hook}", self.id)
    }

    fn plain(
        &self,
        command: Vec<OsString>,
        options: &Arc<Options>,
        person: Option<&Person>,
        facts: Vec<Fact>,
        output: PathBuf,
    ) -> Result<Launch, Refusal> {
        Ok(Launch {
            command,
            cwd: cwd_of(options).into(),
            env: self.environment(options, person)?.with(facts),
            umask: None,
            nice: None,
            stdin: None,
            output,
        })
    }

    fn environment(
        &self,
        options: &Arc<Options>,
        person: Option<&Person>,
    ) -> Result<Environment, Refusal> {
        // A file is read at each attempt, and users come and go.
        if options.env_file.is_some() || person.is_some() {
            return self.compose(options, person);
        }
        let mut known = self
            .environments
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.iter().find(|(of, _)| Arc::ptr_eq(of, options)) {
            return Ok(found.clone());
        }
        let composed = self.compose(options, None)?;
        known.truncate(ENVIRONMENTS - 1);
        known.push_front((Arc::clone(options), composed.clone()));
        Ok(composed)
    }

    fn compose(&self, options: &Options, person: Option<&Person>) -> Result<Environment, Refusal> {
        let cwd = cwd_of(options);
        let file = match &options.env_file {
            None => Vec::new(),
            Some(path) => read_env_file(&Path::new(cwd).join(path))?,
        };
        let plan = EnvPlan {
            clean: options.env_clean,
            path: options.path.clone(),
            set: options.env.clone().into_iter().collect(),
            file,
            cwd: cwd.to_owned(),
        };
        let inherited = self
            .inherited
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .chain(person.into_iter().flat_map(person::variables));
        compose(inherited, &plan).map_err(|error| unusable(&error))
    }

    fn hook_facts(&self, start: &HookStart) -> Vec<Fact> {
        let run = &start.run;
        let mut facts = vec![
            ("PUNCTUAL_JOB".into(), run.name.job.to_string()),
            ("PUNCTUAL_JOB_ID".into(), run.job.to_string()),
            ("PUNCTUAL_RUN".into(), run.name.to_string()),
            ("PUNCTUAL_ATTEMPT".into(), run.attempts.to_string()),
            ("PUNCTUAL_DUE".into(), stamp(run.due)),
            ("PUNCTUAL_QUEUE".into(), run.queue.to_string()),
            ("PUNCTUAL_DB".into(), self.database.display().to_string()),
            ("PUNCTUAL_MARK".into(), self.mark_of_hook(start.hook.id)),
            ("PUNCTUAL_HOOK".into(), start.hook.occasion.clone()),
            ("PUNCTUAL_STATE".into(), run.state.as_str().to_owned()),
        ];
        facts.extend(
            run.reason
                .map(|reason| ("PUNCTUAL_REASON".into(), reason.as_str().to_owned())),
        );
        facts.extend(
            run.exit_code
                .map(|code| ("PUNCTUAL_EXIT_CODE".into(), code.to_string())),
        );
        facts.extend(
            run.signal
                .map(|signal| ("PUNCTUAL_SIGNAL".into(), signal.to_string())),
        );
        facts.extend(run.started.map(|at| ("PUNCTUAL_STARTED".into(), stamp(at))));
        facts.extend(
            run.finished
                .map(|at| ("PUNCTUAL_FINISHED".into(), stamp(at))),
        );
        facts
    }

    fn facts(&self, claim: &Claim, slot: u32) -> Vec<Fact> {
        let row = &claim.row;
        vec![
            ("PUNCTUAL_JOB".into(), row.name.job.to_string()),
            ("PUNCTUAL_JOB_ID".into(), row.job.to_string()),
            ("PUNCTUAL_RUN".into(), row.name.to_string()),
            ("PUNCTUAL_ATTEMPT".into(), row.number.to_string()),
            ("PUNCTUAL_DUE".into(), stamp(row.due)),
            ("PUNCTUAL_QUEUE".into(), row.queue.to_string()),
            ("PUNCTUAL_SLOT".into(), slot.to_string()),
            ("PUNCTUAL_DB".into(), self.database.display().to_string()),
            ("PUNCTUAL_MARK".into(), self.mark_of(row.attempt)),
        ]
    }
}

fn cwd_of(options: &Options) -> &str {
    options.cwd.as_deref().unwrap_or("/")
}

fn words(command: &Command, options: &Options) -> Vec<OsString> {
    match command {
        Command::Shell(line) => shell_words(options, line),
        Command::Argv(words) => words.iter().map(OsString::from).collect(),
    }
}

/// The same start without the shell, where that is the same.
fn direct_words(command: &Command, options: &Options) -> Option<Vec<OsString>> {
    let Command::Shell(line) = command else {
        return None;
    };
    if options.shell.is_some() {
        return None;
    }
    let words = direct::plain_words(line)?;
    Some(words.into_iter().map(OsString::from).collect())
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn shell_words(options: &Options, line: &str) -> Vec<OsString> {
    vec![options.shell().into(), "-c".into(), line.into()]
}

/// What `show` says of a hook that did not do its work; `None` for one that did.
pub(super) fn hook_message(exit: Option<Exit>) -> Option<String> {
    match exit {
        Some(Exit::Code(0)) => None,
        Some(Exit::Code(code)) => Some(format!("exit {code}")),
        Some(Exit::Signal(signal)) => Some(format!("signal {signal}")),
        Some(Exit::Unknown) => Some("nobody saw its end".to_owned()),
        None => Some("took longer than 60 s".to_owned()),
    }
}

/// 127 and 126 are what a shell would have answered.
fn refusal(error: SpawnError) -> Refusal {
    match error {
        SpawnError::Again(error) => Refusal::NoRoom(error.to_string()),
        SpawnError::NotFound(message) => Refusal::Unstartable { code: 127, message },
        SpawnError::NotExecutable(message) => Refusal::Unstartable { code: 126, message },
        SpawnError::Other(message) => Refusal::Unstartable { code: 125, message },
    }
}

/// A variable that no program can be given.
fn unusable(error: &HasNul) -> Refusal {
    Refusal::Unstartable {
        code: 125,
        message: format!("the environment: {error}"),
    }
}

/// `K=V` lines; blank lines and `#` comments are skipped, one pair of quotes is taken off.
fn read_env_file(path: &Path) -> Result<Vec<(String, String)>, Refusal> {
    let unusable = |detail: String| Refusal::Unstartable {
        code: 125,
        message: format!("environment file {}: {detail}", path.display()),
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (key, value) = line
                .split_once('=')
                .ok_or_else(|| unusable(format!("{line:?} is not K=V")))?;
            let quoted = |quote| {
                value
                    .strip_prefix(quote)
                    .and_then(|rest| rest.strip_suffix(quote))
            };
            let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
            Ok((key.trim().to_owned(), value.to_owned()))
        })
        .collect()
}
