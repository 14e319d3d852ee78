//! No room for another process, or for another descriptor: the run waits, and nothing is spent.

#![expect(
    clippy::unwrap_used,
    reason = "a gate that cannot be built fails its test"
)]

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::cgroup::Cgroup;
use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Sandbox, is_root, skipped, until};
use crate::tracer::{attach, can_trace};

#[test]
fn when_no_process_can_be_made_the_run_waits_and_no_attempt_is_spent() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    for error in ["EAGAIN", "ENOMEM"] {
        let runner = sandbox.runner([""; 0]);
        // The first process of each thread that starts them.
        let fate = format!("error={error}:when=1");
        let parent = runner.parent_of_jobs();
        let tracer = attach(&sandbox, parent, &["clone", "clone3", "vfork"], &fate);
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
    assert_eq!(sandbox.lines("ran"), vec!["1"; 12]);
    for number in 0..12 {
        assert_eq!(sandbox.state(&format!("x{number}")), "succeeded");
    }
}

/// The process that starts the jobs has no descriptor left for an output, and then it has.
#[test]
fn without_a_descriptor_for_its_output_a_run_waits_and_no_attempt_is_spent() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let parent = runner.parent_of_jobs().as_raw_nonzero().to_string();
    let limit = |descriptors: &str| {
        let mut prlimit = sandbox.program("prlimit");
        prlimit.args(["--pid", &parent, &format!("--nofile={descriptors}:1024")]);
        prlimit.output()
    };
    let Ok(limited) = limit("5") else {
        skipped("there is no prlimit");
        return;
    };
    assert!(limited.status.success(), "{limited:?}");
    let command = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran";
    sandbox.ok(["add", "now", "--name", "x", command]);
    until(PATIENCE, "it is refused", || {
        runner.log().contains("Too many open files")
    });
    assert_eq!(sandbox.state("x"), "queued");
    assert!(limit("1024").is_ok_and(|it| it.status.success()));
    sandbox.until_state("x", "succeeded");
    assert_eq!(sandbox.read("ran"), "x.1.1\n");
    assert_eq!(runner.stop(), 0);
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

/// What jobs wait for without another process: each goes on with a line of its own.
fn gate(sandbox: &Sandbox) -> File {
    let path = sandbox.path("gate");
    mkfifoat(CWD, &path, Mode::from(0o600)).unwrap();
    // Open at both ends, so that nobody waits for anybody to open it.
    let mut both = File::options();
    both.read(true).write(true).open(path).unwrap()
}

/// The real thing: fork fails in a full control group, until there is room again.
#[test]
fn in_a_full_control_group_the_run_waits_and_no_attempt_is_spent() {
    let Some(group) = Cgroup::new() else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut gate = gate(&sandbox);
    let runner = sandbox.start(&mut group.holding(&sandbox, &sandbox.command(["run", "-j4"])));
    sandbox.ok(["add", "now", "--name", "zeroth", "true"]);
    sandbox.until_state("zeroth", "succeeded");
    let own = group.alive();
    group.bound(own);
    let job = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran; read x < gate";
    for name in ["a", "b"] {
        sandbox.ok(["add", "now", "--name", name, job]);
    }
    let complaints = || runner.log().matches("no room for another process").count();
    until(PATIENCE, "it says that there is no room", || {
        complaints() > 0
    });
    for name in ["a", "b"] {
        assert_eq!(sandbox.state(name), "queued", "{}", runner.log());
    }
    assert_eq!(sandbox.read("ran"), "");
    // With room for one they take turns.
    group.bound(own + 1);
    sandbox.until_lines("ran", 1);
    assert_eq!(group.alive(), own + 1);
    gate.write_all(b"\n").unwrap();
    sandbox.until_lines("ran", 2);
    gate.write_all(b"\n").unwrap();
    for name in ["a", "b"] {
        sandbox.until_state(name, "succeeded");
    }
    let mut ran = sandbox.lines("ran");
    ran.sort();
    assert_eq!(ran, ["a.1.1", "b.1.1"]);
    // Said when it begins, and not each time that it is tried again.
    assert!(complaints() <= 4, "{}", runner.log());
    assert!(runner.lives(), "{}", runner.log());
    assert_eq!(runner.stop(), 0);
}

/// What a bomb takes is taken from everybody in the group; nobody dies of it, and with its end all goes on.
#[test]
fn a_fork_bomb_in_a_control_group_is_outlived() {
    const MOST: u32 = 60;
    let Some(group) = Cgroup::new() else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut gate = gate(&sandbox);
    group.bound(MOST);
    let runner = sandbox.start(&mut group.holding(&sandbox, &sandbox.command(["run", "-j4"])));
    let patient = "echo x >> up; read x < gate; exit 3";
    sandbox.ok(["add", "now", "--name", "patient", patient]);
    sandbox.until_lines("up", 1);
    // It has an end even where nothing bounds it. A shell dies of a fork that fails, so another one stays, and takes
    // the place of the dead one.
    let bomb = "(i=0; while [ $i -lt 500 ]; do i=$((i + 1)); sleep 600 & done); \
        sleep 600 & echo x >> full; exec sleep 600";
    sandbox.ok(["add", "now", "--name", "bomb", bomb]);
    sandbox.until_lines("full", 1);
    assert_eq!(group.alive(), MOST);
    let late = "echo $PUNCTUAL_ATTEMPT >> late";
    sandbox.ok(["add", "now", "--name", "late", late]);
    until(PATIENCE, "it says that there is no room", || {
        runner.log().contains("no room for another process")
    });
    sandbox.ok(["cancel", "bomb"]);
    sandbox.until_state("bomb", "cancelled");
    sandbox.until_state("late", "succeeded");
    assert_eq!(sandbox.read("late"), "1\n");
    assert_eq!(sandbox.state("patient"), "running");
    gate.write_all(b"\n").unwrap();
    sandbox.until_state("patient", "failed(exit)");
    assert_eq!(runner.stop(), 0);
    assert!(sandbox.jobs_alive().is_empty());
}
