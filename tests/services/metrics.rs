//! `status --metrics`: what a monitor reads.

use std::collections::BTreeMap;

use crate::sandbox::{Answer, Sandbox};

/// The samples, by name and labels. Every sample stands below a HELP and a TYPE of its name.
#[track_caller]
fn scrape(sandbox: &Sandbox) -> BTreeMap<String, f64> {
    let page = sandbox.ok(["status", "--metrics"]);
    let (mut name, mut samples) = (String::new(), BTreeMap::new());
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            help.split(' ').next().unwrap().clone_into(&mut name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{name} gauge"));
        } else {
            let (what, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(what.split('{').next(), Some(name.as_str()), "{page}");
            let twice = samples.insert(what.to_owned(), value.parse().unwrap());
            assert_eq!(twice, None, "{page}");
        }
    }
    samples
}

#[test]
fn a_monitor_sees_what_ran_what_waits_and_what_is_late() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "backup", "sleep 0.05"]);
    sandbox.ok(["add", "never", "--name", "broken", "false"]);
    sandbox.ok(["add", "never", "--name", "gone", "true"]);
    sandbox.ok(["trigger", "backup", "broken", "gone"]);
    sandbox.drain([""; 0]);
    sandbox.ok(["remove", "gone"]);
    sandbox.ok([
        "add",
        "2090-01-01",
        "--queue",
        "later",
        "--name",
        "once",
        "true",
    ]);
    let samples = scrape(&sandbox);
    let value = |what: &str| samples.get(what).copied();
    assert_eq!(value("punctual_runner_up"), Some(0.0));
    assert_eq!(value("punctual_pool_size"), None);
    assert_eq!(value("punctual_runs_waiting{queue=\"later\"}"), Some(1.0));
    assert_eq!(value("punctual_runs_late"), Some(0.0));
    assert_eq!(value("punctual_runs_ended{state=\"succeeded\"}"), Some(2.0));
    assert_eq!(value("punctual_runs_ended{state=\"failed\"}"), Some(1.0));
    let last = |job: &str| {
        value(&format!(
            "punctual_job_last_success_timestamp_seconds{{job=\"{job}\"}}"
        ))
    };
    let took = |job: &str| {
        value(&format!(
            "punctual_job_last_success_duration_seconds{{job=\"{job}\"}}"
        ))
    };
    let now = chrono::Utc::now().timestamp() as f64;
    assert!(last("backup").is_some_and(|at| (now - at).abs() < 60.0));
    assert!(took("backup").is_some_and(|took| (0.04..10.0).contains(&took)));
    assert_eq!((last("broken"), took("broken")), (Some(0.0), None));
    assert_eq!((last("gone"), last("once")), (None, None));

    let _runner = sandbox.runner(["-j", "3"]);
    let samples = scrape(&sandbox);
    assert_eq!(samples.get("punctual_runner_up"), Some(&1.0));
    assert_eq!(samples.get("punctual_pool_size"), Some(&3.0));
}

#[test]
fn what_nobody_serves_is_late() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    sandbox.ok(["add", "now", "--name", "held", "--queue", "held", "true"]);
    sandbox.ok(["queue", "pause", "held"]);
    sandbox.ok(["add", "every 1h", "--name", "hourly", "true"]);
    sandbox.sql("UPDATE run SET not_before = not_before - 3600000000");
    sandbox.sql("UPDATE job SET next_due = next_due - 2 * 3600000000 WHERE name = 'hourly'");
    let samples = scrape(&sandbox);
    assert_eq!(samples.get("punctual_runs_late"), Some(&2.0));
    let lateness = samples.get("punctual_lateness_seconds").unwrap();
    assert!((3_590.0..3_700.0).contains(lateness), "{lateness}");
}

#[test]
fn without_a_database_the_runner_is_down() {
    let sandbox = Sandbox::new();
    let samples = scrape(&sandbox);
    assert_eq!(samples.get("punctual_runner_up"), Some(&0.0));
    assert_eq!(
        sandbox.punctual(["--json", "status", "--metrics"]),
        Answer::refused(
            2,
            "{\"error\":{\"code\":2,\"message\":\"--metrics has a format of its own, --json cannot \
             change it\",\"hint\":\"leave one of them out\"}}\n"
        )
    );
}
