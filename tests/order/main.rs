//! Order on disk: what the system calls say would be left after a power cut.
//!
//! A verb runs under strace, and everything it wrote is replayed onto a copy of the database
//! that was there before, but only what had been synced by the moment in question: an
//! acknowledged change must be in the copy, and so must the claim of a process that exists.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/tracer.rs"]
mod tracer;

mod disk;

use disk::{Disk, Moment};
use sandbox::Sandbox;
use tracer::can_trace;

/// Runs a verb to its end; what a power cut right after it would leave.
#[track_caller]
fn after(sandbox: &Sandbox, words: &[&str]) -> Sandbox {
    let before = Disk::of(sandbox);
    let (answer, trace) = sandbox.trace(&disk::CALLS, &disk::OPTIONS, words);
    assert_eq!(answer.code, 0, "{answer:?}");
    before.replay(&trace, Moment::End)
}

#[test]
fn what_was_acknowledged_was_synced_before() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    // The first of all makes the file, its log, and their directory entries.
    let left = after(&sandbox, &["add", "never", "--name", "first", "true"]);
    assert_eq!(left.json(["show", "first"])["state"], "active");
    left.check_integrity();

    for (words, what, key, value) in [
        (
            &["add", "now", "--name", "x", "true"][..],
            "x",
            "when",
            "now",
        ),
        (
            &["edit", "first", "--when", "@daily"],
            "first",
            "when",
            "@daily",
        ),
        (&["pause", "first"], "first", "state", "paused"),
        (&["resume", "first"], "first", "state", "active"),
        (&["trigger", "first"], "first.1", "origin", "trigger"),
        (&["cancel", "x"], "x.1", "state", "cancelled"),
        (&["retry", "x.1"], "x.2", "origin", "retry"),
        (&["remove", "x", "--cancel"], "x", "state", "removed"),
    ] {
        let left = after(&sandbox, words);
        let found = left.json(["show", what]);
        assert_eq!(found[key], value, "{words:?}: {found}");
        left.check_integrity();
    }
    sandbox.write("batch", "echo one\necho two\n");
    sandbox.write(
        "jobs.toml",
        "[job.applied]\nwhen = \"@daily\"\ncommand = \"true\"\n",
    );
    sandbox.write("crontab", "0 3 * * * imported\n");
    for (words, list, there) in [
        (
            &["add", "never", "--batch", "batch"][..],
            "list",
            "echo two",
        ),
        (&["apply", "jobs.toml"], "list", "applied"),
        (&["import", "crontab", "crontab"], "list", "imported"),
        (
            &["queue", "set", "reports", "--slots", "3"],
            "queue list",
            "reports",
        ),
        (&["queue", "pause", "reports"], "queue list", "paused"),
    ] {
        let left = after(&sandbox, words);
        let listed = left.ok(list.split(' '));
        assert!(listed.contains(there), "{words:?}: {listed}");
        left.check_integrity();
    }
    let left = after(&sandbox, &["remove", "--all", "--cancel", "--yes"]);
    assert_eq!(left.json(["list"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn a_claim_is_synced_before_its_process_exists() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "exit 3"]);
    let before = Disk::of(&sandbox);
    let (answer, trace) = sandbox.trace(&disk::CALLS, &disk::OPTIONS, &["run", "--until-idle"]);
    assert_eq!(answer.code, 0, "{answer:?}");

    let left = before.replay(&trace, Moment::FirstOrder);
    assert_eq!(ledger_of_attempts(&left), [0], "one attempt, claimed");
    left.check_integrity();
    // The result was on disk before the runner ended.
    let left = before.replay(&trace, Moment::End);
    assert_eq!(left.state("x"), "failed(exit)");
}

/// The states of all attempts, as they are stored.
fn ledger_of_attempts(sandbox: &Sandbox) -> Vec<i64> {
    let connection = rusqlite::Connection::open(sandbox.database()).unwrap();
    let mut statement = connection.prepare("SELECT state FROM attempt").unwrap();
    let states = statement.query_map([], |row| row.get(0)).unwrap();
    states.map(Result::unwrap).collect()
}
