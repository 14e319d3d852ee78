//! The clock jumps between one start and the next.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::sandbox::{Answer, PUNCTUAL, Sandbox, skipped};

/// Whether there is libfaketime; says so when there is not.
pub(crate) fn can_jump() -> bool {
    let asked = std::process::Command::new("faketime")
        .args(["-f", "+1h", "true"])
        .output();
    let there = asked.is_ok_and(|output| output.status.success());
    if !there {
        skipped("there is no faketime");
    }
    there
}

/// punctual at another time: `+1h`, `-1h`, `+10y`, `@2098-01-01 00:00:00`.
fn at(sandbox: &Sandbox, time: &str, words: &[&str]) -> Answer {
    let mut command = sandbox.program("faketime");
    command
        .args(["-f", time, PUNCTUAL, "--db"])
        .arg(sandbox.database())
        .args(words);
    Answer::of(&mut command)
}

#[track_caller]
fn drain_at(sandbox: &Sandbox, time: &str) -> String {
    let answer = at(sandbox, time, &["run", "--until-idle"]);
    assert_eq!(answer.code, 0, "{time}: {answer:?}");
    answer.err
}

fn history(sandbox: &Sandbox, job: &str) -> Vec<Value> {
    sandbox.json(["history", job]).as_array().unwrap().clone()
}

fn next(sandbox: &Sandbox, job: &str) -> TimeDelta {
    let next = sandbox.json(["show", job])["next"].clone();
    let next: DateTime<Utc> = next.as_str().unwrap().parse().unwrap();
    next - Utc::now()
}

/// A job for every minute with this policy.
fn add(sandbox: &Sandbox, missed: &str) {
    let command = "echo $PUNCTUAL_RUN >> ran";
    let name = ["--name", missed, "--missed", missed, "--overlap", "allow"];
    sandbox.ok([&["add", "every 1m"][..], &name, &[command]].concat());
}

#[test]
fn an_hour_forward_and_back() {
    if !can_jump() {
        return;
    }
    let sandbox = Sandbox::new();
    for missed in ["once", "skip", "all"] {
        add(&sandbox, missed);
    }
    drain_at(&sandbox, "+1h");
    let once = history(&sandbox, "once");
    assert_eq!(once.len(), 1, "{once:?}");
    assert_eq!(once[0]["state"], "succeeded");
    assert!(
        [59, 60].contains(&once[0]["missed_count"].as_i64().unwrap()),
        "{once:?}"
    );
    let skip = history(&sandbox, "skip");
    assert_eq!(skip.len(), 1, "{skip:?}");
    assert_eq!(skip[0]["reason"], "missed");
    let all = history(&sandbox, "all").len();
    assert!([59, 60].contains(&all), "{all}");

    // Back: the stretch is counted, and who has no row for a time in it waits for no hour.
    let ran = sandbox.lines("ran").len();
    drain_at(&sandbox, "+0");
    assert_eq!(sandbox.lines("ran").len(), ran);
    for (missed, most) in [("once", 1), ("skip", 1), ("all", 61)] {
        let most = TimeDelta::minutes(most);
        assert!(next(&sandbox, missed) <= most, "{missed}");
    }
    // And forward again, further: each due time at most once.
    drain_at(&sandbox, "+2h");
    let doubles = "SELECT 1 FROM run GROUP BY job, due HAVING count(*) > 1";
    let connection = rusqlite::Connection::open(sandbox.database()).unwrap();
    assert!(!connection.prepare(doubles).unwrap().exists([]).unwrap());
    let total = |job: &str| -> i64 {
        let counted = |run: &Value| run["missed_count"].as_i64().unwrap_or(1);
        history(&sandbox, job).iter().map(counted).sum()
    };
    for missed in ["once", "skip"] {
        let counted = total(missed);
        assert!((119..=181).contains(&counted), "{missed}: {counted}");
    }
    sandbox.check_integrity();
}

#[test]
fn an_hour_back_starts_nothing_early_and_stops_nothing() {
    if !can_jump() {
        return;
    }
    let sandbox = Sandbox::new();
    add(&sandbox, "once");
    sandbox.ok(["add", "in 30m", "--name", "later", "echo later >> ran"]);
    drain_at(&sandbox, "-1h");
    assert_eq!(sandbox.read("ran"), "");
    drain_at(&sandbox, "+31m");
    let mut ran = sandbox.lines("ran");
    ran.sort();
    assert_eq!(ran, ["later", "once.1"]);
    // A job that is added before the clock is put back does not wait for that time.
    let answer = at(
        &sandbox,
        "-1h",
        &["add", "now", "--name", "x", "echo x >> ran"],
    );
    assert_eq!(answer.code, 0, "{answer:?}");
    drain_at(&sandbox, "+31m");
    assert_eq!(sandbox.lines("ran").len(), 3);
    sandbox.check_integrity();
}

#[test]
fn ten_years_are_one_row_and_no_storm() {
    if !can_jump() {
        return;
    }
    let sandbox = Sandbox::new();
    add(&sandbox, "once");
    add(&sandbox, "all");
    drain_at(&sandbox, "+10y");
    let once = history(&sandbox, "once");
    assert_eq!(once.len(), 1, "{once:?}");
    assert!(
        once[0]["missed_count"].as_i64().unwrap() >= 100_000,
        "{once:?}"
    );
    // The last hundred, and a row for the rest.
    assert_eq!(sandbox.lines("ran").len() - 1, 100);
    assert_eq!(history(&sandbox, "all").len(), 101);
    // In ten years and a bit it goes on from there.
    drain_at(&sandbox, "+10y");
    assert!(next(&sandbox, "once") > TimeDelta::days(3_000));
    sandbox.check_integrity();
}

#[test]
fn a_visit_to_2098_is_forgotten() {
    if !can_jump() {
        return;
    }
    let sandbox = Sandbox::new();
    add(&sandbox, "once");
    drain_at(&sandbox, "@2098-01-01 00:00:00");
    let added = at(
        &sandbox,
        "@2098-01-01 00:00:00",
        &["add", "every 1h", "--name", "hourly", "true"],
    );
    assert_eq!(added.code, 0, "{added:?}");
    assert_eq!(history(&sandbox, "once").len(), 1);
    // Corrected: looking works, and the minutes go on.
    for words in [
        &["list"][..],
        &["history"],
        &["next"],
        &["show", "once"],
        &["status"],
    ] {
        sandbox.ok(words);
    }
    drain_at(&sandbox, "+0");
    assert!(next(&sandbox, "once") <= TimeDelta::minutes(1));
    sandbox.ok(["add", "now", "--name", "x", "echo x >> ran"]);
    drain_at(&sandbox, "+2m");
    let ran = sandbox.lines("ran");
    assert!(ran.contains(&"x".to_owned()), "{ran:?}");
    assert_eq!(history(&sandbox, "once").len(), 2);
    sandbox.check_integrity();
}
