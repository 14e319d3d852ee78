//! Sudden death, again and again: nothing that was accepted is lost, nothing is done twice.
//!
//! The moments are drawn from a seed; `PUNCTUAL_SEED` draws others, and `PUNCTUAL_DEATHS` more of
//! them. Real executions are counted through a file that each job appends to, and compared with what the database says.

#![expect(
    clippy::unwrap_used,
    reason = "a witness that cannot be heard fails its test"
)]

mod sandbox;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Signal, kill_process};
use sandbox::{PATIENCE, Sandbox, code_of, until};

/// Numbers that look random and are the same for a seed (splitmix64, Steele 2014).
struct Chance(u64);

impl Chance {
    fn new(salt: u64) -> Self {
        let given = std::env::var("PUNCTUAL_SEED").ok();
        let seed = given
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(20_261_201);
        let _ = writeln!(std::io::stderr(), "PUNCTUAL_SEED={seed}");
        Self(seed ^ salt)
    }

    /// How many times, unless it was said.
    fn times(usual: u64) -> u64 {
        let given = std::env::var("PUNCTUAL_DEATHS").ok();
        given.and_then(|times| times.parse().ok()).unwrap_or(usual)
    }

    /// Below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// Lets a random part of the time go by: the moment of a blow is what is tested here.
    fn moment(&mut self, most_us: u64) {
        std::thread::sleep(Duration::from_micros(self.below(most_us)));
    }
}

/// Says which attempt it is, works for a while, and says that it got to its end.
fn job(milliseconds: u64, then: &str) -> String {
    format!(
        "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran; sleep 0.{milliseconds:03}; \
         echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ended; {then}"
    )
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
    for round in 0..Chance::times(50) {
        for _ in 0..chance.below(4) {
            let retries = chance.below(3).to_string();
            let lasts = [0, 5, 30, 400][chance.below(4) as usize];
            let command = job(lasts, ["true", "exit 1"][chance.below(2) as usize]);
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
        chance.moment(90_000);
        log.push_str(&runner.log());
        runner.kill();
        if chance.below(8) == 0 {
            // The machine dies with it.
            for pid in sandbox.jobs_alive() {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
    sandbox.sql("UPDATE job SET state = 2, next_due = NULL WHERE name = 'tick'");
    log.push_str(&sandbox.drain(["-j3"]));

    let count = |word: &str| log.matches(word).count();
    assert!(count(" adopted ") > 0 && count(" start ") > 20, "{log}");
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
    runner.kill();
    for pid in sandbox.jobs_alive() {
        let _ = kill_process(pid, Signal::KILL);
    }
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
#[ignore = "a read after a crash in the making of the file is refused as read-only: its journal is hot"]
fn after_a_first_add_that_was_killed_a_list_is_a_list() {
    let mut chance = Chance::new(4);
    for _ in 0..200 {
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

/// What the database says.
struct Ledger {
    jobs: i64,
    /// Each attempt, `name.run.attempt`, with its state and that of its run as it is shown.
    attempts: BTreeMap<String, String>,
}

impl Ledger {
    fn read(sandbox: &Sandbox) -> Self {
        let connection = Connection::open(sandbox.database()).unwrap();
        let jobs = connection.query_row("SELECT count(*) FROM job", [], |row| row.get(0));
        let mut attempts = BTreeMap::new();
        for run in sandbox.json(["history"]).as_array().unwrap() {
            for attempt in run["attempts"].as_array().unwrap() {
                let name = format!("{}.{}", run["run"].as_str().unwrap(), attempt["attempt"]);
                let state = attempt["state"].as_str().unwrap();
                let reason = attempt["reason"].as_str().unwrap_or_default();
                let known = attempts.insert(name, format!("{state} {reason}"));
                assert_eq!(known, None, "an attempt is there twice: {run}");
            }
        }
        Self {
            jobs: jobs.unwrap(),
            attempts,
        }
    }
}

/// The invariants that hold whenever nothing is left to do.
#[track_caller]
fn assert_sound(sandbox: &Sandbox) {
    sandbox.check_integrity();
    assert!(sandbox.jobs_alive().is_empty());
    let finals = ["succeeded", "failed", "skipped", "cancelled"];
    for run in sandbox.json(["history"]).as_array().unwrap() {
        assert!(finals.contains(&run["state"].as_str().unwrap()), "{run}");
        let job = sandbox.json(["show", &run["job_id"].to_string()]);
        let most = 1 + job["retries"].as_u64().unwrap_or(0);
        let attempts = run["attempts"].as_array().unwrap();
        assert!(attempts.len() as u64 <= most, "{run}");
    }
    assert_each_due_time_has_one_row(sandbox);

    let ledger = Ledger::read(sandbox);
    let mut ran = sandbox.lines("ran");
    ran.sort();
    let times = ran.len();
    ran.dedup();
    assert_eq!(ran.len(), times, "an attempt ran twice");
    for attempt in &ran {
        assert!(
            ledger.attempts.contains_key(attempt),
            "{attempt} ran, and nobody knows"
        );
    }
    let ended = sandbox.lines("ended");
    for (attempt, state) in &ledger.attempts {
        // What could not be seen may have run or not. What was seen to end did run.
        if !state.starts_with("succeeded") && state != "failed exit" {
            continue;
        }
        assert!(ran.contains(attempt), "{attempt} {state}, and never ran");
        let ticks = attempt.starts_with("tick.");
        assert!(
            ticks || ended.contains(attempt),
            "{attempt} {state}, and never ended"
        );
    }
}

#[track_caller]
fn assert_each_due_time_has_one_row(sandbox: &Sandbox) {
    let connection = Connection::open(sandbox.database()).unwrap();
    let doubles: i64 = connection
        .query_row(
            "SELECT count(*) FROM (SELECT 1 FROM run GROUP BY job, due HAVING count(*) > 1)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(doubles, 0, "a due time has two rows");
    let gaps: i64 = connection
        .query_row(
            "SELECT coalesce((max(due) - min(coalesce(missed_first, due))) / 1000000 + 1
                    - sum(coalesce(missed_count, 1)), 0)
             FROM run
             WHERE job = (SELECT id FROM job WHERE name = 'tick')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(gaps, 0, "due times without a row");
}
