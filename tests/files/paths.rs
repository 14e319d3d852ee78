//! Where the database is: options, variables, and homes that are not there.

use std::fs;
use std::process::Command;

use crate::sandbox::{Answer, PUNCTUAL, Sandbox};

/// The database that a command without `--db` would use.
fn used(command: &mut Command) -> String {
    let answer = Answer::of(command.args(["-v", "list"]));
    assert_eq!(answer.code, 0, "{answer:?}");
    let line = answer.err.lines().next().unwrap_or_default();
    line.strip_prefix("database ").unwrap_or(line).to_owned()
}

#[test]
fn the_option_wins_over_the_variable_and_that_over_the_data_directory() {
    let sandbox = Sandbox::new();
    let data = sandbox.data();
    assert_eq!(
        used(&mut sandbox.program(PUNCTUAL)),
        data.join("punctual/punctual.db").display().to_string()
    );
    let variable = data.join("variable.db");
    let mut with_variable = sandbox.program(PUNCTUAL);
    assert_eq!(
        used(with_variable.env("PUNCTUAL_DB", &variable)),
        variable.display().to_string()
    );
    let mut with_both = sandbox.program(PUNCTUAL);
    with_both
        .args(["--db", "option.db"])
        .env("PUNCTUAL_DB", &variable);
    let work = sandbox.work().canonicalize().unwrap();
    assert_eq!(
        used(&mut with_both),
        work.join("option.db").display().to_string()
    );
}

#[test]
fn without_a_data_directory_it_is_below_home() {
    let sandbox = Sandbox::new();
    let below_home = sandbox.home().join(".local/share/punctual/punctual.db");
    let below_home = below_home.display().to_string();
    assert_eq!(
        used(sandbox.program(PUNCTUAL).env_remove("XDG_DATA_HOME")),
        below_home
    );
    assert_eq!(
        used(sandbox.program(PUNCTUAL).env("XDG_DATA_HOME", "relative")),
        below_home
    );
}

#[test]
fn without_home_it_is_the_home_in_passwd() {
    let sandbox = Sandbox::new();
    let me = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&me.as_str()))
        .and_then(|fields| fields.get(5).map(ToString::to_string));
    let Some(home) = home else {
        crate::sandbox::skipped("this user has no line in /etc/passwd");
        return;
    };
    for variable in [None, Some("")] {
        let mut command = sandbox.program(PUNCTUAL);
        command.env_remove("HOME").env_remove("XDG_DATA_HOME");
        command.envs(variable.map(|value| ("HOME", value)));
        assert_eq!(
            used(&mut command),
            format!("{home}/.local/share/punctual/punctual.db")
        );
    }
}

#[test]
fn a_home_that_moves_is_refused() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.program(PUNCTUAL);
    command
        .env("HOME", "not/absolute")
        .env_remove("XDG_DATA_HOME");
    assert_eq!(
        Answer::of(command.arg("list")),
        Answer::refused(
            5,
            "punctual: HOME is not an absolute path: not/absolute\n\
             hint: set HOME, or name the database with --db\n"
        )
    );
}

#[test]
fn a_name_is_a_path_and_never_a_uri() {
    let sandbox = Sandbox::new();
    for name in ["file:x?mode=memory", ":memory:", "with space.db", "?.db"] {
        let mut add = sandbox.program(PUNCTUAL);
        let answer = Answer::of(add.args(["--db", name, "-q", "add", "never", "true"]));
        assert_eq!(answer, Answer::said("true\n"), "{name}");
        assert!(sandbox.path(name).is_file(), "{name}");
    }
}

#[test]
fn an_empty_name_is_refused() {
    let sandbox = Sandbox::new();
    let mut list = sandbox.program(PUNCTUAL);
    let answer = Answer::of(list.args(["--db", "", "list"]));
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.err.contains("'--db <FILE>'"), "{answer:?}");
}

#[test]
fn verbs_that_only_look_make_nothing() {
    let sandbox = Sandbox::new();
    let verbs: [(&[&str], i32); 12] = [
        (&[], 0),
        (&["list"], 0),
        (&["history"], 0),
        (&["next"], 0),
        (&["next", "@daily"], 0),
        (&["queue", "list"], 0),
        (&["show", "x"], 3),
        (&["history", "x"], 3),
        (&["logs", "x"], 3),
        (&["wait", "x"], 3),
        (&["remove", "x"], 3),
        (&["add", "no time", "x"], 2),
    ];
    for (words, code) in verbs {
        let answer = sandbox.punctual(words);
        assert_eq!(answer.code, code, "{answer:?}");
        assert_eq!(
            fs::read_dir(sandbox.data()).unwrap().count(),
            0,
            "{words:?}"
        );
    }
    assert_eq!(
        sandbox.punctual(["show", "x"]).err,
        format!(
            "punctual: no such job: x\nhint: there is no database at {} yet\n",
            sandbox.database().display()
        )
    );
}

#[test]
fn looking_changes_no_byte() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    sandbox.drain([""; 0]);
    let directory = sandbox.database().parent().unwrap().to_owned();
    let bytes = || {
        let mut all: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            // Readers mark their place in the shared memory.
            .filter(|path| !path.to_string_lossy().ends_with("-shm"))
            .map(|path| (fs::read(&path).unwrap(), path))
            .collect();
        all.sort();
        all
    };
    let before = bytes();
    for words in [
        &["list"][..],
        &["show", "x"],
        &["history"],
        &["next"],
        &["logs", "x"],
        &["wait", "x"],
        &["queue", "list"],
    ] {
        sandbox.ok(words);
        assert!(bytes() == before, "{words:?} changed something");
    }
}

#[test]
fn a_bare_environment_is_enough() {
    let sandbox = Sandbox::new();
    let add = ["--color", "always", "add", "now", "--name", "x", "true"];
    for (key, value) in [
        ("TERM", "dumb"),
        ("LC_ALL", "C"),
        ("COLUMNS", "0"),
        ("LINES", "x"),
        ("TZ", "No/Where"),
    ] {
        let mut command = Command::new(PUNCTUAL);
        command
            .env_clear()
            .env(key, value)
            .arg("--db")
            .arg(sandbox.database());
        let answer = Answer::of(command.args(["list", "--all"]));
        assert_eq!(answer.code, 0, "{key}={value}: {answer:?}");
    }
    let mut command = Command::new(PUNCTUAL);
    command
        .env_clear()
        .arg("--db")
        .arg(sandbox.database())
        .args(add);
    assert_eq!(Answer::of(&mut command).code, 0);
    let mut command = Command::new(PUNCTUAL);
    command.env_clear().arg("--db").arg(sandbox.database());
    assert_eq!(Answer::of(command.args(["run", "--until-idle"])).code, 0);
    assert_eq!(sandbox.state("x"), "succeeded");
}
