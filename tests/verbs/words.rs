//! Words that punctual does not know, and text that a terminal should not obey.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::sandbox::{Answer, PUNCTUAL, Sandbox};

#[test]
fn a_wrong_verb_or_option_gets_a_suggestion() {
    let sandbox = Sandbox::new();
    let slips: [(&[&str], &str); 5] = [
        (&["lst"], "did you mean list?"),
        (&["remov", "x"], "did you mean remove?"),
        (&["histroy"], "did you mean history?"),
        (&["--jsn", "list"], "did you mean --json?"),
        (
            &["add", "now", "--nam", "x", "true"],
            "did you mean --name?",
        ),
    ];
    for (words, suggestion) in slips {
        let answer = sandbox.punctual(words);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.contains("hint: "), "{answer:?}");
        assert!(answer.err.contains(suggestion), "{answer:?}");
    }
}

#[test]
fn as_json_a_usage_error_is_a_document_that_names_the_thing() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["--json", "add"]),
        Answer::refused(
            2,
            "{\"error\":{\"code\":2,\"message\":\"add needs <WHEN> <COMMAND>...\",\"hint\":\"see: punctual add --help\"}}\n"
        )
    );
    let complaint = sandbox.punctual(["--json", "shw"]).complaint();
    assert_eq!(complaint["error"]["message"], "there is no verb called shw");
    assert_eq!(complaint["error"]["hint"], "did you mean show?");
}

#[test]
fn every_verb_has_help_with_examples() {
    let sandbox = Sandbox::new();
    let help = sandbox.ok(["--help"]);
    let verbs = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|verb| !verb.is_empty() && *verb != "help");
    let mut seen = 0;
    for verb in verbs {
        let help = sandbox.ok([verb, "--help"]);
        let short = ["queue", "completions"].contains(&verb);
        assert!(short || help.contains("Examples:"), "{verb}: {help}");
        seen += 1;
    }
    assert!(seen >= 11, "{help}");
    assert!(sandbox.ok(["run", "--help"]).contains("The promise: "));
}

#[test]
fn control_characters_are_stored_and_never_obeyed() {
    let sandbox = Sandbox::new();
    let command = "echo '\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r'";
    sandbox.ok(["add", "never", "--name", "odd", command]);
    let obeyed = |c: char| c != '\n' && c != '\t' && (c.is_control() || c == '\u{202e}');
    for words in [&["list"][..], &["show", "odd"], &["--json", "show", "odd"]] {
        let shown = sandbox.ok(words);
        assert!(shown.contains("echo"), "{shown:?}");
        assert!(!shown.contains(obeyed), "{shown:?}");
    }
    assert_eq!(sandbox.json(["show", "odd"])["command"], command);
    for words in [["show", "\u{1b}[2J"], ["next", "\u{1b}[2J\u{202e}"]] {
        let complaint = sandbox.punctual(words).err;
        assert!(!complaint.contains(obeyed), "{complaint:?}");
    }
}

#[test]
fn strings_are_bound_and_never_spliced() {
    let sandbox = Sandbox::new();
    let evil = "x'); DROP TABLE job; --";
    sandbox.ok([
        "add",
        "never",
        "--name",
        "x",
        "--unique",
        evil,
        "--env",
        "A=' OR 1=1",
        evil,
    ]);
    assert_eq!(sandbox.json(["show", "x"])["command"], evil);
    assert_eq!(sandbox.punctual(["show", evil]).code, 3);
}

#[test]
fn odd_text_makes_a_round_trip_through_json() {
    let sandbox = Sandbox::new();
    let odd = "\"\\\n\t\u{7f}\u{2028}日本🎉e\u{301}\u{200f}";
    let job = sandbox.json(["add", "never", "echo", odd]);
    assert_eq!(job["command"], serde_json::json!(["echo", odd]));
}

#[test]
fn add_says_what_will_happen_whatever_the_schedule() {
    let sandbox = Sandbox::new();
    let answers: [(&[&str], &str); 6] = [
        (&["now"], "x1: due now\n"),
        (
            &["now", "--paused"],
            "x2: paused; go on with: punctual resume x2\n",
        ),
        (&["never"], "x3: runs when triggered: punctual trigger x3\n"),
        (&["after-any x1,x3"], "x4: runs after-any x1,x3\n"),
        (&["@reboot"], "x5: runs at the next boot\n"),
        (&["@start"], "x6: runs when a runner starts\n"),
    ];
    for (number, (words, said)) in answers.into_iter().enumerate() {
        let name = format!("x{}", number + 1);
        let answer = [&["add"], words, &["--name", &name, "true"]].concat();
        assert_eq!(sandbox.ok(answer), said);
    }
}

#[test]
fn a_command_without_its_schedule_is_understood_as_that() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["add", "ls", "-la", "/tmp"]),
        Answer::refused(
            2,
            "punctual: add has no option -l\n\
             hint: WHEN comes first; to run it once: punctual add now -- ls -la /tmp\n"
        )
    );
    let answer = sandbox.punctual(["add", "now", "--nam", "x", "true"]);
    assert!(answer.err.contains("did you mean --name?"), "{answer:?}");
}

#[test]
fn what_changes_nothing_says_why() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let refusals: [(&[&str], &str); 3] = [
        (&["resume", "x"], "punctual: x is active, not paused\n"),
        (
            &["cancel", "x"],
            "punctual: nothing to cancel: no run of x is unfinished\n",
        ),
        (
            &["cancel", "--all"],
            "punctual: nothing to cancel: no such run is unfinished\n",
        ),
    ];
    for (words, said) in refusals {
        let answer = sandbox.punctual(words);
        assert_eq!(answer.code, 1, "{answer:?}");
        assert!(answer.err.starts_with(said), "{answer:?}");
        assert!(answer.err.contains("\nhint: "), "{answer:?}");
    }
}

/// What is said to a person who tries things out, and slips: `tests/data/looks/words.txt`, to be read by people.
/// `UPDATE=1 cargo test` writes it.
#[test]
fn a_conversation_reads_as_it_is_kept() {
    let sandbox = Sandbox::new();
    let mut heard = String::new();
    for line in CONVERSATION {
        let mut shell = sandbox.program("/bin/sh");
        let script = format!("punctual() {{ '{PUNCTUAL}' \"$@\"; }}\nexec 2>&1\n{line}");
        shell.args(["-c", &script]);
        let answer = Answer::of(shell.env("PUNCTUAL_DB", sandbox.database()));
        let said = answer
            .out
            .replace(&sandbox.database().display().to_string(), "/srv/jobs.db")
            .replace(&sandbox.work().display().to_string(), "/home/ann");
        let _ = write!(heard, "$ {line}\n{said}");
        if answer.code != 0 {
            let _ = writeln!(heard, "=> {}", answer.code);
        }
        heard.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/looks/words.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, heard).unwrap();
    } else {
        assert_eq!(heard, fs::read_to_string(path).unwrap());
    }
}

const CONVERSATION: [&str; 61] = [
    "punctual",
    "punctual frob",
    "punctual frob backup",
    "punctual lsit",
    "punctual delete backup",
    "punctual start backup",
    "punctual help version",
    "punctual list --stat paused",
    "punctual list --state late",
    "punctual add",
    "punctual add never --name backup -- restic backup /data",
    "punctual add never --name backup -- restic backup /data",
    "punctual add never -- restic backup /data",
    "punctual add ls -la",
    "punctual add every 5m -- true",
    "punctual add nwo true",
    "punctual add 'at 25:00' true",
    "punctual add 'every monday at 8' true",
    "punctual add 'every 5 minutes' true",
    "punctual add daily true",
    "punctual next 5m",
    "punctual add '* * * *' true",
    "punctual add '0 3 31 feb *' true",
    "punctual add '0 0 1 * MON' --name odd --paused true",
    "punctual add never --name 'two words' true",
    "punctual add never --tz Europe/Berln true",
    "punctual add never --timeout 5 true",
    "punctual add never --retries many true",
    "punctual show backup publish",
    "punctual list --long -n 3 --watch",
    "punctual queue lst",
    "punctual --jsn list",
    "punctual add now cat a '|' wc",
    "punctual add 'after bakup' --name publish true",
    "punctual add 'after backup' --name publish true",
    "punctual pause backup",
    "punctual pause backup",
    "punctual resume backup",
    "punctual resume backup",
    "punctual next backup",
    "punctual show bakup",
    "punctual show pub",
    "punctual next bakup",
    "punctual queue start",
    "punctual wait b",
    "punctual logs",
    "punctual logs backup",
    "punctual logs backup.7",
    "punctual retry backup",
    "punctual trigger backup",
    "punctual edit backup --retries 2",
    "punctual edit backup --retries 2",
    "punctual cancel backup",
    "punctual cancel backup",
    "punctual wait backup",
    "punctual remove backup",
    "punctual remove publish backup",
    "punctual queue set lane",
    "punctual queue set lane --slots 2",
    "punctual apply missing.toml",
    "punctual check",
];
