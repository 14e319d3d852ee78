//! A real terminal: Ctrl-C reaches the runner and not its jobs, and its end is a request to stop.

#![expect(
    clippy::unwrap_used,
    reason = "a terminal that cannot be opened fails its test"
)]

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use crate::sandbox::terminal::terminal;
use crate::sandbox::{PATIENCE, PUNCTUAL, Sandbox, code_of, skipped, until};

/// A runner whose controlling terminal is the one on its standard input.
fn on(sandbox: &Sandbox, terminal: &OwnedFd) -> Option<Command> {
    if Command::new("setsid").arg("--version").output().is_err() {
        skipped("there is no setsid");
        return None;
    }
    let mut command = sandbox.program("setsid");
    command
        .args(["-c", PUNCTUAL, "--db"])
        .arg(sandbox.database())
        .arg("run")
        .stdin(terminal.try_clone().unwrap());
    Some(command)
}

const GATED: &str = "trap 'echo INT >> got' INT; trap 'echo HUP >> got' HUP; \
    echo x >> up; while [ -e gate ]; do sleep 0.01; done; echo end >> done";

#[test]
fn ctrl_c_is_for_the_runner_and_twice_is_for_all() {
    let sandbox = Sandbox::new();
    let (mut person, terminal) = terminal();
    for times in [1, 2] {
        sandbox.write("gate", "");
        let Some(mut command) = on(&sandbox, &terminal) else {
            return;
        };
        let runner = sandbox.start(&mut command);
        drop(command);
        let name = format!("x{times}");
        sandbox.ok(["add", "now", "--name", &name, GATED]);
        sandbox.until_lines("up", times);
        for number in 1..=times {
            person.write_all(b"\x03").unwrap();
            until(PATIENCE, "it was heard", || {
                runner.log().matches("stopping running=1").count() == number
            });
        }
        if times == 1 {
            fs::remove_file(sandbox.path("gate")).unwrap();
        }
        assert_eq!(runner.ended(), 0);
    }
    assert_eq!(sandbox.state("x1"), "succeeded");
    assert_eq!(sandbox.state("x2"), "failed(shutdown)");
    assert_eq!(sandbox.read("done"), "end\n");
    assert_eq!(sandbox.read("got"), "");
    assert!(sandbox.jobs_alive().is_empty());
}

/// Killed when a test fails before its end.
struct Guard(Child);

impl Guard {
    fn ended(mut self) -> i32 {
        let mut status = None;
        until(PATIENCE, "it has ended", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        code_of(status.unwrap())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_terminal_that_hangs_up_stops_the_runner_in_order() {
    let sandbox = Sandbox::new();
    let (person, terminal) = terminal();
    sandbox.write("gate", "");
    let Some(mut command) = on(&sandbox, &terminal) else {
        return;
    };
    // What it says can be read by nobody later on.
    let child = command.stdout(Stdio::null()).stderr(terminal).spawn();
    let runner = Guard(child.unwrap());
    drop(command);
    sandbox.ok(["add", "now", "--name", "x", GATED]);
    sandbox.until_lines("up", 1);
    drop(person);
    fs::remove_file(sandbox.path("gate")).unwrap();
    assert_eq!(runner.ended(), 0);
    // What ran went on to its end, and heard nothing.
    assert_eq!(sandbox.state("x"), "succeeded");
    assert_eq!(sandbox.read("got"), "");
}

#[test]
fn a_terminal_that_is_stopped_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let (mut person, terminal) = terminal();
    let Some(mut command) = on(&sandbox, &terminal) else {
        return;
    };
    let child = command.stdout(Stdio::null()).stderr(terminal).spawn();
    let runner = Guard(child.unwrap());
    drop(command);
    sandbox.ok(["add", "now", "--name", "before", "true"]);
    sandbox.until_state("before", "succeeded");
    // Ctrl-S, as one does to read what goes by.
    person.write_all(b"\x13").unwrap();
    for name in ["one", "two"] {
        let limit = ["--timeout", "100ms", "sleep 60"];
        sandbox.ok([&["add", "now", "--name", name][..], &limit].concat());
        sandbox.until_state(name, "failed(timeout)");
    }
    person.write_all(b"\x11\x03").unwrap();
    assert_eq!(runner.ended(), 0);
}
