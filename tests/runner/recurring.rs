//! Recurring jobs: overlap, missed times, bounds.

use chrono::{TimeDelta, Utc};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::sandbox::{PATIENCE, Sandbox, until};

/// Adds a job whose due times went by while no runner lived: ten of them, an hour apart.
fn add_missed(sandbox: &Sandbox, policy: &str, command: &str) {
    sandbox.ok([
        "add", "every 1h", "--name", "x", "--missed", policy, command,
    ]);
    let ten_hours = 10_i64 * 3_600_000_000;
    sandbox.sql(&format!(
        "UPDATE job SET next_due = next_due - {ten_hours}, anchor = anchor - {ten_hours}"
    ));
}

fn history(sandbox: &Sandbox) -> Vec<Value> {
    let runs = sandbox.json(["history", "x"]);
    runs.as_array().cloned().unwrap_or_default()
}

#[test]
fn missed_times_run_once() {
    let sandbox = Sandbox::new();
    add_missed(&sandbox, "once", "echo x >> done");
    sandbox.drain([""; 0]);
    let runs = history(&sandbox);
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(runs[0]["missed_count"], 10);
    assert_eq!(runs[0]["state"], "succeeded");
    assert_eq!(sandbox.lines("done").len(), 1);
    sandbox.drain([""; 0]);
    assert_eq!(history(&sandbox).len(), 1);
}

#[test]
fn a_month_of_missed_minutes_is_one_row() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "every 1m", "--name", "x", "echo x >> done"]);
    let month = 30_i64 * 24 * 3_600_000_000;
    sandbox.sql(&format!(
        "UPDATE job SET next_due = next_due - {month}, anchor = anchor - {month}"
    ));
    sandbox.drain([""; 0]);
    let runs = history(&sandbox);
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(runs[0]["missed_count"], 30 * 24 * 60);
    assert_eq!(sandbox.lines("done").len(), 1);
}

#[test]
fn what_a_stopped_runner_slept_through_is_counted() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "every 1s", "--name", "x", "true"]);
    sandbox.until_state("x.1", "succeeded");
    runner.signal(Signal::STOP);
    let slept = Utc::now() + TimeDelta::seconds(8);
    until(PATIENCE, "eight seconds went by", || Utc::now() > slept);
    runner.signal(Signal::CONT);
    let counted = || {
        let runs = history(&sandbox);
        let counted = runs.iter().find_map(|run| run["missed_count"].as_u64());
        counted.unwrap_or(0)
    };
    until(PATIENCE, "the gap is accounted for", || counted() >= 2);
    // Each due time has a row, or is counted by one: nothing is there twice.
    let mut dues: Vec<String> = history(&sandbox)
        .iter()
        .map(|run| run["due"].to_string())
        .collect();
    let rows = dues.len();
    dues.sort();
    dues.dedup();
    assert_eq!(dues.len(), rows);
}

#[test]
fn missed_times_may_be_skipped() {
    let sandbox = Sandbox::new();
    add_missed(&sandbox, "skip", "echo x >> done");
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "skipped(missed)");
    assert_eq!(history(&sandbox)[0]["missed_count"], 10);
    assert_eq!(sandbox.read("done"), "");
}

#[test]
fn missed_times_may_all_be_made_up_one_after_another() {
    let sandbox = Sandbox::new();
    add_missed(
        &sandbox,
        "all",
        "echo + >> marks; echo $PUNCTUAL_DUE >> dues; sleep 0.01; echo - >> marks",
    );
    sandbox.drain(["-j4"]);
    assert_eq!(sandbox.read("marks"), "+\n-\n".repeat(10));
    let dues = sandbox.lines("dues");
    assert!(dues.is_sorted(), "{dues:?}");
    assert_eq!(history(&sandbox).len(), 10);
}

#[test]
fn a_one_off_that_was_missed_runs_late_or_not() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "in 10ms", "--name", "late", "true"]);
    sandbox.ok([
        "add",
        "in 10ms",
        "--name",
        "never-mind",
        "--missed",
        "skip",
        "true",
    ]);
    sandbox.until_due("never-mind");
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("late"), "succeeded");
    assert_eq!(sandbox.state("never-mind"), "skipped(missed)");
}

/// Lets a job that ticks every second meet its own unfinished run.
fn overlapping(sandbox: &Sandbox, policy: &str) {
    sandbox.write("gate", "");
    let command = "echo $PUNCTUAL_RUN >> starts; while [ -e gate ]; do sleep 0.01; done; echo $PUNCTUAL_RUN >> ends";
    sandbox.ok([
        "add",
        "every 1s",
        "--name",
        "x",
        "--overlap",
        policy,
        command,
    ]);
}

#[test]
fn overlap_skip_skips_while_a_run_lives() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner(["-j4"]);
    overlapping(&sandbox, "skip");
    sandbox.until_state("x.2", "skipped(overlap)");
    assert_eq!(sandbox.read("starts"), "x.1\n");
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("starts", 2);
}

#[test]
fn overlap_queue_keeps_one_waiting() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner(["-j4"]);
    overlapping(&sandbox, "queue");
    sandbox.until_state("x.3", "skipped(overlap)");
    assert_eq!(sandbox.state("x.2"), "queued");
    assert_eq!(sandbox.read("starts"), "x.1\n");
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("starts", 2);
    assert_eq!(sandbox.lines("starts")[1], "x.2");
}

#[test]
fn overlap_allow_lets_them_live_together() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner(["-j4"]);
    overlapping(&sandbox, "allow");
    sandbox.until_lines("starts", 2);
    assert_eq!(sandbox.read("starts"), "x.1\nx.2\n");
    assert_eq!(sandbox.read("ends"), "");
}

#[test]
fn overlap_replace_ends_the_old_run_first() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner(["-j4"]);
    overlapping(&sandbox, "replace");
    sandbox.until_lines("starts", 2);
    assert_eq!(sandbox.state("x.1"), "cancelled");
    assert_eq!(sandbox.read("ends"), "");
}

#[test]
fn a_job_is_done_when_its_bounds_have_passed() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "every 1s",
        "--name",
        "x",
        "--until",
        &sandbox.soon(3),
        "echo x >> done",
    ]);
    until(PATIENCE, "it is done", || {
        sandbox.json(["show", "x"])["state"] == "done"
    });
    let runs = history(&sandbox);
    let dues: Vec<&Value> = runs.iter().map(|run| &run["due"]).collect();
    assert!(!runs.is_empty() && runs.len() <= 3, "{dues:?}");
    assert_eq!(sandbox.json(["next", "x"]), json!([]));
}
