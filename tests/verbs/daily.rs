//! The verbs of every day: `trigger`, `pause`, `resume`, `cancel`, `retry`, `edit`, `backup`, `status`, `check`.

use serde_json::{Value, json};

use crate::NO_RUNNER;
use crate::sandbox::{Answer, PATIENCE, Sandbox, until};

/// The runs of a document, each as `name state`.
fn runs(document: &Value) -> Vec<String> {
    let runs = document.as_array().into_iter().flatten();
    runs.map(|run| {
        let word = |key: &str| run[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("run"), word("state"))
    })
    .collect()
}

#[test]
fn a_trigger_is_one_more_run_and_changes_no_schedule() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "0 3 1 1 *",
        "--name",
        "x",
        "--env",
        "A=1",
        "echo $A $PUNCTUAL_RUN",
    ]);
    let next = sandbox.json(["show", "x"])["next"].clone();
    assert_eq!(
        sandbox.punctual(["trigger", "x"]),
        Answer {
            err: NO_RUNNER.to_owned(),
            ..Answer::said("triggered x.1\n")
        }
    );
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.ok(["logs", "x"]), "1 x.1\n");
    assert_eq!(sandbox.json(["show", "x"])["next"], next);
    assert_eq!(sandbox.json(["show", "x.1"])["origin"], "trigger");
    assert_eq!(runs(&sandbox.json(["trigger", "x"])), ["x.2 queued"]);
}

#[test]
fn a_trigger_can_be_waited_for() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "never", "--name", "x", "echo out; exit 5"]);
    assert_eq!(sandbox.punctual(["trigger", "x", "--wait"]).code, 5);
    let followed = sandbox.punctual(["trigger", "x", "--follow"]);
    assert_eq!((followed.code, followed.out.as_str()), (5, "out\n"));
}

#[test]
fn a_paused_job_starts_nothing_until_it_is_resumed() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "in 1h", "--name", "x", "true"]);
    assert_eq!(sandbox.ok(["pause", "x"]), "paused x\n");
    let job = sandbox.json(["show", "x"]);
    assert_eq!(
        (&job["state"], &job["waiting_for"]),
        (&json!("paused"), &json!("paused"))
    );
    assert_eq!(sandbox.punctual(["pause", "x"]).code, 1);
    assert_eq!(sandbox.punctual(["pause", "nobody"]).code, 3);
    // A trigger works on a paused job.
    assert_eq!(sandbox.punctual(["trigger", "x", "--wait"]).code, 0);
    assert_eq!(sandbox.ok(["resume", "x"]), "resumed x\n");
    assert_eq!(sandbox.punctual(["resume", "x"]).code, 1);
    assert_eq!(sandbox.json(["show", "x"])["state"], "active");
    assert_eq!(runner.stop(), 0);
}

#[test]
fn due_times_of_a_pause_are_one_skipped_row() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "every 1h", "--name", "x", "echo x >> done"]);
    sandbox.ok(["pause", "x"]);
    let three_hours = 3_i64 * 3_600_000_000;
    sandbox.sql(&format!(
        "UPDATE job SET next_due = next_due - {three_hours}, anchor = anchor - {three_hours}"
    ));
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.json(["history", "x"]), json!([]));
    sandbox.ok(["resume", "x"]);
    sandbox.drain([""; 0]);
    let history = sandbox.json(["history", "x"]);
    assert_eq!(runs(&history), ["x.1 skipped"]);
    assert_eq!(
        (&history[0]["reason"], &history[0]["missed_count"]),
        (&json!("paused"), &json!(3))
    );
    assert_eq!(sandbox.read("done"), "");
}

#[test]
fn resume_all_wakes_what_pause_all_paused() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.ok(["add", "@daily", "--name", name, "true"]);
    }
    sandbox.ok(["pause", "b"]);
    assert_eq!(sandbox.ok(["pause", "--all"]), "paused a\npaused c\n");
    assert_eq!(sandbox.ok(["resume", "--all"]), "resumed a\nresumed c\n");
    assert_eq!(sandbox.json(["show", "b"])["state"], "paused");
}

#[test]
fn runs_of_a_paused_queue_stay_queued() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "--queue", "lane", "true"]);
    sandbox.ok(["queue", "pause", "lane"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "queued");
    assert_eq!(
        sandbox.json(["show", "x"])["waiting_for"],
        "queue lane paused"
    );
    sandbox.ok(["queue", "resume", "lane"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "succeeded");
}

#[test]
fn cancel_ends_what_runs_and_drops_what_waits() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j1"]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "alive",
        "sleep 60 & setsid sleep 60 & echo x >> up; wait",
    ]);
    sandbox.until_lines("up", 1);
    sandbox.ok(["add", "now", "--name", "waiting", "true"]);
    assert_eq!(sandbox.ok(["cancel", "waiting"]), "cancelled waiting.1\n");
    assert_eq!(sandbox.state("waiting"), "cancelled");
    // How far it got while the verb looked on is up to the machine.
    let said = sandbox.ok(["cancel", "alive.1"]);
    let (ended, ending) = (
        "cancelled alive.1\n",
        "ending alive.1: it was asked to stop\n",
    );
    assert!([ended, ending].contains(&said.as_str()), "{said}");
    assert_eq!(sandbox.punctual(["wait", "alive"]).code, 130);
    until(PATIENCE, "no process is left", || {
        sandbox.jobs_alive().is_empty()
    });
    let again = sandbox.punctual(["cancel", "alive"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert_eq!(sandbox.punctual(["cancel", "nobody"]).code, 3);
    assert_eq!(runner.stop(), 0);
}

#[test]
fn a_cancelled_run_is_not_tried_again() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--retries",
        "5",
        "--backoff",
        "1ms",
        "echo x >> up; sleep 60",
    ]);
    sandbox.until_lines("up", 1);
    sandbox.ok(["cancel", "x"]);
    sandbox.until_state("x", "cancelled");
    assert_eq!(sandbox.lines("up").len(), 1);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "y",
        "--retries",
        "5",
        "--backoff",
        "1h",
        "exit 1",
    ]);
    sandbox.until_state("y", "retrying");
    sandbox.ok(["cancel", "y"]);
    sandbox.until_state("y", "cancelled");
}

#[test]
fn a_signal_alone_is_only_sent() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    let command =
        "trap 'echo usr1 >> got; exit 0' USR1; echo x >> up; while :; do sleep 0.01; done";
    sandbox.ok(["add", "now", "--name", "x", command]);
    sandbox.until_lines("up", 1);
    sandbox.until_state("x", "running");
    sandbox.ok(["cancel", "x", "--signal", "USR1"]);
    sandbox.until_state("x", "succeeded");
    assert_eq!(sandbox.read("got"), "usr1\n");
}

#[test]
fn a_job_can_be_removed_with_its_living_run() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "x", "sleep 60"]);
    sandbox.until_state("x", "running");
    assert_eq!(sandbox.punctual(["remove", "x"]).code, 4);
    sandbox.ok(["remove", "x", "--cancel"]);
    until(PATIENCE, "the job is gone", || {
        sandbox.json(["list"]) == json!([])
    });
    sandbox.until_state("x.1", "cancelled");
}

#[test]
fn a_retry_is_a_new_run_and_the_old_one_stays() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "test -e fixed"]);
    sandbox.ok(["add", "now", "--name", "good", "true"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "failed(exit)");
    sandbox.write("fixed", "");
    let planned = sandbox.punctual(["retry", "--failed", "--dry-run"]);
    assert!(
        planned.out.contains('x') && !planned.out.contains("good"),
        "{planned:?}"
    );
    assert_eq!(runs(&sandbox.json(["history", "x"])), ["x.1 failed"]);
    assert_eq!(runs(&sandbox.json(["retry", "--failed"])), ["x.2 queued"]);
    sandbox.drain([""; 0]);
    assert_eq!(
        runs(&sandbox.json(["history", "x"])),
        ["x.2 succeeded", "x.1 failed"]
    );
    assert_eq!(sandbox.json(["show", "x.2"])["origin"], "retry");
    let nothing = sandbox.punctual(["retry", "--failed"]);
    assert_eq!(nothing.code, 1, "{nothing:?}");
}

#[test]
fn an_edit_changes_what_was_named_and_nothing_else() {
    let sandbox = Sandbox::new();
    let words = [
        "--retries",
        "3",
        "--timeout",
        "1h",
        "--env",
        "A=1",
        "--env",
        "B=2",
    ];
    sandbox.ok([&["add", "0 3 1 1 *", "--name", "x"][..], &words, &["old"]].concat());
    let before = sandbox.json(["show", "x"]);
    let edit = [
        "edit",
        "x",
        "--timeout",
        "2h",
        "--unset",
        "retries",
        "--env",
        "B=3",
        "--",
        "new",
        "words",
    ];
    let after = sandbox.json(edit);
    let mut expected = before.clone();
    let fields = expected.as_object_mut().unwrap();
    fields.remove("retries");
    fields.remove("runs");
    fields.insert("timeout_ms".to_owned(), json!(7_200_000));
    fields.insert("command".to_owned(), json!(["new", "words"]));
    assert_eq!(after, expected);
    sandbox.ok([
        "edit",
        "x",
        "--when",
        "never",
        "--name",
        "y",
        "--",
        "echo $A$B",
    ]);
    sandbox.ok(["trigger", "y"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.ok(["logs", "y"]), "13\n");
    assert_eq!(sandbox.json(["show", "1"])["name"], "y");
}

#[test]
fn an_edit_keeps_the_grid_and_starts_no_burst() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "every 1h", "--name", "x", "true"]);
    let next = sandbox.json(["show", "x"])["next"].clone();
    assert_eq!(sandbox.json(["edit", "x", "--retries", "1"])["next"], next);
    sandbox.ok(["edit", "x", "--when", "every 1s", "--from", "2020-01-01"]);
    sandbox.drain([""; 0]);
    assert!(sandbox.json(["history", "x"]).as_array().unwrap().len() <= 1);
}

#[test]
fn an_edit_leaves_a_living_attempt_alone() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.write("gate", "");
    let old = "echo old >> done; while [ -e gate ]; do sleep 0.01; done; exit 1";
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--retries",
        "1",
        "--backoff",
        "1ms",
        old,
    ]);
    sandbox.until_lines("done", 1);
    sandbox.ok(["edit", "x", "--", "echo new >> done"]);
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_state("x", "succeeded");
    assert_eq!(sandbox.read("done"), "old\nnew\n");
}

#[test]
fn an_edit_that_changes_nothing_or_too_much_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "@daily", "--name", "x", "true"]);
    sandbox.ok(["add", "@daily", "--name", "y", "--cwd", "/", "true"]);
    let code = |words: &[&str]| sandbox.punctual([&["edit"][..], words].concat()).code;
    assert_eq!(code(&["x"]), 1);
    assert_eq!(code(&["nobody", "--retries", "1"]), 3);
    assert_eq!(code(&["x", "--name", "y"]), 4);
    assert_eq!(code(&["x", "--when", "61 * * * *"]), 2);
    assert_eq!(code(&["x", "--name", "every"]), 2);
}

#[test]
fn a_backup_of_a_busy_database_is_whole() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "alive", "sleep 60"]);
    for name in ["a", "b"] {
        sandbox.ok(["add", "never", "--name", name, "true"]);
    }
    sandbox.until_state("alive", "running");
    let copy = sandbox.path("copy.db");
    sandbox.ok(["backup", "copy.db"]);
    let mode = std::os::unix::fs::MetadataExt::mode(&copy.metadata().unwrap());
    assert_eq!(mode & 0o7777, 0o600);
    assert_ne!(sandbox.punctual(["backup", "copy.db"]).code, 0);
    let mut list = sandbox.program(crate::sandbox::PUNCTUAL);
    let answer = Answer::of(list.arg("--db").arg(&copy).args(["--json", "list"]));
    let names = answer.document();
    let names: Vec<&Value> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["name"])
        .collect();
    assert_eq!(names, ["alive", "a", "b"]);
    // The copy's runner never takes the processes of the original for its own.
    let mut run = sandbox.program(crate::sandbox::PUNCTUAL);
    let answer = Answer::of(run.arg("--db").arg(&copy).args(["run", "--until-idle"]));
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(sandbox.state("alive"), "running");
    assert!(!sandbox.jobs_alive().is_empty());
}

#[test]
fn status_and_check_tell_whether_a_runner_lives() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    assert_eq!(sandbox.json(["status"])["runner"], Value::Null);
    assert_eq!(sandbox.punctual(["check", "--live"]).code, 1);
    let runner = sandbox.runner([""; 0]);
    sandbox.until_state("x", "succeeded");
    let pid = runner.pid().as_raw_nonzero().get();
    assert_eq!(sandbox.json(["status"])["runner"]["pid"], pid);
    assert_eq!(sandbox.punctual(["check", "--live"]).code, 0);
    assert_eq!(sandbox.punctual(["check", "x", "--within", "1d"]).code, 0);
    sandbox.ok(["add", "never", "--name", "idle", "true"]);
    assert_eq!(
        sandbox.punctual(["check", "idle", "--within", "1d"]).code,
        1
    );
}
