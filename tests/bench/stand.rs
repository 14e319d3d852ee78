//! What is measured: a database of its own, a runner of it, and what the kernel says of that.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};

pub(crate) const PUNCTUAL: &str = env!("CARGO_BIN_EXE_punctual");

/// A database in a directory of ours, gone with this value.
pub(crate) struct Database(PathBuf);

impl Database {
    pub(crate) fn new(place: &Path, name: &str) -> Self {
        Self(place.join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn punctual(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PUNCTUAL);
        command.arg("--db").arg(&self.0).arg("-q").args(words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub(crate) fn does(&self, words: &[&str]) {
        assert!(self.punctual(words).status().unwrap().success());
    }

    /// Adds lines in one transaction.
    pub(crate) fn fill(&self, words: &[&str], lines: impl Iterator<Item = String>) {
        let words = [&["add"], words, &["--batch", "-"]].concat();
        let mut child = self.punctual(&words).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = std::io::BufWriter::new(child.stdin.take().unwrap());
        for line in lines {
            writeln!(stdin, "{line}").unwrap();
        }
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }

    /// Jobs of the far future. Recurring jobs that are alike are refused, so each has a word of its own.
    pub(crate) fn fill_future(&self, jobs: usize) {
        self.fill(
            &["0 0 1 1 *"],
            (0..jobs).map(|number| format!("true {number}")),
        );
    }

    /// For a look past the program.
    pub(crate) fn open(&self) -> Connection {
        let conn = Connection::open(&self.0).unwrap();
        conn.busy_timeout(Duration::from_secs(60)).unwrap();
        conn
    }

    pub(crate) fn run(&self, words: &[&str]) -> Runner {
        Runner(self.punctual(&[&["run"], words].concat()).spawn().unwrap())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-lock", "-ends"] {
            let _ = fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

/// Waits until nothing of a queue is left that could start or runs.
pub(crate) fn wait_for_end(watch: &Connection, queue: &str) {
    let text = "
        SELECT EXISTS (
            SELECT 1 FROM run
            WHERE state = 2 AND queue = (SELECT id FROM queue WHERE name = ?1))
          OR EXISTS (SELECT 1 FROM run WHERE state IN (1, 3))
          OR EXISTS (SELECT 1 FROM run WHERE state IN (6, 7))";
    while watch.query_row(text, [queue], |row| row.get(0)).unwrap() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The newest time in a column of `run`.
pub(crate) fn newest(watch: &Connection, text: &str) -> Duration {
    let micros: i64 = watch.query_row(text, [], |row| row.get(0)).unwrap();
    Duration::from_micros(micros as u64)
}

/// A runner in the background; ended with this value.
pub(crate) struct Runner(Child);

impl Runner {
    fn place(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.0.id()))
    }

    fn status(&self, word: &str) -> u64 {
        number_in(
            &fs::read_to_string(self.place().join("status")).unwrap(),
            word,
        )
    }

    pub(crate) fn resident_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// What the parents of its jobs add to that.
    pub(crate) fn parents_kib(&self) -> u64 {
        let parents = self.parents().into_iter();
        let statuses = parents.map(|place| fs::read_to_string(place.join("status")).unwrap());
        statuses.map(|status| number_in(&status, "VmRSS:")).sum()
    }

    pub(crate) fn peak_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// How often one of its threads went to sleep, those of the parents of its jobs included, here and below.
    pub(crate) fn switches(&self) -> u64 {
        let of_thread = |task: PathBuf| {
            let text = fs::read_to_string(task.join("status")).unwrap_or_default();
            number_in(&text, "voluntary_ctxt_switches:")
        };
        self.tasks().map(of_thread).sum()
    }

    /// CPU time of the threads that are alive, to the nanosecond.
    pub(crate) fn cpu(&self) -> Duration {
        let of_thread = |task: PathBuf| -> u64 {
            let text = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let first = text.split_whitespace().next();
            first.map_or(0, |word| word.parse().unwrap())
        };
        Duration::from_nanos(self.tasks().map(of_thread).sum())
    }

    /// CPU time of all its threads, ended ones too, in steps of a clock tick; jobs not counted.
    pub(crate) fn whole_cpu(&self) -> Duration {
        let ticks_of = |place: PathBuf| -> u64 {
            let stat = fs::read_to_string(place.join("stat")).unwrap();
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            let ticks = fields.split(' ').skip(11).take(2);
            ticks.map(|word| word.parse::<u64>().unwrap()).sum()
        };
        let ticks: u64 = self.places().into_iter().map(ticks_of).sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    fn tasks(&self) -> impl Iterator<Item = PathBuf> {
        let places = self.places().into_iter();
        places.flat_map(|place| {
            let tasks = fs::read_dir(place.join("task")).unwrap();
            tasks.map(|task| task.unwrap().path())
        })
    }

    /// The runner, and the parents of its jobs, which are its only children.
    fn places(&self) -> Vec<PathBuf> {
        let parents = self.parents().into_iter();
        [self.place()].into_iter().chain(parents).collect()
    }

    fn parents(&self) -> Vec<PathBuf> {
        let children = self.place().join(format!("task/{}/children", self.0.id()));
        let children = fs::read_to_string(children).unwrap();
        let pids = children.split_whitespace();
        pids.map(|pid| PathBuf::from(format!("/proc/{pid}")))
            .collect()
    }

    /// Waits until it has gone to sleep for a second.
    pub(crate) fn wait_for_sleep(&self) {
        let mut before = None;
        while before != Some(self.switches()) {
            before = Some(self.switches());
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// For a runner that ends by itself.
    pub(crate) fn wait(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
            let _ = self.0.wait();
        }
    }
}

fn number_in(text: &str, word: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    let number = line.map(|line| line.trim().trim_end_matches(" kB"));
    number.map_or(0, |number| number.parse().unwrap())
}
