//! Time goes wrong under a living runner.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use rustix::process::Signal;

use crate::jumps::can_jump;
use crate::sandbox::{Answer, PATIENCE, Runner, Sandbox, until};

/// A runner whose wall clock is put forward and back; its monotonic one goes on.
struct Clock<'a> {
    sandbox: &'a Sandbox,
    runner: Runner,
}

impl<'a> Clock<'a> {
    fn new(sandbox: &'a Sandbox) -> Option<Self> {
        if !can_jump() {
            return None;
        }
        let offset = sandbox.write("offset", "+0\n");
        let mut shell = sandbox.program("faketime");
        let preloaded = Answer::of(shell.args(["-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]));
        let mut command = sandbox.command(["run", "-j4"]);
        command
            .env("LD_PRELOAD", preloaded.out.trim())
            .env("FAKETIME_TIMESTAMP_FILE", &offset)
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        let runner = sandbox.start(&mut command);
        Some(Self { sandbox, runner })
    }

    /// The kernel's clock does not move with it: somebody has to wake the runner, so that it looks.
    fn set(&self, offset: &str) {
        self.put(offset);
        self.sandbox.ok(["-q", "add", "now", "true"]);
    }

    /// Whole or not at all: it is read at every look at the clock.
    fn put(&self, offset: &str) {
        let new = self.sandbox.write("offset.new", format!("{offset}\n"));
        std::fs::rename(new, self.sandbox.path("offset")).unwrap();
    }

    /// Waits until the job `tick` has run so many times more.
    #[track_caller]
    fn until_ticks(&self, more: usize) {
        let before = self.sandbox.lines("ran").len();
        let begun = Instant::now();
        until(PATIENCE, "it goes on", || {
            assert!(begun.elapsed().as_secs() < 20, "{}", self.runner.log());
            if begun.elapsed().as_millis() % 500 < 10 {
                self.sandbox.ok(["-q", "add", "now", "true"]);
            }
            self.sandbox.lines("ran").len() >= before + more
        });
    }
}

/// Due times that a job said it runs for, each only once.
#[track_caller]
fn assert_no_due_time_twice(sandbox: &Sandbox) {
    let mut ran = sandbox.lines("ran");
    ran.sort();
    let all = ran.len();
    ran.dedup();
    assert_eq!(ran.len(), all, "{ran:?}");
}

/// Each due time between the first and the last is a row, or in the count of one.
#[track_caller]
fn assert_no_gap(sandbox: &Sandbox, job: &str) {
    let connection = rusqlite::Connection::open(sandbox.database()).unwrap();
    let gaps: i64 = connection
        .query_row(
            "SELECT (max(due) - min(coalesce(missed_first, due))) / 1000000 + 1
                    - sum(coalesce(missed_count, 1))
             FROM run WHERE job = (SELECT id FROM job WHERE name = ?1)",
            [job],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(gaps, 0, "{job}: {}", sandbox.json(["history", job]));
}

const SAY: &str = "echo $PUNCTUAL_DUE >> ran";

#[test]
fn two_seconds_to_and_fro_around_each_time_double_and_lose_nothing() {
    let sandbox = Sandbox::new();
    let Some(clock) = Clock::new(&sandbox) else {
        return;
    };
    let options = ["--name", "tick", "--overlap", "allow", "--missed", "all"];
    sandbox.ok([&["add", "* * * * * *"][..], &options, &[SAY]].concat());
    clock.until_ticks(2);
    for offset in ["+2", "+0", "-2", "+2", "-1", "+0"] {
        clock.set(offset);
        clock.until_ticks(1);
    }
    clock.until_ticks(2);
    assert_eq!(clock.runner.stop(), 0);
    assert_no_due_time_twice(&sandbox);
    assert_no_gap(&sandbox, "tick");
    for run in sandbox.json(["history", "tick"]).as_array().unwrap() {
        if let (Some(started), Some(due)) = (run["started"].as_str(), run["due"].as_str()) {
            assert!(started >= due, "early: {run}");
        }
    }
}

#[test]
fn an_hour_back_stalls_nobody_who_lives() {
    let sandbox = Sandbox::new();
    let Some(clock) = Clock::new(&sandbox) else {
        return;
    };
    sandbox.ok([
        "add",
        "every 1s",
        "--name",
        "tick",
        "--overlap",
        "allow",
        SAY,
    ]);
    clock.until_ticks(2);
    clock.set("-1h");
    clock.until_ticks(3);
    clock.set("+0");
    clock.until_ticks(3);
    assert_eq!(clock.runner.stop(), 0);
    assert_no_due_time_twice(&sandbox);
    sandbox.check_integrity();
}

#[test]
fn a_runner_that_was_in_2098_goes_on_today() {
    let sandbox = Sandbox::new();
    let Some(clock) = Clock::new(&sandbox) else {
        return;
    };
    let options = ["--name", "tick", "--overlap", "allow"];
    sandbox.ok([&["add", "every 1s"][..], &options, &[SAY]].concat());
    sandbox.ok(["add", "in 30m", "--name", "later", "echo later >> later"]);
    clock.until_ticks(2);
    clock.set("+72y");
    until(PATIENCE, "it has seen the year", || {
        let history = sandbox.json(["history", "tick"]);
        let mut runs = history.as_array().unwrap().iter();
        runs.any(|run| run["missed_count"].as_i64() >= Some(100_000))
    });
    // One row for 72 years; what was due once has run, late.
    sandbox.until_lines("later", 1);
    assert!(sandbox.lines("ran").len() < 60);
    clock.set("+0");
    clock.until_ticks(3);
    sandbox.ok(["add", "every 1s", "--name", "new", "echo x >> new"]);
    sandbox.until_lines("new", 2);
    assert_eq!(clock.runner.stop(), 0);
    sandbox.check_integrity();
}

#[test]
fn a_step_of_an_hour_shortens_no_time_limit_and_no_backoff() {
    let sandbox = Sandbox::new();
    let Some(clock) = Clock::new(&sandbox) else {
        return;
    };
    let runner = &clock.runner;
    let add = ["add", "now", "--name"];
    sandbox.ok([&add[..], &["long", "--timeout", "10m", "sleep 60"]].concat());
    let fails = ["again", "--retries", "1", "--backoff", "30m", "exit 1"];
    sandbox.ok([&add[..], &fails].concat());
    sandbox.ok(["add", "every 1s", "--name", "tick", "echo x >> ticks"]);
    sandbox.until_state("long", "running");
    sandbox.until_state("again", "retrying");

    clock.put("+1h");
    // The kernel's clock does not move: the timer rings once more, and then others wake it.
    until(PATIENCE, "it notices", || runner.log().contains("clock"));
    sandbox.ok([&add[..], &["poke", "true"]].concat());
    sandbox.until_state("poke", "succeeded");
    // The hour was an hour of due times.
    until(PATIENCE, "the hour is counted", || {
        let history = sandbox.json(["history", "tick"]);
        let mut runs = history.as_array().unwrap().iter();
        runs.any(|run| run["missed_count"].as_i64() > Some(3_000))
    });
    assert_eq!(sandbox.state("long"), "running", "{}", runner.log());
    assert_eq!(sandbox.state("again"), "retrying", "{}", runner.log());
    let next = sandbox.json(["show", "again"])["next"].clone();
    let next: chrono::DateTime<Utc> = next.as_str().unwrap().parse().unwrap();
    assert!(next - Utc::now() > TimeDelta::minutes(60), "{next}");
    assert!(sandbox.lines("ticks").len() < 30);
    assert_eq!(clock.runner.stop(), 0);
}

#[test]
fn what_slept_through_many_times_runs_once_and_goes_on() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j4"]);
    let tick = "echo $PUNCTUAL_RUN >> ran";
    for (name, missed) in [("tick", "once"), ("each", "all")] {
        let options = ["--name", name, "--missed", missed, "--overlap", "allow"];
        sandbox.ok([&["add", "every 1s"][..], &options, &[tick]].concat());
    }
    sandbox.until_lines("ran", 2);
    runner.signal(Signal::STOP);
    let begun = Utc::now();
    until(PATIENCE, "eight seconds have passed", || {
        Utc::now() - begun > TimeDelta::seconds(8)
    });
    runner.signal(Signal::CONT);
    let history = |job: &str| sandbox.json(["history", job]).as_array().unwrap().clone();
    until(PATIENCE, "it went on", || {
        let last = history("tick");
        last.iter()
            .any(|run| run["missed_count"].as_i64() > Some(1))
            && last[0]["missed_count"].is_null()
    });
    assert_eq!(runner.stop(), 0);
    for job in ["tick", "each"] {
        assert_no_gap(&sandbox, job);
    }
    sandbox.check_integrity();
}
