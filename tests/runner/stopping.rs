//! Signals to the runner, and jobs that outlive it.

use rustix::process::Signal;

use crate::sandbox::{PATIENCE, Runner, Sandbox, until};

fn until_logged(runner: &Runner, text: &str) {
    until(PATIENCE, &format!("the log says {text}"), || {
        runner.log().contains(text)
    });
}

#[test]
fn the_first_signal_lets_running_work_end() {
    let sandbox = Sandbox::new();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let runner = sandbox.runner([""; 0]);
        sandbox.write("gate", "");
        sandbox.ok([
            "add",
            "now",
            "--name",
            "x",
            "while [ -e gate ]; do sleep 0.01; done; echo end >> done",
        ]);
        sandbox.until_state("x", "running");
        runner.signal(signal);
        until_logged(&runner, "stopping running=1");
        std::fs::remove_file(sandbox.path("gate")).unwrap();
        assert_eq!(runner.ended(), 0);
        assert_eq!(sandbox.state("x"), "succeeded");
        sandbox.ok(["remove", "x"]);
    }
    assert_eq!(sandbox.read("done"), "end\nend\nend\n");
}

#[test]
fn the_second_signal_ends_everything() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "x", "sleep 60 & sleep 60"]);
    sandbox.until_state("x", "running");
    assert_eq!(runner.stop(), 0);
    assert_eq!(sandbox.state("x"), "failed(shutdown)");
    assert_eq!(sandbox.json(["show", "x"])["last"]["signal"], 15);
    until(PATIENCE, "no process is left", || {
        sandbox.jobs_alive().is_empty()
    });
    assert_eq!(sandbox.punctual(["wait", "x"]).code, 125);
}

#[test]
fn what_ignores_the_second_signal_is_killed() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "trap '' TERM; echo x >> up; while :; do sleep 0.05; done",
    ]);
    sandbox.until_lines("up", 1);
    assert_eq!(runner.stop(), 0);
    assert_eq!(sandbox.state("x"), "failed(shutdown)");
    assert_eq!(sandbox.json(["show", "x"])["last"]["signal"], 9);
    assert!(sandbox.jobs_alive().is_empty());
}

#[test]
fn the_grace_is_an_end_too() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["--grace", "200ms"]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "polite",
        "trap 'echo bye; exit 0' TERM; echo x >> up; while :; do sleep 0.01; done",
    ]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "deaf",
        "trap '' TERM; echo x >> up; while :; do sleep 0.01; done",
    ]);
    sandbox.until_lines("up", 2);
    runner.signal(Signal::TERM);
    assert_eq!(runner.ended(), 0);
    let told = |job: &str| {
        let last = &sandbox.json(["show", job])["last"];
        format!(
            "{} {} {}",
            sandbox.state(job),
            last["exit_code"],
            last["signal"]
        )
    };
    assert_eq!(told("polite"), "failed(shutdown) 0 null");
    assert_eq!(told("deaf"), "failed(shutdown) null 9");
    // Its shell may have told of the sleep that the same signal ended.
    assert!(sandbox.ok(["logs", "polite"]).ends_with("bye\n"));
}

#[test]
fn a_run_that_a_stop_ended_is_tried_again_when_it_has_retries() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let command = "echo $PUNCTUAL_ATTEMPT >> tries; test $PUNCTUAL_ATTEMPT = 2 || sleep 60";
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--retries",
        "1",
        "--backoff",
        "1ms",
        command,
    ]);
    sandbox.until_lines("tries", 1);
    assert_eq!(runner.stop(), 0);
    assert_eq!(sandbox.state("x"), "retrying");
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.read("tries"), "1\n2\n");
    let run = sandbox.json(["show", "x.1"]);
    assert_eq!(run["attempts"][0]["reason"], "shutdown");
    assert_eq!(run["state"], "succeeded");
}

#[test]
fn jobs_left_running_are_adopted_by_the_next_runner() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["--leave-running"]);
    sandbox.write("gate", "");
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "echo one >> done; while [ -e gate ]; do sleep 0.01; done; echo two >> done",
    ]);
    sandbox.until_lines("done", 1);
    runner.signal(Signal::TERM);
    assert_eq!(runner.ended(), 0);
    assert_eq!(sandbox.state("x"), "running");

    let runner = sandbox.runner([""; 0]);
    until_logged(&runner, "adopted x.1");
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    until(PATIENCE, "it has ended", || sandbox.state("x") != "running");
    assert_eq!(sandbox.read("done"), "one\ntwo\n");
    // How it ended is known where the kernel tells.
    let state = sandbox.state("x");
    assert!(
        ["succeeded", "failed(lost)"].contains(&state.as_str()),
        "{state}"
    );
}

#[test]
fn a_killed_runner_disturbs_no_job_and_the_next_adopts_it() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.write("gate", "");
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "echo one; while [ -e gate ]; do sleep 0.01; done; echo two; echo end >> done",
    ]);
    sandbox.until_state("x", "running");
    runner.kill();
    assert_eq!(sandbox.state("x"), "running");
    let runner = sandbox.runner([""; 0]);
    until_logged(&runner, "adopted x.1");
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("done", 1);
    until(PATIENCE, "it has ended", || sandbox.state("x") != "running");
    assert_eq!(sandbox.ok(["logs", "x"]), "one\ntwo\n");
    assert_eq!(sandbox.lines("done").len(), 1);
}

#[test]
fn orphans_count_in_the_pool() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j2"]);
    for name in ["a", "b"] {
        sandbox.write(&format!("gate-{name}"), "");
        let command =
            "while [ -e gate-$PUNCTUAL_JOB ]; do sleep 0.01; done; echo $PUNCTUAL_JOB >> order";
        sandbox.ok(["add", "now", "--name", name, command]);
        sandbox.until_state(name, "running");
    }
    runner.kill();
    sandbox.ok(["add", "now", "--name", "c", "echo $PUNCTUAL_JOB >> order"]);
    let runner = sandbox.runner(["-j1"]);
    until_logged(&runner, "adopted b.1");
    std::fs::remove_file(sandbox.path("gate-a")).unwrap();
    until_logged(&runner, "end a.1");
    // One orphan still fills the pool of one.
    assert_eq!(
        sandbox.json(["show", "c"])["waiting_for"],
        "pool full (1/1)"
    );
    std::fs::remove_file(sandbox.path("gate-b")).unwrap();
    sandbox.until_state("c", "succeeded");
    assert_eq!(sandbox.read("order"), "a\nb\nc\n");
}

#[test]
fn an_adopted_job_keeps_its_time_limit() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--timeout",
        "700ms",
        "echo x >> up; sleep 60",
    ]);
    sandbox.until_lines("up", 1);
    runner.kill();
    let _runner = sandbox.runner([""; 0]);
    sandbox.until_state("x", "failed(timeout)");
    until(PATIENCE, "no process is left", || {
        sandbox.jobs_alive().is_empty()
    });
}

#[test]
fn a_process_of_another_boot_is_never_signalled() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--timeout",
        "300ms",
        "echo $$ >> up; exec sleep 60",
    ]);
    sandbox.until_lines("up", 1);
    sandbox.until_state("x", "running");
    runner.kill();
    sandbox.sql("UPDATE boot SET uuid = 'another'");
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "failed(lost)");
    // The stranger with the same pid goes on.
    assert_eq!(sandbox.jobs_alive().len(), 1);
}

#[test]
fn a_deleted_lock_file_makes_no_room_for_two() {
    let sandbox = Sandbox::new();
    let first = sandbox.runner([""; 0]);
    let mut lock = sandbox.database().into_os_string();
    lock.push("-lock");
    std::fs::remove_file(&lock).unwrap();
    sandbox.ok(["add", "now", "--name", "x", "echo x >> done"]);
    sandbox.until_lines("done", 1);
    assert_eq!(first.stop(), 0);
    assert_eq!(sandbox.lines("done").len(), 1);
}
