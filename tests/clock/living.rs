//! Time goes wrong under a living runner.

use chrono::{TimeDelta, Utc};
use rustix::process::Signal;

use crate::jumps::can_jump;
use crate::sandbox::{Answer, PATIENCE, Sandbox, until};

#[test]
fn a_step_of_an_hour_shortens_no_time_limit_and_no_backoff() {
    if !can_jump() {
        return;
    }
    let sandbox = Sandbox::new();
    let offset = sandbox.write("offset", "+0\n");
    let mut shell = sandbox.program("faketime");
    let preloaded = Answer::of(shell.args(["-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]));
    let mut command = sandbox.command(["run"]);
    command
        .env("LD_PRELOAD", preloaded.out.trim())
        .env("FAKETIME_TIMESTAMP_FILE", &offset)
        .env("FAKETIME_NO_CACHE", "1")
        .env("DONT_FAKE_MONOTONIC", "1");
    let runner = sandbox.start(&mut command);
    let add = ["add", "now", "--name"];
    sandbox.ok([&add[..], &["long", "--timeout", "10m", "sleep 60"]].concat());
    let fails = ["again", "--retries", "1", "--backoff", "30m", "exit 1"];
    sandbox.ok([&add[..], &fails].concat());
    sandbox.ok(["add", "every 1s", "--name", "tick", "echo x >> ticks"]);
    sandbox.until_state("long", "running");
    sandbox.until_state("again", "retrying");

    sandbox.write("offset", "+1h\n");
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
    assert_eq!(runner.stop(), 0);
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
        // Every second between the first and the last is a row or in the count of one.
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
        assert_eq!(gaps, 0, "{job}: {:?}", history(job));
    }
    sandbox.check_integrity();
}
