//! The runner in a model world: the real core, ledger and statements, on a database in memory,
//! with a clock that is set by hand and processes that are rows of a table. It may be killed before
//! any effect and around any commit.
//!
//! What lives here: the world, its histories, and what must hold in each of them
//! (`invariants`). What never does: a decision of the runner, or a second version of one. A
//! history is named by its scenario and its seed: `PUNCTUAL_SEEDS=10000 cargo test` plays more
//! of them, `PUNCTUAL_SEED=7` only that one.

mod admission;
mod books;
mod fairness;
mod invariants;
mod jobs;
mod parents;
mod processes;
mod rng;
mod runner;
mod scenarios;
mod stories;
mod verbs;
mod world;
mod writing;

use std::panic::{AssertUnwindSafe, catch_unwind};

use scenarios::{Scenario, play};
use world::{Broken, Tally};

/// Seeds of each scenario that an ordinary test run plays.
const SEEDS: u64 = 20;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays every seed; the first one that fails is played again with its trace.
fn play_all(scenario: Scenario) {
    let seeds = match number("PUNCTUAL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PUNCTUAL_SEEDS").unwrap_or(SEEDS),
    };
    let mut sum = Tally::default();
    for seed in seeds {
        match catch_unwind(AssertUnwindSafe(|| play(seed, scenario, false).1)) {
            Ok(Ok(tally)) => sum.add(tally),
            _ => fail(scenario, seed),
        }
    }
    println!("{scenario:?}: {sum:?}");
}

fn fail(scenario: Scenario, seed: u64) -> ! {
    // Said first, for the second time may end in a panic.
    println!("{scenario:?}, seed {seed}");
    let (world, ended) = play(seed, scenario, true);
    let found = match ended {
        Err(Broken(found)) => found,
        Ok(_) => "a second time it went well".to_owned(),
    };
    panic!("{scenario:?}, seed {seed}: {found}\n{}", world.trace());
}

macro_rules! histories {
    ($($name:ident: $scenario:ident;)+) => {
        $(#[test] fn $name() { play_all(Scenario::$scenario); })+
    };
}

histories! {
    a_calm_history_holds: Calm;
    a_history_of_crashes_holds: Crashes;
    a_history_of_power_cuts_holds: PowerCuts;
    a_history_of_stops_holds: Stops;
    a_history_of_clock_trouble_holds: Clock;
    a_history_of_leaps_of_the_clock_holds: Leaps;
    a_crowded_history_holds: Crowd;
    a_history_of_many_verbs_holds: Verbs;
    a_mixed_history_holds: Mixed;
}
