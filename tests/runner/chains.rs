//! Jobs that wait for others, and hooks.

use serde_json::Value;

use crate::sandbox::{Answer, PATIENCE, Sandbox, until};

/// A job whose end is decided by a file.
fn add(sandbox: &Sandbox, when: &str, name: &str, command: &str) {
    let command = format!("echo $PUNCTUAL_RUN >> order; {command}");
    sandbox.ok(["add", when, "--name", name, &command]);
}

#[test]
fn a_chain_runs_in_its_order() {
    let sandbox = Sandbox::new();
    add(&sandbox, "now", "fetch", "sleep 0.05");
    add(&sandbox, "after fetch", "build", "sleep 0.05");
    add(&sandbox, "after fetch,build", "test", "true");
    sandbox.drain(["-j4"]);
    assert_eq!(sandbox.read("order"), "fetch.1\nbuild.1\ntest.1\n");
}

#[test]
fn after_waits_for_success_and_after_fail_for_failure() {
    let sandbox = Sandbox::new();
    add(&sandbox, "never", "good", "true");
    add(&sandbox, "never", "bad", "exit 1");
    add(&sandbox, "after good", "when-good", "true");
    add(&sandbox, "after bad", "when-bad-is-good", "true");
    add(&sandbox, "after-fail bad", "when-bad", "true");
    add(&sandbox, "after-any bad,good", "when-all-ended", "true");
    sandbox.ok(["trigger", "bad"]);
    sandbox.drain(["-j1"]);
    sandbox.ok(["trigger", "good"]);
    sandbox.drain(["-j1"]);
    let mut order = sandbox.lines("order");
    order.sort();
    assert_eq!(
        order,
        [
            "bad.1",
            "good.1",
            "when-all-ended.1",
            "when-bad.1",
            "when-good.1"
        ]
    );
    assert_eq!(
        sandbox.json(["show", "when-bad-is-good"])["waiting_for"],
        "after bad"
    );
}

#[test]
fn what_can_no_longer_come_true_is_skipped_and_not_waited_for() {
    let sandbox = Sandbox::new();
    add(&sandbox, "now", "bad", "exit 1");
    add(&sandbox, "after bad", "never-now", "true");
    add(&sandbox, "after never-now", "nor-this", "true");
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.read("order"), "bad.1\n");
    assert_eq!(sandbox.state("never-now"), "skipped(dependency)");
    assert_eq!(sandbox.state("nor-this"), "skipped(dependency)");
    assert_eq!(sandbox.punctual(["wait", "never-now"]).code, 75);
}

#[test]
fn circles_and_strangers_are_refused() {
    let sandbox = Sandbox::new();
    add(&sandbox, "never", "a", "true");
    add(&sandbox, "after a", "b", "true");
    let code = |words: &[&str]| sandbox.punctual(words).code;
    assert_eq!(code(&["add", "after nobody", "true"]), 3);
    assert_eq!(code(&["edit", "a", "--when", "after b"]), 2);
    assert_eq!(code(&["edit", "a", "--when", "after a"]), 2);
    assert_eq!(code(&["remove", "a"]), 4);
    assert_eq!(code(&["remove", "b", "a"]), 0);
}

#[test]
fn a_chain_survives_the_death_of_the_runner_between_its_links() {
    let sandbox = Sandbox::new();
    sandbox.write("gate", "");
    add(
        &sandbox,
        "now",
        "first",
        "while [ -e gate ]; do sleep 0.01; done",
    );
    add(&sandbox, "after first", "second", "true");
    let runner = sandbox.runner([""; 0]);
    sandbox.until_lines("order", 1);
    sandbox.until_state("first", "running");
    runner.kill();
    let runner = sandbox.runner([""; 0]);
    until(PATIENCE, "it is adopted", || {
        runner.log().contains("adopted first.1")
    });
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    until(PATIENCE, "the chain is over", || {
        !["queued", "blocked", ""].contains(&sandbox.state("second").as_str())
    });
    sandbox.until_idle();
    // Where the kernel does not tell how the first one ended, the second cannot come.
    let ends = (sandbox.state("first"), sandbox.state("second"));
    let (first, second) = (ends.0.as_str(), ends.1.as_str());
    assert!(
        [
            ("succeeded", "succeeded"),
            ("failed(lost)", "skipped(dependency)")
        ]
        .contains(&(first, second)),
        "{ends:?}"
    );
}

#[test]
fn hooks_tell_how_it_ended() {
    let sandbox = Sandbox::new();
    let hook = |kind: &str| {
        format!(
            "echo {kind} $PUNCTUAL_RUN $PUNCTUAL_STATE $PUNCTUAL_REASON $PUNCTUAL_EXIT_CODE >> hooks"
        )
    };
    let (success, failure, finish) = (hook("success"), hook("failure"), hook("finish"));
    for (name, command) in [("good", "true"), ("bad", "exit 3")] {
        let hooks = [
            "--on-success",
            &success,
            "--on-failure",
            &failure,
            "--on-finish",
            &finish,
        ];
        sandbox.ok([&["add", "now", "--name", name][..], &hooks, &[command]].concat());
    }
    sandbox.drain(["-j1"]);
    let mut hooks = sandbox.lines("hooks");
    hooks.sort();
    assert_eq!(
        hooks,
        [
            "failure bad.1 failed exit 3",
            "finish bad.1 failed exit 3",
            "finish good.1 succeeded 0",
            "success good.1 succeeded 0",
        ]
    );
}

#[test]
fn a_hook_reads_the_run_as_json() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--on-finish",
        "cat > hook.json",
        "exit 3",
    ]);
    sandbox.drain([""; 0]);
    let told: Value = serde_json::from_str(&sandbox.read("hook.json")).unwrap();
    assert_eq!(
        (&told["run"], &told["exit_code"]),
        (&"x.1".into(), &3.into())
    );
}

#[test]
fn a_failing_hook_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--on-success",
        "exit 9",
        "true",
    ]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "succeeded");
    let page = Answer::of(&mut sandbox.command(["show", "x.1"]));
    assert!(page.out.contains("hook"), "{page:?}");
}
