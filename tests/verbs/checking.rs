//! `check` finds what is wrong and says it so that it can be mended; `backup` makes a copy that
//! can take the original's place.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use serde_json::Value;

use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Sandbox, until};

/// A minute may begin between two looks.
fn timeless(text: &str) -> String {
    text.split(|c: char| c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect()
}

/// What is wrong, as `check` has it: `what`, message and hint of each problem.
#[track_caller]
fn problems(sandbox: &Sandbox, words: &[&str]) -> Vec<[String; 3]> {
    let mut command = sandbox.command(["--json", "check"]);
    let answer = Answer::of(command.args(words));
    let document = answer.document();
    let found: Vec<[String; 3]> = document["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            ["what", "message", "hint"].map(|key| problem[key].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(answer.code, i32::from(!found.is_empty()), "{answer:?}");
    assert_eq!(document["ok"], found.is_empty(), "{answer:?}");
    for [what, message, hint] in &found {
        assert!(!hint.is_empty(), "{what}: {message}");
    }
    // In words it is the same.
    let words = [&["check"], words].concat();
    let told = sandbox.punctual(words);
    assert_eq!(told.code, answer.code, "{told:?}");
    let out = timeless(&told.out);
    for [what, message, hint] in &found {
        let line = timeless(&format!("{what}: {message}"));
        assert!(out.contains(&line), "{told:?}");
        assert!(told.out.contains(&format!("hint: {hint}")), "{told:?}");
    }
    found
}

#[track_caller]
fn assert_one(found: &[[String; 3]], what: &str, said: &str) {
    let [[kind, message, _]] = found else {
        panic!("not one problem: {found:?}");
    };
    assert_eq!(kind, what, "{found:?}");
    assert!(message.contains(said), "{found:?}");
}

#[test]
fn check_finds_that_there_is_nothing_and_nobody() {
    let sandbox = Sandbox::new();
    assert_one(
        &problems(&sandbox, &[]),
        "database",
        "there is no database at",
    );
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    assert_one(&problems(&sandbox, &[]), "runner", "no runner is alive");
    assert_one(
        &problems(&sandbox, &["--live"]),
        "runner",
        "no runner is alive",
    );
    let runner = sandbox.runner([""; 0]);
    assert_eq!(problems(&sandbox, &[]), [[""; 3]; 0]);
    runner.kill();
    assert_one(
        &problems(&sandbox, &["--live"]),
        "runner",
        "no runner is alive",
    );
}

#[test]
fn check_finds_who_else_could_write() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let directory = sandbox.database().parent().unwrap().to_owned();
    for (path, mode, good) in [
        (sandbox.database(), 0o666, 0o600),
        (directory, 0o777, 0o700),
        (sandbox.data(), 0o777, 0o755),
    ] {
        let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        set(mode);
        for words in [&[][..], &["--live"]] {
            let found = problems(&sandbox, words);
            assert_one(
                &found,
                "database",
                &format!("can be written by others (mode {mode:04o})"),
            );
            assert!(found[0][2].contains("chmod"), "{found:?}");
        }
        set(good);
    }
    assert_one(&problems(&sandbox, &[]), "runner", "no runner is alive");
}

#[test]
fn check_finds_damage_that_no_other_verb_comes_across() {
    let sandbox = Sandbox::new();
    for number in 0..40 {
        let key = format!("key-{number:03}");
        let words = ["add", "never", "--name", &key, "--unique", &key, "true"];
        sandbox.ok(words);
    }
    sandbox.checkpoint();
    let _runner = sandbox.runner([""; 0]);
    assert_eq!(problems(&sandbox, &[]), [[""; 3]; 0]);
    // A letter in the index of the keys, which listings do not read.
    let bytes = fs::read(sandbox.database()).unwrap();
    let root = sandbox.count("SELECT rootpage FROM sqlite_schema WHERE name = 'job_unique'");
    let page = 4096 * (root as usize - 1);
    let within = bytes[page..page + 4096]
        .windows(7)
        .position(|window| window == b"key-007")
        .unwrap();
    let file = fs::File::options()
        .write(true)
        .open(sandbox.database())
        .unwrap();
    file.write_all_at(b"X", (page + within) as u64).unwrap();
    sandbox.ok(["list"]);
    let found = problems(&sandbox, &[]);
    assert!(
        found
            .iter()
            .any(|[what, _, hint]| what == "damage" && hint.contains("backup")),
        "{found:?}"
    );
    // The quick look of a probe does not read the whole file.
    assert_eq!(problems(&sandbox, &["--live"]), [[""; 3]; 0]);
}

#[test]
fn check_finds_what_is_late_and_what_was_lost() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "@hourly", "--name", "hourly", "true"]);
    sandbox.ok(["add", "now", "--name", "poor", "echo up >> up; sleep 60"]);
    let runner = sandbox.runner([""; 0]);
    sandbox.until_lines("up", 1);
    sandbox.until_state("poor", "running");
    sandbox.power_cut(runner);
    sandbox.sql("UPDATE boot SET uuid = 'before'");
    let runner = sandbox.runner([""; 0]);
    sandbox.until_state("poor", "failed(lost)");
    let found = problems(&sandbox, &[]);
    assert_one(&found, "lost", "poor.1 was lost");
    assert!(found[0][2].contains("punctual retry poor.1"), "{found:?}");
    assert_eq!(runner.stop(), 0);
    // Nobody serves it for two hours.
    sandbox.sql("UPDATE job SET next_due = next_due - 2 * 3600 * 1000000 WHERE name = 'hourly'");
    let found = problems(&sandbox, &[]);
    let kinds: Vec<&str> = found.iter().map(|[what, ..]| what.as_str()).collect();
    assert_eq!(kinds, ["runner", "late", "lost"], "{found:?}");
    assert!(found[1][1].starts_with("hourly was due "), "{found:?}");
}

#[test]
fn check_within_asks_for_a_recent_success_of_each() {
    let sandbox = Sandbox::new();
    for (name, command) in [("good", "true"), ("bad", "exit 1")] {
        sandbox.ok(["add", "now", "--name", name, command]);
    }
    sandbox.ok(["add", "never", "--name", "idle", "true"]);
    sandbox.drain([""; 0]);
    assert_eq!(
        problems(&sandbox, &["good", "--within", "1h"]),
        [[""; 3]; 0]
    );
    let found = problems(&sandbox, &["good", "bad", "idle", "--within", "1h"]);
    let said: Vec<&str> = found
        .iter()
        .map(|[_, message, _]| message.as_str())
        .collect();
    assert_eq!(
        said,
        ["bad has never succeeded", "idle has never succeeded"]
    );
    sandbox.sql("UPDATE run SET finished = finished - 7200 * 1000000");
    assert_one(
        &problems(&sandbox, &["good", "--within", "1h"]),
        "job",
        "good succeeded last 2h ago, not within 1h",
    );
    assert_eq!(
        sandbox.punctual(["check", "nobody", "--within", "1h"]).code,
        3
    );
}

/// The copy stands for one moment, and takes the original's place.
#[test]
fn a_backup_under_load_takes_the_place_of_the_original() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j4"]);
    sandbox.ok(["add", "every 1s", "--name", "tick", "true"]);
    let mut accepted = Vec::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    for number in 0..25 {
                        let name = format!("job-{writer}-{number}");
                        let line = format!("echo {name} >> ran");
                        sandbox.ok(["-q", "add", "now", "--name", &name, &line]);
                    }
                })
            })
            .collect();
        for number in 0..5 {
            // What was accepted before the backup began is in it.
            let before = sandbox.json(["list", "--all"]);
            sandbox.ok(["backup", &format!("copy-{number}.db")]);
            accepted.push(before.as_array().unwrap().len());
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
    until(PATIENCE, "all have run", || {
        sandbox.lines("ran").len() == 75
    });
    sandbox.until_idle();
    assert_eq!(runner.stop(), 0);
    let ran = sandbox.lines("ran").len();
    for (number, accepted) in accepted.into_iter().enumerate() {
        let copy = sandbox.path(format!("copy-{number}.db"));
        let punctual = |words: &[&str]| {
            let mut command = sandbox.program(PUNCTUAL);
            Answer::of(command.arg("--db").arg(&copy).args(words))
        };
        let listed = punctual(&["--json", "list", "--all"]).document();
        let listed = listed.as_array().unwrap();
        assert!(listed.len() >= accepted, "{} of {accepted}", listed.len());
        let checked = punctual(&["--json", "check"]).document();
        let only: Vec<&Value> = checked["problems"].as_array().unwrap().iter().collect();
        assert!(
            only.iter().all(|problem| problem["what"] == "runner"),
            "{only:?}"
        );
    }
    // The original is gone; the last copy takes its place and does what it still has to do.
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let _ = fs::remove_file(
            sandbox
                .database()
                .with_file_name(format!("punctual.db{suffix}")),
        );
    }
    fs::rename(sandbox.path("copy-4.db"), sandbox.database()).unwrap();
    // What was being run when it was copied is lost in the copy, and has no retries.
    let waiting = sandbox.count(
        "SELECT count(*) FROM run JOIN job ON job.id = run.job
         WHERE run.state < 10 AND job.name != 'tick'
         AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.run = run.id)",
    ) as usize;
    sandbox.ok(["add", "now", "--name", "later", "true"]);
    sandbox.ok(["remove", "tick"]);
    sandbox.drain(["-j4"]);
    assert_eq!(sandbox.state("later"), "succeeded");
    for job in sandbox.json(["list", "--all"]).as_array().unwrap() {
        assert_ne!(job["last"]["state"], "queued", "{job}");
    }
    assert!(sandbox.lines("ran").len() >= ran + waiting);
    sandbox.check_integrity();
}
