//! A database that is locked, gone, or written by many.

use std::time::Instant;

use rusqlite::Connection;

use crate::sandbox::{PATIENCE, Sandbox, until};

#[test]
fn a_locked_database_stops_no_time_limit() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--timeout",
        "300ms",
        "echo x >> up; sleep 60",
    ]);
    sandbox.until_state("x", "running");
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    until(PATIENCE, "its processes are ended", || {
        sandbox.jobs_alive().is_empty()
    });
    // Reading needs no lock.
    assert_eq!(sandbox.punctual(["list"]).code, 0);
    holder.execute_batch("ROLLBACK").unwrap();
    sandbox.until_state("x", "failed(timeout)");
    assert!(runner.lives());
}

#[test]
fn a_verb_that_writes_waits_for_its_turn_and_says_when_it_gives_up() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let begun = Instant::now();
        let patient = scope.spawn(|| sandbox.punctual(["add", "never", "--name", "y", "true"]));
        let answer = patient.join().unwrap();
        assert_eq!(answer.code, 5, "{answer:?}");
        assert!(
            answer.err.contains("hint: try again; nothing was changed"),
            "{answer:?}"
        );
        assert!(begun.elapsed().as_secs() < 30);
        let patient = scope.spawn(|| sandbox.punctual(["add", "never", "--name", "z", "true"]));
        holder.execute_batch("ROLLBACK").unwrap();
        assert_eq!(patient.join().unwrap().code, 0);
    });
    assert_eq!(sandbox.punctual(["show", "y"]).code, 3);
    assert_eq!(sandbox.punctual(["show", "z"]).code, 0);
}

#[test]
fn many_writers_and_a_runner_get_along() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j4"]);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for number in 0..10 {
                    let line = format!("echo {writer}.{number} >> done");
                    let answer = sandbox.punctual(["-q", "add", "now", &line]);
                    assert_eq!(answer.code, 0, "{answer:?}");
                }
            });
        }
    });
    sandbox.until_lines("done", 80);
    sandbox.until_idle();
    assert_eq!(runner.stop(), 0);
    let mut done = sandbox.lines("done");
    done.sort();
    done.dedup();
    assert_eq!(done.len(), 80);
    sandbox.check_integrity();
}

#[test]
fn a_database_that_is_taken_away_stops_the_runner_with_a_word() {
    for replaced in [false, true] {
        let sandbox = Sandbox::new();
        let runner = sandbox.runner([""; 0]);
        let aside = sandbox.path("aside");
        std::fs::rename(sandbox.database(), &aside).unwrap();
        if replaced {
            std::fs::copy(&aside, sandbox.database()).unwrap();
        }
        until(PATIENCE, "it has stopped", || !runner.lives());
        let log = runner.log();
        assert_eq!(runner.ended(), 5, "{log}");
        assert!(log.contains("deleted or replaced"), "{log}");
    }
}
