//! A write lock that somebody else holds for long.

use rusqlite::Connection;

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
    let holder = Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    until(PATIENCE, "it says that it cannot write", || {
        runner
            .log()
            .contains("nothing new starts until it can be written")
    });
    assert_eq!(sandbox.state("x"), "running");
    holder.execute_batch("ROLLBACK").unwrap();
    sandbox.until_state("x", "failed(exit)");
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
