//! The same drain beside many jobs that wait in a paused queue: they must cost nothing.

use std::path::Path;
use std::time::Duration;

use crate::measure::{between, now};
use crate::report::{Table, mib, rate};
use crate::stand::{Database, newest, wait_for_end};

const JOBS: usize = 5_000;
/// Each crowd has its turn so often.
const ROUNDS: u32 = 3;
const CROWDS: [(usize, &str); 3] = [(0, "0"), (100_000, "100,000"), (1_000_000, "1,000,000")];

pub(crate) fn beside_many_waiting(table: &Table, place: &Path) {
    let rate_of = |crowd: &str| format!("drain {JOBS} `true`, {crowd} others wait");
    let memory_of = |crowd: &str| format!("  its memory at most, {crowd} others wait");
    let rows = CROWDS.map(|(_, name)| [rate_of(name), memory_of(name)]);
    if !table.wants(&rows.concat()) {
        return;
    }
    let databases = CROWDS.map(|(crowd, name)| {
        let database = Database::new(place, &format!("crowd-{name}.db"));
        database.fill(&["now"], (0..crowd).map(|_| "true".to_owned()));
        database.does(&["queue", "pause", "default"]);
        database
    });
    table.settle();
    let mut took = [Duration::ZERO; 3];
    let mut peaks = [0; 3];
    for _ in 0..ROUNDS {
        for (index, database) in databases.iter().enumerate() {
            let (time, peak) = drain(database);
            took[index] += time / ROUNDS;
            peaks[index] = peak.max(peaks[index]);
        }
    }
    for (index, (_, name)) in CROWDS.into_iter().enumerate().skip(1) {
        table.row(
            &rate_of(name),
            &rate(JOBS, took[0]),
            &rate(JOBS, took[index]),
            &format!("{:.2}", took[0].as_secs_f64() / took[index].as_secs_f64()),
            "0.95 - 1.05",
        );
        let more = (peaks[index] as f64 - peaks[0] as f64) / 1024.0;
        table.row(
            &memory_of(name),
            &mib(peaks[0]),
            &mib(peaks[index]),
            &format!("{more:+.1} MiB"),
            "+-1 MiB",
        );
    }
}

/// The time to the last end, and the most memory.
fn drain(database: &Database) -> (Duration, u64) {
    database.fill(
        &["now", "--queue", "other"],
        (0..JOBS).map(|_| "true".to_owned()),
    );
    let watch = database.open();
    let begun = now();
    let runner = database.run(&["-j", "8"]);
    wait_for_end(&watch, "other");
    let peak = runner.peak_kib();
    // By its number, for there is no index of ends.
    let last = newest(
        &watch,
        "SELECT max(finished)
         FROM (SELECT finished FROM run WHERE state >= 10 ORDER BY id DESC LIMIT 100)",
    );
    (between(begun, last), peak)
}
