//! Retention at work over a million finished runs, beside a job each tenth of a second.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::acts::{Mark, Marks};
use crate::looking::insert_runs;
use crate::measure::{full_second_in, share, stamp};
use crate::report::{Table, time};
use crate::stand::Database;

/// So few, that most of their runs are beyond keeping.
const JOBS: usize = 100;
const STARTS: usize = 150;
const APART: Duration = Duration::from_millis(100);

pub(crate) fn beside_jobs(table: &Table, place: &Path) {
    const WORST: &str = "retention of 10^6 runs: worst lateness of 150";
    const MIDDLE: &str = "retention of 10^6 runs: lateness, p50";
    const HELD: &str = "retention of 10^6 runs: longest lock held";
    const RATE: &str = "retention of 10^6 runs: forgotten";
    if !table.wants(&[WORST, MIDDLE, HELD, RATE]) {
        return;
    }
    let [without, with] = [0, 1_000_000].map(|runs| {
        let database = Database::new(place, "forgetting.db");
        database.fill_future(JOBS);
        if runs > 0 {
            let month = Duration::from_secs(30 * 86_400);
            insert_runs(&database.open(), JOBS, runs, month);
        }
        table.settle();
        work(place, &database)
    });
    let worst = |seen: &Seen| share(&seen.lateness, 1.0);
    let middle = |seen: &Seen| share(&seen.lateness, 0.5);
    table.beyond(WORST, worst(&without), worst(&with), "<= +5 ms");
    table.beyond(MIDDLE, middle(&without), middle(&with), "");
    table.row(HELD, &time(without.held), &time(with.held), "", "<= 20 ms");
    let rate = format!("{:.0}/s", with.forgotten as f64 / with.took.as_secs_f64());
    table.row(RATE, "", &rate, "", "");
}

struct Seen {
    lateness: Vec<Duration>,
    /// The longest time that somebody had the write lock.
    held: Duration,
    forgotten: i64,
    took: Duration,
}

/// Starts at their instants with a runner that begins to forget at the first end.
fn work(place: &Path, database: &Database) -> Seen {
    let count = || -> i64 {
        let text = "SELECT count(*) FROM run WHERE job <= ?1";
        database
            .open()
            .query_row(text, [JOBS as i64], |row| row.get(0))
            .unwrap()
    };
    let before = count();
    let (marks, first) = stream(place, database, STARTS, Duration::from_secs(2));
    let log = File::open(format!("{}-shm", database.path().display())).unwrap();
    let begun = Instant::now();
    let runner = database.run(&["-j", "2"]);
    let is_over = AtomicBool::new(false);
    let (lateness, held) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| longest_lock(&log, &is_over));
        let lateness = lateness_of(&marks.wait_for(STARTS));
        is_over.store(true, Ordering::Relaxed);
        (lateness, watcher.join().unwrap())
    });
    let took = begun.elapsed();
    drop(runner);
    assert!(first > Duration::ZERO);
    Seen {
        lateness,
        held,
        forgotten: before - count(),
        took,
    }
}

/// One-offs of which each marks its start, a tenth of a second apart; and when the first is due.
pub(crate) fn stream(
    place: &Path,
    database: &Database,
    starts: usize,
    after: Duration,
) -> (Marks, Duration) {
    let marks = Marks::new(place, "stream");
    let first = full_second_in(after);
    let job = |number| {
        let when = stamp(first + APART * number);
        format!(
            r#"{{"command":{:?},"when":"{when}","priority":1}}"#,
            marks.words()
        )
    };
    database.fill(&["now"], (0..starts as u32).map(job));
    (marks, first)
}

pub(crate) fn lateness_of(marks: &[Mark]) -> Vec<Duration> {
    marks.iter().filter_map(Mark::lateness).collect()
}

/// Asks the kernel for SQLite's write lock, a byte of the log's index, without ever taking it.
fn longest_lock(log: &File, is_over: &AtomicBool) -> Duration {
    const WRITE_LOCK: u64 = 120;
    let question = Flock {
        start: WRITE_LOCK,
        length: 1,
        ..Flock::from(FlockType::WriteLock)
    };
    let (mut longest, mut since) = (Duration::ZERO, None);
    while !is_over.load(Ordering::Relaxed) {
        let is_held = fcntl_getlk(log, &question).unwrap().is_some();
        let now = Instant::now();
        match since {
            Some(begun) if is_held => longest = longest.max(now - begun),
            None if is_held => since = Some(now),
            _ => since = None,
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    longest
}
