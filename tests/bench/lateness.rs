//! How late a job starts: each second, among a thousand, and when another process adds it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::acts::{Mark, Marks};
use crate::drain::spawn_and_wait;
use crate::measure::{between, full_second_in, now, share, sleep_until, stamp};
use crate::report::Table;
use crate::stand::{Database, newest, wait_for_end};

/// Seconds of watching.
pub(crate) fn seconds(default: u64) -> u64 {
    let wanted = std::env::var("PUNCTUAL_SECONDS").ok();
    wanted.map_or(default, |wanted| wanted.parse().unwrap())
}

/// The bare loop has the half seconds, so that the two are not in each other's way.
pub(crate) fn each_second(table: &Table, place: &Path) {
    let count = seconds(30);
    let [middle, worst, early] = [
        format!("lateness each second, p50 of {count}"),
        format!("lateness each second, p99 of {count}"),
        "lateness each second, starts before their time".to_owned(),
    ];
    if !table.wants(&[&middle, &worst, &early]) {
        return;
    }
    let database = Database::new(place, "second.db");
    let (marks, bare_marks) = (Marks::new(place, "second"), Marks::new(place, "half"));
    let job = marks.words();
    database.does(&["add", "* * * * * *", "--", &job[0], &job[1], &job[2]]);
    let runner = database.run(&["-j", "2"]);
    let half = Duration::from_millis(500);
    let first = full_second_in(half) + half;
    for second in 0..count {
        sleep_until(first + Duration::from_secs(second));
        let mut child = bare_marks.command().spawn().unwrap();
        assert!(child.wait().unwrap().success());
    }
    std::thread::sleep(half + half / 2);
    drop(runner);
    let bare: Vec<_> = bare_marks.read();
    let bare: Vec<_> = (0..)
        .zip(bare)
        .map(|(second, mark)| between(first + Duration::from_secs(second), mark.at))
        .collect();
    let ours: Vec<_> = marks.read().iter().map(Mark::lateness).collect();
    let before_time = ours.iter().filter(|start| start.is_none()).count();
    let ours: Vec<_> = ours.into_iter().flatten().collect();
    table.beyond(&middle, share(&bare, 0.5), share(&ours, 0.5), "<= +0.3 ms");
    table.beyond(&worst, share(&bare, 0.99), share(&ours, 0.99), "<= +1 ms");
    table.row(&early, "0", &before_time.to_string(), "", "0");
}

/// The last start of a thousand that are due together.
pub(crate) fn thousand_at_once(table: &Table, place: &Path) {
    const NAME: &str = "1,000 due at one instant, -j 8: last start";
    const JOBS: usize = 1_000;
    if !table.wants(&[NAME]) {
        return;
    }
    let bare = || {
        let begun = Instant::now();
        spawn_and_wait(8, JOBS, "true") - begun
    };
    let ours = |name: &str| {
        let database = Database::new(place, name);
        let due = full_second_in(Duration::from_secs(2));
        let job = r#"{"command":["sh","-c","true"]}"#.to_owned();
        database.fill(&[&stamp(due)], std::iter::repeat_n(job, JOBS));
        let watch = database.open();
        let runner = database.run(&["-j", "8"]);
        wait_for_end(&watch, "default");
        drop(runner);
        between(due, newest(&watch, "SELECT max(started) FROM run"))
    };
    let rounds: Vec<_> = ["once.db", "twice.db", "thrice.db"]
        .map(|name| (bare(), ours(name)))
        .into();
    let (bare, ours): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    table.times(NAME, share(&bare, 0.5), share(&ours, 0.5), "<= 1.05");
}

/// From the start of `add` to the first instruction of the job, with a runner that sleeps.
pub(crate) fn add_now(table: &Table, place: &Path) {
    const NAME: &str = "`add now` to its job's start, p50 of 50";
    if !table.wants(&[NAME]) {
        return;
    }
    let database = Database::new(place, "now.db");
    database.does(&["add", "never", "true"]);
    let runner = database.run(&["-j", "2"]);
    runner.wait_for_sleep();
    let (marks, bare_marks) = (Marks::new(place, "now"), Marks::new(place, "at-once"));
    let job = marks.words();
    let add = ["add", "now", "--", &job[0], &job[1], &job[2]];
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 1..=50 {
        let begun = now();
        assert!(bare_marks.command().status().unwrap().success());
        bare.push(between(begun, bare_marks.read().last().unwrap().at));
        std::thread::sleep(Duration::from_millis(30));
        let begun = now();
        database.does(&add);
        ours.push(between(begun, marks.wait_for(round).last().unwrap().at));
        std::thread::sleep(Duration::from_millis(30));
    }
    table.beyond(NAME, share(&bare, 0.5), share(&ours, 0.5), "<= +3 ms");
}
