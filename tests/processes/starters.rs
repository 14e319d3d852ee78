//! Whoever started the runner: a container, a shell that ignores signals, nobody who listens.

use std::process::Command;

use rustix::process::Signal;

use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Sandbox, is_root, skipped, until};

/// A line of shell in which `$PUNCTUAL` is the binary with its database.
fn shell(sandbox: &Sandbox, line: &str) -> Command {
    let punctual = format!("{PUNCTUAL} --db {}", sandbox.database().display());
    let mut command = sandbox.program("sh");
    command.arg("-c").arg(line.replace("$PUNCTUAL", &punctual));
    command
}

#[test]
fn as_process_one_it_reaps_strangers_and_keeps_the_statuses_of_its_own() {
    if !is_root("a pid namespace") {
        return;
    }
    let sandbox = Sandbox::new();
    // Each leaves somebody behind who ends later, as a child of process 1.
    for code in 0..8 {
        let command = format!("(setsid sleep 0.0{code} &); exit {code}");
        sandbox.ok(["add", "now", "--name", &format!("x{code}"), &command]);
    }
    let reaped = "sed -n 's/^PPid:.//p' /proc/$PPID/status > runner; while grep -q ') Z ' /proc/[0-9]*/stat; do sleep 0.01; done";
    let words = ["add", "now", "--name", "last", "--timeout", "20s", reaped];
    sandbox.ok([&words[..4], &["--priority", "-1"], &words[4..]].concat());
    let mut unshare = sandbox.program("unshare");
    unshare
        .args(["--pid", "--fork", "--mount-proc", PUNCTUAL, "--db"])
        .arg(sandbox.database())
        .args(["run", "--until-idle", "-j4"]);
    let answer = Answer::of(&mut unshare);
    if answer.err.starts_with("unshare:") {
        skipped(&format!("no pid namespace here: {answer:?}"));
        return;
    }
    assert_eq!(answer.code, 0, "{answer:?}");
    for code in 0..8 {
        let last = sandbox.json(["show", &format!("x{code}")])["last"].clone();
        assert_eq!(last["exit_code"], code, "{last}");
    }
    assert_eq!(sandbox.state("last"), "succeeded");
    assert_eq!(sandbox.read("runner"), "1\n");
}

#[test]
fn a_starter_that_ignores_the_end_of_children_costs_no_status() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "three", "exit 3"]);
    sandbox.ok(["add", "now", "--name", "nine", "kill -9 $$"]);
    let line = "trap '' CHLD HUP INT QUIT PIPE; exec $PUNCTUAL run --until-idle";
    let answer = Answer::of(&mut shell(&sandbox, line));
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(sandbox.json(["show", "three"])["last"]["exit_code"], 3);
    assert_eq!(sandbox.json(["show", "nine"])["last"]["signal"], 9);
}

#[test]
fn a_runner_that_nohup_started_outlives_the_terminal() {
    let sandbox = Sandbox::new();
    let mut nohup = shell(&sandbox, "trap '' HUP; exec $PUNCTUAL run");
    let runner = sandbox.start(&mut nohup);
    until(PATIENCE, "there is a runner", || {
        runner.log().contains("runner started")
    });
    runner.signal(Signal::HUP);
    // Its jobs die of it again.
    sandbox.ok(["add", "now", "--name", "x", "kill -HUP $$; sleep 60"]);
    sandbox.until_state("x", "failed(signal)");
    assert!(runner.lives());
    assert_eq!(runner.stop(), 0);
}

#[test]
fn without_any_stream_it_works_as_well() {
    let sandbox = Sandbox::new();
    let descriptors = "ls -l /proc/$$/fd >> fds; echo said; echo to both >&2";
    sandbox.ok(["add", "now", "--name", "x", descriptors]);
    for streams in ["2>&-", "<&- >&- 2>&-"] {
        let line = format!("exec $PUNCTUAL run --until-idle {streams}");
        let answer = Answer::of(&mut shell(&sandbox, &line));
        assert_eq!(answer.code, 0, "{answer:?}");
        assert_eq!(sandbox.ok(["logs", "x"]), "said\nto both\n");
        sandbox.ok(["trigger", "x"]);
    }
    sandbox.check_integrity();
    let text = sandbox.read("fds");
    assert!(!text.contains("-lock") && !text.contains("-wal"), "{text}");
}

#[test]
fn a_verb_without_streams_breaks_no_file() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    for number in 0..3 {
        let line = format!("exec $PUNCTUAL add never --name y{number} true <&- >&- 2>&-");
        let _ = Answer::of(&mut shell(&sandbox, &line));
        sandbox.check_integrity();
    }
    let jobs = sandbox.json(["list"]).as_array().unwrap().len();
    assert_eq!(jobs, 4);
}

#[test]
fn a_binary_that_is_replaced_disturbs_nobody() {
    let sandbox = Sandbox::new();
    let binary = sandbox.copy_of(PUNCTUAL, "punctual");
    let mut command = sandbox.program(&binary);
    command.arg("--db").arg(sandbox.database()).arg("run");
    let runner = sandbox.start(&mut command);
    sandbox.write("gate", "");
    let gated = "echo x >> up; while [ -e gate ]; do sleep 0.01; done; exit 3";
    let hooked = ["--on-failure", "echo $PUNCTUAL_RUN >> told"];
    sandbox.ok([&["add", "now", "--name", "x"][..], &hooked, &[gated]].concat());
    sandbox.until_lines("up", 1);
    let new = sandbox.write("new", "#!/bin/sh\nexit 99\n");
    std::fs::rename(new, &binary).unwrap();
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_state("x", "failed(exit)");
    sandbox.until_lines("told", 1);
    sandbox.ok([
        "add", "now", "--name", "y", "--umask", "077", "--nice", "5", "true",
    ]);
    sandbox.until_state("y", "succeeded");
    assert_eq!(runner.stop(), 0);
}
