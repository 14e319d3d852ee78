//! The documents of `--json`: fields are added, never renamed.

use serde_json::{Value, json};

use crate::sandbox::{Answer, Sandbox};

const JOB: [&str; 11] = [
    "id",
    "name",
    "when",
    "tz",
    "command",
    "state",
    "next",
    "last",
    "queue",
    "priority",
    "waiting_for",
];

/// Options that a job always has, for they are taken from where `add` is called.
const TAKEN: [&str; 2] = ["cwd", "path"];

const RUN: [&str; 16] = [
    "run",
    "job",
    "job_id",
    "seq",
    "origin",
    "state",
    "reason",
    "due",
    "started",
    "finished",
    "lateness_ms",
    "duration_ms",
    "exit_code",
    "signal",
    "missed_count",
    "attempts",
];

const ATTEMPT: [&str; 11] = [
    "attempt",
    "state",
    "reason",
    "started",
    "finished",
    "exit_code",
    "signal",
    "pid",
    "cpu_ms",
    "max_rss_bytes",
    "output_bytes",
];

#[track_caller]
fn assert_keys(document: &Value, keys: &[&[&str]]) {
    let mut expected = keys.concat();
    expected.sort_unstable();
    let found: Vec<&str> = document
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {document}"))
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_job_has_the_fields_of_the_contract() {
    let sandbox = Sandbox::new();
    let added = sandbox.json(["add", "now", "--name", "x", "true"]);
    assert_keys(&added, &[&JOB, &TAKEN]);
    assert_eq!(sandbox.json(["list"]), json!([added]));
    let shown = sandbox.json(["show", "x"]);
    assert_keys(&shown, &[&JOB, &TAKEN, &["runs"]]);
    let removed = sandbox.json(["remove", "x"]);
    assert_keys(&removed[0], &[&JOB, &TAKEN]);
    assert_eq!(removed[0]["state"], "removed");
}

#[test]
fn every_option_that_is_set_is_a_field() {
    let sandbox = Sandbox::new();
    sandbox.write("env", "A=1\n");
    sandbox.write("input", "text");
    let words = "--tz UTC --env SECRET=canary --env-file env --env-clean --shell /bin/sh --umask 027 \
        --nice 5 --stdin input --queue lane --priority -3 --timeout 1h --kill-after 5s --retries 4 \
        --backoff 1s..1m --retry-on 1,75 --success-codes 0,3-5 --overlap queue --missed all \
        --deadline 2m --jitter 30s --from 2090-01-01 --until 2091-01-01 --unique key \
        --output-limit 64KiB";
    let mut add = vec!["add", "0 3 * * *", "--name", "full"];
    add.extend(words.split_whitespace());
    add.push("true");
    let job = sandbox.json(add);
    let directory = sandbox.work().canonicalize().unwrap();
    let jitter = job["next"].clone();
    assert_eq!(
        job,
        json!({
            "id": 1,
            "name": "full",
            "when": "0 3 * * *",
            "tz": "UTC",
            "command": "true",
            "state": "active",
            "next": jitter,
            "last": null,
            "queue": "lane",
            "priority": -3,
            "waiting_for": null,
            "cwd": directory,
            "env": { "SECRET": "***" },
            "env_file": directory.join("env"),
            "env_clean": true,
            "shell": "/bin/sh",
            "umask": "027",
            "nice": 5,
            "stdin": "text",
            "timeout_ms": 3_600_000,
            "kill_after_ms": 5_000,
            "retries": 4,
            "backoff_ms": 1_000,
            "backoff_max_ms": 60_000,
            "retry_on": "1,75",
            "success_codes": "0,3-5",
            "overlap": "queue",
            "missed": "all",
            "deadline_ms": 120_000,
            "jitter_ms": 30_000,
            "from": "2090-01-01T00:00:00+00:00",
            "until": "2091-01-01T00:00:00+00:00",
            "unique": "key",
            "output_limit": 65_536,
        })
    );
}

#[test]
fn a_run_and_its_attempts_have_the_fields_of_the_contract() {
    let sandbox = Sandbox::new();
    let words = ["--retries", "1", "--backoff", "1ms", "echo hi; exit 3"];
    sandbox.ok([&["add", "now", "--name", "x"][..], &words].concat());
    sandbox.drain([""; 0]);
    let run = sandbox.json(["show", "x.1"]);
    assert_keys(&run, &[&RUN]);
    for attempt in run["attempts"].as_array().unwrap() {
        assert_keys(attempt, &[&ATTEMPT]);
        assert_eq!(attempt["output_bytes"], 3);
    }
    assert_eq!(run["attempts"].as_array().map(Vec::len), Some(2));
    let facts = [
        "run",
        "origin",
        "state",
        "reason",
        "exit_code",
        "signal",
        "missed_count",
    ];
    assert_eq!(
        facts.map(|fact| run[fact].clone()),
        [
            json!("x.1"),
            json!("schedule"),
            json!("failed"),
            json!("exit"),
            json!(3),
            Value::Null,
            Value::Null
        ]
    );
    assert_eq!(sandbox.json(["history"]), json!([run]));
    assert_eq!(sandbox.json(["show", "x"])["last"], run);
    assert_eq!(sandbox.json(["show", "x"])["runs"], json!([run]));
    assert_eq!(sandbox.json(["list"])[0]["last"], run);
    let mut wait = sandbox.command(["--json", "wait", "x"]);
    let waited = Answer::of(&mut wait);
    assert_eq!((waited.code, waited.document()), (3, json!([run])));
}

#[test]
fn an_attempt_that_could_not_start_says_why() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "--exec", "no-such-program"]);
    sandbox.drain([""; 0]);
    let run = sandbox.json(["show", "x.1"]);
    let attempt = &run["attempts"][0];
    assert_keys(attempt, &[&ATTEMPT, &["message"]]);
    assert_eq!(
        (&run["reason"], &run["exit_code"]),
        (&json!("spawn"), &json!(127))
    );
    assert_eq!(
        attempt["message"],
        "no-such-program: not found in PATH (/usr/local/bin:/usr/bin:/bin)"
    );
}

#[test]
fn times_have_offsets_and_follow_the_readers_zone() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "2099-07-01T12:00:00Z", "--name", "x", "true"]);
    let mut command = sandbox.command(["--json", "show", "x"]);
    let answer = Answer::of(command.env("TZ", "Asia/Kathmandu"));
    assert_eq!(answer.document()["next"], "2099-07-01T17:45:00+05:45");
}

#[test]
fn a_failure_is_a_document_too() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox
            .punctual(["--json", "next", "61 3 * * *"])
            .complaint(),
        json!({ "error": { "code": 2, "message": "minute 61 is out of range 0-59", "hint": null } })
    );
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    assert_eq!(
        sandbox.punctual(["--json", "show", "y"]).complaint(),
        json!({ "error": {
            "code": 3,
            "message": "no such job: y",
            "hint": "see the jobs there are with: punctual list --all",
        } })
    );
}
