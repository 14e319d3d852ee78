//! A database that is locked, gone, or written by many.

use std::time::Instant;

use rusqlite::Connection;

use crate::chance::setting;
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

/// While somebody reads in one long transaction the log can only grow; afterwards it does not stay that long.
#[test]
fn a_long_reader_stops_nobody_and_the_log_is_short_again() {
    const LONG: u64 = 10 << 20;
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j4"]);
    sandbox.write("batch", "true\n".repeat(100));
    let add = || sandbox.ok(["-q", "add", "now", "--batch", "batch"]);
    add();
    let log = sandbox.database().with_file_name("punctual.db-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    let reader = Connection::open(sandbox.database()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let seen = || -> i64 {
        let count = "SELECT count(*) FROM job";
        reader.query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(seen(), 100);
    until(PATIENCE, "the log is long", || {
        add();
        length() > LONG
    });
    assert_eq!(seen(), 100);
    reader.execute_batch("COMMIT").unwrap();
    sandbox.until_idle();
    until(PATIENCE, "the log is short", || {
        sandbox.ok(["-q", "add", "never", "true"]);
        length() < LONG
    });
    assert_eq!(runner.stop(), 0);
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

/// `PUNCTUAL_HISTORY=1000000` rows; what is forgotten makes room for what comes.
#[test]
fn a_huge_history_is_forgotten_in_steps_and_its_room_is_used_again() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    sandbox.ok(["trigger", "x"]);
    sandbox.drain([""; 0]);
    let rows = setting("PUNCTUAL_HISTORY", 30_000);
    sandbox.sql(&format!(
        "INSERT INTO run (job, seq, origin, state, due, not_before, queue, priority, attempts,
                          started, finished, exit_code)
         WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= {rows})
         SELECT job, i, origin, state, due - {rows} + i, not_before, queue, priority, attempts,
                started, finished, exit_code
         FROM n, run WHERE run.id = 1"
    ));
    sandbox.sql(&format!("UPDATE job SET last_seq = {rows} + 1"));
    for words in [
        &["list"][..],
        &["show", "x"],
        &["history", "-n", "5"],
        &["next"],
    ] {
        sandbox.ok(words);
    }
    // At its start a runner forgets; the job that is added meanwhile runs.
    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "y", "true"]);
    sandbox.until_state("y", "succeeded");
    let patience = PATIENCE + std::time::Duration::from_millis(rows);
    until(patience, "a thousand are left", || {
        sandbox.count("SELECT count(*) FROM run WHERE job = 1") == 1_000
    });
    assert_eq!(runner.stop(), 0);
    assert_eq!(sandbox.state("x"), "succeeded");
    sandbox.checkpoint();
    let pages = sandbox.count("PRAGMA page_count");
    assert!(sandbox.count("PRAGMA freelist_count") > pages / 2);
    for _ in 0..20 {
        sandbox.ok(["trigger", "x"]);
    }
    sandbox.drain([""; 0]);
    sandbox.checkpoint();
    assert_eq!(sandbox.count("PRAGMA page_count"), pages);
    sandbox.check_integrity();
}
