//! What histories found, each told by hand in the smallest world that shows it, and the law
//! that a restart changes nothing about which due times are accounted for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::{
    Backoff, JobId, Missed, Name, Options, Overlap, Reason, Run, RunRef, RunState, Span,
};

use crate::store::RunFilter;

use super::jobs::{Spec, Verb};
use super::scenarios::{Scenario, at_horizon};
use super::world::{Broken, Faults, Happening, MILLISECOND, SECOND, World};

fn span(ms: u64) -> Span {
    Span::from_millis(ms)
}

/// A world without faults and with a runner of this pool.
fn world(pool: u32) -> World {
    let faults = Faults {
        pool: Some(pool),
        ..Faults::default()
    };
    World::new(1, faults, 1_000, true)
}

fn spec(name: &str, when: &str, life_ms: u64, options: Options) -> Spec {
    let mut spec = Spec::new(name, when);
    spec.manner.life = (life_ms, life_ms);
    spec.options = options;
    spec
}

fn add(world: &mut World, spec: Spec) {
    told(world, |world| world.verb(Verb::Add(Box::new(spec))));
}

fn go_on(world: &mut World, seconds: u64) {
    told(world, |world| world.run_for(seconds * SECOND));
}

/// Whatever breaks a law here is shown with the story so far.
fn told(world: &mut World, act: impl FnOnce(&mut World) -> Result<(), Broken>) {
    if let Err(Broken(found)) = act(world) {
        panic!("{found}\n{}", world.trace());
    }
}

fn run(world: &World, job: &str, seq: i64) -> Run {
    let job = Name::parse(job).unwrap();
    let run = world.store.read().run_named(&RunRef { job, seq }).unwrap();
    run.unwrap_or_else(|| panic!("there is no run {seq}\n{}", world.trace()))
}

#[test]
fn a_run_that_expired_lets_the_one_behind_it_start() {
    let mut world = world(2);
    told(&mut world, |world| world.verb(Verb::Slots("one", Some(1))));
    told(&mut world, World::start);
    let within_a_second = Options {
        deadline: Some(span(1_000)),
        ..Options::default()
    };
    for (name, options) in [
        ("first", Options::default()),
        ("hasty", within_a_second),
        ("patient", Options::default()),
    ] {
        let mut spec = spec(name, "now", 5_000, options);
        spec.queue = "one";
        add(&mut world, spec);
    }
    go_on(&mut world, 20);
    assert_eq!(run(&world, "hasty", 1).reason, Some(Reason::Expired));
    assert_eq!(run(&world, "patient", 1).state, RunState::Succeeded);
}

#[test]
fn an_idle_runner_waits_for_a_run_that_found_no_room() {
    let mut world = world(1);
    world.faults.until_idle = 1;
    world.faults.no_room = 1;
    add(&mut world, spec("job", "now", 10, Options::default()));
    told(&mut world, World::start);
    told(&mut world, |world| world.run_for(500 * MILLISECOND));
    world.faults.no_room = 0;
    assert!(world.runner.is_some(), "{}", world.trace());
    go_on(&mut world, 2);
    assert_eq!(run(&world, "job", 1).state, RunState::Succeeded);
}

#[test]
fn a_run_that_found_no_room_is_late_and_not_missed() {
    let mut world = world(1);
    world.faults.no_room = 1;
    let never_late = Options {
        missed: Missed::Skip,
        ..Options::default()
    };
    add(&mut world, spec("job", "now", 10, never_late));
    told(&mut world, World::start);
    told(&mut world, |world| world.run_for(2_500 * MILLISECOND));
    world.faults.no_room = 0;
    world.later(0, Happening::Crash);
    go_on(&mut world, 10);
    assert_eq!(run(&world, "job", 1).state, RunState::Succeeded);
}

#[test]
fn a_signal_during_recovery_ends_what_an_earlier_runner_left() {
    let mut world = world(1);
    add(&mut world, spec("job", "now", 600_000, Options::default()));
    told(&mut world, World::start);
    go_on(&mut world, 1);
    world.later(0, Happening::Crash);
    world.later(0, Happening::Start);
    // Before the first commit of the new runner.
    world.later(10, Happening::Stop);
    go_on(&mut world, 60);
    assert_eq!(run(&world, "job", 1).reason, Some(Reason::Shutdown));
}

#[test]
fn a_run_that_ends_while_a_new_runner_gets_ready_is_not_lost() {
    let mut world = world(1);
    world.faults.unseen = 1;
    add(&mut world, spec("job", "now", 600_000, Options::default()));
    told(&mut world, World::start);
    go_on(&mut world, 1);
    world.later(0, Happening::Crash);
    world.later(0, Happening::Start);
    // Before the first commit of the new runner.
    world.later(10, Happening::End(world.last_pid, None));
    go_on(&mut world, 5);
    assert_eq!(world.tally.adoptions, 1, "{}", world.trace());
    assert_eq!(run(&world, "job", 1).state, RunState::Succeeded);
}

#[test]
fn a_job_is_on_time_after_a_pause_that_ended_by_itself() {
    let mut world = world(1);
    add(&mut world, spec("job", "every 4s", 10, Options::default()));
    told(&mut world, World::start);
    told(&mut world, |world| world.verb(Verb::Pause(0, Some(6_000))));
    go_on(&mut world, 9);
    assert_eq!(run(&world, "job", 1).reason, Some(Reason::Paused));
    assert_eq!(run(&world, "job", 2).state, RunState::Succeeded);
}

#[test]
fn what_is_due_when_a_pause_ends_is_run() {
    let mut world = world(1);
    add(&mut world, spec("job", "every 4s", 10, Options::default()));
    told(&mut world, World::start);
    told(&mut world, |world| world.verb(Verb::Pause(0, Some(4_000))));
    go_on(&mut world, 5);
    assert_eq!(run(&world, "job", 1).state, RunState::Succeeded);
}

#[test]
fn a_run_that_replaced_only_waiting_ones_starts() {
    let mut world = world(1);
    let options = Options {
        overlap: Overlap::Replace,
        retries: 1,
        backoff: Backoff::parse("1h").ok(),
        ..Options::default()
    };
    add(
        &mut world,
        spec("parent", "every 5s", 10, Options::default()),
    );
    let mut child = spec("child", "after parent", 10, options);
    child.manner.fails = 1;
    add(&mut world, child);
    told(&mut world, World::start);
    go_on(&mut world, 12);
    assert_eq!(run(&world, "child", 1).state, RunState::Cancelled);
    assert_eq!(run(&world, "child", 2).state, RunState::Retrying);
}

#[test]
fn a_trigger_does_not_wait_for_a_time_to_come() {
    let mut world = world(1);
    add(&mut world, spec("job", "in 1h", 10, Options::default()));
    told(&mut world, World::start);
    told(&mut world, |world| world.verb(Verb::Trigger(0)));
    told(&mut world, |world| world.verb(Verb::Trigger(0)));
    go_on(&mut world, 5);
    for seq in [2, 3] {
        assert_eq!(run(&world, "job", seq).state, RunState::Succeeded);
    }
}

#[test]
fn a_cancelled_run_whose_attempt_was_lost_has_no_reason() {
    let mut world = world(1);
    let options = Options {
        retries: 3,
        ..Options::default()
    };
    add(&mut world, spec("job", "now", 2_000, options));
    told(&mut world, World::start);
    go_on(&mut world, 1);
    world.faults.machine = 1;
    world.later(0, Happening::Crash);
    told(&mut world, |world| world.run_for(0));
    told(&mut world, |world| world.verb(Verb::Cancel(0)));
    go_on(&mut world, 10);
    let run = run(&world, "job", 1);
    assert_eq!((run.state, run.reason), (RunState::Cancelled, None));
}

/// How many runs of a job succeeded.
fn successes(world: &World, job: &str) -> usize {
    let name = Name::parse(job).unwrap();
    let read = world.store.read();
    let job = read.job_named(&name).unwrap().unwrap().id;
    let filter = RunFilter {
        job: Some(job),
        state: Some(RunState::Succeeded),
        ..RunFilter::default()
    };
    read.runs(&filter).unwrap().len()
}

const HOUR: i64 = 3_600 * SECOND as i64;

#[test]
fn a_schedule_goes_on_when_the_clock_is_set_back() {
    let mut world = world(1);
    add(&mut world, spec("job", "every 10s", 10, Options::default()));
    told(&mut world, World::start);
    go_on(&mut world, 35);
    world.later(0, Happening::Step(-HOUR));
    go_on(&mut world, 35);
    assert_eq!(successes(&world, "job"), 6, "{}", world.trace());
}

#[test]
fn a_schedule_goes_on_when_the_clock_was_set_back_while_nobody_looked() {
    let mut world = world(1);
    add(&mut world, spec("job", "every 10s", 10, Options::default()));
    told(&mut world, World::start);
    go_on(&mut world, 35);
    world.later(0, Happening::Crash);
    world.later(0, Happening::Step(-HOUR));
    go_on(&mut world, 35);
    assert_eq!(successes(&world, "job"), 6, "{}", world.trace());
}

#[test]
fn a_clock_that_was_in_the_wrong_century_leaves_no_trace() {
    let mut world = world(1);
    add(&mut world, spec("job", "@daily", 10, Options::default()));
    told(&mut world, World::start);
    let century = 60 * 365 * 24 * HOUR;
    world.later(SECOND, Happening::Step(century));
    world.later(60 * SECOND, Happening::Step(-century));
    go_on(&mut world, 3 * 24 * 3_600);
    // The one that stands for all that were missed, and those of three days.
    assert_eq!(successes(&world, "job"), 4, "{}", world.trace());
}

#[test]
fn a_retry_keeps_its_distance_when_the_clock_is_set_back() {
    let mut world = world(1);
    let options = Options {
        retries: 1,
        backoff: Backoff::parse("20s").ok(),
        ..Options::default()
    };
    let mut job = spec("job", "now", 10, options);
    job.manner.fails = 1;
    add(&mut world, job);
    told(&mut world, World::start);
    world.later(5 * SECOND, Happening::Step(-HOUR));
    go_on(&mut world, 30);
    let run = run(&world, "job", 1);
    assert_eq!((run.attempts, run.state), (2, RunState::Failed));
}

/// The due times of each job up to the horizon.
type DueTimes = BTreeMap<JobId, BTreeSet<DateTime<Utc>>>;

fn accounted(seed: u64, scenario: Scenario) -> DueTimes {
    let (world, horizon) = at_horizon(seed, scenario);
    let upto = |times: &BTreeSet<DateTime<Utc>>| times.range(..=horizon).copied().collect();
    let books = world.audit.accounted();
    books
        .into_iter()
        .map(|(job, times)| (job, upto(times)))
        .collect()
}

#[test]
fn restarts_change_nothing_about_which_due_times_are_accounted_for() {
    for seed in 0..super::number("PUNCTUAL_SEEDS").unwrap_or(super::SEEDS) {
        let calm = accounted(seed, Scenario::Calm);
        for scenario in [Scenario::Crashes, Scenario::PowerCuts, Scenario::Stops] {
            assert_eq!(calm, accounted(seed, scenario), "{scenario:?}, seed {seed}");
        }
    }
}

#[test]
fn a_run_that_was_asked_for_does_not_wait_for_a_retry_of_a_paused_job() {
    let mut world = world(1);
    let options = Options {
        retries: 1,
        backoff: Backoff::parse("1s").ok(),
        ..Options::default()
    };
    let mut job = spec("job", "now", 1_000, options);
    job.manner.fails = 1;
    add(&mut world, job);
    told(&mut world, World::start);
    told(&mut world, |world| world.run_for(100 * MILLISECOND));
    told(&mut world, |world| world.verb(Verb::Pause(0, None)));
    told(&mut world, |world| world.verb(Verb::Trigger(0)));
    go_on(&mut world, 10);
    assert_eq!(run(&world, "job", 1).attempts, 1);
    assert_eq!(run(&world, "job", 2).attempts, 1, "{}", world.trace());
}
