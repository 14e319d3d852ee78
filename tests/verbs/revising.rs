//! `edit` in an editor: the job as a text, on a real terminal, with a script for an editor.
#![expect(
    clippy::unwrap_used,
    reason = "an editor or a terminal that cannot be had fails its test"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use crate::sandbox::terminal::terminal;
use crate::sandbox::{Answer, Sandbox, code_of};

/// Runs `edit WORDS` on a terminal; `typed` is there before it asks. The exit code, and what was seen.
fn edit(sandbox: &Sandbox, editor: &str, words: &[&str], typed: &str) -> (i32, String) {
    let script = sandbox.write("editor", format!("#!/bin/sh\n{editor}\n"));
    let (mut person, program) = terminal();
    person.write_all(typed.as_bytes()).unwrap();
    let mut child = sandbox
        .command(["edit"].iter().chain(words))
        .env("EDITOR", format!("/bin/sh {}", script.display()))
        .env_remove("VISUAL")
        .env("TMPDIR", sandbox.work())
        .stdin(program.try_clone().unwrap())
        .stdout(program.try_clone().unwrap())
        .stderr(Stdio::from(program))
        .spawn()
        .unwrap();
    let code = code_of(child.wait().unwrap());
    drop(child);
    let mut seen = Vec::new();
    // Once nobody holds the other end, its end is an error of the device.
    let _ = person.read_to_end(&mut seen);
    (code, String::from_utf8(seen).unwrap().replace("\r\n", "\n"))
}

fn with_job() -> Sandbox {
    let sandbox = Sandbox::new();
    let words = [
        "add",
        "0 3 * * *",
        "--name",
        "backup",
        "--env",
        "KEY=secret",
    ];
    sandbox.ok(words
        .into_iter()
        .chain(["--timeout", "2h", "restic backup"]));
    sandbox
}

fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let names = fs::read_dir(sandbox.work()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("punctual-")).collect()
}

#[test]
fn a_job_is_changed_as_text_and_masked_values_stay() {
    let sandbox = with_job();
    let editor = "cp \"$1\" seen; sed -i -e 's/2h/3h/' -e 's/job.backup/job.nightly/' \"$1\"";
    let (code, seen) = edit(&sandbox, editor, &["backup"], "");
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("nightly: next "), "{seen}");
    let text = sandbox.read("seen");
    assert!(
        text.contains("[job.backup]") && text.contains("KEY = \"***\""),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(leftovers(&sandbox), [""; 0]);
    let exported = sandbox.ok(["export"]);
    assert!(exported.contains("[job.nightly]"), "{exported}");
    assert!(
        exported.contains("timeout = \"3h\"") && exported.contains("KEY = \"secret\""),
        "{exported}"
    );
}

#[test]
fn a_text_that_was_refused_is_edited_again() {
    let sandbox = with_job();
    let editor = "test -f once && sed -i s/timeuot/timeout/ \"$1\" || sed -i -e s/timeout/timeuot/ -e s/2h/4h/ \"$1\"; : > once";
    let (code, seen) = edit(&sandbox, editor, &["backup"], "y\n");
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("did you mean timeout"), "{seen}");
    assert!(seen.contains("Edit again? [Y/n]"), "{seen}");
    assert!(sandbox.ok(["export"]).contains("timeout = \"4h\""));
}

#[test]
fn a_text_that_was_given_up_is_kept() {
    let sandbox = with_job();
    let before = sandbox.ok(["export"]);
    let (code, seen) = edit(&sandbox, "sed -i 's/0 3/0 99/' \"$1\"", &["backup"], "n\n");
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("your text is kept in "), "{seen}");
    let [kept] = leftovers(&sandbox).try_into().unwrap();
    assert!(sandbox.read(&kept).contains("0 99 * * *"));
    assert_eq!(sandbox.ok(["export"]), before);
}

#[test]
fn nothing_is_changed_without_a_change_or_by_a_failed_editor() {
    let sandbox = with_job();
    let before = sandbox.ok(["export"]);
    let (code, seen) = edit(&sandbox, ":", &["backup"], "");
    assert_eq!(
        (code, seen.contains("nothing was changed")),
        (1, true),
        "{seen}"
    );
    let (code, seen) = edit(&sandbox, "sed -i s/2h/3h/ \"$1\"; exit 7", &["backup"], "");
    assert_eq!(
        (code, seen.contains("failed with exit 7")),
        (1, true),
        "{seen}"
    );
    let (code, seen) = edit(&sandbox, ": > \"$1\"", &["backup"], "");
    assert_eq!(
        (code, seen.contains("nothing was changed")),
        (1, true),
        "{seen}"
    );
    assert_eq!(sandbox.ok(["export"]), before);
    assert_eq!(leftovers(&sandbox), [""; 0]);
}

#[test]
fn several_jobs_change_together_or_not_at_all() {
    let sandbox = with_job();
    sandbox.ok(["add", "@daily", "--name", "report", "./report"]);
    let editor = "sed -i -e 's/@daily/@weekly/' -e 's/0 3/0 4/' \"$1\"";
    let (code, seen) = edit(&sandbox, editor, &["backup", "report"], "");
    assert_eq!(code, 0, "{seen}");
    let exported = sandbox.ok(["export"]);
    assert!(exported.contains("@weekly") && exported.contains("0 4 * * *"));
    let editor = "sed -i -e 's/@weekly/@daily/' -e 's/job.backup/job.report2/' \"$1\"";
    let (code, seen) = edit(&sandbox, editor, &["backup", "report"], "n\n");
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("backup is gone from the text"), "{seen}");
    assert_eq!(sandbox.ok(["export"]), exported);
}

#[test]
fn without_a_terminal_the_options_are_asked_for() {
    let sandbox = with_job();
    assert_eq!(
        sandbox.punctual(["edit", "backup"]),
        Answer::refused(
            1,
            "punctual: nothing to change in backup\nhint: say what: see punctual edit --help\n"
        )
    );
}

/// The second look failed, and what had been typed for the first was gone.
#[test]
fn a_refused_text_is_kept_when_the_next_look_fails() {
    let sandbox = with_job();
    let editor = "test -f once && exit 3; : > once; sed -i 's/0 3/0 99/' \"$1\"";
    let (code, seen) = edit(&sandbox, editor, &["backup"], "y\n");
    assert_eq!(code, 1, "{seen}");
    assert!(seen.contains("failed with exit 3"), "{seen}");
    let [kept] = leftovers(&sandbox).try_into().unwrap();
    assert!(sandbox.read(&kept).contains("0 99 * * *"));
}

#[test]
fn what_is_not_utf8_is_refused_and_not_guessed() {
    let sandbox = with_job();
    let before = sandbox.ok(["export"]);
    let editor = "sed -i 's/restic/r\\xe9stic/' \"$1\"";
    let (code, seen) = edit(&sandbox, editor, &["backup"], "n\n");
    assert_eq!((code, seen.contains("not UTF-8")), (1, true), "{seen}");
    assert_eq!(sandbox.ok(["export"]), before);
}

/// The number was written as a name, which read like another schedule: the waiting run was cancelled.
#[test]
fn a_job_behind_a_number_keeps_its_waiting_run() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "in 1h", "--name", "first", "true"]);
    sandbox.ok([
        "add",
        "after 1",
        "--name",
        "second",
        "--timeout",
        "2h",
        "true",
    ]);
    let (code, seen) = edit(&sandbox, "sed -i s/2h/3h/ \"$1\"", &["second"], "");
    assert_eq!(code, 0, "{seen}");
    assert_eq!(sandbox.state("second"), "blocked");
    assert_eq!(sandbox.count("SELECT count(*) FROM run WHERE job = 2"), 1);
}

#[test]
fn a_job_that_is_named_twice_is_changed_once() {
    let sandbox = with_job();
    sandbox.ok(["edit", "backup", "backup", "--timeout", "5h"]);
    assert!(sandbox.ok(["export"]).contains("timeout = \"5h\""));
}

#[test]
fn a_job_whose_directory_is_taken_out_of_the_text_has_none() {
    let sandbox = with_job();
    assert!(sandbox.json(["show", "backup"])["cwd"].is_string());
    let (code, seen) = edit(&sandbox, "sed -i '/^cwd/d' \"$1\"", &["backup"], "");
    assert_eq!(code, 0, "{seen}");
    assert!(sandbox.json(["show", "backup"])["cwd"].is_null());
    let (code, seen) = edit(&sandbox, "sed -i 's/2h/3h/' \"$1\"", &["backup"], "");
    assert_eq!(code, 0, "{seen}");
    assert!(sandbox.json(["show", "backup"])["cwd"].is_null());
    assert_eq!(sandbox.json(["show", "backup"])["timeout_ms"], 10_800_000);
}
