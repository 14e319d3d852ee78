//! A place of its own for each test: directories, an environment, a database, and the built binary.
//!
//! What lives here: how a test runs a verb, keeps a runner, and waits for a fact. What never
//! does: an assertion about punctual itself. Nothing is left behind: runners are killed by their
//! pid when their handle goes, and jobs by the database they name in their environment.

#![allow(dead_code, reason = "each test crate uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a sandbox that cannot be built fails its test"
)]

pub(crate) mod terminal;

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub(crate) const PUNCTUAL: &str = env!("CARGO_BIN_EXE_punctual");

/// Longest wait for a fact. A healthy one takes milliseconds; this is for machines that are not.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the condition holds, and says what was waited for when it never does.
pub(crate) fn until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether this test may do what only root may; says so when it may not.
pub(crate) fn is_root(what: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skipped(&format!("{what} needs root"));
    }
    root
}

pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

pub(crate) struct Sandbox {
    root: TempDir,
    runners: AtomicUsize,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("punctual-")
            .tempdir()
            .unwrap();
        for directory in ["home", "data", "config", "cache", "state", "work"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        Self {
            root,
            runners: AtomicUsize::new(0),
        }
    }

    /// The directory that verbs are called from.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// The database; its directory is made by the first verb that writes.
    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("punctual/punctual.db")
    }

    /// A path in the directory that verbs are called from, which is also that of their jobs.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.work().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A file of the working directory; empty when there is none yet.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A program that can be given away. Copied by a process of its own: what this one has open for
    /// writing, a child of another test may hold for a moment, and then nobody can execute it.
    pub(crate) fn copy_of(&self, program: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let copied = Command::new("cp").arg(program).arg(&path).status();
        assert!(copied.unwrap().success());
        path
    }

    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        self.read(name).lines().map(str::to_owned).collect()
    }

    /// Waits until the file has at least so many lines.
    pub(crate) fn until_lines(&self, name: &str, count: usize) {
        until(PATIENCE, &format!("{name} has {count} lines"), || {
            self.lines(name).len() >= count
        });
    }

    /// Any program, in the sandbox.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home())
            .env("XDG_DATA_HOME", self.data())
            .env("XDG_CONFIG_HOME", self.root.path().join("config"))
            .env("XDG_CACHE_HOME", self.root.path().join("cache"))
            .env("XDG_STATE_HOME", self.root.path().join("state"))
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// punctual with its own database, not started yet.
    pub(crate) fn command<I, S>(&self, words: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.program(PUNCTUAL);
        command.arg("--db").arg(self.database()).args(words);
        command
    }

    /// Runs a verb to its end.
    pub(crate) fn punctual<I, S>(&self, words: I) -> Answer
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Answer::of(&mut self.command(words))
    }

    /// Runs a verb that must succeed; its stdout.
    #[track_caller]
    pub(crate) fn ok<I, S>(&self, words: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let answer = self.punctual(words);
        assert_eq!(answer.code, 0, "{answer:?}");
        answer.out
    }

    /// Runs a verb that must succeed, and reads its document.
    #[track_caller]
    pub(crate) fn json<I, S>(&self, words: I) -> Value
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(["--json"]);
        let answer = Answer::of(command.args(words));
        assert_eq!(answer.code, 0, "{answer:?}");
        answer.document()
    }

    /// `state` or `state(reason)` of a run or of a job's newest run; empty when there is none.
    pub(crate) fn state(&self, what: &str) -> String {
        let mut command = self.command(["--json", "show", what]);
        let answer = Answer::of(&mut command);
        let Ok(document) = serde_json::from_str::<Value>(&answer.out) else {
            return String::new();
        };
        let run = document.get("last").unwrap_or(&document);
        match (run["state"].as_str(), run["reason"].as_str()) {
            (Some(state), Some(reason)) => format!("{state}({reason})"),
            (Some(state), None) => state.to_owned(),
            _ => String::new(),
        }
    }

    #[track_caller]
    pub(crate) fn until_state(&self, what: &str, state: &str) {
        let begun = Instant::now();
        loop {
            let now = self.state(what);
            if now == state {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{what} is {now:?}, not {state:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The next due time of a job.
    #[track_caller]
    pub(crate) fn due(&self, job: &str) -> DateTime<Utc> {
        let next = self.json(["show", job])["next"].clone();
        next.as_str().unwrap().parse().unwrap()
    }

    /// Waits until the next due time of a job has passed.
    #[track_caller]
    pub(crate) fn until_due(&self, job: &str) {
        let due = self.due(job);
        until(PATIENCE, &format!("{job} is due"), || Utc::now() > due);
    }

    /// A time so many seconds away, as an option takes it.
    pub(crate) fn soon(&self, seconds: i64) -> String {
        let at = Utc::now() + TimeDelta::seconds(seconds);
        at.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Waits until no run is waiting to start or alive.
    pub(crate) fn until_idle(&self) {
        until(PATIENCE, "every run is final", || {
            let states = ["queued", "running", "retrying"];
            states.iter().all(|state| {
                self.json(["history", "--state", state, "-n", "1"]) == Value::Array(Vec::new())
            })
        });
    }

    /// The file is whole, as SQLite sees it.
    #[track_caller]
    pub(crate) fn check_integrity(&self) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        let check = |pragma: &str| -> Vec<String> {
            let mut statement = connection.prepare(pragma).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0));
            rows.unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(check("PRAGMA integrity_check"), ["ok"]);
        assert_eq!(check("PRAGMA foreign_key_check"), [""; 0]);
    }

    /// Starts a runner, and returns when it has the database.
    #[track_caller]
    pub(crate) fn runner<I, S>(&self, words: I) -> Runner
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let runner = self.start(self.command(["run"]).args(words));
        let begun = Instant::now();
        while !runner.log().contains("runner started") {
            assert!(
                begun.elapsed() < PATIENCE && runner.lives(),
                "the runner does not start: {}",
                runner.log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        runner
    }

    /// Starts a command that stays, with its stderr in a file.
    pub(crate) fn start(&self, command: &mut Command) -> Runner {
        let number = self.runners.fetch_add(1, Ordering::Relaxed);
        let log = self.root.path().join(format!("runner-{number}.log"));
        let child = command
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Runner { child, log }
    }

    /// Lets a runner do all there is to do.
    #[track_caller]
    pub(crate) fn drain<I, S>(&self, words: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let answer = Answer::of(self.command(["run", "--until-idle"]).args(words));
        assert_eq!(answer.code, 0, "{answer:?}");
        answer.err
    }

    /// What only somebody else, or time itself, does to the database; rows changed.
    pub(crate) fn sql(&self, statement: &str) -> usize {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.execute(statement, []).unwrap()
    }

    /// One number from the database.
    pub(crate) fn count(&self, query: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn sql_batch(&self, statements: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        connection.execute_batch(statements).unwrap();
    }

    /// Brings everything into the main file of the database.
    pub(crate) fn checkpoint(&self) {
        self.sql_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// What a power cut does to a runner and all that it started.
    pub(crate) fn power_cut(&self, runner: Runner) {
        let parent = runner.parent_of_jobs();
        runner.kill();
        let _ = kill_process(parent, Signal::KILL);
        for pid in self.jobs_alive() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Processes that carry this database's mark: jobs, and what they started.
    pub(crate) fn jobs_alive(&self) -> Vec<Pid> {
        self.alive_with(&[])
    }

    /// Whether a process of this job is alive.
    pub(crate) fn is_alive(&self, job: &str) -> bool {
        let job = format!("PUNCTUAL_JOB={job}");
        !self.alive_with(&[&job]).is_empty()
    }

    /// Processes of this database's jobs that have these variables too.
    fn alive_with(&self, variables: &[&str]) -> Vec<Pid> {
        let mark = format!("PUNCTUAL_DB={}", self.database().display());
        let is_ours = |entry: &fs::DirEntry| {
            fs::read(entry.path().join("environ")).is_ok_and(|environment| {
                let there: Vec<&[u8]> = environment.split(|byte| *byte == 0).collect();
                let has = |variable: &&str| there.contains(&variable.as_bytes());
                has(&mark.as_str()) && variables.iter().all(has)
            })
        };
        fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter(is_ours)
            .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
            .collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for pid in self.jobs_alive() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// What a verb said, whole.
#[derive(PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// Success with this on stdout, and nothing on stderr.
    pub(crate) fn said(out: &str) -> Self {
        Self {
            code: 0,
            out: out.to_owned(),
            err: String::new(),
        }
    }

    /// Refused with this code, this on stderr, and nothing on stdout.
    pub(crate) fn refused(code: i32, err: &str) -> Self {
        Self {
            code,
            out: String::new(),
            err: err.to_owned(),
        }
    }

    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("not one document ({error}): {self:?}"))
    }

    /// The document of a failure.
    pub(crate) fn complaint(&self) -> Value {
        serde_json::from_str(&self.err)
            .unwrap_or_else(|error| panic!("not one document ({error}): {self:?}"))
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: code_of(output.status),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Readable line by line where an assertion fails.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}", self.code)?;
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            for line in text.lines() {
                write!(f, "\n  {name}| {line}")?;
            }
        }
        Ok(())
    }
}

/// The children of every thread of a process.
pub(crate) fn children_of(process: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero()));
    let threads = threads.into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let lists: Vec<String> = lists.collect();
    let pids = lists.iter().flat_map(|list| list.split_whitespace());
    pids.filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
        .collect()
}

/// The exit code, or 128+N for signal N, as a shell has it.
pub(crate) fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// A process that stays until it is asked to go; killed when it is forgotten.
pub(crate) struct Runner {
    child: Child,
    log: PathBuf,
}

impl Runner {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The process that starts and reaps its jobs.
    #[track_caller]
    pub(crate) fn parent_of_jobs(&self) -> Pid {
        let mut found = None;
        until(PATIENCE, "there is a parent of the jobs", || {
            found = children_of(self.pid()).first().copied();
            found.is_some()
        });
        found.unwrap()
    }

    /// What it has written to stderr so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The events of the log without their times and measures: `start backup.1`.
    pub(crate) fn events(&self) -> Vec<String> {
        events(&self.log())
    }

    /// Whether it has not ended yet; a zombie has.
    pub(crate) fn lives(&self) -> bool {
        let stat = format!("/proc/{}/stat", self.child.id());
        fs::read_to_string(stat).is_ok_and(|stat| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| !rest.starts_with('Z'))
        })
    }

    /// What the kernel says of each of its descriptors.
    pub(crate) fn handles(&self) -> Vec<String> {
        let facts = format!("/proc/{}/fdinfo", self.child.id());
        let entries = fs::read_dir(facts).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| fs::read_to_string(entry.path()).ok())
            .collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end; the exit code, 128+N on signal N.
    #[track_caller]
    pub(crate) fn ended(mut self) -> i32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return code_of(status);
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// An orderly stop, at once: two signals, and the second when the first was heard, for two
    /// of a kind that wait together are one.
    #[track_caller]
    pub(crate) fn stop(self) -> i32 {
        self.signal(Signal::TERM);
        until(PATIENCE, "it stops", || {
            self.log().contains("stopping") || !self.lives()
        });
        self.signal(Signal::TERM);
        self.ended()
    }

    /// SIGKILL. Gives back at once: what comes next is often a race with its jobs.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Log lines without their times, pids and measures.
pub(crate) fn events(log: &str) -> Vec<String> {
    let measured = |word: &&str| {
        let measures = ["late=", "took=", "pid=", "pool="];
        !measures.iter().any(|measure| word.starts_with(measure))
    };
    log.lines()
        .map(|line| {
            let words: Vec<&str> = line
                .split(' ')
                .skip(1)
                .filter(|word| measured(word))
                .collect();
            words.join(" ")
        })
        .collect()
}
