//! `service`: units as systemd itself judges them.

use std::fs;
use std::process::Command;

use crate::sandbox::{Answer, Sandbox, is_root, skipped};

/// What systemd finds wrong with a unit; `None` where it is not installed.
fn verify(sandbox: &Sandbox, manager: &str, unit: &str) -> Option<Answer> {
    let file = sandbox.write("punctual.service", unit);
    let mut command = Command::new("systemd-analyze");
    let words = ["verify", "--man=no", &format!("--{manager}")];
    // A manager of a user wants a directory of its own, even for this.
    command.env("XDG_RUNTIME_DIR", sandbox.work());
    match command.args(words).arg(file).output() {
        Ok(output) => Some(Answer::from(output)),
        Err(error) => {
            skipped(&format!("systemd-analyze: {error}"));
            None
        }
    }
}

#[test]
fn systemd_finds_nothing_wrong() {
    for manager in ["system", "user"] {
        for more in [&[][..], &["--allow-setuid"]] {
            let sandbox = Sandbox::new();
            sandbox.ok(["add", "never", "true"]);
            let words = ["service", &format!("--{manager}")];
            let unit = sandbox.ok([&words[..], more].concat());
            let Some(answer) = verify(&sandbox, manager, &unit) else {
                return;
            };
            assert_eq!(answer, Answer::said(""), "{unit}");
        }
    }
}

#[test]
fn a_mistake_would_be_found() {
    let sandbox = Sandbox::new();
    let unit = sandbox.ok(["service", "--user"]);
    let unit = unit.replace("Type=notify", "Type=notifi");
    if let Some(answer) = verify(&sandbox, "user", &unit) {
        assert!(answer.err.contains("notifi"), "{answer:?}");
    }
}

#[test]
fn a_strange_path_is_one_word() {
    let sandbox = Sandbox::new();
    let database = sandbox.data().join("a b %h $HOME \"q\"/p.db");
    let mut command = sandbox.program(crate::sandbox::PUNCTUAL);
    let answer = Answer::of(
        command
            .arg("--db")
            .arg(&database)
            .args(["service", "--system"]),
    );
    assert!(
        answer.out.contains(r#"/a b %%h $$HOME \"q\"/p.db" run"#),
        "{answer:?}"
    );
    if let Some(verdict) = verify(&sandbox, "system", &answer.out) {
        assert_eq!(verdict, Answer::said(""), "{answer:?}");
    }
}

#[test]
fn the_runner_is_the_databases_owner() {
    if !is_root("giving a file away") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "true"]);
    let unit = sandbox.ok(["service"]);
    assert!(!unit.contains("User=") && unit.contains("WantedBy=multi-user.target"));
    std::os::unix::fs::chown(sandbox.database(), Some(1), None).unwrap();
    let name = fs::read_to_string("/etc/passwd").unwrap();
    let name = name.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some("1")).then_some(name)
    });
    if let Some(name) = name {
        let unit = sandbox.ok(["service", "--system"]);
        assert!(unit.contains(&format!("\nUser={name}\n")), "{unit}");
    }
}
