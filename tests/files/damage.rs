//! Damaged files: an error or a right answer, never a panic, never a loop. `PUNCTUAL_FLIPS=10000`
//! damages so many.

use std::fs;
use std::path::PathBuf;

use crate::chance::{Chance, setting};
use crate::sandbox::{Answer, Sandbox};

fn beside(sandbox: &Sandbox, suffix: &str) -> PathBuf {
    let mut name = sandbox.database().into_os_string();
    name.push(suffix);
    name.into()
}

/// Three jobs with a history, all of it in the main file.
fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "good", "echo hi"]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "bad",
        "--retries",
        "1",
        "--backoff",
        "1ms",
        "exit 3",
    ]);
    sandbox.ok(["add", "0 3 * * *", "--name", "nightly", "true"]);
    sandbox.drain([""; 0]);
    sandbox.checkpoint();
    sandbox
}

#[track_caller]
fn assert_survived(answer: &Answer, what: &str) {
    assert!(!answer.err.contains("panicked"), "{what}: {answer:?}");
    let codes = if what.contains("check") {
        [0, 1, 4, 5]
    } else {
        [0, 3, 4, 5]
    };
    assert!(codes.contains(&answer.code), "{what}: {answer:?}");
    if answer.code == 5 {
        // A runner may have begun to speak before it came across the damage.
        let mut lines = answer.err.lines();
        assert!(
            lines.any(|line| line.starts_with("punctual: ")),
            "{what}: {answer:?}"
        );
    }
}

#[test]
fn flipped_bits_are_an_error_or_change_no_answer() {
    let sandbox = filled();
    let whole = fs::read(sandbox.database()).unwrap();
    let mut chance = Chance::new(5);
    let mut random = |bound: usize| chance.below(bound as u64) as usize;
    let verbs: [&[&str]; 8] = [
        &["list", "--all"],
        &["show", "bad"],
        &["history"],
        &["logs", "good"],
        &["check"],
        &["export"],
        &["add", "now", "true"],
        &["run", "--until-idle"],
    ];
    for round in 0..setting("PUNCTUAL_FLIPS", 120) as usize {
        let mut damaged = whole.clone();
        // Half of the blows fall on the first pages, where the schema is.
        let reach = if (round / verbs.len()).is_multiple_of(2) {
            8192
        } else {
            damaged.len()
        };
        for _ in 0..=random(16) {
            damaged[random(reach)] ^= 1 << random(8);
        }
        for neighbour in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(beside(&sandbox, neighbour));
        }
        fs::write(sandbox.database(), damaged).unwrap();
        let words = verbs[round % verbs.len()];
        // A limit of time, for a loop would be a failure too.
        let mut command = sandbox.program("timeout");
        command
            .arg("20")
            .arg(crate::sandbox::PUNCTUAL)
            .arg("--db")
            .arg(sandbox.database());
        assert_survived(
            &Answer::of(command.args(words)),
            &format!("round {round} {words:?}"),
        );
    }
}

#[test]
fn without_its_shared_memory_a_database_is_whole() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    fs::remove_file(beside(&sandbox, "-shm")).unwrap();
    assert_eq!(sandbox.json(["list"])[0]["name"], "x");
    sandbox.ok(["add", "never", "--name", "y", "true"]);
    sandbox.check_integrity();
}

/// SQLite believes a whole log that somebody put there (see FAULTS, A15), but the file stays sound; garbage it
/// does not believe.
#[test]
fn a_log_of_somebody_else_leaves_a_whole_file() {
    let sandbox = filled();
    let other = Sandbox::new();
    other.ok(["add", "never", "--name", "intruder", "true"]);
    fs::copy(beside(&other, "-wal"), beside(&sandbox, "-wal")).unwrap();
    let _ = fs::remove_file(beside(&sandbox, "-shm"));
    let answer = sandbox.punctual(["list", "--all"]);
    assert_survived(&answer, "list");
    sandbox.ok(["add", "never", "--name", "y", "true"]);
    sandbox.check_integrity();

    fs::write(beside(&sandbox, "-wal"), b"garbage".repeat(9000)).unwrap();
    let _ = fs::remove_file(beside(&sandbox, "-shm"));
    assert_survived(&sandbox.punctual(["list", "--all"]), "list");
    sandbox.ok(["add", "never", "--name", "z", "true"]);
    sandbox.check_integrity();
}
