//! The kill loop: SIGKILL of the runner at random moments, alone and together with its jobs, and
//! the invariants of faults.md as far as they can be seen from outside.
//!
//! `PUNCTUAL_KILLS=5000` kills more often, `PUNCTUAL_SEED` at other moments.

#[path = "../sandbox/chance.rs"]
mod chance;
#[path = "../sandbox/ledger.rs"]
mod ledger;
#[path = "../sandbox/mod.rs"]
mod sandbox;

mod watching;

use std::io::Write as _;

use chance::{Chance, setting};
use ledger::{assert_sound, job};
use rustix::process::{Signal, kill_process};
use sandbox::Sandbox;
use watching::{Toll, Watch};

const POOL: usize = 3;

/// Deaths of one database.
const LIFE: u64 = 200;

/// Recurring jobs of every overlap policy, and one that waits for another.
fn add_recurring(sandbox: &Sandbox) {
    let tick = "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran";
    for (name, when, overlap, command) in [
        ("tick", "every 1s", "allow", tick),
        ("solo", "every 1s", "skip", &job(300, "true")),
        ("line", "every 1s", "queue", &job(700, "true")),
        ("over", "every 1s", "replace", &job(900, "true")),
        ("chain", "after solo", "skip", &job(5, "true")),
    ] {
        let mut words = vec!["add", when, "--name", name, "--overlap", overlap];
        if name != "chain" {
            words.extend(["--missed", "all"]);
        }
        words.push(command);
        sandbox.ok(words);
    }
}

/// A job or two that run once: `twice-…` always succeeds and may be tried again.
fn add_some(sandbox: &Sandbox, chance: &mut Chance, round: u64) {
    for number in 0..chance.below(3) {
        let lasts = chance.one_of(&[0, 5, 30, 400]);
        let (name, retries, end) = match chance.below(3) {
            0 => (format!("once-{round}-{number}"), "0", "true"),
            1 => (format!("fails-{round}-{number}"), "1", "exit 1"),
            _ => (format!("twice-{round}-{number}"), "2", "true"),
        };
        let retries = ["--retries", retries, "--backoff", "1ms"];
        let add = ["add", "now", "--name", &name];
        sandbox.ok([&add[..], &retries, &[&job(lasts, end)]].concat());
    }
}

/// One life of a database: so many deaths, and everything about it is true.
fn life(salt: u64, kills: u64, jobs_too: bool) -> Toll {
    let sandbox = Sandbox::new();
    let mut chance = Chance::new(salt);
    let mut watch = Watch::new(&sandbox);
    add_recurring(&sandbox);
    for round in 0..kills {
        watch.birth();
        if round % 20 == 19 {
            // Now and then it is asked.
            assert_eq!(sandbox.runner(["-j3"]).stop(), 0);
            watch.nothing_is_left_after_an_orderly_stop();
        }
        let runner = sandbox.start(&mut sandbox.command(["run", "-j3"]));
        add_some(&sandbox, &mut chance, round);
        let parent = runner.parent_of_jobs();
        chance.moment(100_000);
        watch.blow();
        runner.kill();
        watch.death();
        if jobs_too {
            let _ = kill_process(parent, Signal::KILL);
            for pid in sandbox.jobs_alive() {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        // Whoever looks also tidies up: most of the time the next runner finds what was left.
        if round % 8 == 7 {
            watch.what_is_written();
        }
    }
    for name in ["tick", "solo", "line", "over", "chain"] {
        let end = format!("UPDATE job SET state = 2, next_due = NULL WHERE name = '{name}'");
        sandbox.sql(&end);
    }
    sandbox.ok(["add", "now", "--name", "canary", &job(0, "true")]);
    let runner = sandbox.runner(["-j3"]);
    sandbox.until_state("canary", "succeeded");
    assert_eq!(runner.stop(), 0);
    sandbox.drain(["-j3"]);
    watch.what_is_written();
    watch.order_of_times();
    assert_sound(&sandbox);
    watch.toll()
}

/// Several lives, for retention forgets what is long ago.
fn lives(salt: u64, jobs_too: bool) {
    let kills = setting("PUNCTUAL_KILLS", 200).div_ceil(2);
    let mut toll = Toll::default();
    for number in 0..kills.div_ceil(LIFE) {
        let left = kills - number * LIFE;
        toll.add(life(salt + 100 * number, left.min(LIFE), jobs_too));
    }
    let Toll {
        attempts,
        lost,
        done,
        twice,
    } = toll;
    let said = format!(
        "{kills} kills, {attempts} attempts, {lost} lost, {done} of them at their end, completed twice: {}",
        twice.len()
    );
    let _ = writeln!(std::io::stderr(), "{said}\n  {}", twice.join("\n  "));
    // What ends while its runner is dead is seen by its parent. What dies with both may have got to its last word.
    assert!(twice.len() as u64 <= kills * 5 / 1_000 + 1, "{said}");
}

#[test]
fn a_runner_that_is_killed_again_and_again_loses_nothing() {
    lives(11, false);
}

#[test]
fn a_machine_that_dies_again_and_again_loses_only_what_ran() {
    lives(12, true);
}
