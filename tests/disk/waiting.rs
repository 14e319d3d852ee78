//! A write lock that somebody else holds for long; `PUNCTUAL_HOLD=30` for so many seconds at least.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::chance::setting;
use crate::sandbox::{PATIENCE, Sandbox, until};

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
