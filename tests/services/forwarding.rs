//! `run --forward-output` and `--log-format`: what a container's log collector reads.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::sandbox::{Answer, PATIENCE, Sandbox, until};

/// What a runner prints that has nothing more to do.
#[track_caller]
fn forwarded(sandbox: &Sandbox, form: &str) -> Vec<u8> {
    let form = format!("--forward-output={form}");
    let mut run = sandbox.command(["run", "--until-idle", "-j", "1", &form]);
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    output.stdout
}

#[test]
fn lines_stand_behind_the_name_of_their_run() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "a",
        "echo one; echo two >&2; printf three",
    ]);
    sandbox.ok(["add", "now", "--name", "b", "echo; echo last"]);
    sandbox.ok(["add", "now", "--name", "silent", "true"]);
    let out = forwarded(&sandbox, "prefix");
    assert_eq!(
        String::from_utf8_lossy(&out),
        "a.1: one\na.1: two\na.1: three\nb.1: \nb.1: last\n"
    );
    // What was forwarded is kept, too.
    assert_eq!(sandbox.ok(["logs", "a"]), "one\ntwo\nthree");
}

#[test]
fn raw_is_every_byte() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "a",
        r"printf 'a\000\377\nb'; head -c 300000 /dev/zero",
    ]);
    let out = forwarded(&sandbox, "raw");
    assert_eq!(out[..5], *b"a\0\xff\nb");
    assert_eq!(out.len(), 300_005);
}

#[test]
fn json_is_an_object_a_line() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "a", r#"printf 'say "hi"\n\377\n'"#]);
    let out = String::from_utf8(forwarded(&sandbox, "json")).unwrap();
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [first, second] = &lines[..] else {
        panic!("{out}");
    };
    assert_eq!(
        (&first["run"], &first["line"]),
        (&"a.1".into(), &"say \"hi\"".into())
    );
    assert_eq!(second["line"], "\u{fffd}");
    let time = first["time"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
}

#[test]
fn a_line_without_an_end_is_cut_into_pieces() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "a",
        "head -c 1000000 /dev/zero | tr '\\0' x",
    ]);
    let out = String::from_utf8(forwarded(&sandbox, "prefix")).unwrap();
    assert!(
        out.lines()
            .all(|line| line.starts_with("a.1: x") && line.len() < 200_000)
    );
    let sent: usize = out.lines().map(|line| line.len() - "a.1: ".len()).sum();
    assert_eq!(sent, 1_000_000);
}

#[test]
fn everything_is_forwarded_before_the_end_is_logged() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.ok(["add", "now", "--name", name, "seq 2000; exit 3"]);
    }
    let both = sandbox.path("both");
    let file = File::create(&both).unwrap();
    let mut run = sandbox.command(["run", "--until-idle", "--forward-output=prefix"]);
    let run = run.stdout(file.try_clone().unwrap()).stderr(file);
    assert_eq!(run.status().unwrap().code(), Some(0));
    let lines = sandbox.lines("both");
    for name in ["a", "b", "c"] {
        let place = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap();
        let count = lines
            .iter()
            .filter(|line| line.starts_with(&format!("{name}.1: ")));
        assert_eq!(count.count(), 2_000);
        assert!(place(&format!("{name}.1: 2000")) < place(&format!("end {name}.1 ")));
    }
}

/// A runner that stays, with its log in a file.
fn runner(sandbox: &Sandbox, stdout: impl Into<Stdio>) -> Child {
    let mut run = sandbox.command(["run", "--forward-output=prefix", "--grace", "0s"]);
    let log = File::create(sandbox.path("log")).unwrap();
    run.stdout(stdout).stderr(log).spawn().unwrap()
}

fn stop(mut runner: Child) -> Option<i32> {
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&runner),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    runner.wait().unwrap().code()
}

#[test]
fn lines_come_while_the_run_is_alive_and_go_on_after_an_adoption() {
    let sandbox = Sandbox::new();
    sandbox.write("gate", "");
    let command = "echo early; while [ -e gate ]; do sleep 0.01; done; echo late; sleep 60";
    sandbox.ok(["add", "now", "--name", "a", command]);
    let mut first = runner(&sandbox, File::create(sandbox.path("first")).unwrap());
    sandbox.until_lines("first", 1);
    assert_eq!(sandbox.read("first"), "a.1: early\n");
    first.kill().unwrap();
    first.wait().unwrap();
    let second = runner(&sandbox, File::create(sandbox.path("second")).unwrap());
    until(PATIENCE, "the run is adopted", || {
        sandbox.read("log").contains("adopted a.1")
    });
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("second", 1);
    assert_eq!(sandbox.read("second"), "a.1: late\n");
    assert_eq!(stop(second), Some(0));
}

#[test]
fn a_reader_that_has_gone_ends_nothing() {
    let sandbox = Sandbox::new();
    let mut runner = runner(&sandbox, Stdio::piped());
    drop(runner.stdout.take());
    for name in ["a", "b"] {
        sandbox.ok(["add", "now", "--name", name, "seq 100000"]);
        sandbox.until_state(name, "succeeded");
    }
    assert_eq!(stop(runner), Some(0));
}

#[test]
fn a_reader_that_stands_still_holds_nothing_up() {
    let sandbox = Sandbox::new();
    let mut runner = runner(&sandbox, Stdio::piped());
    // More than a pipe takes.
    sandbox.ok(["add", "now", "--name", "a", "seq 100000"]);
    sandbox.until_state("a", "succeeded");
    sandbox.ok(["add", "now", "--name", "b", "echo b"]);
    sandbox.until_state("b", "succeeded");
    let mut pipe = runner.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut out = String::new();
        pipe.read_to_string(&mut out).unwrap();
        out
    });
    assert_eq!(stop(runner), Some(0));
    let out = reader.join().unwrap();
    assert_eq!(out.lines().count(), 100_001);
    assert!(out.ends_with("a.1: 100000\nb.1: b\n"));
}

#[test]
fn the_log_as_objects() {
    let sandbox = Sandbox::new();
    sandbox.write("jobs", "@start false\n");
    let mut run = sandbox.command([
        "run",
        "--file",
        "jobs",
        "--until-idle",
        "--log-format",
        "json",
    ]);
    let answer = Answer::of(&mut run);
    assert_eq!(answer.code, 0, "{answer:?}");
    let events: Vec<Value> = answer
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{answer:?}")))
        .collect();
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["note", "runner_started", "start", "end", "runner_stopped"]
    );
    assert!(events.iter().all(|event| event["time"].is_string()));
    let end = &events[3];
    assert_eq!(
        (
            &end["run"],
            &end["state"],
            &end["reason"],
            &end["exit_code"]
        ),
        (
            &"false.1".into(),
            &"failed".into(),
            &"exit".into(),
            &1.into()
        )
    );
}
