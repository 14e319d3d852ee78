//! Where answers go, and words that are no text.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use crate::sandbox::{Answer, Sandbox, code_of};

const LOOKS: [&[&str]; 20] = [
    &["list"],
    &["--json", "list"],
    &["show", "x"],
    &["history"],
    &["logs", "x"],
    &["next", "@daily"],
    &["next"],
    &["queue", "list"],
    &["-q", "add", "never", "true"],
    &["--json", "show", "x"],
    &["--json", "logs", "x"],
    &["status"],
    &["status", "--metrics"],
    &["-q", "export"],
    &["service", "--user"],
    &["completions", "bash"],
    &["help", "add"],
    &["help", "schedules"],
    &["--help"],
    &["--version"],
];

fn with_history() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "seq 20000"]);
    sandbox.ok(["add", "@daily", "--name", "nightly", "true"]);
    sandbox.drain([""; 0]);
    sandbox
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let sandbox = with_history();
    for words in LOOKS {
        let mut command = sandbox.command(words);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let answer = Answer::of(&mut command);
        assert_eq!(answer.code, 1, "{words:?}: {answer:?}");
        let sentence = "cannot write the answer: No space left on device";
        assert!(answer.err.contains(sentence), "{words:?}: {answer:?}");
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let sandbox = with_history();
    for words in LOOKS {
        let mut command = sandbox.command(words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let answer = Answer::from(child.wait_with_output().unwrap());
        assert_eq!(
            (answer.code, answer.err.as_str()),
            (0, ""),
            "{words:?}: {answer:?}"
        );
    }
}

#[test]
fn a_closed_stdout_is_no_panic() {
    let sandbox = with_history();
    for words in ["list", "show x", "history", "--help"] {
        let line = format!("exec {} --db \"$0\" {words} >&-", crate::sandbox::PUNCTUAL);
        let mut shell = sandbox.program("sh");
        let answer = Answer::of(shell.arg("-c").arg(line).arg(sandbox.database()));
        assert!(
            answer.code < 2 && !answer.err.contains("panicked"),
            "{words}: {answer:?}"
        );
    }
}

#[test]
fn words_that_are_no_text_are_refused() {
    let sandbox = Sandbox::new();
    let odd = OsStr::from_bytes(b"a\xff\xed\xa0\x80b");
    let word = OsStr::new;
    let attempts: [&[&OsStr]; 6] = [
        &[word("add"), word("now"), odd],
        &[word("add"), odd, word("true")],
        &[word("add"), word("now"), word("--name"), odd, word("true")],
        &[word("show"), odd],
        &[word("next"), odd],
        &[odd],
    ];
    for words in attempts {
        let answer = sandbox.punctual(words);
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (2, ""),
            "{words:?}: {answer:?}"
        );
        assert!(answer.err.starts_with("punctual: "), "{answer:?}");
        let mut json = sandbox.command(["--json"]);
        let answer = Answer::of(json.args(words));
        assert_eq!(answer.complaint()["error"]["code"], 2, "{answer:?}");
    }
    assert!(!sandbox.database().exists());
}

#[test]
fn a_job_file_that_is_no_crontab_is_refused_whole() {
    let sandbox = Sandbox::new();
    let long = format!("@daily {}\n", "x".repeat(131_072));
    let large = "#".repeat((16 << 20) + 1);
    let bad: [(&[u8], &str); 4] = [
        (b"@daily good\n@daily b\0ad\n", "NUL"),
        (b"@daily good\n@daily b\xffad\n", "UTF-8"),
        (long.as_bytes(), "131072 bytes"),
        (large.as_bytes(), "16777216 are the limit"),
    ];
    for (text, complaint) in bad {
        sandbox.write("crontab", text);
        let answer = sandbox.punctual(["run", "--file", "crontab", "--until-idle"]);
        assert_eq!(answer.code, 2, "{complaint}: {}", answer.code);
        let err = &answer.err[..answer.err.len().min(300)];
        assert!(err.contains(complaint), "{complaint}: {err}");
        assert_eq!(sandbox.json(["list"]).as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn interrupting_a_wait_ends_the_waiting_and_not_the_run() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "x", "sleep 60"]);
    sandbox.until_state("x", "running");
    let mut waiting = sandbox.command(["wait", "x"]).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&waiting);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(code_of(waiting.wait().unwrap()), 130);
    assert_eq!(sandbox.state("x"), "running");
}
