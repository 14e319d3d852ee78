//! A container: volumes that others can write, process 1, and the signal that ends it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Runner, Sandbox, children_of, skipped, until};

#[test]
fn a_volume_that_others_can_write_is_taken_with_one_warning() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let volume = sandbox.database().parent().unwrap().to_owned();
    fs::set_permissions(&volume, fs::Permissions::from_mode(0o777)).unwrap();
    let warning = format!(
        "warning: others can write {}, and so run commands as you; PUNCTUAL_TRUST_DIR accepts that",
        volume.display()
    );
    for words in [&["list"][..], &["trigger", "x"], &["run", "--until-idle"]] {
        let mut command = sandbox.command(words);
        let answer = Answer::of(command.env("PUNCTUAL_TRUST_DIR", "1"));
        assert_eq!(answer.code, 0, "{answer:?}");
        let warnings = answer.err.lines().filter(|line| *line == warning);
        assert_eq!(warnings.count(), 1, "{answer:?}");
    }
    fs::set_permissions(&volume, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = sandbox.command(["list"]);
    let answer = Answer::of(command.env("PUNCTUAL_TRUST_DIR", "1"));
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
}

/// A runner as process 1 of a new pid namespace, and `unshare` around it.
fn as_init(sandbox: &Sandbox, words: &[&str]) -> Option<Runner> {
    let unshare = |program: &str| {
        let mut command = sandbox.program("unshare");
        // The whole namespace ends with unshare, should a test be killed.
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child", program]);
        command
    };
    let allowed = unshare("true").stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        skipped("a pid namespace of its own is not allowed here");
        return None;
    }
    let mut command = unshare(PUNCTUAL);
    command.arg("--db").arg(sandbox.database());
    let runner = sandbox.start(command.arg("run").args(words));
    until(PATIENCE, "the runner lives", || {
        runner.log().contains("runner started") || !runner.lives()
    });
    Some(runner)
}

/// The only child of a process.
fn child_of(parent: Pid) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", parent.as_raw_nonzero());
    let children = fs::read_to_string(path).unwrap();
    let first = children.split(' ').next().unwrap();
    Pid::from_raw(first.trim().parse().unwrap()).unwrap()
}

#[test]
fn process_1_reaps_what_jobs_leave_behind() {
    let sandbox = Sandbox::new();
    // Ten grandchildren that end after their parent, each with a status that is nobody's.
    let command = "for i in 0 1 2 3 4 5 6 7 8 9; do (sleep 0.1; exit $i) & done; exit 4";
    sandbox.ok(["add", "now", "--name", "x", command]);
    let Some(runner) = as_init(&sandbox, &[]) else {
        return;
    };
    let init = child_of(runner.pid());
    sandbox.until_state("x", "failed(exit)");
    // Its own status is the job's, and no zombie is left.
    assert_eq!(sandbox.json(["show", "x"])["last"]["exit_code"], 4);
    // Nobody is left but the parent of the jobs.
    until(PATIENCE, "nobody is left", || children_of(init).len() == 1);
    sandbox.ok(["add", "now", "--name", "y", "exit 5"]);
    sandbox.until_state("y", "failed(exit)");
    assert_eq!(sandbox.json(["show", "y"])["last"]["exit_code"], 5);
    kill_process(init, Signal::TERM).unwrap();
    assert_eq!(runner.ended(), 0);
}

#[test]
fn the_signal_that_stops_a_container_drains_it() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "echo up > up; sleep 0.3; echo done > up",
    ]);
    let Some(runner) = as_init(&sandbox, &["--forward-output=prefix"]) else {
        return;
    };
    sandbox.until_lines("up", 1);
    sandbox.ok(["add", "now", "--name", "late", "true"]);
    kill_process(child_of(runner.pid()), Signal::TERM).unwrap();
    assert_eq!(runner.ended(), 0);
    // What ran was let finish; what had not started waits for the next container.
    assert_eq!(sandbox.read("up"), "done\n");
    assert_eq!(sandbox.state("x"), "succeeded");
    let late = sandbox.state("late");
    assert!(late == "queued" || late == "succeeded", "{late}");
}
