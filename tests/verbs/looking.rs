//! `list`, `show`, `history`, `logs`, `next` and `queue`: what there is to see.

use serde_json::{Value, json};

use crate::sandbox::{Answer, PATIENCE, Sandbox, until};

#[test]
fn an_empty_list_names_the_database_and_how_to_add() {
    let sandbox = Sandbox::new();
    let empty = Answer {
        err: format!(
            "no jobs in {}\nadd one with: punctual add '0 3 * * *' 'echo good night'\n",
            sandbox.database().display()
        ),
        ..Answer::said("")
    };
    assert_eq!(sandbox.punctual(["list"]), empty);
    assert_eq!(sandbox.punctual([""; 0]), empty);
    assert_eq!(sandbox.punctual(["-q", "list"]), Answer::said(""));
    assert_eq!(sandbox.punctual(["--json"]), Answer::said("[]\n"));
}

#[test]
fn bare_punctual_is_list() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "echo hi"]);
    let table = "NAME\tWHEN\tNEXT\tLAST\tSTATE\tWAITS\tCOMMAND\nx\tnever\t\t\tactive\t\techo hi\n";
    for words in [&[][..], &["list"], &["ls"]] {
        assert_eq!(sandbox.punctual(words), Answer::said(table));
    }
}

#[test]
fn a_list_can_be_narrowed() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "bad", "exit 3"]);
    sandbox.ok(["add", "now", "--name", "good", "--queue", "lane", "true"]);
    sandbox.ok(["add", "never", "--name", "idle", "true"]);
    sandbox.drain([""; 0]);
    let names = |words: &[&str]| {
        let list = sandbox.json([&["list"][..], words].concat());
        let jobs = list.as_array().unwrap().iter();
        jobs.map(|job| job["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["bad", "good", "idle"]);
    assert_eq!(names(&["--failed"]), ["bad"]);
    assert_eq!(names(&["--queue", "lane"]), ["good"]);
    assert_eq!(names(&["--state", "done"]), ["bad", "good"]);
    assert_eq!(names(&["--state", "active"]), ["idle"]);
    assert_eq!(names(&["-n", "1"]), ["bad"]);
    assert_eq!(
        sandbox.punctual(["list", "-n", "1"]).err,
        "2 more jobs; -n N shows more\n"
    );
    assert_eq!(
        sandbox.punctual(["list", "--state", "paused"]),
        Answer {
            err: "no job is like that; see all with: punctual list --all\n".to_owned(),
            ..Answer::said("")
        }
    );
}

#[test]
fn one_offs_that_ended_well_long_ago_are_counted_not_shown() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "old", "true"]);
    sandbox.ok(["add", "now", "--name", "fresh", "true"]);
    sandbox.drain([""; 0]);
    // An hour and more goes by for one of them.
    let aged = sandbox.sql("UPDATE job SET ended = ended - 4000000000 WHERE name = 'old'");
    assert_eq!(aged, 1);
    let answer = sandbox.punctual(["list"]);
    assert_eq!(
        answer.err,
        "1 finished one-off not shown; --all shows them\n"
    );
    assert!(!answer.out.contains("old") && answer.out.contains("fresh"));
    assert!(sandbox.ok(["list", "--all"]).contains("old"));
}

#[test]
fn why_a_job_waits_is_said() {
    let sandbox = Sandbox::new();
    sandbox.ok(["queue", "set", "lane", "--slots", "1"]);
    let why = |job: &str| sandbox.json(["show", job])["waiting_for"].clone();
    sandbox.ok(["add", "now", "--name", "early", "true"]);
    assert_eq!(why("early"), "no runner");
    sandbox.ok(["remove", "early"]);
    let _runner = sandbox.runner(["-j2"]);
    sandbox.ok(["add", "now", "--name", "a", "--queue", "lane", "sleep 60"]);
    sandbox.until_state("a", "running");
    sandbox.ok(["add", "now", "--name", "b", "--queue", "lane", "true"]);
    assert_eq!(why("b"), "queue lane full (1/1)");
    sandbox.ok(["add", "now", "--name", "c", "sleep 60"]);
    sandbox.until_state("c", "running");
    sandbox.ok(["add", "now", "--name", "d", "true"]);
    assert_eq!(why("d"), "pool full (2/2)");
    assert_eq!(why("a"), Value::Null);
}

#[test]
fn a_retry_says_when_and_which() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--retries",
        "3",
        "--backoff",
        "1h",
        "exit 1",
    ]);
    sandbox.until_state("x", "retrying");
    let why = sandbox.json(["show", "x"])["waiting_for"].clone();
    let why = why.as_str().unwrap();
    assert!(
        why.starts_with("retry in ") && why.ends_with(" (2 of 4)"),
        "{why}"
    );
}

#[test]
fn history_is_newest_first() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.ok([
            "add",
            "now",
            "--name",
            name,
            if name == "b" { "exit 1" } else { "true" },
        ]);
        sandbox.drain([""; 0]);
    }
    let runs = |words: &[&str]| {
        let runs = sandbox.json([&["history"][..], words].concat());
        let runs = runs.as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(runs(&[]), ["c.1", "b.1", "a.1"]);
    assert_eq!(runs(&["-n", "2"]), ["c.1", "b.1"]);
    assert_eq!(runs(&["b"]), ["b.1"]);
    assert_eq!(runs(&["--state", "failed"]), ["b.1"]);
    assert_eq!(runs(&["--since", "1h"]), ["c.1", "b.1", "a.1"]);
    assert_eq!(runs(&["--since", "2020-01-01", "-n", "1"]), ["c.1"]);
    assert_eq!(sandbox.punctual(["history", "nobody"]).code, 3);
}

#[test]
fn logs_are_the_bytes_in_their_order() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "a",
        "echo 1; echo 2 >&2; echo 3; printf 4 >&2",
    ]);
    sandbox.ok(["add", "now", "--name", "b", "printf '\\377\\000\\033x\\n'"]);
    let words = [
        "--retries",
        "1",
        "--backoff",
        "1ms",
        "echo try $PUNCTUAL_ATTEMPT; exit 1",
    ];
    sandbox.ok([&["add", "now", "--name", "c"][..], &words].concat());
    sandbox.ok(["add", "@start", "--name", "mute", "true"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.punctual(["logs", "a"]), Answer::said("1\n2\n3\n4"));
    assert_eq!(sandbox.ok(["logs", "a", "-n", "2"]), "3\n4");
    assert_eq!(sandbox.ok(["logs", "c"]), "try 2\n");
    assert_eq!(sandbox.ok(["logs", "c.1", "--attempt", "1"]), "try 1\n");
    assert_eq!(
        sandbox.ok(["logs", "c", "a", "-n1"]),
        "c.1: try 2\na.1: 4\n"
    );
    assert_eq!(sandbox.ok(["logs", "mute"]), "");
    let bytes = sandbox.command(["logs", "b"]).output().unwrap().stdout;
    assert_eq!(bytes, b"\xff\0\x1bx\n");
    assert_eq!(
        sandbox.punctual(["logs", "c", "--attempt", "3"]),
        Answer::refused(
            3,
            "punctual: c.1 has no attempt 3\nhint: see them with: punctual show c.1\n"
        )
    );
}

#[test]
fn logs_of_a_job_that_has_not_run_say_so() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    assert_eq!(
        sandbox.punctual(["logs", "x"]),
        Answer::refused(
            3,
            "punctual: x has not run yet\nhint: wait for it with: punctual logs -f x\n"
        )
    );
}

#[test]
fn logs_of_a_living_run_are_readable_and_can_be_followed() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.write("gate", "");
    let command = "echo one; while [ -e gate ]; do sleep 0.01; done; echo two";
    sandbox.ok(["add", "now", "--name", "x", command]);
    crate::sandbox::until(crate::sandbox::PATIENCE, "the first line is there", || {
        sandbox.punctual(["logs", "x"]).out == "one\n"
    });
    std::thread::scope(|scope| {
        let followed = scope.spawn(|| sandbox.punctual(["logs", "-f", "x"]));
        std::fs::remove_file(sandbox.path("gate")).unwrap();
        assert_eq!(followed.join().unwrap(), Answer::said("one\ntwo\n"));
    });
}

#[test]
fn following_begins_with_the_last_lines_alone() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j2"]);
    let command = "seq 10000; echo ready; while [ -e gate ]; do sleep 0.01; done; echo end";
    sandbox.write("gate", "");
    sandbox.ok(["add", "now", "--name", "x", command]);
    until(PATIENCE, "it has written", || {
        sandbox.punctual(["logs", "x"]).out.ends_with("ready\n")
    });
    let out = std::fs::File::create(sandbox.path("followed")).unwrap();
    let mut command = sandbox.command(["logs", "-f", "-n", "2", "x"]);
    let mut follower = command.stdout(out).spawn().unwrap();
    sandbox.until_lines("followed", 2);
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    assert!(follower.wait().unwrap().success());
    assert_eq!(sandbox.read("followed"), "10000\nready\nend\n");
    assert_eq!(sandbox.ok(["logs", "-f", "-n", "1", "x"]), "end\n");
    let document = sandbox.json(["logs", "x", "-n", "1"]);
    assert_eq!(
        document,
        json!([{ "run": "x.1", "attempt": 1, "output": "end\n" }])
    );
    assert_eq!(sandbox.punctual(["--json", "logs", "-f", "x"]).code, 2);
    assert_eq!(runner.stop(), 0);
}

#[test]
fn next_of_a_when_says_it_in_english_and_warns() {
    let sandbox = Sandbox::new();
    let from = ["--from", "2030-03-30", "--tz", "Europe/Berlin", "-n", "2"];
    let answer = sandbox.punctual([&["next", "30 2 * * *"][..], &from].concat());
    assert_eq!(answer.code, 0);
    assert!(answer.out.starts_with("At 02:30"), "{answer:?}");
    assert!(answer.err.starts_with("warning: "), "{answer:?}");
    assert_eq!(
        sandbox.json([&["next", "30 2 * * *"][..], &from].concat()),
        json!([
            { "time": "2030-03-30T02:30:00+01:00" },
            { "time": "2030-03-31T03:00:00+02:00" },
        ])
    );
}

#[test]
fn next_of_a_job_and_of_all_jobs() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "0 3 1 1 *",
        "--from",
        "2090-01-01",
        "--name",
        "yearly",
        "true",
    ]);
    sandbox.ok(["add", "2090-06-01", "--name", "once", "true"]);
    sandbox.ok(["add", "never", "--name", "idle", "true"]);
    assert_eq!(
        sandbox.json(["next", "yearly", "-n", "1"]),
        json!([{ "time": "2090-01-01T03:00:00+00:00" }])
    );
    assert_eq!(
        sandbox.json(["next", "-n", "3"]),
        json!([
            { "time": "2090-01-01T03:00:00+00:00", "job": "yearly" },
            { "time": "2090-06-01T00:00:00+00:00", "job": "once" },
            { "time": "2091-01-01T03:00:00+00:00", "job": "yearly" },
        ])
    );
    assert_eq!(sandbox.json(["next", "idle"]), json!([]));
}

#[test]
fn zones_are_known_without_a_zone_database() {
    let sandbox = Sandbox::new();
    let words = [
        "--json",
        "next",
        "0 3 * * *",
        "--tz",
        "Europe/Berlin",
        "-n1",
    ];
    let mut command = sandbox.command(words);
    command
        .args(["--from", "2030-07-01"])
        .env("TZDIR", "/no/such/place");
    assert_eq!(
        Answer::of(&mut command).document(),
        json!([{ "time": "2030-07-01T03:00:00+02:00" }])
    );
}

#[test]
fn spread_times_are_drawn_for_a_name_and_stay() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.punctual(["next", "H 3 * * *"]).code, 2);
    let drawn = |name: &str| {
        let mut command = sandbox.command(["--json", "next", "H H * * *", "--name", name]);
        command
            .args(["--from", "2030-01-01", "-n", "1"])
            .env("PUNCTUAL_SALT", "pepper");
        Answer::of(&mut command).out
    };
    assert_eq!(drawn("backup"), drawn("backup"));
    assert_ne!(drawn("backup"), drawn("report"));
}

#[test]
fn queues_have_slots() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["queue", "set", "reports", "--slots", "2"]),
        Answer::said("queue reports: 2 slots\n")
    );
    sandbox.ok(["add", "never", "--queue", "mail", "true"]);
    let queue = |name: &str, slots: Value| json!({ "name": name, "slots": slots, "paused": false, "running": 0, "waiting": 0, "ended_last_hour": 0 });
    assert_eq!(
        sandbox.json(["queue", "list"]),
        json!([
            queue("default", Value::Null),
            queue("reports", json!(2)),
            queue("mail", Value::Null),
        ])
    );
    assert_eq!(
        sandbox.json(["queue", "set", "reports", "--slots", "none"]),
        queue("reports", Value::Null)
    );
    assert_eq!(
        sandbox
            .punctual(["queue", "set", "reports", "--slots", "0"])
            .code,
        2
    );
}

#[test]
fn a_chart_of_the_day_shows_what_collides() {
    let sandbox = Sandbox::new();
    for (name, when) in [("a", "0 3 * * *"), ("b", "0 */3 * * *"), ("c", "* * * * *")] {
        sandbox.ok(["add", when, "--name", name, "true"]);
    }
    sandbox.ok(["add", "never", "--name", "unseen", "true"]);
    let chart = sandbox.ok(["next", "--chart"]);
    let begins = |word: &str| chart.lines().any(|line| line.starts_with(word));
    for word in ["a  ", "b  ", "c  ", "at once"] {
        assert!(begins(word), "{chart}");
    }
    assert!(!begins("unseen"), "{chart}");
    assert!(chart.contains("03:00  3 at once: "), "{chart}");
    assert!(chart.lines().all(|line| line.len() <= 80), "{chart}");
    // Not in the half-hour that begins the chart, whose time of tomorrow is beyond its end.
    let hour = (chrono::Utc::now() + chrono::TimeDelta::hours(6)).format("%-H");
    let when = format!("30 {hour} * * *");
    let one = sandbox.ok(["next", &when, "--chart"]);
    let strip = one.lines().next().unwrap_or_default();
    let strip = strip.strip_prefix(&format!("{when}  ")).unwrap();
    assert_eq!(strip.matches('1').count(), 1, "{one}");
    assert_eq!(sandbox.punctual(["--json", "next", "--chart"]).code, 2);
}

#[test]
fn a_chart_of_runs_shows_their_results() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "exit $(cat code)"]);
    for code in ["0", "1", "0"] {
        sandbox.write("code", code);
        sandbox.ok(["trigger", "x", "-q"]);
        sandbox.drain(["-j", "1"]);
    }
    let chart = sandbox.ok(["history", "x", "--chart"]);
    assert!(chart.contains("\n        .F.\n"), "{chart}");
    assert!(chart.ends_with("\n. succeeded 2  F failed 1\n"), "{chart}");
    assert_eq!(sandbox.punctual(["history", "--chart"]).code, 2);
    assert_eq!(
        sandbox.punctual(["--json", "history", "x", "--chart"]).code,
        2
    );
}

#[test]
fn next_of_all_jobs_does_not_pass_over_an_option_in_silence() {
    let sandbox = Sandbox::new();
    for words in [
        ["next", "--from", "tomorrow"],
        ["next", "--tz", "UTC"],
        ["next", "--name", "x"],
    ] {
        let answer = sandbox.punctual(words);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(
            answer
                .err
                .contains(&format!("{} asks about one job", words[1])),
            "{answer:?}"
        );
    }
}

#[test]
fn next_says_why_a_job_has_no_time_to_come_or_lets_it_pass() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "@hourly", "--name", "mail", "--paused", "true"]);
    sandbox.ok(["add", "now", "--name", "once", "true"]);
    sandbox.ok(["add", "after mail", "--name", "publish", "true"]);
    sandbox.ok(["add", "never", "--name", "idle", "true"]);
    sandbox.drain([""; 0]);
    let said = |job: &str| sandbox.punctual(["next", job]).err;
    assert_eq!(
        said("mail"),
        "mail: paused; go on with: punctual resume mail\n"
    );
    assert_eq!(said("once"), "once: done\n");
    assert_eq!(said("publish"), "publish: runs after mail\n");
    assert_eq!(
        said("idle"),
        "idle: runs when triggered: punctual trigger idle\n"
    );
    assert_eq!(sandbox.punctual(["-q", "next", "once"]).err, "");
    assert_eq!(sandbox.punctual(["--json", "next", "once"]).err, "");
}

#[test]
fn a_run_shows_its_hook_failures_however_many_others_there_were() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "true"]);
    sandbox.drain([""; 0]);
    sandbox.ok(["trigger", "x"]);
    sandbox.drain([""; 0]);
    sandbox.sql(
        "INSERT INTO hook(run, occasion, command, state, at, message)
         SELECT id, 'on-finish', 'false', 2, 0, 'exit 1' FROM run WHERE seq = 1",
    );
    sandbox.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300)
         INSERT INTO hook(run, occasion, command, state, at, message)
         SELECT id, 'on-finish', 'false', 2, 0, 'exit 2' FROM run JOIN n WHERE seq = 2",
    );
    let page = sandbox.ok(["show", "x.1"]);
    assert!(
        page.contains("exit 1") && !page.contains("exit 2"),
        "{page}"
    );
}

#[test]
fn a_chart_counts_all_that_it_does_not_show() {
    let sandbox = Sandbox::new();
    for number in 0..4 {
        sandbox.ok(["add", "in 1h", "--name", &format!("once-{number}"), "true"]);
        sandbox.ok([
            "add",
            "@hourly",
            "--name",
            &format!("often-{number}"),
            "true",
        ]);
    }
    assert_eq!(
        sandbox.punctual(["next", "--chart", "-n", "2"]).err,
        "6 more start later; -n N shows more\n"
    );
}
