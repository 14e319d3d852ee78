//! What starts first, and how much at once.

use chrono::Utc;

use crate::chance::setting;
use crate::sandbox::{PATIENCE, Sandbox, events, until};

#[test]
fn priority_then_due_time_then_number() {
    let waited = ["200ms", "2s", "20s"].into_iter().any(|delay| {
        let sandbox = Sandbox::new();
        let add = |when: &str, name: &str, priority: &str| {
            let words = ["add", when, "--name", name, "--priority", priority, "true"];
            sandbox.ok(words);
        };
        add(&format!("in {delay}"), "later", "0");
        add("now", "low", "-1");
        add("now", "first", "0");
        add("now", "second", "0");
        add("now", "high", "7");
        // On a slow machine it may have become due before the others were there.
        let in_time = sandbox.due("later") > Utc::now();
        sandbox.until_due("later");
        let starts: Vec<String> = events(&sandbox.drain(["-j1"]))
            .into_iter()
            .filter(|event| event.starts_with("start"))
            .collect();
        let expected = ["high.1", "first.1", "second.1", "later.1", "low.1"];
        if in_time {
            assert_eq!(starts, expected.map(|run| format!("start {run}")));
        }
        in_time
    });
    assert!(waited, "this machine is too slow to tell");
}

#[test]
fn the_pool_is_full_and_never_more() {
    let sandbox = Sandbox::new();
    // Each waits for a companion, so that two have to live at once.
    sandbox.write(
        "job",
        "echo + >> marks\nuntil [ $(grep -c + marks) -ge 2 ]; do sleep 0.01; done\nsleep 0.02\necho - >> marks\n",
    );
    for _ in 0..7 {
        sandbox.ok(["add", "now", "sh", "job"]);
    }
    sandbox.drain(["-j2"]);
    let (mut alive, mut most) = (0, 0);
    for mark in sandbox.lines("marks") {
        alive += if mark == "+" { 1 } else { -1 };
        most = most.max(alive);
    }
    assert_eq!((alive, most), (0, 2));
}

#[test]
fn a_queue_has_its_own_bound_and_blocks_nobody_else() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner(["-j4"]);
    sandbox.ok(["queue", "set", "lane", "--slots", "1"]);
    sandbox.write("gate", "");
    let gated = "while [ -e gate ]; do sleep 0.01; done; echo $PUNCTUAL_RUN >> order";
    for name in ["a", "b"] {
        sandbox.ok(["add", "now", "--name", name, "--queue", "lane", gated]);
    }
    sandbox.ok([
        "add",
        "now",
        "--name",
        "other",
        "echo $PUNCTUAL_RUN >> order",
    ]);
    sandbox.until_lines("order", 1);
    assert_eq!(sandbox.state("a"), "running");
    assert_eq!(sandbox.state("b"), "queued");
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("order", 3);
    assert_eq!(sandbox.read("order"), "other.1\na.1\nb.1\n");
}

#[test]
fn slots_are_numbered_and_unique_among_the_living() {
    let sandbox = Sandbox::new();
    sandbox.ok(["queue", "set", "lane", "--slots", "2"]);
    sandbox.write(
        "job",
        "echo $PUNCTUAL_QUEUE/$PUNCTUAL_SLOT >> slots\nuntil [ $(wc -l < slots) -ge 2 ]; do sleep 0.01; done\n",
    );
    for _ in 0..2 {
        sandbox.ok(["add", "now", "--queue", "lane", "sh", "job"]);
    }
    sandbox.drain(["-j8"]);
    let mut slots = sandbox.lines("slots");
    slots.sort();
    assert_eq!(slots, ["lane/0", "lane/1"]);
}

#[test]
fn a_higher_priority_overtakes_what_only_waits() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner(["-j1"]);
    sandbox.write("gate", "");
    let say = "echo $PUNCTUAL_JOB >> order";
    let gated = format!("while [ -e gate ]; do sleep 0.01; done; {say}");
    sandbox.ok(["add", "now", "--name", "first", &gated]);
    sandbox.until_state("first", "running");
    for name in ["a", "b", "c"] {
        sandbox.ok(["add", "now", "--name", name, say]);
    }
    sandbox.ok(["add", "now", "--name", "urgent", "--priority", "9", say]);
    // The runner has seen it when it has claimed it. What has its claim already may be on
    // its way then, but not the one behind.
    until(PATIENCE, "all four are claimed", || {
        sandbox.count("SELECT count(*) FROM run WHERE state = 6") == 4
    });
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("order", 5);
    let order = sandbox.lines("order");
    let place = |job: &str| order.iter().position(|line| line == job);
    assert!(place("urgent") < place("b"), "{order:?}");
    let others: Vec<&String> = order.iter().filter(|job| *job != "urgent").collect();
    assert_eq!(others, ["first", "a", "b", "c"]);
}

#[test]
fn nothing_starts_before_its_time() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    for delay in ["1ms", "20ms", "50ms", "100ms", "150ms"] {
        sandbox.ok(["add", &format!("in {delay}"), "true"]);
    }
    sandbox.ok(["add", "every 1s", "--name", "tick", "true"]);
    sandbox.until_state("tick.1", "succeeded");
    until(PATIENCE, "the others have run", || {
        let list = sandbox.json(["list", "--state", "done"]);
        list.as_array().map(Vec::len) == Some(5)
    });
    assert_eq!(runner.stop(), 0);
    let runs = sandbox.json(["history"]);
    let runs = runs.as_array().unwrap();
    assert!(runs.len() >= 6, "{runs:?}");
    for run in runs {
        if let (Some(started), Some(due)) = (run["started"].as_str(), run["due"].as_str()) {
            assert!(started >= due, "{run}");
        }
    }
}

#[test]
fn a_hundred_jobs_start_in_their_order() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..100).map(|n| format!("job-{n:03}")).collect();
    for name in &names {
        sandbox.ok(["add", "now", "--name", name, "echo", "x"]);
    }
    let started: Vec<String> = events(&sandbox.drain(["-j1"]))
        .into_iter()
        .filter_map(|event| Some(event.strip_prefix("start ")?.strip_suffix(".1")?.to_owned()))
        .collect();
    assert_eq!(started, names);
}

/// `PUNCTUAL_DUE=10000`: so many at one and the same second.
#[test]
fn what_is_due_in_the_same_second_starts_in_its_order() {
    let sandbox = Sandbox::new();
    let count = setting("PUNCTUAL_DUE", 200) as usize;
    let lines: Vec<String> = (0..count)
        .map(|n| format!("{{\"name\": \"job-{n:05}\", \"command\": [\"true\"]}}\n"))
        .collect();
    sandbox.write("jobs", lines.concat());
    sandbox.ok(["-q", "add", &sandbox.soon(2), "--batch", "jobs"]);
    let runner = sandbox.runner(["-j1"]);
    let patience = PATIENCE + std::time::Duration::from_millis(50 * count as u64);
    until(patience, "all have run", || {
        sandbox.count("SELECT count(*) FROM run WHERE state = 10") == count as i64
    });
    let log = runner.log();
    assert_eq!(runner.stop(), 0);
    let started: Vec<String> = events(&log)
        .into_iter()
        .filter_map(|event| Some(event.strip_prefix("start ")?.strip_suffix(".1")?.to_owned()))
        .collect();
    let expected: Vec<String> = (0..count).map(|n| format!("job-{n:05}")).collect();
    assert_eq!(started, expected);
    // Never two at once, and none before its time.
    let overlaps =
        "SELECT count(*) FROM run a JOIN run b ON b.id = a.id + 1 WHERE b.started < a.finished";
    assert_eq!(sandbox.count(overlaps), 0);
    assert_eq!(
        sandbox.count("SELECT count(*) FROM run WHERE started < due"),
        0
    );
}

/// A runner with two places and three more claims in its hands was said to have "pool 4/2".
#[test]
fn what_is_claimed_ahead_waits_and_does_not_run() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j", "2"]);
    for number in 1..=5 {
        let name = format!("j{number}");
        sandbox.ok([
            "add",
            "now",
            "--name",
            &name,
            "until test -e go; do sleep 0.01; done",
        ]);
    }
    sandbox.until_state("j2", "running");
    let queues = sandbox.json(["queue", "list"]);
    assert_eq!(
        (&queues[0]["running"], &queues[0]["waiting"]),
        (&2.into(), &3.into()),
        "{queues}"
    );
    assert!(sandbox.ok(["status"]).contains("pool 2/2"));
    sandbox.write("go", "");
    sandbox.until_idle();
    assert_eq!(runner.stop(), 0);
}
