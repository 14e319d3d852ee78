//! One word is for the shell, several are a program and its arguments; and what looks like a mistake.

use serde_json::json;

use crate::sandbox::{Answer, Sandbox};

#[test]
fn one_word_is_for_the_shell_and_several_are_a_vector() {
    let sandbox = Sandbox::new();
    let command = |words: &[&str]| {
        let add = ["add", "never"];
        sandbox.json([&add[..], words].concat())["command"].clone()
    };
    assert_eq!(command(&["echo $HOME"]), json!("echo $HOME"));
    assert_eq!(command(&["echo", "$HOME"]), json!(["echo", "$HOME"]));
    assert_eq!(command(&["--", "ls", "-l"]), json!(["ls", "-l"]));
    assert_eq!(
        command(&["ls", "--name", "x"]),
        json!(["ls", "--name", "x"])
    );
    assert_eq!(command(&["ls", "--", "x"]), json!(["ls", "--", "x"]));
    assert_eq!(command(&["--exec", "my prog"]), json!(["my prog"]));
    assert_eq!(command(&["--sh", "a", "&&", "b"]), json!("a && b"));
    assert_eq!(command(&["--sh", "A=1", "b"]), json!("A=1 b"));
}

#[test]
fn they_run_as_they_read() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "shell", "echo $((1 + 1)) 'a  b'"]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "vector",
        "echo",
        "$((1 + 1))",
        "a  b",
    ]);
    sandbox.ok([
        "add", "now", "--name", "sh", "--sh", "echo", "a  b", "|", "cat",
    ]);
    sandbox.write("my prog", "#!/bin/sh\necho prog\n");
    let made = sandbox.program("chmod").args(["700", "my prog"]).status();
    assert!(made.unwrap().success());
    sandbox.ok(["add", "now", "--name", "exec", "--exec", "./my prog"]);
    sandbox.drain(["-j1"]);
    let written: String = ["shell", "vector", "sh", "exec"]
        .into_iter()
        .map(|job| sandbox.ok(["logs", job]))
        .collect();
    assert_eq!(written, "2 a  b\n$((1 + 1)) a  b\na b\nprog\n");
}

#[test]
fn words_for_a_shell_among_several_are_refused() {
    let sandbox = Sandbox::new();
    for operator in ["|", "||", "&&", ";", ">", "<"] {
        assert_eq!(
            sandbox.punctual(["add", "now", "a", operator, "b"]),
            Answer::refused(
                2,
                &format!(
                    "punctual: \"{operator}\" means something to a shell only, and several words are run without one\n\
                     hint: add --sh, or write the command as one quoted word\n"
                )
            )
        );
    }
    assert_eq!(
        sandbox.punctual(["add", "now", "A=1", "b"]),
        Answer::refused(
            2,
            "punctual: \"A=1\" sets a variable in a shell only, and several words are run without one\n\
             hint: use --env, or add --sh\n"
        )
    );
}

#[test]
fn a_command_that_reads_as_a_time_needs_a_separator() {
    let sandbox = Sandbox::new();
    for word in ["5", "*/5", "monday", "10m", "17:30"] {
        assert_eq!(
            sandbox.punctual(["add", "now", word, "x"]),
            Answer::refused(
                2,
                &format!(
                    "punctual: the command begins with \"{word}\", which reads as a part of WHEN\n\
                     hint: quote WHEN as one argument, such as '0 3 * * *'; \
                     if it is the command, write -- before it\n"
                )
            )
        );
        sandbox.ok(["add", "now", "--", word, "x"]);
    }
}

#[test]
fn an_unquoted_crontab_line_is_not_taken_for_a_command() {
    let sandbox = Sandbox::new();
    let answer = sandbox.punctual(["add", "0", "3", "*", "*", "*", "backup.sh"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(answer.err.contains("one argument"), "{answer:?}");
}

#[test]
fn an_empty_command_is_refused() {
    let sandbox = Sandbox::new();
    for command in ["", "  "] {
        assert_eq!(
            sandbox.punctual(["add", "now", command]),
            Answer::refused(
                2,
                "punctual: the command is empty\nhint: write what to run after WHEN\n"
            )
        );
    }
}

#[test]
fn the_longest_command_is_what_one_argument_may_hold() {
    let sandbox = Sandbox::new();
    let longest = "#".repeat(131_071);
    let add = ["-q", "add", "never", "--name", "longest", &longest];
    assert_eq!(sandbox.punctual(add), Answer::said("longest\n"));
    // The system takes no longer argument, but the words together may be.
    let half = "x".repeat(66_000);
    assert_eq!(
        sandbox.punctual(["add", "now", &half, &half]),
        Answer::refused(
            2,
            "punctual: the command has 132002 bytes, 131071 are the limit\n\
             hint: put it into a script, or pass data with --stdin\n"
        )
    );
}
