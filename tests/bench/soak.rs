//! Soak: one runner and a hundred thousand short jobs. What it holds at the end is what it held
//! after the first thousand: descriptors ±4, zombies 0, resident memory ±5 %.
//!
//! `cargo bench --bench soak`; `PUNCTUAL_SOAK=10000` runs so many. It says what it measured, and
//! fails when something grew.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for the workshop: it stops at the first surprise"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

const PUNCTUAL: &str = env!("CARGO_BIN_EXE_punctual");

/// Jobs that are added together.
const BATCH: usize = 1_000;

/// What a process holds while it has nothing to do.
struct Held {
    descriptors: usize,
    zombies: usize,
    resident_kib: u64,
}

impl Held {
    /// By the runner and the parent of its jobs.
    fn by(runner: &Child) -> Self {
        let parent = children(runner.id());
        let parent = parent.trim().parse().expect("a runner has one child");
        let [one, other] = [runner.id(), parent].map(Self::by_one);
        Self {
            descriptors: one.descriptors + other.descriptors,
            zombies: one.zombies + other.zombies,
            resident_kib: one.resident_kib + other.resident_kib,
        }
    }

    fn by_one(pid: u32) -> Self {
        let place = PathBuf::from(format!("/proc/{pid}"));
        let status = fs::read_to_string(place.join("status")).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.unwrap().trim().trim_end_matches(" kB");
        let children = children(pid);
        let is_zombie = |pid: &&str| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with('Z'))
        };
        Self {
            descriptors: fs::read_dir(place.join("fd")).unwrap().count(),
            zombies: children.split_whitespace().filter(is_zombie).count(),
            resident_kib: resident.parse().unwrap(),
        }
    }
}

fn children(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap()
}

fn punctual(database: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PUNCTUAL);
    command.arg("--db").arg(database).arg("-q").args(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Adds a batch, and waits until nothing is left of it.
fn work_off(database: &Path, watch: &Connection) {
    let mut add = punctual(database, &["add", "now", "--batch", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "echo hello; exit 0\n".repeat(BATCH);
    add.stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    assert!(add.wait().unwrap().success());
    loop {
        let open = "SELECT count(*) FROM run WHERE state < 10";
        let open: i64 = watch.query_row(open, [], |row| row.get(0)).unwrap();
        if open == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn main() -> ExitCode {
    let wanted = std::env::var("PUNCTUAL_SOAK").ok();
    let wanted: usize = wanted.map_or(100_000, |wanted| wanted.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let database = place.path().join("soak.db");
    assert!(
        punctual(&database, &["add", "never", "true"])
            .status()
            .unwrap()
            .success()
    );
    let mut runner = punctual(&database, &["run", "-j", "4"]).spawn().unwrap();
    let watch = Connection::open(&database).unwrap();
    watch.busy_timeout(Duration::from_secs(60)).unwrap();
    let begun = Instant::now();
    work_off(&database, &watch);
    let first = Held::by(&runner);
    for round in 2..=wanted.div_ceil(BATCH) {
        work_off(&database, &watch);
        if round % 10 == 0 {
            let now = Held::by(&runner);
            println!(
                "{:>7} jobs  {:>4} s  {} descriptors  {} zombies  {} KiB",
                round * BATCH,
                begun.elapsed().as_secs(),
                now.descriptors,
                now.zombies,
                now.resident_kib
            );
        }
    }
    let last = Held::by(&runner);
    let succeeded = "SELECT count(*) FROM run WHERE state = 10";
    let succeeded: i64 = watch.query_row(succeeded, [], |row| row.get(0)).unwrap();
    let pid = rustix::process::Pid::from_child(&runner);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(runner.wait().unwrap().success());
    println!("{:<12} {:>14} {:>14}", "", "after 1,000", "at the end");
    for (what, before, after) in [
        (
            "descriptors",
            first.descriptors as u64,
            last.descriptors as u64,
        ),
        ("zombies", first.zombies as u64, last.zombies as u64),
        ("KiB", first.resident_kib, last.resident_kib),
    ] {
        println!("{what:<12} {before:>14} {after:>14}");
    }
    println!(
        "{succeeded} jobs succeeded in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let grew = last.descriptors.abs_diff(first.descriptors) > 4
        || last.zombies > 0
        || last.resident_kib.abs_diff(first.resident_kib) * 20 > first.resident_kib;
    let all_done = succeeded as usize == wanted.div_ceil(BATCH) * BATCH;
    ExitCode::from(u8::from(grew || !all_done))
}
