//! A write lock that somebody else holds for long; `PUNCTUAL_HOLD=30` for so many seconds at least.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::Signal;

use crate::chance::setting;
use crate::sandbox::{PATIENCE, Runner, Sandbox, until};

#[test]
fn a_runner_waits_out_a_lock_that_is_held_for_longer_than_verbs_wait() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let command = "echo x >> done; while [ -e gate ]; do sleep 0.01; done; exit 3";
    sandbox.write("gate", "");
    sandbox.ok(["add", "now", "--name", "x", command]);
    sandbox.ok([
        "add",
        "every 1s",
        "--name",
        "tick",
        "--overlap",
        "allow",
        "true",
    ]);
    sandbox.until_state("x", "running");
    // Its time is up, and its patience too, while nothing can be written.
    let deaf = "trap 'echo TERM >> heard' TERM; echo $$ > deaf; while :; do sleep 0.01; done";
    let limits = ["--timeout", "4s", "--kill-after", "4s"];
    sandbox.ok([&["add", "now", "--name", "deaf"][..], &limits, &[deaf]].concat());
    sandbox.until_lines("deaf", 1);
    sandbox.until_state("deaf", "running");
    let begun = Instant::now();
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    until(PATIENCE, "it says that it cannot write", || {
        runner
            .log()
            .contains("nothing new starts until it can be written")
    });
    until(PATIENCE, "nobody lives", || sandbox.jobs_alive().is_empty());
    assert_eq!(sandbox.read("heard"), "TERM\n");
    let hold = Duration::from_secs(setting("PUNCTUAL_HOLD", 0));
    until(hold + PATIENCE, "it was held for long", || {
        begun.elapsed() >= hold
    });
    assert!(runner.lives(), "{}", runner.log());
    for name in ["x", "deaf"] {
        assert_eq!(sandbox.state(name), "running");
    }
    holder.execute_batch("ROLLBACK").unwrap();
    sandbox.until_state("x", "failed(exit)");
    sandbox.until_state("deaf", "failed(timeout)");
    until(PATIENCE, "it says that it can write", || {
        runner.log().contains("can be written again")
    });
    let due = sandbox.json(["history", "tick"]).as_array().unwrap().len();
    until(PATIENCE, "it goes on", || {
        sandbox.json(["history", "tick"]).as_array().unwrap().len() > due
    });
    assert_eq!(runner.stop(), 0);
    assert_eq!(sandbox.lines("done").len(), 1);
    sandbox.check_integrity();
}

/// Waits until no process of this job is left.
fn until_dead(sandbox: &Sandbox, name: &str) {
    until(PATIENCE, &format!("{name} is dead"), || {
        !sandbox.is_alive(name)
    });
}

/// A verb gives up waiting for the lock after this, and a runner says that it cannot write.
const PATIENCE_OF_VERBS: Duration = Duration::from_secs(10);

/// Each of them comes long before anybody loses patience with the lock, for it does not wait for the disk.
#[test]
fn timeouts_and_kills_are_on_time_while_somebody_else_holds_the_lock() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j4"]);
    let deaf = "trap '' TERM; echo x >> up; while :; do sleep 0.01; done";
    let soft = "echo x >> up; sleep 600";
    let limits = ["--timeout", "3s", "--kill-after", "1s"];
    sandbox.ok(["add", "now", "--name", "free", soft]);
    let begun = Instant::now();
    for (name, command) in [("deaf", deaf), ("soft", soft)] {
        sandbox.ok([&["add", "now", "--name", name][..], &limits, &[command]].concat());
    }
    for name in ["deaf", "soft", "free"] {
        sandbox.until_state(name, "running");
    }
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = Instant::now();
    until_dead(&sandbox, "soft");
    until_dead(&sandbox, "deaf");
    let took = begun.elapsed();
    // Three seconds and one, and whatever a busy machine takes.
    assert!(took >= Duration::from_secs(4), "early: {took:?}");
    assert!(took < PATIENCE_OF_VERBS, "late: {took:?}\n{}", runner.log());
    assert!(sandbox.is_alive("free") && runner.lives());
    let hold = Duration::from_secs(setting("PUNCTUAL_HOLD", 0));
    until(hold + PATIENCE, "it was held for long", || {
        locked.elapsed() >= hold
    });
    // What asks to stop is heard too, and the second time it is at once.
    let asked = Instant::now();
    runner.signal(Signal::TERM);
    until(PATIENCE, "it stops", || runner.log().contains("stopping"));
    runner.signal(Signal::TERM);
    until_dead(&sandbox, "free");
    assert!(asked.elapsed() < PATIENCE_OF_VERBS / 2, "{}", runner.log());
    holder.execute_batch("ROLLBACK").unwrap();
    assert_eq!(runner.ended(), 0);
    for name in ["deaf", "soft"] {
        assert_eq!(sandbox.state(name), "failed(timeout)");
    }
    assert_eq!(sandbox.state("free"), "failed(shutdown)");
}

/// A runner that has ended three jobs for three reasons, and cannot write that down: somebody holds the lock.
fn with_ends_in_its_hands(sandbox: &Sandbox) -> (Runner, Connection) {
    let runner = sandbox.runner(["-j3", "--grace", "5s"]);
    // Asked to end, it ends well; what that means, only the runner knows.
    let polite = "test $PUNCTUAL_ATTEMPT = 1 || exit 0; \
        trap 'echo x >> heard-$PUNCTUAL_JOB; until test -e go; do sleep 0.01; done; exit 0' TERM; \
        while :; do sleep 0.01; done";
    for (name, limits) in [
        ("timed", &["--timeout", "1s", "--retries", "1"][..]),
        ("called", &["--retries", "1"][..]),
        ("stopped", &[][..]),
    ] {
        let add = ["add", "now", "--name", name, "--kill-after", "1m"];
        let backoff = ["--backoff", "1ms"];
        sandbox.ok([&add[..], &backoff, limits, &[polite]].concat());
        sandbox.until_state(name, "running");
    }
    sandbox.ok(["cancel", "called"]);
    for name in ["timed", "called"] {
        sandbox.until_lines(&format!("heard-{name}"), 1);
    }
    runner.signal(Signal::TERM);
    sandbox.until_lines("heard-stopped", 1);
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    sandbox.write("go", "");
    (runner, holder)
}

/// The next runner says what the ends were, and tries again what is tried again.
fn assert_each_ended_as_what_it_was(sandbox: &Sandbox) {
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("called"), "cancelled");
    assert_eq!(sandbox.state("stopped"), "failed(shutdown)");
    let timed = sandbox.json(["show", "timed.1"]);
    assert_eq!(timed["state"], "succeeded", "{timed}");
    let attempts = timed["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{timed}");
    assert_eq!(attempts[0]["reason"], "timeout", "{timed}");
    sandbox.check_integrity();
}

/// It knew `timeout`, `cancelled` and `shutdown`, and the next one said `lost`.
#[test]
fn a_runner_that_must_stop_while_the_lock_is_held_leaves_word_why_it_ended_its_jobs() {
    let sandbox = Sandbox::new();
    let (runner, holder) = with_ends_in_its_hands(&sandbox);
    assert_eq!(runner.ended(), 5);
    for name in ["timed", "called", "stopped"] {
        assert_eq!(sandbox.state(name), "running");
    }
    holder.execute_batch("ROLLBACK").unwrap();
    assert_each_ended_as_what_it_was(&sandbox);
}

#[test]
fn a_runner_that_is_killed_before_it_could_commit_leaves_word_why_it_ended_its_jobs() {
    let sandbox = Sandbox::new();
    let (runner, holder) = with_ends_in_its_hands(&sandbox);
    let ends = format!("{}-ends", sandbox.database().display());
    until(PATIENCE, "the reasons are written down", || {
        let text = std::fs::read_to_string(&ends).unwrap_or_default();
        let is_there = |reason| text.contains(&format!(" {reason} ."));
        ["timeout", "cancelled", "shutdown"]
            .into_iter()
            .all(is_there)
    });
    runner.kill();
    holder.execute_batch("ROLLBACK").unwrap();
    assert_each_ended_as_what_it_was(&sandbox);
}

/// A run that ended while a new runner was still getting ready was lost: nobody had hold of it yet.
#[test]
fn a_new_runner_has_hold_of_what_lives_before_it_can_write() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let gate = "until test -e go; do sleep 0.01; done; echo x >> done";
    sandbox.ok(["add", "now", "--name", "x", gate]);
    sandbox.until_state("x", "running");
    let pid = sandbox.json(["show", "x.1"])["attempts"][0]["pid"].clone();
    runner.kill();
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let runner = sandbox.start(&mut sandbox.command(["run"]));
    let handle = format!("\nPid:\t{pid}\n");
    until(PATIENCE_OF_VERBS / 2, "it has hold of the job", || {
        runner.handles().iter().any(|facts| facts.contains(&handle))
    });
    assert!(!runner.log().contains("runner started"), "{}", runner.log());
    sandbox.write("go", "");
    until_dead(&sandbox, "x");
    holder.execute_batch("ROLLBACK").unwrap();
    until(PATIENCE, "it has ended", || sandbox.state("x") != "running");
    assert_eq!(sandbox.read("done"), "x\n");
    // Reaped by somebody else, only newer kernels tell how it ended.
    let state = sandbox.state("x");
    let may_be_lost = linux() < (6, 15) && state == "failed(lost)";
    assert!(state == "succeeded" || may_be_lost, "{state}");
    assert_eq!(runner.stop(), 0);
}

fn linux() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(|sign: char| !sign.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap())
}
