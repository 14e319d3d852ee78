//! System calls that fail, one at a time.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use rusqlite::Connection;

use crate::sandbox::{PATIENCE, Sandbox, until};
use crate::tracer::{can_trace, counts};

/// How often a verb makes each of these calls.
fn calls_of(sandbox: &Sandbox, calls: &[&str], words: &[&str]) -> Vec<(String, u32)> {
    let (answer, trace) = sandbox.trace(calls, &[], words);
    assert_eq!(answer.code, 0, "{answer:?}");
    counts(&trace).into_iter().collect()
}

fn jobs_called(sandbox: &Sandbox, name: &str) -> i64 {
    let connection = Connection::open(sandbox.database()).unwrap();
    let query = "SELECT count(*) FROM job JOIN run ON run.job = job.id WHERE name = ?1";
    connection
        .query_row(query, [name], |row| row.get(0))
        .unwrap()
}

/// Fails each call of an `add` in turn.
fn adds_that_fail(error: &str, calls: &[&str], said: &str) {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "before", "true"]);
    let all = calls_of(
        &sandbox,
        calls,
        &["add", "now", "--name", "counted", "true"],
    );
    assert!(!all.is_empty());
    let mut told = 0;
    for (call, count) in all {
        for nth in 1..=count {
            let name = format!("{call}-{nth}");
            let fate = format!("error={error}");
            let words = ["add", "now", "--name", &name, "true"];
            let answer = sandbox.with_fate(&call, nth, &fate, &words);
            let there = jobs_called(&sandbox, &name) == 1;
            if answer.code == 0 {
                assert!(there, "{name} was accepted, and is not there: {answer:?}");
                continue;
            }
            assert_eq!(answer.code, 5, "{name}: {answer:?}");
            let database = sandbox.database().display().to_string();
            assert!(answer.err.contains(&database), "{name}: {answer:?}");
            told += u32::from(answer.err.contains(said));
            assert!(
                !there || !answer.err.contains("nothing was changed"),
                "{name} is there: {answer:?}"
            );
            sandbox.ok(["list"]);
            let next = format!("next-{name}");
            sandbox.ok(["add", "never", "--name", &next, "true"]);
        }
    }
    assert!(told > 0, "nobody was told: {said}");
    sandbox.check_integrity();
}

#[test]
fn a_full_disk_at_any_write_of_an_add_is_said() {
    if can_trace() {
        adds_that_fail("ENOSPC", &["pwrite64", "ftruncate"], "the disk is full");
    }
}

#[test]
fn an_error_at_any_write_or_sync_of_an_add_is_said() {
    if can_trace() {
        let calls = ["pwrite64", "fsync", "fdatasync", "ftruncate"];
        adds_that_fail("EIO", &calls, "disk I/O error");
    }
}

/// A runner whose disk fails gives up with a word, and leaves its jobs alone.
#[test]
fn a_runner_whose_disk_fails_ends_and_its_jobs_live_on() {
    if !can_trace() {
        return;
    }
    let gate =
        "while [ -e gate ]; do sleep 0.01; done; echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ended";
    for (call, nth) in [("pwrite64", 14), ("fdatasync", 3), ("fdatasync", 4)] {
        let sandbox = Sandbox::new();
        sandbox.write("gate", "");
        sandbox.ok(["add", "now", "--name", "x", gate]);
        let runner = sandbox.runner([""; 0]);
        sandbox.until_state("x", "running");
        runner.kill();

        // It adopts, and then has more and more to write.
        let only = format!("trace={call}");
        let inject = format!("inject={call}:error=EIO:when={nth}+");
        let options = ["-o", "/dev/null", "-e", &only, "-e", &inject];
        let runner = sandbox.start(&mut sandbox.traced(&options, &["run"]));
        until(PATIENCE, "it has ended", || {
            let _ = sandbox.punctual(["-q", "add", "now", "--queue", "q", "echo y >> done"]);
            !runner.lives()
        });
        let log = runner.log();
        assert_eq!(runner.ended(), 5, "{call} {nth}: {log}");
        let database = sandbox.database().display().to_string();
        assert!(
            log.contains("disk I/O error") && log.contains(&database),
            "{log}"
        );
        let marked = sandbox.jobs_alive();
        assert!(!marked.is_empty(), "its job is gone: {log}");

        let runner = sandbox.runner([""; 0]);
        std::fs::remove_file(sandbox.path("gate")).unwrap();
        until(PATIENCE, "it has ended", || sandbox.state("x") != "running");
        sandbox.until_idle();
        assert_eq!(runner.stop(), 0);
        assert_eq!(sandbox.read("ended"), "x.1.1\n");
        sandbox.check_integrity();
    }
}

/// A full disk at the n-th write of a living runner: it waits, and goes on by itself.
#[test]
fn a_runner_goes_on_when_there_is_room_again() {
    if !can_trace() {
        return;
    }
    std::thread::scope(|scope| {
        for nth in (2..40).step_by(5) {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                for name in ["a", "b", "c"] {
                    let command = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran";
                    sandbox.ok(["add", "now", "--name", name, command]);
                }
                let fate = "error=ENOSPC";
                let words = ["run", "--until-idle", "-j1"];
                let answer = sandbox.with_fate("pwrite64", nth, fate, &words);
                if answer.code != 0 {
                    // It had not begun yet.
                    assert_eq!(answer.code, 5, "{nth}: {answer:?}");
                    assert!(answer.err.contains("the disk is full"), "{answer:?}");
                    assert_eq!(sandbox.read("ran"), "");
                    sandbox.drain(["-j1"]);
                }
                assert_eq!(sandbox.lines("ran"), ["a.1.1", "b.1.1", "c.1.1"], "{nth}");
                for name in ["a", "b", "c"] {
                    assert_eq!(sandbox.state(name), "succeeded", "{nth}: {answer:?}");
                }
                sandbox.check_integrity();
            });
        }
    });
}
