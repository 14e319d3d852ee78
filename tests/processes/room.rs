//! No room for another process, or for another descriptor: the run waits, and nothing is spent.

use std::os::unix::process::CommandExt as _;

use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Runner, Sandbox, is_root, skipped, until};
use crate::tracer::can_trace;

/// A tracer on every thread of a runner, for which the first process of each fails.
fn fail_first_processes(sandbox: &Sandbox, runner: &Runner, error: &str) -> Runner {
    let calls = "?clone,?clone3,?vfork";
    let only = format!("trace={calls}");
    let inject = format!("inject={calls}:error={error}:when=1");
    let pid = runner.pid().as_raw_nonzero().to_string();
    let mut strace = sandbox.program("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &only,
        "-e",
        &inject,
        "-p",
        &pid,
    ]);
    let tracer = sandbox.start(&mut strace);
    until(PATIENCE, "every thread is traced", || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
        let mut threads = threads.into_iter().flatten().flatten().peekable();
        threads.peek().is_some()
            && threads.all(|thread| {
                let status = std::fs::read_to_string(thread.path().join("status"));
                status.is_ok_and(|status| !status.contains("TracerPid:\t0\n"))
            })
    });
    tracer
}

#[test]
fn when_no_process_can_be_made_the_run_waits_and_no_attempt_is_spent() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    for error in ["EAGAIN", "ENOMEM"] {
        let runner = sandbox.runner([""; 0]);
        let tracer = fail_first_processes(&sandbox, &runner, error);
        let command = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran";
        sandbox.ok(["add", "now", "--name", error, command]);
        until(PATIENCE, "it ran in the end", || {
            sandbox.state(error) == "succeeded"
        });
        // Once for each thread that starts processes, as far as its turn came.
        let complaints = runner.log().matches("no room for another process").count();
        assert!((1..=4).contains(&complaints), "{}", runner.log());
        drop(tracer);
        assert_eq!(runner.stop(), 0);
    }
    assert_eq!(sandbox.read("ran"), "EAGAIN.1.1\nENOMEM.1.1\n");
}

#[test]
fn with_few_descriptors_everything_runs_and_nothing_is_spent() {
    let sandbox = Sandbox::new();
    for number in 0..12 {
        let name = format!("x{number}");
        let command = "echo $PUNCTUAL_ATTEMPT >> ran; sleep 0.3";
        sandbox.ok(["add", "now", "--name", &name, command]);
    }
    let mut shell = sandbox.program("prlimit");
    shell
        .args(["--nofile=24:24", PUNCTUAL, "--db"])
        .arg(sandbox.database())
        .args(["run", "--until-idle", "-j12"]);
    let Ok(output) = shell.output() else {
        skipped("there is no prlimit");
        return;
    };
    let answer = Answer::from(output);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.err.contains("Too many open files"), "{answer:?}");
    assert_eq!(sandbox.lines("ran"), vec!["1"; 12]);
    for number in 0..12 {
        assert_eq!(sandbox.state(&format!("x{number}")), "succeeded");
    }
}

/// A limit of the kernel for a whole user, which binds anybody but root.
#[test]
fn where_a_user_may_have_few_processes_runs_take_turns() {
    const USER: u32 = 54_322;
    if !is_root("becoming somebody else") {
        return;
    }
    let sandbox = Sandbox::new();
    // The binary may be where an ordinary user does not come.
    let copy = sandbox.copy_of(PUNCTUAL, "punctual");
    let data = sandbox.data();
    for place in [data.parent().unwrap(), &data, &sandbox.work()] {
        std::os::unix::fs::chown(place, Some(USER), Some(USER)).unwrap();
    }
    let punctual = |words: &[&str]| {
        let mut command = sandbox.program("prlimit");
        command.args(["--nproc=8:8"]).arg(&copy).arg("--db");
        command.arg(sandbox.database()).args(words);
        Answer::of(command.uid(USER).gid(USER))
    };
    for number in 0..12 {
        let name = format!("x{number}");
        let command = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran; exec sleep 0.3";
        let answer = punctual(&["add", "now", "--name", &name, command]);
        assert_eq!(answer.code, 0, "{answer:?}");
    }
    let answer = punctual(&["run", "--until-idle", "-j12"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(
        answer.err.contains("no room for another process"),
        "{answer:?}"
    );
    let mut ran = sandbox.lines("ran");
    ran.sort();
    let mut expected: Vec<String> = (0..12).map(|number| format!("x{number}.1.1")).collect();
    expected.sort();
    assert_eq!(ran, expected, "{answer:?}");
    let succeeded = punctual(&["--json", "history", "--state", "succeeded"]);
    assert_eq!(succeeded.document().as_array().unwrap().len(), 12);
}
