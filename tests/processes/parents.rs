//! The process that starts and reaps the jobs: it outlives its runner, and its runner outlives it.

use std::fs;

use rustix::process::{Signal, kill_process};

use crate::sandbox::{PATIENCE, Runner, Sandbox, until};
use crate::tracer::{attach, can_trace};

/// As they are in the file.
const RUNNING: i32 = 7;
const SUCCEEDED: i32 = 10;

/// A job that runs until there is a file `go`, and then ends so.
fn add_waiting(sandbox: &Sandbox, name: &str, end: &str) {
    let command =
        format!("echo $PUNCTUAL_ATTEMPT >> {name}; until [ -e go ]; do sleep 0.01; done; {end}");
    let add = [
        "add",
        "now",
        "--name",
        name,
        "--retries",
        "3",
        "--backoff",
        "1ms",
    ];
    sandbox.ok([&add[..], &[&command]].concat());
}

fn until_gone(sandbox: &Sandbox) {
    until(PATIENCE, "no job is alive", || {
        sandbox.jobs_alive().is_empty()
    });
}

fn kill(runner: &Runner, signal: Signal) {
    kill_process(runner.parent_of_jobs(), signal).expect("it is there");
}

/// Stops the parent of the jobs. One thread hears of it first, and the others go on until it has a processor.
fn halt(runner: &Runner) {
    kill(runner, Signal::STOP);
    let tasks = format!("/proc/{}/task", runner.parent_of_jobs().as_raw_nonzero());
    until(PATIENCE, "every thread is stopped", || {
        let mut threads = fs::read_dir(&tasks).expect("it is there");
        threads.all(|thread| {
            let stat = thread.map(|thread| fs::read_to_string(thread.path().join("stat")));
            stat.is_ok_and(|stat| stat.is_ok_and(|stat| stat.contains(") T ")))
        })
    });
}

#[test]
fn what_ends_while_no_runner_lives_is_known_and_not_run_again() {
    for ends_runner in [Runner::kill as fn(Runner), |runner| {
        assert_eq!(runner.stop(), 0);
    }] {
        let sandbox = Sandbox::new();
        add_waiting(&sandbox, "good", "true");
        let add = [
            "add",
            "now",
            "--name",
            "bad",
            "until [ -e go ]; do sleep 0.01; done; exit 3",
        ];
        sandbox.ok(add);
        let runner = sandbox.runner(["--leave-running", "-j4"]);
        sandbox.until_state("good", "running");
        sandbox.until_state("bad", "running");
        ends_runner(runner);
        sandbox.write("go", "");
        until_gone(&sandbox);
        sandbox.drain([""; 0]);
        assert_eq!(sandbox.state("good"), "succeeded");
        assert_eq!(sandbox.lines("good"), ["1"]);
        let run = sandbox.json(["show", "bad.1"]);
        assert_eq!(sandbox.state("bad"), "failed(exit)", "{run}");
        let attempt = &run["attempts"][0];
        assert_eq!(attempt["exit_code"], 3, "{run}");
        // From wait4(2), which answers nobody but a parent.
        assert!(attempt["max_rss_bytes"].as_u64() > Some(0), "{run}");
    }
}

#[test]
fn a_job_that_kills_its_parent_ends_as_it_ends_and_others_start() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j4"]);
    add_waiting(&sandbox, "witness", "true");
    sandbox.until_state("witness", "running");
    sandbox.ok(["add", "now", "--name", "patricide", "kill -9 $PPID; exit 0"]);
    until(PATIENCE, "the runner has noticed", || {
        runner
            .log()
            .contains("the process that starts the jobs was ended")
    });
    sandbox.ok(["add", "now", "--name", "next", "true"]);
    sandbox.until_state("next", "succeeded");
    sandbox.write("go", "");
    until_gone(&sandbox);
    for name in ["witness", "patricide"] {
        // Before Linux 6.15 nobody can say how they ended.
        until(PATIENCE, "it is over", || {
            let state = sandbox.state(name);
            state == "succeeded" || state == "failed(lost)"
        });
    }
    assert!(runner.lives());
    assert_eq!(runner.stop(), 0);
}

#[test]
fn a_parent_ends_with_its_last_child_and_not_before() {
    let sandbox = Sandbox::new();
    add_waiting(&sandbox, "x", "kill -0 $PPID");
    let runner = sandbox.runner([""; 0]);
    let parent = runner.parent_of_jobs();
    let lives = || std::path::Path::new(&format!("/proc/{}/exe", parent.as_raw_nonzero())).exists();
    sandbox.until_state("x", "running");
    let name = fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero()));
    assert_eq!(name.expect("it is there"), "punctual-parent\n");
    // As somebody does who stops all that is called punctual.
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        kill(&runner, signal);
    }
    runner.kill();
    assert!(lives());
    sandbox.write("go", "");
    let link = format!("/proc/{}/exe", parent.as_raw_nonzero());
    until(PATIENCE, "the parent is gone", || {
        fs::read_link(&link).is_err()
    });
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "succeeded");
    // One without children ends with its runner.
    let runner = sandbox.runner([""; 0]);
    let link = format!("/proc/{}/exe", runner.parent_of_jobs().as_raw_nonzero());
    runner.kill();
    until(PATIENCE, "the parent is gone", || {
        fs::read_link(&link).is_err()
    });
}

/// The order is on its way when the runner dies: the next runner decides anew, and nobody else.
#[test]
fn what_a_dead_runner_ordered_is_not_started_behind_the_back_of_the_next() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let parent = runner.parent_of_jobs();
    halt(&runner);
    // The second is claimed only after the order for the first was sent.
    for (claims, name) in (1..).zip(["x", "y"]) {
        add_waiting(&sandbox, name, "true");
        until(PATIENCE, "it is claimed", || {
            sandbox.count("SELECT count(*) FROM attempt") == claims
        });
    }
    runner.kill();
    kill_process(parent, Signal::CONT).expect("it is there");
    let runner = sandbox.runner([""; 0]);
    sandbox.until_state("x", "running");
    // The other one may have gone to a second parent, for the first one did not answer.
    assert!(!runner.log().contains("adopted x"), "{}", runner.log());
    sandbox.write("go", "");
    sandbox.until_state("x", "succeeded");
    assert_eq!(sandbox.lines("x"), ["1"]);
    assert_eq!(runner.stop(), 0);
}

/// As one does whose program is on a file server that does not answer.
#[test]
fn a_start_that_hangs_keeps_no_other_waiting() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j50"]);
    let parent = runner.parent_of_jobs();
    halt(&runner);
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    until(PATIENCE, "another one starts", || {
        sandbox.ok(["add", "now", "echo here >> others"]);
        !sandbox.lines("others").is_empty()
    });
    assert_eq!(sandbox.state("x"), "queued");
    kill_process(parent, Signal::CONT).expect("it is there");
    sandbox.until_state("x", "succeeded");
    sandbox.until_idle();
    assert_eq!(runner.stop(), 0);
}

/// The second process is stopped and stays so: an end of the runner does not wait for it.
#[test]
fn a_stopped_parent_keeps_no_runner_from_its_end() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let parent = runner.parent_of_jobs();
    halt(&runner);
    assert_eq!(runner.stop(), 0);
    kill_process(parent, Signal::CONT).expect("it is there");
    let link = format!("/proc/{}/exe", parent.as_raw_nonzero());
    until(PATIENCE, "the parent is gone", || {
        fs::read_link(&link).is_err()
    });
}

/// Runs that wait with the parent for the place of another.
fn add_heirs(sandbox: &Sandbox, names: &[&str]) {
    for name in names {
        let command = format!("echo {name} >> order");
        sandbox.ok(["add", "now", "--name", name, &command]);
    }
    until(PATIENCE, "they are claimed", || {
        sandbox.count("SELECT count(*) FROM attempt") == 1 + names.len() as i64
    });
}

#[test]
fn what_waits_with_the_parent_is_started_in_order_and_not_when_it_was_cancelled() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j1"]);
    add_waiting(&sandbox, "first", "true");
    sandbox.until_state("first", "running");
    add_heirs(&sandbox, &["a", "b", "c"]);
    sandbox.ok(["cancel", "b"]);
    sandbox.until_state("b", "cancelled");
    let add = ["add", "now", "--name", "urgent", "--priority", "9"];
    sandbox.ok([&add[..], &["echo urgent >> order"]].concat());
    // Those that are behind it come back from the parent: their claims are undone, and made again.
    until(PATIENCE, "the urgent one is the first", || {
        let first = "WITH claimed AS (SELECT name, attempt.id FROM attempt
                JOIN run ON run.id = attempt.run JOIN job ON job.id = run.job)
            SELECT count(*) FROM claimed AS urgent WHERE name = 'urgent' AND NOT EXISTS
                (SELECT 1 FROM claimed WHERE name IN ('a', 'c') AND claimed.id < urgent.id)";
        sandbox.count(first) == 1
    });
    sandbox.write("go", "");
    sandbox.until_idle();
    assert_eq!(sandbox.lines("order"), ["urgent", "a", "c"]);
    assert_eq!(runner.stop(), 0);
}

#[test]
fn what_waits_with_the_parent_of_a_dead_runner_is_started_by_the_next_one() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j1"]);
    add_waiting(&sandbox, "first", "true");
    sandbox.until_state("first", "running");
    add_heirs(&sandbox, &["a", "b", "c"]);
    runner.kill();
    sandbox.write("go", "");
    until_gone(&sandbox);
    assert!(!sandbox.path("order").exists());
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.lines("first"), ["1"]);
    assert_eq!(sandbox.lines("order"), ["a", "b", "c"]);
}

/// A start sleeps in the kernel: the parent has another thread that hears of ends and starts others, and a third one
/// that hears of ends when both sleep.
#[test]
fn starts_that_hang_keep_no_end_from_being_seen_and_no_other_from_starting() {
    if !can_trace() {
        return;
    }
    for hanging in [&["one"][..], &["one", "two"]] {
        let sandbox = Sandbox::new();
        let runner = sandbox.runner(["-j4"]);
        add_waiting(&sandbox, "first", "true");
        sandbox.until_state("first", "running");
        let tracer = attach(
            &sandbox,
            runner.parent_of_jobs(),
            &["clone", "clone3", "vfork"],
            "delay_enter=5000000:when=1",
        );
        // At once, or the second would go to another parent.
        let line = |name| format!(r#"{{"name":"{name}","command":"echo here >> hung"}}"#);
        let lines: Vec<_> = hanging.iter().map(line).collect();
        sandbox.write("jobs", lines.join("\n") + "\n");
        sandbox.ok(["-q", "add", "now", "--batch", "jobs"]);
        until(PATIENCE, "they are being started", || {
            sandbox.count("SELECT count(*) FROM attempt") == 1 + hanging.len() as i64
        });
        sandbox.write("go", "");
        sandbox.until_state("first", "succeeded");
        // The first start of the other thread would hang, too.
        if hanging.len() == 2 {
            sandbox.ok(["add", "now", "--name", "other", "true"]);
            sandbox.until_state("other", "succeeded");
        }
        assert!(!sandbox.path("hung").exists());
        drop(tracer);
        for name in hanging {
            sandbox.until_state(name, "succeeded");
        }
        assert_eq!(runner.stop(), 0);
    }
}

/// Words are kept back for milliseconds while others wait to take a place, and not until something else happens.
#[test]
fn what_starts_and_ends_is_told_while_others_wait() {
    let sandbox = Sandbox::new();
    let quick = "true\n".repeat(60);
    let slow = "until [ -e go ]; do sleep 0.01; done\n".repeat(3);
    sandbox.write("jobs", [quick.as_str(), &slow, &quick].concat());
    let runner = sandbox.runner(["-j3"]);
    sandbox.ok(["-q", "add", "now", "--batch", "jobs"]);
    let count =
        |state: i32| sandbox.count(&format!("SELECT count(*) FROM run WHERE state = {state}"));
    until(PATIENCE, "all that is known", || {
        (count(RUNNING), count(SUCCEEDED)) == (3, 60)
    });
    sandbox.write("go", "");
    sandbox.until_idle();
    assert_eq!(runner.stop(), 0);
}
