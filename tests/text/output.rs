//! What jobs write, and what a runner says of them, on a terminal.

use crate::sandbox::Sandbox;
use crate::screen::on_screen;
use crate::strings::{STRINGS, obeyed};

#[test]
fn a_runner_on_a_terminal_shows_hostile_jobs_and_obeys_none() {
    let sandbox = Sandbox::new();
    for (number, (_, string)) in STRINGS.into_iter().enumerate() {
        let add = |kind: &str, words: &[&str]| {
            let name = format!("{kind}{number}");
            let known = ["-q", "add", "now", "--name", &name, "--env", "HOME=/"];
            let answer = sandbox.punctual([&known[..], words].concat());
            // A directory or a user that is not there may be refused at once.
            assert!(answer.code <= 2, "{answer:?}");
        };
        add("absent", &["--exec", "--", string]);
        add("shell", &[&format!("--shell={string}"), "true"]);
        add("cwd", &[&format!("--cwd={string}"), "true"]);
        add("file", &[&format!("--env-file={string}"), "true"]);
        add("says", &["--", "printf", "%s\\n", string]);
        add("hook", &[&format!("--on-finish={string}"), "true"]);
    }
    // Bytes of every kind, on both streams.
    let all = "i=0; while [ $i -lt 256 ]; do printf \"\\\\$(printf %03o $i)\"; i=$((i+1)); done";
    sandbox.ok(["add", "now", "--name", "bytes", "--sh", all]);
    let words = ["run", "--until-idle", "--forward-output=prefix"];
    let (code, bytes) = on_screen(&mut sandbox.command(words));
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&bytes));
    let without_tabs: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\t').collect();
    let said = String::from_utf8_lossy(&without_tabs).into_owned();
    assert_eq!(obeyed(&without_tabs), None, "{said:?}");
    for kind in ["absent", "says", "end bytes.1 succeeded"] {
        assert!(said.contains(kind), "{said}");
    }
    let jobs = sandbox.json(["list", "--all"]);
    for job in jobs.as_array().into_iter().flatten() {
        let name = job["name"].as_str().unwrap_or_default();
        let run = format!("{name}.1");
        for words in [
            &["show", name][..],
            &["show", &run],
            &["logs", name],
            &["logs", name, "bytes"],
            &["logs", "-f", name],
            &["wait", name],
        ] {
            let (_, bytes) = on_screen(&mut sandbox.command(words));
            let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\t').collect();
            let said = String::from_utf8_lossy(&bytes);
            assert_eq!(obeyed(&bytes), None, "{words:?}: {said:?}");
        }
    }
    for words in [
        &["list", "--all"][..],
        &["history"],
        &["check"],
        &["status"],
    ] {
        let (_, bytes) = on_screen(&mut sandbox.command(words));
        assert_eq!(obeyed(&bytes), None, "{words:?}");
    }
}
