//! `add --batch`: one job for each line, all or none.

use serde_json::json;

use crate::sandbox::{Answer, Sandbox};
use crate::{NO_RUNNER, fed, names};

const ADD: [&str; 4] = ["add", "now", "--batch", "-"];

fn said(out: &str) -> Answer {
    Answer {
        err: NO_RUNNER.to_owned(),
        ..Answer::said(out)
    }
}

#[test]
fn the_answer_is_the_number_or_the_names() {
    let sandbox = Sandbox::new();
    assert_eq!(
        fed(&sandbox, &ADD, "true\nfalse\n\n  \ntrue\r\n"),
        said("3 jobs added: true to true-2\n")
    );
    assert_eq!(
        fed(
            &sandbox,
            &["-q", "add", "now", "--batch", "-"],
            "true\nbash x.sh"
        ),
        Answer::said("true-3\nx-sh\n")
    );
    let answer = fed(
        &sandbox,
        &["--json", "add", "now", "--batch", "-"],
        "true\n",
    );
    assert_eq!(
        answer.document(),
        json!({"added": 1, "first": "true-4", "last": "true-4"})
    );
    assert_eq!(fed(&sandbox, &ADD, ""), said("0 jobs added\n"));
    assert_eq!(
        names(&sandbox),
        ["true", "false", "true-2", "true-3", "x-sh", "true-4"]
    );
    sandbox.check_integrity();
}

#[test]
fn every_line_runs_once() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "lines",
        "echo a >> out\n{\"command\":[\"sh\",\"-c\",\"echo b >> out\"]}\necho c >> out\n",
    );
    sandbox.ok(["add", "now", "--batch", "lines"]);
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.lines("out"), ["a", "b", "c"]);
    assert_eq!(sandbox.state("echo-b-out"), "succeeded");
    assert_eq!(sandbox.ok(["history", "echo"]).matches("echo.1").count(), 1);
}

#[test]
fn ten_thousand_lines_are_ten_thousand_jobs() {
    let sandbox = Sandbox::new();
    let lines = "true\n".repeat(10_000);
    assert_eq!(
        fed(&sandbox, &ADD, &lines),
        said("10000 jobs added: true to true-10000\n")
    );
    assert_eq!(
        fed(&sandbox, &ADD, &lines),
        said("10000 jobs added: true-10001 to true-20000\n")
    );
    sandbox.check_integrity();
    assert_eq!(sandbox.json(["show", "true-20000"])["id"], 20_000);
    assert_eq!(sandbox.json(["show", "true-20000.1"])["state"], "queued");
}

#[test]
fn a_line_of_json_has_the_fields_of_add() {
    let sandbox = Sandbox::new();
    let line = json!({
        "name": "nightly",
        "when": "0 3 * * *",
        "command": ["restic", "backup", "a b"],
        "queue": "reports",
        "priority": 5,
        "tz": "Europe/Berlin",
        "cwd": "sub",
        "env": {"A": "1"},
        "retries": 3,
        "kill_after": "3s",
        "overlap": "allow",
        "until": "2099-01-01",
        "paused": true,
        "stdin": "hello\n",
    });
    fed(
        &sandbox,
        &[
            "add",
            "now",
            "--retries",
            "1",
            "--timeout",
            "9s",
            "--batch",
            "-",
        ],
        format!("{line}\ntrue"),
    );
    let job = sandbox.json(["show", "nightly"]);
    let work = sandbox.work();
    for (key, value) in [
        ("when", json!("0 3 * * *")),
        ("command", json!(["restic", "backup", "a b"])),
        ("queue", json!("reports")),
        ("priority", json!(5)),
        ("tz", json!("Europe/Berlin")),
        ("cwd", json!(work.join("sub"))),
        ("env", json!({"A": "***"})),
        ("retries", json!(3)),
        ("kill_after_ms", json!(3_000)),
        ("timeout_ms", json!(9_000)),
        ("overlap", json!("allow")),
        ("state", json!("paused")),
        ("stdin", json!("hello\n")),
    ] {
        assert_eq!(job[key], value, "{key}: {job}");
    }
    let other = sandbox.json(["show", "true"]);
    assert_eq!(other["retries"], 1);
    assert_eq!(other["cwd"], json!(work));
}

#[test]
fn lines_may_wait_for_lines_above_and_below() {
    let sandbox = Sandbox::new();
    let lines = [
        json!({"name": "publish", "when": "after build,test", "command": "echo publish >> out"}),
        json!({"name": "test", "when": "after build", "command": "echo test >> out"}),
        json!({"name": "build", "command": "echo build >> out"}),
        json!({"name": "clean", "when": "after-any publish", "command": "echo clean >> out"}),
    ];
    let lines = lines.map(|line| line.to_string()).join("\n");
    assert_eq!(
        fed(&sandbox, &ADD, lines),
        said("4 jobs added: publish to clean\n")
    );
    sandbox.drain(["-j4"]);
    assert_eq!(sandbox.lines("out"), ["build", "test", "publish", "clean"]);
}

#[test]
fn a_chain_may_be_as_long_as_a_batch() {
    let sandbox = Sandbox::new();
    let last = 10_000;
    let line = |link: u32| {
        let when = format!("after n{}", link - 1);
        json!({"name": format!("n{link}"), "when": when, "command": "true"}).to_string()
    };
    let lines: Vec<String> = (1..=last).rev().map(line).collect();
    let lines = lines.join("\n") + "\n{\"name\":\"n0\",\"command\":\"false\"}\n";
    assert_eq!(
        fed(&sandbox, &ADD, lines),
        said("10001 jobs added: n10000 to n0\n")
    );
    sandbox.ok(["add", "after n10000", "--name", "end", "true"]);
    assert_eq!(sandbox.state("end"), "blocked");
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.state("n0"), "failed(exit)");
    assert_eq!(sandbox.state("n1"), "skipped(dependency)");
    assert_eq!(sandbox.state("end"), "skipped(dependency)");
    sandbox.ok(["retry", "n0", "--cascade"]);
    assert_eq!(sandbox.state("end"), "blocked");
}

#[test]
fn a_circle_is_refused_whole() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "old", "true"]);
    let lines = "{\"name\":\"a\",\"when\":\"after b,old\",\"command\":\"x\"}\n\
                 true\n\
                 {\"name\":\"b\",\"when\":\"after c\",\"command\":\"x\"}\n\
                 {\"name\":\"c\",\"when\":\"after a\",\"command\":\"x\"}\n";
    assert_eq!(
        fed(&sandbox, &ADD, lines),
        Answer::refused(
            2,
            "punctual: line 1: a would wait for itself through b\n\
             hint: break the circle: one of the jobs needs another WHEN\n"
        )
    );
    assert_eq!(names(&sandbox), ["old"]);
}

#[test]
fn an_error_names_its_line_and_nothing_is_added() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "taken", "true"]);
    let complaints = [
        (
            "true\n{\"command\":\"x\",\"retris\":3}\n",
            2,
            "punctual: line 2: there is no key \"retris\"\n  \
             {\"command\":\"x\",\"retris\":3}\n                 ^\nhint: did you mean retries?\n",
        ),
        (
            "true\n\n{\"command\":\"x\",\"when\":\"0 61 * * *\"}\n",
            2,
            "punctual: line 3: hour 61 is out of range 0-23\n  \
             {\"command\":\"x\",\"when\":\"0 61 * * *\"}\n                           ^\n",
        ),
        (
            "true\n{\"command\":\"x\",\"when\":\"2001-01-01\"}\n",
            2,
            "punctual: line 2: ",
        ),
        (
            "true\n{\"command\":\"x\",\"when\":\"after bulid\"}\n",
            3,
            "punctual: line 2: no such job: bulid\n",
        ),
        (
            "true\n{\"command\":\"x\",\"name\":\"taken\"}\n",
            4,
            "punctual: line 2: there is a job named taken already\n",
        ),
        (
            "{\"command\":\"x\",\"name\":\"n\"}\n\n{\"command\":\"x\",\"name\":\"n\"}\n",
            4,
            "punctual: line 3: n is the name of line 1 already\n",
        ),
        (
            "{\"command\":\"x\",\"when\":\"@daily\"}\n{\"command\":\"x\",\"when\":\"@daily\"}\n",
            4,
            "punctual: line 2: job x has the same schedule, command and directory\n",
        ),
        (
            "{ echo a; echo b; }\n",
            2,
            "punctual: line 1: key must be a string\n  { echo a; echo b; }\n    ^\n\
             hint: a line that begins with { is JSON; a group of the shell needs a blank before it\n",
        ),
    ];
    for (lines, code, complaint) in complaints {
        let answer = fed(&sandbox, &ADD, lines);
        assert_eq!((answer.code, answer.out.as_str()), (code, ""), "{answer:?}");
        assert!(answer.err.starts_with(complaint), "{answer:?}");
        assert_eq!(names(&sandbox), ["taken"]);
    }
    sandbox.write("lines", "true\n{\"command\":7}\n");
    let answer = sandbox.punctual(["add", "now", "--batch", "lines"]);
    assert_eq!(answer.code, 2);
    assert!(
        answer.err.starts_with("punctual: lines:2:12: "),
        "{answer:?}"
    );
    let answer = sandbox.punctual(["add", "now", "--batch", "nowhere"]);
    assert_eq!(answer.code, 1);
}

#[test]
fn a_batch_has_no_command_no_name_and_nothing_to_wait_for() {
    let sandbox = Sandbox::new();
    for more in [
        &["true"][..],
        &["--name", "x"],
        &["--wait"],
        &["--follow"],
        &["--exec"],
        &["--stdin", "-"],
    ] {
        let mut words = vec!["add", "now", "--batch", "-"];
        words.extend(more);
        let answer = fed(&sandbox, &words, "true\n");
        assert_eq!(answer.code, 2, "{more:?} {answer:?}");
    }
    let answer = sandbox.punctual(["add", "now"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(!sandbox.database().exists());
}

#[test]
fn lines_with_a_name_that_is_taken_are_kept_or_replaced() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "a", "old"]);
    let lines = "{\"name\":\"a\",\"when\":\"never\",\"command\":\"new\"}\n{\"name\":\"b\",\"command\":\"true\"}\n";
    let with = |what| {
        fed(
            &sandbox,
            &["add", "now", "--if-exists", what, "--batch", "-"],
            lines,
        )
    };
    assert_eq!(
        with("keep"),
        said("1 job added, 1 kept as it was: a to b\n")
    );
    assert_eq!(sandbox.json(["show", "a"])["command"], "old");
    assert_eq!(with("replace"), said("0 jobs added, 2 replaced: a to b\n"));
    assert_eq!(sandbox.json(["show", "a"])["command"], "new");
}

#[test]
fn numbers_of_runs_go_on_after_a_job_of_the_same_name() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "true"]);
    sandbox.drain(["-j1"]);
    sandbox.ok(["remove", "true"]);
    fed(&sandbox, &ADD, "true\n");
    assert_eq!(sandbox.json(["show", "true"])["last"]["run"], "true.2");
}

#[test]
fn a_paused_batch_waits() {
    let sandbox = Sandbox::new();
    fed(
        &sandbox,
        &["add", "now", "--paused", "--batch", "-"],
        "true\ntrue\n",
    );
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.state("true-2"), "queued");
    sandbox.ok(["resume", "--all"]
        .iter()
        .take(1)
        .chain(&["true", "true-2"]));
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.state("true-2"), "succeeded");
}
