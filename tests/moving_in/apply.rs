//! `apply` and `export`: the database matches a job file, and becomes one.

use serde_json::{Value, json};

use crate::sandbox::{Answer, PATIENCE, Sandbox, until};
use crate::{NO_RUNNER, names};

const JOBS: &str = r#"
[defaults]
retries = 1

[queue.reports]
slots = 2

[job.report]
when = "after backup"
command = ["echo", "a b"]
queue = "reports"

[job.backup]
when = "0 3 * * *"
tz = "UTC"
command = "restic backup"
env = { PASSWORD = "secret" }
"#;

/// Every option of `add`, and words that need quotes.
const FULL: [&str; 71] = [
    "add",
    "every 15m",
    "--name",
    "full",
    "--tz",
    "Europe/Berlin",
    "--from",
    "2026-01-01",
    "--until",
    "2099-01-01",
    "--jitter",
    "5m",
    "--overlap",
    "queue",
    "--missed",
    "all",
    "--deadline",
    "1h",
    "--queue",
    "reports",
    "--priority",
    "-3",
    "--unique",
    "k",
    "--timeout",
    "90m",
    "--kill-after",
    "3s",
    "--retries",
    "4",
    "--backoff",
    "2s..1m",
    "--retry-on",
    "1,75",
    "--success-codes",
    "0-3",
    "--output-limit",
    "64KiB",
    "--on-success",
    "echo 'ok'",
    "--on-failure",
    "a\nb",
    "--on-finish",
    "c",
    "--cwd",
    "/tmp",
    "--env",
    "A=1",
    "--env",
    "B=it's \"two\"",
    "--env-file",
    "vars",
    "--shell",
    "/bin/bash",
    "--umask",
    "027",
    "--nice",
    "5",
    "--stdin",
    "input",
    "--mail-to",
    "root",
    "--mail-on",
    "always",
    "--paused",
    "--",
    "printf",
    "%s\\n",
    "it's",
    "",
    "a\tb",
];

fn said(out: &str) -> Answer {
    Answer {
        err: NO_RUNNER.to_owned(),
        ..Answer::said(out)
    }
}

#[test]
fn the_plan_is_shown_and_done_once() {
    let sandbox = Sandbox::new();
    sandbox.write("jobs.toml", JOBS);
    let plan = "~ queue reports\n    slots: none -> 2\n\
                + report  after backup\n+ backup  0 3 * * *\n";
    let answer = sandbox.punctual(["apply", "jobs.toml", "--dry-run"]);
    let summary = "2 added, 1 changed, 0 removed, 0 unchanged\n";
    assert_eq!(
        answer,
        Answer::said(&format!("{plan}dry run, nothing was changed: {summary}"))
    );
    assert!(!sandbox.database().exists());
    assert_eq!(
        sandbox.punctual(["apply", "jobs.toml"]),
        said(&format!("{plan}{summary}"))
    );
    let report = sandbox.json(["show", "report"]);
    assert_eq!(report["cwd"], json!(sandbox.work()));
    assert_eq!(report["retries"], 1);
    assert_eq!(report["path"], Value::Null);
    assert_eq!(
        sandbox.punctual(["apply", "jobs.toml"]),
        said("0 added, 0 changed, 0 removed, 2 unchanged\n")
    );
    assert_eq!(
        sandbox.punctual(["-q", "apply", "jobs.toml"]),
        Answer::said("")
    );
}

#[test]
fn changes_are_named_field_by_field() {
    let sandbox = Sandbox::new();
    sandbox.write("jobs.toml", JOBS);
    sandbox.ok(["apply", "jobs.toml"]);
    let changed = JOBS
        .replace("0 3", "0 4")
        .replace("\"secret\"", "\"other\", NEW = \"x\"")
        .replace("[\"echo\", \"a b\"]", "\"echo a b\"")
        .replace("slots = 2", "slots = \"none\"")
        + "timeout = \"90m\"\n[job.new]\nwhen = \"never\"\ncommand = \"x\"\n";
    sandbox.write("jobs.toml", &changed);
    let plan = "~ queue reports\n    slots: 2 -> none\n\
                + new  never\n\
                ~ report\n    command: [\"echo\",\"a b\"] -> echo a b\n\
                ~ backup\n    when: 0 3 * * * -> 0 4 * * *\n    env.PASSWORD: *** -> ***\n    \
                env.NEW: default -> ***\n    timeout: default -> 1h30m\n";
    assert_eq!(
        sandbox.ok(["apply", "jobs.toml", "--dry-run"]),
        format!("{plan}dry run, nothing was changed: 1 added, 3 changed, 0 removed, 0 unchanged\n")
    );
    assert_eq!(sandbox.json(["show", "backup"])["when"], "0 3 * * *");
    let document = sandbox.json(["apply", "jobs.toml"]);
    assert_eq!(document["dry_run"], false);
    assert_eq!(
        document["added"],
        json!([{"name": "new", "when": "never", "line": 19}])
    );
    assert_eq!(document["changed"][0]["name"], "report");
    assert_eq!(sandbox.json(["show", "backup"])["when"], "0 4 * * *");
}

#[test]
fn jobs_that_are_gone_stay_unless_they_are_pruned() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "mine", "true"]);
    let one = "[job.a]\nwhen = \"never\"\ncommand = \"x\"\n";
    let two = "[job.b]\nwhen = \"never\"\ncommand = \"x\"\n";
    sandbox.write("jobs.toml", format!("{one}{two}"));
    sandbox.ok(["apply", "jobs.toml"]);
    sandbox.write("jobs.toml", one);
    let answer = sandbox.punctual(["apply", "jobs.toml"]);
    assert_eq!(answer.out, "0 added, 0 changed, 0 removed, 1 unchanged\n");
    assert_eq!(
        answer.err,
        format!("gone from the file, and still here: b; --prune removes such jobs\n{NO_RUNNER}")
    );
    assert_eq!(names(&sandbox), ["mine", "a", "b"]);
    assert_eq!(
        sandbox.ok(["apply", "jobs.toml", "--prune"]),
        "- b\n0 added, 0 changed, 1 removed, 1 unchanged\n"
    );
    assert_eq!(names(&sandbox), ["mine", "a"]);
}

#[test]
fn a_job_that_others_wait_for_is_not_pruned() {
    let sandbox = Sandbox::new();
    sandbox.write("jobs.toml", "[job.a]\nwhen = \"never\"\ncommand = \"x\"\n");
    sandbox.ok(["apply", "jobs.toml"]);
    sandbox.ok(["add", "after a", "--name", "mine", "true"]);
    sandbox.write("jobs.toml", "");
    assert_eq!(
        sandbox.punctual(["apply", "--prune", "jobs.toml"]),
        Answer::refused(
            4,
            "punctual: a is gone from the file, and job mine waits for it\n\
             hint: remove or edit mine first\n"
        )
    );
    assert_eq!(names(&sandbox), ["a", "mine"]);
}

#[test]
fn a_name_from_elsewhere_is_a_conflict() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "backup", "true"]);
    let path = sandbox.write("jobs.toml", JOBS);
    assert_eq!(
        sandbox.punctual(["apply", "jobs.toml"]),
        Answer::refused(
            4,
            &format!(
                "punctual: {}:13: there is a job named backup already, and it is not from this \
                 file\nhint: choose another name, or take that job away first with: punctual \
                 remove backup\n",
                path.display()
            )
        )
    );
    assert_eq!(names(&sandbox), ["backup"]);
    assert_eq!(sandbox.json(["queue", "list"])[1], Value::Null);
}

#[test]
fn an_error_has_its_line_its_column_and_what_was_meant() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("jobs.toml", JOBS.replace("tz =", "timezone ="));
    let shown = path.display();
    let answer = sandbox.punctual(["apply", "jobs.toml"]);
    assert_eq!(answer.code, 2);
    assert!(
        answer.err.starts_with(&format!(
            "punctual: {shown}:15:1: there is no key \"timezone\"\n  timezone = \"UTC\"\n  ^\n"
        )),
        "{answer:?}"
    );
    sandbox.write("jobs.toml", JOBS.replace("backup\"\nc", "bakup\"\nc"));
    let answer = sandbox.punctual(["apply", "jobs.toml"]);
    assert_eq!(answer.code, 3);
    assert!(
        answer.err.starts_with(&format!(
            "punctual: {shown}:8: no such job: bakup\nhint: did you mean backup?\n"
        )),
        "{answer:?}"
    );
    assert_eq!(names(&sandbox), [""; 0]);
    assert_eq!(sandbox.punctual(["apply", "nowhere.toml"]).code, 2);
    sandbox.write("jobs.toml", JOBS.replace("0 3 * * *", "2001-01-01"));
    let answer = sandbox.punctual(["apply", "jobs.toml"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains(":13: "), "{answer:?}");
}

#[test]
fn unchanged_jobs_keep_their_grid_and_their_pause() {
    let sandbox = Sandbox::new();
    let jobs = "[job.a]\nwhen = \"every 1h\"\ncommand = \"x\"\n[job.b]\nwhen = \"never\"\ncommand = \"x\"\npaused = true\n";
    sandbox.write("jobs.toml", jobs);
    sandbox.ok(["apply", "jobs.toml"]);
    let next = sandbox.json(["show", "a"])["next"].clone();
    assert_eq!(sandbox.json(["show", "b"])["state"], "paused");
    sandbox.ok(["pause", "a"]);
    sandbox.ok(["resume", "b"]);
    sandbox.write("jobs.toml", format!("{jobs}# a remark\n[defaults]\n"));
    sandbox.ok(["apply", "jobs.toml"]);
    assert_eq!(sandbox.json(["show", "a"])["state"], "paused");
    assert_eq!(sandbox.json(["show", "b"])["state"], "active");
    sandbox.ok(["resume", "a"]);
    assert_eq!(sandbox.json(["show", "a"])["next"], next);
}

#[test]
fn a_runner_follows_a_toml_file() {
    let sandbox = Sandbox::new();
    let job = |name: &str, when: &str| {
        format!("[job.{name}]\nwhen = \"{when}\"\ncommand = \"echo {name} >> out\"\n")
    };
    sandbox.write("jobs.toml", job("a", "@start") + &job("b", "after a"));
    let runner = sandbox.runner(["--file", "jobs.toml"]);
    sandbox.until_lines("out", 2);
    assert_eq!(sandbox.lines("out"), ["a", "b"]);
    sandbox.write("jobs.toml", job("c", "never"));
    until(PATIENCE, "only c is there", || names(&sandbox) == ["c"]);
    sandbox.write("jobs.toml", "[job.c]\nwen = 1\n");
    until(PATIENCE, "it complains", || {
        runner.log().contains("stay as they were")
    });
    assert_eq!(names(&sandbox), ["c"]);
}

#[test]
fn what_is_exported_is_applied_elsewhere_and_exported_again() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "line 1\n\"line\" 2\n");
    sandbox.ok(["queue", "set", "reports", "--slots", "2"]);
    sandbox.ok(FULL);
    sandbox.ok([
        "add",
        "never",
        "--name",
        "plain",
        "echo \"a\" 'b' \\n # ünïcödé",
    ]);
    sandbox.ok([
        "add",
        "after 1,plain",
        "--name",
        "behind",
        "--env-clean",
        "true",
    ]);
    sandbox.ok(["add", "now", "--name", "waiting", "true"]);
    for format in ["toml", "json"] {
        let answer = sandbox.punctual(["export", "--format", format]);
        assert_eq!(
            answer.err,
            "warning: the values of these variables are in it: A, B\n"
        );
        let other = Sandbox::new();
        let file = format!("jobs.{format}");
        other.write(&file, &answer.out);
        other.ok(["apply", &file]);
        let again = other.punctual(["export", "--format", format]);
        assert_eq!(again.out, answer.out);
        for name in ["full", "plain", "waiting"] {
            let of = |sandbox: &Sandbox| {
                let mut job = sandbox.json(["show", name]);
                for key in ["id", "next", "last", "runs", "waiting_for"] {
                    job[key] = Value::Null;
                }
                job
            };
            assert_eq!(of(&sandbox), of(&other), "{format}");
        }
        assert_eq!(other.json(["show", "behind"])["when"], "after full,plain");
    }
}

#[test]
fn an_export_leaves_finished_jobs_out_and_warns_of_moments() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.punctual(["export"]), Answer::said(""));
    sandbox.ok(["add", "now", "true"]);
    sandbox.drain(["-j1"]);
    sandbox.ok(["add", "in 10m", "--name", "tea", "true"]);
    sandbox.ok(["add", "2099-01-01", "--name", "far", "true"]);
    let answer = sandbox.punctual(["export"]);
    assert_eq!(
        answer.err,
        "1 finished job is left out\n\
         warning: tea is due once, \"in 10m\": that is counted anew when the file is applied\n"
    );
    assert!(!answer.out.contains("[job.true]"), "{answer:?}");
    assert_eq!(sandbox.punctual(["-q", "export"]).err, "");
}

#[test]
fn schedules_that_are_seldom_meant_are_warned_of() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(
        "jobs.toml",
        "\n[job.a]\nwhen = \"*/35 * * * *\"\ncommand = \"x\"\n",
    );
    let warning = "*/35 in minute is uneven: after 35 comes 0\n";
    assert_eq!(
        sandbox.punctual(["apply", "jobs.toml"]).err,
        format!("warning: {}:2: {warning}{NO_RUNNER}", path.display())
    );
    let add = ["add", "*/35 * * * *", "true"];
    assert_eq!(
        sandbox.punctual(add).err,
        format!("warning: {warning}{NO_RUNNER}")
    );
    let edit = ["edit", "true", "--when", "*/36 * * * *"];
    assert_eq!(
        sandbox.punctual(edit).err,
        "warning: */36 in minute is uneven: after 36 comes 0\n"
    );
    let quiet = ["-q", "edit", "true", "--when", "*/37 * * * *"];
    assert_eq!(sandbox.punctual(quiet).err, "");
}
