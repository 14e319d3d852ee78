//! Benchmarks: the bare limit of this machine and punctual in the same run, with the ratio.
//!
//! `cargo bench` prints one table. Numbers of different runs are not comparable, since machines are shared
//! and noisy; ratios of one run are. Nothing here asserts a time.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for the workshop: it stops at the first surprise"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{WaitOptions, wait};

const PUNCTUAL: &str = env!("CARGO_BIN_EXE_punctual");

fn main() {
    let place = tempfile::tempdir().unwrap();
    println!(
        "{:<44} {:>12} {:>12} {:>8}",
        "what", "bare", "punctual", "ratio"
    );
    for pool in [8, 2] {
        drain(
            place.path(),
            pool,
            5_000,
            "sh -c true",
            r#"{"command":["sh","-c","true"]}"#,
        );
        drain(place.path(), pool, 5_000, "true", "true");
    }
    add(place.path());
    list(place.path());
    for waiting in [1_000, 10_000, 100_000, 1_000_000] {
        behind(place.path(), waiting);
    }
}

fn row(what: &str, bare: &str, ours: &str, ratio: f64) {
    println!("{what:<44} {bare:>12} {ours:>12} {ratio:>8.2}");
}

/// A database of its own, in a directory of ours.
struct Database(PathBuf);

impl Database {
    fn new(place: &Path, name: &str) -> Self {
        let path = place.join(name);
        for suffix in ["", "-wal", "-shm", "-lock"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        Self(path)
    }

    fn punctual(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PUNCTUAL);
        command.arg("--db").arg(&self.0).arg("-q").args(words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn fill(&self, when: &str, jobs: usize, line: &str) {
        let mut child = self
            .punctual(&["add", when, "--batch", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = std::io::BufWriter::new(child.stdin.take().unwrap());
        // Recurring jobs that are alike are refused, so each has a word of its own.
        for number in 0..jobs {
            match when {
                "now" => writeln!(stdin, "{line}").unwrap(),
                _ => writeln!(stdin, "{line} {number}").unwrap(),
            }
        }
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }
}

/// Waiting commands against a loop that spawns `sh -c true` and waits, as many at once.
fn drain(place: &Path, pool: usize, jobs: usize, what: &str, line: &str) {
    let database = Database::new(place, "drain.db");
    database.fill("now", jobs, line);
    let before = bare_loop(pool, jobs);
    let begun = Instant::now();
    let pool_word = pool.to_string();
    let done = database
        .punctual(&["run", "-j", &pool_word, "--until-idle"])
        .status()
        .unwrap();
    let ours = begun.elapsed();
    assert!(done.success());
    let bare = (before + bare_loop(pool, jobs)) / 2;
    let rate = |time: Duration| format!("{:.0}/s", jobs as f64 / time.as_secs_f64());
    row(
        &format!("drain {jobs} waiting `{what}`, -j {pool}"),
        &rate(bare),
        &rate(ours),
        bare.as_secs_f64() / ours.as_secs_f64(),
    );
}

fn bare_loop(pool: usize, jobs: usize) -> Duration {
    let begun = Instant::now();
    let (mut started, mut alive) = (0, 0);
    while started < jobs || alive > 0 {
        if started < jobs && alive < pool {
            // Dropped unreaped on purpose: the loop below waits for whichever ends first.
            drop(
                Command::new("/bin/sh")
                    .args(["-c", "true"])
                    .spawn()
                    .unwrap(),
            );
            started += 1;
            alive += 1;
        } else {
            wait(WaitOptions::empty()).unwrap();
            alive -= 1;
        }
    }
    begun.elapsed()
}

/// One `add` against one synced write of a small file by a process that does nothing else.
fn add(place: &Path) {
    let database = Database::new(place, "add.db");
    assert!(
        database
            .punctual(&["add", "now", "true"])
            .status()
            .unwrap()
            .success()
    );
    let file = place.join("bare");
    let script = format!(
        "conv=fsync oflag=append if=/dev/zero bs=4k count=1 of={}",
        file.display()
    );
    let words: Vec<&str> = script.split(' ').collect();
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        bare.push(time(Command::new("dd").args(&words).stderr(Stdio::null())));
        ours.push(time(&mut database.punctual(&["add", "now", "true"])));
    }
    compare("add (one process, one sync; median of 100)", bare, ours);
}

fn list(place: &Path) {
    let database = Database::new(place, "list.db");
    database.fill("0 3 * * *", 10_000, "true");
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        bare.push(time(&mut Command::new("/bin/true")));
        ours.push(time(&mut database.punctual(&["list"])));
    }
    compare("list of 10,000 jobs (bare: /bin/true)", bare, ours);
}

/// The time to start one more job behind many waiting ones of another, paused queue, and the memory.
fn behind(place: &Path, waiting: usize) {
    let database = Database::new(place, "behind.db");
    database.fill("now", waiting, "true");
    assert!(
        database
            .punctual(&["queue", "pause", "default"])
            .status()
            .unwrap()
            .success()
    );
    let mut command =
        database.punctual(&["add", "now", "--queue", "other", "--name", "one", "true"]);
    assert!(command.status().unwrap().success());
    let begun = Instant::now();
    let runner = database.punctual(&["run", "--until-idle"]).spawn().unwrap();
    let (status, usage) = wait_with_usage(runner);
    let ours = begun.elapsed();
    assert!(status);
    let bare = time(&mut Command::new("/bin/true"));
    row(
        &format!("start, run one, stop; {waiting} others wait"),
        &format!("{:.1} ms", bare.as_secs_f64() * 1e3),
        &format!("{:.1} ms", ours.as_secs_f64() * 1e3),
        ours.as_secs_f64() / bare.as_secs_f64(),
    );
    println!(
        "{:<44} {:>25}",
        "  its memory at most",
        format!("{:.1} MiB", usage as f64 / 1_048_576.0)
    );
}

/// Whether it succeeded, and its peak of resident memory in bytes.
fn wait_with_usage(mut child: std::process::Child) -> (bool, u64) {
    let used = wait4::Wait4::wait4(&mut child).unwrap();
    (used.status.success(), used.rusage.maxrss)
}

fn time(command: &mut Command) -> Duration {
    let begun = Instant::now();
    assert!(command.status().unwrap().success());
    begun.elapsed()
}

fn compare(what: &str, mut bare: Vec<Duration>, mut ours: Vec<Duration>) {
    bare.sort();
    ours.sort();
    let (bare, ours) = (bare[bare.len() / 2], ours[ours.len() / 2]);
    row(
        what,
        &format!("{:.1} ms", bare.as_secs_f64() * 1e3),
        &format!("{:.1} ms", ours.as_secs_f64() * 1e3),
        ours.as_secs_f64() / bare.as_secs_f64(),
    );
}
