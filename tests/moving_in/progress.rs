//! What takes over a second says on a terminal that it goes on, and nothing in a pipe.

#![expect(
    clippy::unwrap_used,
    reason = "a terminal or a lock that is not to be had fails its test"
)]

use std::process::{Child, Stdio};

use crate::sandbox::terminal::{Screen, terminal};
use crate::sandbox::{PATIENCE, Sandbox, code_of, until};
use crate::tracer::can_trace;

const SLOW: [(&[&str], &str); 4] = [
    (&["add", "now", "--batch", "lines"], "adding"),
    (&["import", "crontab", "my.crontab"], "importing"),
    (&["apply", "jobs.toml"], "applying"),
    (&["prune"], "forgetting"),
];

#[test]
fn what_is_slow_says_what_it_does_to_those_who_look() {
    for (words, doing) in SLOW {
        let sandbox = Sandbox::new();
        sandbox.write("lines", "true\nfalse\n");
        sandbox.write("my.crontab", "@daily true\n");
        sandbox.write("jobs.toml", "[job.a]\nwhen = 'never'\ncommand = 'true'\n");
        sandbox.ok(["add", "never", "--name", "x", "true"]);
        // Everybody else waits for the lock.
        let writer = rusqlite::Connection::open(sandbox.database()).unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut piped = sandbox.command(words);
        let piped = piped.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let (quiet, unseen) = on_terminal(&sandbox, &["-q"], words);
        let (shown, screen) = on_terminal(&sandbox, &[], words);
        // The last to begin is the last to lose its patience.
        until(PATIENCE, &format!("{words:?} is on its way"), || {
            screen.shows(doing)
        });
        drop(writer);
        for mut child in [shown, quiet] {
            assert_eq!(code_of(child.wait().unwrap()), 0, "{words:?}");
        }
        assert!(!unseen.shows(doing), "{words:?}");
        let output = piped.unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(doing) && !said.contains('\r'), "{said:?}");
    }
}

/// Readers wait for no lock, so each of their reads is made slow: a file of hundreds of pages on a tired disk.
#[test]
fn who_reads_every_page_says_so_too() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    sandbox.checkpoint();
    let slowly = [
        "-o",
        "/dev/null",
        "-e",
        "trace=pread64",
        "-e",
        "inject=pread64:delay_enter=100000",
    ];
    for (words, doing) in [
        (&["check"][..], "looking at each page"),
        (&["backup", "copy.db"], "copying"),
    ] {
        let (person, program) = terminal();
        let mut command = sandbox.traced(&slowly, words);
        command.env("TERM", "xterm").stdout(Stdio::null());
        let mut child = command.stderr(program).spawn().unwrap();
        let screen = Screen::of(person);
        until(PATIENCE, &format!("{words:?} is on its way"), || {
            screen.shows(doing)
        });
        // It has been seen; a tracer that is killed lets go of what it slowed down.
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn who_waits_is_told_for_what_and_why() {
    let sandbox = Sandbox::new();
    sandbox.ok(["queue", "set", "lane", "--slots", "1"]);
    for name in ["first", "second"] {
        sandbox.ok(["add", "now", "--queue", "lane", "--name", name, "sleep 60"]);
    }
    let runner = sandbox.runner(["-j", "2"]);
    let (mut child, screen) = on_terminal(&sandbox, &["wait"], &["first", "second"]);
    until(PATIENCE, "the first is waited for", || {
        screen.shows("first.1: running, and 1 more")
    });
    sandbox.ok(["cancel", "first", "second"]);
    assert_eq!(code_of(child.wait().unwrap()), 1);
    until(PATIENCE, "how it ended is told", || {
        screen.shows("second.1 cancelled")
    });
    sandbox.ok(["add", "in 1h", "--name", "later", "true"]);
    let (mut child, screen) = on_terminal(&sandbox, &["wait"], &["later"]);
    until(PATIENCE, "it says why", || {
        screen.shows("later.1: due in 59m")
    });
    child.kill().unwrap();
    child.wait().unwrap();
    runner.stop();
}

fn on_terminal(sandbox: &Sandbox, options: &[&str], words: &[&str]) -> (Child, Screen) {
    let (person, program) = terminal();
    let child = sandbox
        .command(options)
        .args(words)
        .env("TERM", "xterm")
        .stdout(Stdio::null())
        .stderr(program)
        .spawn();
    (child.unwrap(), Screen::of(person))
}
