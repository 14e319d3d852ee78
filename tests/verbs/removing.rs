//! `remove`: jobs go, their history stays.

use crate::sandbox::{Answer, Sandbox, events};

#[test]
fn a_removed_job_is_gone_and_its_history_is_not() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "echo kept"]);
    sandbox.drain([""; 0]);
    assert_eq!(
        sandbox.punctual(["remove", "x"]),
        Answer::said("removed x\n")
    );
    assert_eq!(sandbox.json(["list", "--all"]), serde_json::json!([]));
    assert_eq!(sandbox.punctual(["remove", "x"]).code, 3);
    assert_eq!(sandbox.ok(["logs", "x.1"]), "kept\n");
    assert_eq!(sandbox.json(["history", "x"])[0]["state"], "succeeded");
}

#[test]
fn its_waiting_runs_are_cancelled() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    assert_eq!(
        sandbox.punctual(["rm", "x"]),
        Answer::said("removed x, 1 waiting run cancelled\n")
    );
    assert_eq!(sandbox.punctual(["wait", "x.1"]).code, 130);
    assert_eq!(
        events(&sandbox.drain([""; 0])),
        ["runner started", "runner stopped"]
    );
}

#[test]
fn a_job_with_a_living_run_stays() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "x", "sleep 60"]);
    sandbox.until_state("x", "running");
    assert_eq!(sandbox.punctual(["remove", "x"]).code, 4);
    assert_eq!(sandbox.state("x"), "running");
}

#[test]
fn several_go_together_or_not_at_all() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.ok(["add", "never", "--name", name, "true"]);
    }
    let names = || {
        let list = sandbox.json(["list"]);
        let names = list.as_array().into_iter().flatten();
        names.map(|job| job["name"].to_string()).collect::<String>()
    };
    assert_eq!(sandbox.punctual(["remove", "a", "nobody", "b"]).code, 3);
    assert_eq!(names(), "\"a\"\"b\"\"c\"");
    assert_eq!(sandbox.ok(["remove", "a", "b"]), "removed a\nremoved b\n");
    assert_eq!(names(), "\"c\"");
}
