//! `run --file`: the jobs of a crontab, and only those, come from it.

use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{PATIENCE, Sandbox, until};

/// Name and id of each living job.
fn jobs(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.json(["list", "--all"]);
    let jobs = list.as_array().into_iter().flatten();
    jobs.map(|job| format!("{} {}", job["id"], job["command"].as_str().unwrap_or("?")))
        .collect()
}

#[track_caller]
fn apply(sandbox: &Sandbox) -> String {
    let log = sandbox.drain(["--file", "crontab"]);
    let summary = log
        .lines()
        .find(|line| line.contains(" unchanged"))
        .unwrap_or(&log);
    summary
        .rsplit_once(": ")
        .map_or(summary, |(_, counts)| counts)
        .to_owned()
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "crontab",
        "# jobs\nA=1\n0 3 * * * one\n@daily two\n*/5 * * * * three\n",
    );
    assert_eq!(
        apply(&sandbox),
        "3 added, 0 changed, 0 removed, 0 unchanged"
    );
    let before = jobs(&sandbox);
    assert_eq!(before, ["1 one", "2 two", "3 three"]);
    assert_eq!(
        apply(&sandbox),
        "0 added, 0 changed, 0 removed, 3 unchanged"
    );
    assert_eq!(jobs(&sandbox), before);
}

#[test]
fn a_line_that_is_gone_takes_its_job_along_and_no_other() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "mine", "mine"]);
    sandbox.write("crontab", "0 3 * * * one\n0 3 * * * two\n");
    apply(&sandbox);
    sandbox.write("crontab", "0 3 * * * two\n");
    assert_eq!(
        apply(&sandbox),
        "0 added, 0 changed, 1 removed, 1 unchanged"
    );
    assert_eq!(jobs(&sandbox), ["1 mine", "3 two"]);
}

#[test]
fn a_line_with_another_time_is_the_same_job() {
    let sandbox = Sandbox::new();
    sandbox.write("crontab", "0 3 * * * one\n");
    apply(&sandbox);
    sandbox.write("crontab", "0 4 * * * one\n");
    assert_eq!(
        apply(&sandbox),
        "0 added, 1 changed, 0 removed, 0 unchanged"
    );
    assert_eq!(jobs(&sandbox), ["1 one"]);
    assert_eq!(sandbox.json(["show", "1"])["when"], "0 4 * * *");
}

#[test]
fn jobs_of_a_file_run_with_its_settings() {
    let sandbox = Sandbox::new();
    let work = sandbox.work();
    sandbox.write(
        "crontab",
        format!(
            "GREETING=\"hello  you\"\nHOME={}\n@start echo $GREETING; pwd; cat%line 1%line 2\n@start echo 'a\\%b'\n",
            work.display()
        ),
    );
    sandbox.drain(["--file", "crontab", "-j1"]);
    assert_eq!(
        sandbox.ok(["logs", "1"]),
        format!("hello you\n{}\nline 1\nline 2\n", work.display())
    );
    assert_eq!(sandbox.ok(["logs", "2"]), "a%b\n");
}

#[test]
fn a_bad_file_stops_the_first_start_and_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("crontab", "0 3 * * * good\n0 61 * * * bad\n");
    let answer = sandbox.punctual(["run", "--file", "crontab", "--until-idle"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.err.contains("crontab:2:3"), "{answer:?}");
    assert!(
        answer.err.contains("\n  0 61 * * * bad\n    ^\n"),
        "{answer:?}"
    );
    assert_eq!(jobs(&sandbox), [""; 0]);
    let answer = sandbox.punctual(["run", "--file", "missing", "--until-idle"]);
    assert_eq!(answer.code, 2, "{answer:?}");
}

#[test]
fn a_file_that_changes_is_read_again() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("crontab", "0 3 * * * one\n");
    let runner = sandbox.runner(["--file", "crontab"]);
    let has = |wanted: &[&str]| {
        until(PATIENCE, &format!("the jobs are {wanted:?}"), || {
            jobs(&sandbox) == wanted
        });
    };
    has(&["1 one"]);
    sandbox.write("crontab", "0 3 * * * one\n0 3 * * * two\n");
    has(&["1 one", "2 two"]);
    // As an editor or a config map does it: another file under the same name.
    sandbox.write("new", "0 3 * * * two\n");
    std::fs::rename(sandbox.path("new"), &path).unwrap();
    has(&["2 two"]);
    // A bad file leaves everything as it was.
    sandbox.write("crontab", "nonsense\n");
    until(PATIENCE, "it complains", || {
        runner.log().contains("stay as they were")
    });
    has(&["2 two"]);
    assert!(runner.lives());
    // Whoever looks is told, until it is mended.
    let problem = format!(
        "{}:1:1: this is neither a setting nor a job",
        path.display()
    );
    until(PATIENCE, "status says it", || {
        sandbox.json(["status"])["file_problem"] == problem.as_str()
    });
    assert!(sandbox.ok(["status"]).contains(&problem));
    let check = sandbox.punctual(["check"]);
    assert_eq!(check.code, 1);
    assert!(
        check.out.contains(&format!("file: {problem}\n")),
        "{check:?}"
    );
    sandbox.write("crontab", "0 3 * * * three\n");
    has(&["3 three"]);
    assert_eq!(sandbox.json(["status"])["file_problem"], Value::Null);
    assert_eq!(sandbox.ok(["check"]), "all is well\n");
    runner.signal(Signal::HUP);
    until(PATIENCE, "it has read it again", || {
        runner.log().matches(" unchanged").count() >= 4
    });
    assert!(runner.lives());
    has(&["3 three"]);
}

#[test]
fn a_link_that_is_swapped_above_the_file_is_a_change() {
    let sandbox = Sandbox::new();
    for (version, job) in [("v1", "one"), ("v2", "two")] {
        std::fs::create_dir(sandbox.path(version)).unwrap();
        sandbox.write(&format!("{version}/crontab"), format!("0 3 * * * {job}\n"));
    }
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, sandbox.path("new")).unwrap();
        std::fs::rename(sandbox.path("new"), sandbox.path(name)).unwrap();
    };
    // As Kubernetes lays out a config map: crontab -> ..data/crontab, ..data -> v1.
    link("v1", "..data");
    link("..data/crontab", "crontab");
    sandbox.write("gate", "");
    let slow = "while [ -e gate ]; do sleep 0.01; done; echo undisturbed";
    let runner = sandbox.runner(["--file", "crontab"]);
    sandbox.ok(["add", "now", "--name", "slow", slow]);
    sandbox.until_state("slow", "running");
    link("v2", "..data");
    until(PATIENCE, "the new version is there", || {
        jobs(&sandbox).iter().any(|job| job.ends_with(" two"))
    });
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_state("slow", "succeeded");
    assert_eq!(sandbox.ok(["logs", "slow"]), "undisturbed\n");
    assert_eq!(runner.stop(), 0);
}

#[test]
fn a_run_of_a_job_that_is_gone_from_the_file_may_finish() {
    let sandbox = Sandbox::new();
    sandbox.write("gate", "");
    let work = sandbox.work();
    sandbox.write(
        "crontab",
        format!(
            "HOME={}\n@start echo up >> up; while [ -e gate ]; do sleep 0.01; done; echo end >> done\n",
            work.display()
        ),
    );
    let _runner = sandbox.runner(["--file", "crontab"]);
    sandbox.until_lines("up", 1);
    sandbox.write("crontab", "# nothing\n");
    until(PATIENCE, "the job is gone", || jobs(&sandbox).is_empty());
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("done", 1);
    sandbox.until_state("1.1", "succeeded");
}
