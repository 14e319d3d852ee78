//! Every word of every verb, with each of the strings in its place.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::Value;

use crate::sandbox::{Answer, PUNCTUAL, Sandbox};
use crate::screen::on_screen;
use crate::strings::{STRINGS, obeyed};

/// Command lines in which `@` stands for the string. What a verb makes of it is its own
/// affair; how it speaks of it is not.
const LINES: [&str; 132] = [
    "add never --name command @",
    "add never --name words -- echo @ last",
    "add never --name first --exec -- @",
    "add never --name env --env K=@ true",
    "add never --env @=1 true",
    "add never --env @ true",
    "add never --name unique --unique=@ true",
    "add never --name cwd --cwd=@ true",
    "add never --name shell --shell=@ true",
    "add never --name file --env-file=@ true",
    "add never --name hook1 --on-success=@ true",
    "add never --name hook2 --on-failure=@ true",
    "add never --name hook3 --on-finish=@ true",
    "add never --user=@ true",
    "add never --mail-to=@ true",
    "add never --mail-on=@ true",
    "add never --queue=@ true",
    "add never --name=@ true",
    "add never --tz=@ true",
    "add never --from=@ true",
    "add never --until=@ true",
    "add never --timeout=@ true",
    "add never --kill-after=@ true",
    "add never --retries=@ true",
    "add never --backoff=@ true",
    "add never --retry-on=@ true",
    "add never --success-codes=@ true",
    "add never --umask=@ true",
    "add never --nice=@ true",
    "add never --priority=@ true",
    "add never --output-limit=@ true",
    "add never --overlap=@ true",
    "add never --missed=@ true",
    "add never --deadline=@ true",
    "add never --jitter=@ true",
    "add never --if-exists=@ true",
    "add never --stdin=@ true",
    "add never --batch=@",
    "add @ true",
    "add every @ true",
    "after @ true",
    "next -- @",
    "next @daily --tz=@",
    "next @daily --from=@",
    "next -n @",
    "list --state=@",
    "list --queue=@",
    "show -- @",
    "edit victim --unset=@",
    "edit victim --when=@",
    "edit victim --env=@",
    "edit victim --env K=@",
    "edit victim --name=@",
    "edit victim --cwd=@",
    "edit victim --shell=@",
    "edit victim --tz=@",
    "edit victim --queue=@",
    "edit victim --unique=@",
    "edit victim --on-failure=@",
    "edit victim --env-file=@",
    "edit victim --stdin=@",
    "edit victim --user=@",
    "edit victim --mail-to=@",
    "edit victim --timeout=@",
    "edit victim --backoff=@",
    "edit victim --retry-on=@",
    "edit victim --success-codes=@",
    "edit victim --output-limit=@",
    "edit victim --overlap=@",
    "edit victim --from=@",
    "edit victim -- echo @",
    "edit victim --exec -- @",
    "edit -- @",
    "remove -- @",
    "pause -- @",
    "pause victim --until=@",
    "resume -- @",
    "trigger -- @",
    "cancel -- @",
    "cancel victim --signal=@",
    "retry -- @",
    "retry --failed --since=@",
    "wait -- @",
    "wait victim --timeout=@",
    "logs -- @",
    "logs victim --attempt=@",
    "history -- @",
    "history --state=@",
    "history --since=@",
    "queue set @ --slots 1",
    "queue pause @",
    "queue remove @",
    "check @ --within 1d",
    "edit victim --deadline=@",
    "edit victim --jitter=@",
    "edit victim --kill-after=@",
    "edit victim --mail-on=@",
    "edit victim --missed=@",
    "edit victim --nice=@",
    "edit victim --on-finish=@",
    "edit victim --on-success=@",
    "edit victim --priority=@",
    "edit victim --retries=@",
    "edit victim --umask=@",
    "edit victim --until=@",
    "remove --queue=@",
    "pause --queue=@",
    "resume --queue=@",
    "cancel --queue=@",
    "next @daily --name=@",
    "run --until-idle --for=@",
    "run --until-idle --forward-output=@",
    "run --until-idle --grace=@",
    "run --until-idle --log-format=@",
    "run --until-idle --on-failure=@",
    "top --queue=@",
    "top --state=@",
    "list --color=@",
    "list -n @",
    "logs victim -n @",
    "history -n @",
    "queue pause default --until=@",
    "top @",
    "list --watch @",
    "backup @/x",
    "apply -- @",
    "import crontab -- @",
    "export --format=@",
    "completions @",
    "run --until-idle --file=@",
    "run --until-idle -j @",
    "@",
];

/// Verbs that show all there is.
const LOOKS: [&str; 14] = [
    "list",
    "list --all --long",
    "history",
    "next",
    "next --chart",
    "history --chart",
    "status",
    "check",
    "queue list",
    "export",
    "export --format json",
    "service",
    "prune",
    "apply --dry-run nothing",
];

fn words(line: &str, string: &str) -> Vec<String> {
    let line = line.split(' ');
    line.map(|word| match word.strip_prefix("@") {
        // A nickname of a schedule.
        Some(rest) if !rest.is_empty() => word.to_owned(),
        _ => word.replace('@', string),
    })
    .collect()
}

/// Shows it on a terminal, and as a document.
#[track_caller]
fn shown(sandbox: &Sandbox, words: &[String], what: &str) {
    let (code, bytes) = on_screen(&mut sandbox.command(words));
    let said = String::from_utf8_lossy(&bytes);
    assert!((0..=5).contains(&code), "{what}: exit {code}: {said}");
    assert!(!said.contains("panicked"), "{what}: {said}");
    assert_eq!(obeyed(&bytes), None, "{what}: {said:?}");
}

#[track_caller]
fn documented(sandbox: &Sandbox, words: &[String], what: &str) {
    let answer = Answer::of(sandbox.command(["--json"]).args(words));
    // These speak a language of their own.
    let is_document = !words.starts_with(&["completions".to_owned()])
        && !words.starts_with(&["run".to_owned()])
        && !words.starts_with(&["service".to_owned()])
        && !words.starts_with(&["export".to_owned()]);
    for (name, text) in [("stdout", &answer.out), ("stderr", &answer.err)] {
        let bare: String = text.replace('\n', "");
        let found = obeyed(bare.as_bytes());
        // What speaks its own language may hold any sign but an escape; a document holds none.
        let harmless = name == "stdout"
            && !is_document
            && found.as_deref().is_some_and(|c| !c.contains("\\u{1b}"));
        assert!(found.is_none() || harmless, "{what}: {name}: {text:?}");
    }
    if is_document && !answer.out.is_empty() {
        serde_json::from_str::<Value>(&answer.out)
            .unwrap_or_else(|error| panic!("{what}: {error}: {answer:?}"));
    }
}

/// A new option has to be tried, too.
#[test]
fn every_option_with_a_value_has_its_line() {
    let sandbox = Sandbox::new();
    let help = |words: &[&str]| sandbox.ok([words, &["--help"]].concat());
    let first_words = |help: &str| -> Vec<String> {
        let (_, below) = help.split_once("Commands:\n").unwrap_or_default();
        let lines = below.lines().take_while(|line| !line.is_empty());
        lines
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect()
    };
    let mut untried = Vec::new();
    for verb in first_words(&help(&[])) {
        if verb == "help" {
            continue;
        }
        let page = help(&[&verb]);
        let mut pages = vec![(verb.clone(), page.clone())];
        for inner in first_words(&page) {
            pages.push((format!("{verb} {inner}"), help(&[&verb, &inner])));
        }
        for (verb, page) in pages {
            let own = page.split("Everywhere:").next().unwrap_or_default();
            let options = own
                .lines()
                .filter_map(|line| line.trim_start().split_once(" <"))
                .filter_map(|(names, _)| names.split(", ").last())
                .filter(|name| name.starts_with('-'));
            for option in options {
                let is_tried = |line: &&str| {
                    line.strip_prefix(verb.as_str())
                        .and_then(|rest| rest.split_once(&format!(" {option}")))
                        .is_some_and(|(_, value)| value.starts_with(['=', ' ']))
                };
                if !LINES.iter().any(is_tried) {
                    untried.push(format!("{verb} {option}"));
                }
            }
        }
    }
    assert_eq!(untried, [""; 0]);
}

#[test]
fn no_string_of_any_verb_reaches_a_terminal_raw() {
    std::thread::scope(|scope| {
        for (name, string) in STRINGS {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                sandbox.ok(["add", "never", "--name", "victim", "true"]);
                for line in LINES {
                    let words = words(line, string);
                    shown(&sandbox, &words, &format!("{name}: {line}"));
                }
                for line in LOOKS {
                    let words = words(line, "");
                    shown(&sandbox, &words, &format!("{name}: {line}"));
                    documented(&sandbox, &words, &format!("{name}: --json {line}"));
                }
                for job in sandbox.json(["list", "--all"]).as_array().unwrap() {
                    let words = ["show".to_owned(), job["name"].as_str().unwrap().to_owned()];
                    shown(&sandbox, &words, &format!("{name}: {words:?}"));
                }
                for line in LINES {
                    let words = words(line, string);
                    documented(&sandbox, &words, &format!("{name}: --json {line}"));
                }
                sandbox.check_integrity();
            });
        }
    });
}

#[test]
fn what_was_accepted_comes_back_as_it_was() {
    for (name, string) in STRINGS {
        let sandbox = Sandbox::new();
        sandbox.write("input", string);
        let environment = format!("K={string}");
        let unique = format!("--unique={string}");
        let hook = format!("--on-failure={string}");
        let job = sandbox.json([
            "add",
            "never",
            "--name",
            "x",
            "--env",
            &environment,
            &unique,
            &hook,
            "--stdin",
            "input",
            "--exec",
            "--",
            string,
            string,
        ]);
        assert_eq!(
            job["command"],
            serde_json::json!([string, string]),
            "{name}"
        );
        assert_eq!(job["unique"], string, "{name}");
        assert_eq!(job["on_failure"], string, "{name}");
        assert_eq!(job["stdin"], string, "{name}");
        // And through a job file, with the values that are masked elsewhere.
        let exported = sandbox.ok(["-q", "export", "--format", "json"]);
        let document: Value = serde_json::from_str(&exported).unwrap();
        assert_eq!(document["job"]["x"]["env"]["K"], string, "{name}");
        for format in ["toml", "json"] {
            let file = format!("jobs.{format}");
            let text = sandbox.ok(["-q", "export", "--format", format]);
            sandbox.write(&file, &text);
            let other = Sandbox::new();
            let mut apply = other.command(["apply"]);
            let answer = Answer::of(apply.arg(sandbox.path(&file)));
            assert_eq!(answer.code, 0, "{name}: {answer:?}\n{text}");
            let there = other.json(["show", "x"]);
            for key in ["command", "unique", "on_failure", "stdin"] {
                assert_eq!(there[key], job[key], "{name}: {key} through {format}");
            }
        }
    }
}

#[test]
fn a_database_with_a_hostile_name_is_shown_and_not_obeyed() {
    for (name, string) in STRINGS {
        if string.contains('/') || string.starts_with('-') {
            continue;
        }
        let sandbox = Sandbox::new();
        let lines: [&[&str]; 7] = [
            &["list"],
            &["add", "never", "--name", "x", "true"],
            &["-v", "show", "x"],
            &["show", "y"],
            &["check"],
            &["status"],
            &["service"],
        ];
        for line in lines {
            let mut command = sandbox.program(PUNCTUAL);
            command.arg("--db").arg(string).args(line);
            let (code, bytes) = on_screen(&mut command);
            assert!((0..=3).contains(&code), "{name}: {line:?}: {code}");
            assert_eq!(obeyed(&bytes), None, "{name}: {line:?}");
        }
        std::fs::write(sandbox.path(string), "no database").unwrap();
        let mut command = sandbox.program(PUNCTUAL);
        let (code, bytes) = on_screen(command.arg("--db").arg(string).arg("list"));
        assert_eq!((code, obeyed(&bytes)), (5, None), "{name}");
    }
}

/// Arguments that are no text, and those that no system call can pass on, in every place.
#[test]
fn bytes_that_are_no_text_and_words_without_end_are_refused_in_every_place() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "victim", "true"]);
    let long = "x".repeat(131_071);
    for line in LINES {
        for odd in [&b"a\xff\xed\xa0\x80\x9bb"[..], long.as_bytes()] {
            let words = line.split(' ').map(|word| {
                let parts: Vec<&[u8]> = match word.strip_prefix('@') {
                    Some(rest) if !rest.is_empty() => vec![word.as_bytes()],
                    _ => word.split('@').map(str::as_bytes).collect(),
                };
                let mut joined = parts.join(odd);
                // With its NUL an argument may have so many bytes and no more.
                joined.truncate(131_071);
                OsStr::from_bytes(&joined).to_owned()
            });
            let mut command = sandbox.command(words);
            let (code, bytes) = on_screen(&mut command);
            let said = String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned();
            assert!((0..=5).contains(&code), "{line}: exit {code}: {said}");
            assert!(!said.contains("panicked"), "{line}: {said}");
            assert_eq!(obeyed(&bytes), None, "{line}: {said:?}");
        }
    }
    sandbox.check_integrity();
}
