//! Names, made and given, and what happens when one is taken.

use serde_json::Value;

use crate::NO_RUNNER;
use crate::sandbox::{Answer, Sandbox};

#[test]
fn a_name_is_made_from_the_command() {
    let sandbox = Sandbox::new();
    let named = |words: &[&str]| {
        let add = ["-q", "add", "now"];
        sandbox.ok([&add[..], words].concat()).trim().to_owned()
    };
    assert_eq!(named(&["backup.sh"]), "backup-sh");
    assert_eq!(named(&["bash", "backup.sh"]), "backup-sh-2");
    assert_eq!(named(&["/opt/x/report --all"]), "report");
    assert_eq!(named(&["python3", "-u", "import.py"]), "import-py");
    assert_eq!(named(&["FOO=1 make all"]), "make");
    assert_eq!(named(&["make", "all"]), "make-2");
    assert_eq!(named(&["--", "at", "noon"]), "at-1");
}

#[test]
fn a_name_that_could_be_something_else_is_refused() {
    let sandbox = Sandbox::new();
    let too_long = "n".repeat(65);
    let bad = [
        "1x", "12", "a.b", "-rf", "../x", "/etc", ".", "", "a b", "a\nb", "ä", &too_long,
    ];
    for name in bad {
        let answer = sandbox.punctual(["add", "now", &format!("--name={name}"), "true"]);
        assert_eq!(answer.code, 2, "{name}: {answer:?}");
        assert!(answer.err.contains("is not a name"), "{answer:?}");
    }
    for word in [
        "every", "in", "at", "now", "after", "tomorrow", "monday", "never",
    ] {
        assert_eq!(
            sandbox.punctual(["add", "now", "--name", word, "true"]),
            Answer::refused(
                2,
                &format!(
                    "punctual: {word} cannot be a name: it is the first word of a WHEN\n\
                     hint: choose another, such as {word}-job\n"
                )
            )
        );
    }
}

#[test]
fn a_taken_name_is_a_conflict() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    assert_eq!(
        sandbox.punctual(["add", "now", "--name", "x", "false"]),
        Answer::refused(
            4,
            "punctual: there is a job named x already\n\
             hint: choose another --name, or --if-exists keep or replace; see it with: punctual show x\n"
        )
    );
    assert_eq!(
        sandbox.punctual(["add", "now", "--name", "x", "--if-exists", "keep", "false"]),
        Answer {
            err: NO_RUNNER.to_owned(),
            ..Answer::said("x: kept as it was\n")
        }
    );
    assert_eq!(sandbox.json(["show", "x"])["command"], "true");
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--if-exists",
        "replace",
        "false",
    ]);
    let job = sandbox.json(["show", "x"]);
    assert_eq!((&job["command"], &job["id"]), (&"false".into(), &1.into()));
}

#[test]
fn a_setup_script_that_runs_twice_doubles_no_job() {
    let sandbox = Sandbox::new();
    let add = ["add", "@daily", "backup.sh"];
    sandbox.ok(add);
    assert_eq!(
        sandbox.punctual(add),
        Answer::refused(
            4,
            "punctual: job backup-sh has the same schedule, command and directory\n\
             hint: give this one a --name if you want both\n"
        )
    );
    sandbox.ok(["add", "@daily", "--name", "second", "backup.sh"]);
    sandbox.ok(["add", "@daily", "--cwd", "/", "backup.sh"]);
    sandbox.ok(["add", "@weekly", "backup.sh"]);
    assert_eq!(sandbox.json(["list"]).as_array().map(Vec::len), Some(4));
}

#[test]
fn a_unique_key_is_free_again_when_its_job_is_done() {
    let sandbox = Sandbox::new();
    let add = ["-q", "add", "now", "--unique", "nightly", "true"];
    sandbox.ok(add);
    assert_eq!(
        sandbox.punctual(add),
        Answer::refused(
            4,
            "punctual: job true has the key \"nightly\" and is not done\n\
             hint: wait for it with: punctual wait true\n"
        )
    );
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.punctual(add), Answer::said("true-2\n"));
}

#[test]
fn a_slip_of_the_finger_is_answered_with_the_name() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "@daily", "--name", "backup", "true"]);
    assert_eq!(
        sandbox.punctual(["show", "bakup"]),
        Answer::refused(
            3,
            "punctual: no such job: bakup\nhint: did you mean backup?\n"
        )
    );
}

#[test]
fn a_job_goes_by_its_name_or_its_id() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    sandbox.drain([""; 0]);
    let by_name = sandbox.json(["show", "x"]);
    assert_eq!(sandbox.json(["show", "1"]), by_name);
    let run = sandbox.json(["show", "x.1"]);
    assert_eq!(sandbox.json(["show", "1.1"]), run);
    assert_ne!(run, Value::Null);
}

#[test]
fn ids_and_run_numbers_are_never_used_again() {
    let sandbox = Sandbox::new();
    let add = ["add", "now", "--name", "x", "true"];
    sandbox.ok(add);
    sandbox.drain([""; 0]);
    sandbox.ok(["remove", "x"]);
    let again = sandbox.json(add);
    assert_eq!(again["id"], 2);
    assert_eq!(again["last"]["run"], "x.2");
    assert_eq!(sandbox.state("x.1"), "succeeded");
}
