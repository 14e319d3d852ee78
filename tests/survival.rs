//! Sudden death, again and again: nothing that was accepted is lost, nothing is done twice.
//!
//! The moments are drawn from a seed; `PUNCTUAL_SEED` draws others, and `PUNCTUAL_DEATHS` more of
//! them. Real executions are counted through a file that each job appends to, and compared with what the database says.

#![expect(
    clippy::unwrap_used,
    reason = "a witness that cannot be heard fails its test"
)]

#[path = "sandbox/chance.rs"]
mod chance;
#[path = "sandbox/ledger.rs"]
mod ledger;
mod sandbox;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Instant;

use chance::{Chance, setting};
use ledger::{Ledger, assert_sound, job};
use sandbox::{PATIENCE, Sandbox, code_of, until};

/// A runner waited for the lock of the disk with a good result in its hands, was killed, and its
/// successor called the attempt lost and ran the job a second time.
#[test]
fn an_end_that_was_seen_and_not_committed_is_not_forgotten() {
    let sandbox = Sandbox::new();
    let command =
        "echo done; until test -e go; do sleep 0.01; done; echo $PUNCTUAL_RUN >> ran; exit 7";
    sandbox.ok([
        "add",
        "now",
        "--name",
        "one",
        "--success-codes",
        "7",
        "--retries",
        "3",
        command,
    ]);
    let runner = sandbox.runner([""; 0]);
    sandbox.until_state("one", "running");
    let holder = rusqlite::Connection::open(sandbox.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    sandbox.write("go", "");
    let ends = format!("{}-ends", sandbox.database().display());
    until(PATIENCE, "the end to be written down", || {
        std::fs::read_to_string(&ends).is_ok_and(|text| text.contains(" code 7 "))
    });
    runner.kill();
    holder.execute_batch("ROLLBACK").unwrap();
    sandbox.drain([""; 0]);
    let run = sandbox.json(["show", "one.1"]);
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(run["exit_code"], 7, "{run}");
    assert_eq!(run["attempts"].as_array().unwrap().len(), 1, "{run}");
    assert!(
        run["attempts"][0]["started"] != serde_json::Value::Null,
        "{run}"
    );
    assert_eq!(sandbox.ok(["logs", "one.1"]), "done\n");
    assert_eq!(sandbox.lines("ran"), ["one.1"]);
    assert!(
        !std::path::Path::new(&ends).exists(),
        "all is committed, and nothing is left over"
    );
}

#[test]
fn fifty_deaths_of_the_runner() {
    let sandbox = Sandbox::new();
    let mut chance = Chance::new(1);
    let tick = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran";
    sandbox.ok([
        "add",
        "every 1s",
        "--name",
        "tick",
        "--overlap",
        "allow",
        "--missed",
        "all",
        tick,
    ]);
    let mut accepted = 1;
    let mut log = String::new();
    // Most moments fall into the time that a runner needs for its first steps.
    let begun = Instant::now();
    sandbox.drain([""; 0]);
    let moments = (3 * begun.elapsed().as_micros() as u64).clamp(90_000, 2_000_000);
    for round in 0..setting("PUNCTUAL_DEATHS", 50) {
        for _ in 0..chance.below(4) {
            let retries = chance.below(3).to_string();
            let lasts = chance.one_of(&[0, 5, 30, 400]);
            let command = job(lasts, chance.one_of(&["true", "exit 1"]));
            sandbox.ok([
                "add",
                "now",
                "--retries",
                &retries,
                "--backoff",
                "1ms",
                &command,
            ]);
            accepted += 1;
        }
        let runner = sandbox.start(
            sandbox
                .command(["run", "-j3"])
                .env("ROUND", round.to_string()),
        );
        chance.moment(moments);
        log.push_str(&runner.log());
        if chance.below(8) == 0 {
            sandbox.power_cut(runner);
        } else {
            runner.kill();
        }
    }
    sandbox.sql("UPDATE job SET state = 2, next_due = NULL WHERE name = 'tick'");
    log.push_str(&sandbox.drain(["-j3"]));

    let count = |word: &str| log.matches(word).count();
    let (started, adopted) = (count(" start "), count(" adopted "));
    let _ = writeln!(std::io::stderr(), "{started} starts, {adopted} adoptions");
    assert!(started > 20, "{log}");
    assert_eq!(Ledger::read(&sandbox).jobs, accepted);
    assert_sound(&sandbox);
}

#[test]
fn a_machine_that_dies_loses_what_ran_and_nothing_else() {
    let sandbox = Sandbox::new();
    let names = ["a", "b", "c", "d"];
    for name in names {
        let retries = if name < "c" { "0" } else { "1" };
        let command = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran; \
            test $PUNCTUAL_ATTEMPT = 2 || sleep 60; echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ended";
        sandbox.ok([
            "add",
            "now",
            "--name",
            name,
            "--retries",
            retries,
            "--backoff",
            "1ms",
            command,
        ]);
    }
    let runner = sandbox.runner(["-j3"]);
    for name in ["a", "b", "c"] {
        sandbox.until_state(name, "running");
    }
    sandbox.until_lines("ran", 3);
    sandbox.power_cut(runner);
    sandbox.sql("UPDATE boot SET uuid = 'before'");
    // The one that had waited is started for the first time.
    let runner = sandbox.runner(["-j3"]);
    sandbox.until_lines("ran", 5);
    assert_eq!(sandbox.state("a"), "failed(lost)");
    assert_eq!(sandbox.state("b"), "failed(lost)");
    sandbox.until_state("c", "succeeded");
    sandbox.until_state("d", "running");
    let first = sandbox.json(["show", "c.1"])["attempts"][0].clone();
    assert_eq!(
        (&first["state"], &first["reason"]),
        (&"failed".into(), &"lost".into())
    );
    assert_eq!(runner.stop(), 0);
    sandbox.drain([""; 0]);
    assert_sound(&sandbox);
}

/// Starts an `add` and kills it at a random moment; its exit code.
fn add_and_kill(sandbox: &Sandbox, name: &str, chance: &mut Chance) -> i32 {
    let mut child = sandbox
        .command(["-q", "add", "now", "--name", name, "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    chance.moment(12_000);
    let _ = child.kill();
    code_of(child.wait().unwrap())
}

#[test]
fn an_add_that_is_killed_is_there_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    let mut chance = Chance::new(2);
    sandbox.ok(["add", "never", "--name", "zeroth", "true"]);
    let mut stored = 1;
    for number in 0..60 {
        let name = format!("job-{number}");
        let code = add_and_kill(&sandbox, &name, &mut chance);
        let answer = sandbox.punctual(["--json", "show", &name]);
        let there = answer.code == 0;
        assert!(there || answer.code == 3, "{answer:?}");
        assert!(there || code != 0, "{name} was accepted, and is not there");
        if there {
            stored += 1;
            assert_eq!(answer.document()["last"]["state"], "queued", "{answer:?}");
        }
    }
    sandbox.check_integrity();
    sandbox.drain([""; 0]);
    assert_eq!(Ledger::read(&sandbox).jobs, stored);
}

#[test]
fn a_first_add_that_is_killed_is_in_nobodys_way() {
    let mut chance = Chance::new(3);
    for _ in 0..40 {
        let sandbox = Sandbox::new();
        let code = add_and_kill(&sandbox, "first", &mut chance);
        sandbox.ok(["add", "never", "--name", "second", "true"]);
        let there = sandbox.punctual(["show", "first"]).code == 0;
        assert!(there || code != 0, "it was accepted, and is not there");
        assert_eq!(Ledger::read(&sandbox).jobs, 1 + i64::from(there));
        sandbox.check_integrity();
    }
}

#[test]
fn after_a_first_add_that_was_killed_a_list_is_a_list() {
    let mut chance = Chance::new(4);
    for _ in 0..60 {
        let sandbox = Sandbox::new();
        add_and_kill(&sandbox, "first", &mut chance);
        let answer = sandbox.punctual(["list"]);
        assert_eq!(answer.code, 0, "{answer:?}");
    }
}

#[test]
fn of_many_runners_that_start_together_one_runs() {
    let sandbox = Sandbox::new();
    for round in 0..8 {
        let name = format!("job-{round}");
        sandbox.ok(["add", "now", "--name", &name, &job(1, "true")]);
        let runners: Vec<_> = (0..4)
            .map(|_| sandbox.start(&mut sandbox.command(["run"])))
            .collect();
        sandbox.until_state(&name, "succeeded");
        until(PATIENCE, "one of them is left", || {
            runners.iter().filter(|runner| runner.lives()).count() == 1
        });
        for runner in runners {
            if runner.lives() {
                assert_eq!(runner.stop(), 0);
            } else {
                let log = runner.log();
                assert_eq!(runner.ended(), 4, "{log}");
            }
        }
    }
    assert_sound(&sandbox);
}
