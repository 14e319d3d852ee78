//! A runner with nothing to do until next year, and how fast it is there when there is something.

use std::path::Path;
use std::time::Duration;

use crate::acts::Marks;
use crate::lateness::seconds;
use crate::measure::{between, now};
use crate::report::{Table, mib};
use crate::stand::Database;

const CROWDS: [(usize, &str); 4] = [
    (0, "0"),
    (1_000, "1,000"),
    (100_000, "100,000"),
    (1_000_000, "1,000,000"),
];

pub(crate) fn runners(table: &Table, place: &Path) {
    let length = seconds(10);
    let mut least = None;
    for (crowd, name) in CROWDS {
        let wakes = format!("idle {length} s, {name} future jobs: wake-ups, CPU");
        let memory = format!("idle, {name} future jobs: resident");
        let start = format!("runner start to first job, {name} jobs");
        if !table.wants(&[&wakes, &memory, &start]) {
            continue;
        }
        let database = Database::new(place, "idle.db");
        database.does(&["add", "never", "true"]);
        database.fill_future(crowd);
        let runner = database.run(&["-j", "2"]);
        runner.wait_for_sleep();
        let before = (runner.switches(), runner.cpu());
        std::thread::sleep(Duration::from_secs(length));
        let woken = runner.switches() - before.0;
        let used = between(before.1, runner.cpu());
        let resident = runner.resident_kib();
        let parents = runner.parents_kib();
        let least = *least.get_or_insert(resident);
        drop(runner);
        let used = format!("{woken}, {:.1} ms", used.as_secs_f64() * 1e3);
        table.row(&wakes, "", &used, "", "0, 0 ms");
        let more = (resident as f64 - least as f64) / 1024.0;
        let more = format!("{more:+.1} MiB");
        let beside = format!("idle, {name} future jobs: the parent of the jobs");
        table.row(&beside, "", &mib(parents), "", "");
        table.row(&memory, &mib(least), &mib(resident), &more, "<= 8, +-1");
        first_start(table, place, &database, &start);
    }
}

/// The runner's start to the first instruction of a job that is due, against a spawn of the job alone.
fn first_start(table: &Table, place: &Path, database: &Database, name: &str) {
    let (marks, bare_marks) = (Marks::new(place, "first"), Marks::new(place, "alone"));
    let job = marks.words();
    database.does(&["add", "now", "--", &job[0], &job[1], &job[2]]);
    table.settle();
    let begun = now();
    assert!(bare_marks.command().status().unwrap().success());
    let bare = between(begun, bare_marks.read()[0].at);
    let begun = now();
    let runner = database.run(&["-j", "2"]);
    let ours = between(begun, marks.wait_for(1)[0].at);
    drop(runner);
    table.beyond(name, bare, ours, "<= 50 ms");
}
