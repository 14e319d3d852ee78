//! Histories: which jobs a world has, what goes wrong in it, and how it ends. Every history ends
//! in peace, and then all that waits must come to its end.

use chrono::{DateTime, Utc};

use super::invariants::must;
use super::jobs::{Spec, Verb, patience};
use super::rng::Rng;
use super::world::{Broken, Faults, Happening, MILLISECOND, SECOND, Tally, World};

/// What is tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Nothing goes wrong.
    Calm,
    /// The runner is killed again and again.
    Crashes,
    /// The machine is.
    PowerCuts,
    /// Signals, `--leave-running`, `--until-idle`.
    Stops,
    /// Steps of less than a minute, sleep, a stalled runner, a slow disk.
    Clock,
    /// Steps of hours and days, also while no runner lives.
    Leaps,
    /// No room for processes, few slots, cancelled runs.
    Crowd,
    /// Users who change their minds.
    Verbs,
    /// Everything at once.
    Mixed,
}

impl Scenario {
    fn faults(self, rng: &mut Rng) -> Faults {
        let calm = Faults::default();
        let crashes = Faults {
            crash_at_effect: *rng.pick(&[0, 20, 60, 200]),
            crash_at_commit: *rng.pick(&[0, 10, 40]),
            neglect: 8,
            slow_start: *rng.pick(&[0, 5]),
            unseen: *rng.pick(&[0, 1, 3]),
            untold: *rng.pick(&[0, 3]),
            ..calm
        };
        match self {
            Self::Calm => calm,
            Self::Crashes => crashes,
            Self::PowerCuts => Faults {
                machine: 1,
                ..crashes
            },
            Self::Stops => Faults {
                leave: 4,
                until_idle: 4,
                stop_at_start: 4,
                neglect: 8,
                no_room: *rng.pick(&[0, 10]),
                slow_start: *rng.pick(&[0, 3]),
                ..calm
            },
            Self::Clock => Faults { stuck: 40, ..calm },
            Self::Leaps => Faults {
                crash_at_commit: *rng.pick(&[0, 50]),
                neglect: 4,
                no_room: *rng.pick(&[0, 20]),
                ..calm
            },
            Self::Crowd => Faults {
                no_room: *rng.pick(&[3, 10]),
                slow_start: *rng.pick(&[0, 3]),
                ..calm
            },
            Self::Verbs => Faults {
                crash_at_commit: *rng.pick(&[0, 100]),
                until_idle: 10,
                ..calm
            },
            Self::Mixed => Faults {
                machine: 4,
                no_room: *rng.pick(&[0, 20]),
                stuck: *rng.pick(&[0, 100]),
                leave: 4,
                until_idle: 10,
                stop_at_start: 20,
                ..crashes
            },
        }
    }

    /// A happening of this scenario that comes by itself.
    fn trouble(self, rng: &mut Rng, beat: u64) -> Option<Happening> {
        let span = |rng: &mut Rng| rng.between(10, 6 * beat) * MILLISECOND;
        let small_step = |rng: &mut Rng| {
            let most = *rng.pick(&[400, 3_000, 50_000]);
            let size = rng.between(1, most.min(beat * 20));
            let size = (size * MILLISECOND) as i64;
            if rng.once_in(2) { size } else { -size }
        };
        Some(match self {
            Self::Calm => return None,
            Self::Crashes | Self::PowerCuts => Happening::Crash,
            Self::Stops => Happening::Stop,
            Self::Clock => match rng.between(0, 3) {
                0 => Happening::Sleep(span(rng)),
                1 => Happening::Freeze(span(rng)),
                _ => Happening::Step(small_step(rng)),
            },
            Self::Leaps => match rng.between(0, 3) {
                0 => Happening::Crash,
                1 => Happening::Step((rng.between(1, 100 * beat) * MILLISECOND) as i64),
                _ => Happening::Step(-((rng.between(1, 50 * beat) * MILLISECOND) as i64)),
            },
            Self::Crowd => Happening::Verb(Verb::Cancel(rng.between(0, 99))),
            Self::Verbs => Happening::Verb(Verb::drawn(rng, beat)),
            Self::Mixed => match rng.between(0, 6) {
                0 => Happening::Sleep(span(rng)),
                1 => Happening::Freeze(span(rng)),
                2 => Happening::Step(small_step(rng)),
                3 => Happening::Stop,
                4 => Happening::Crash,
                _ => Happening::Verb(Verb::drawn(rng, beat)),
            },
        })
    }
}

/// Makes the world of a seed. Jobs come from a stream of their own, so that the same seed
/// has the same jobs in every scenario.
fn prepare(seed: u64, scenario: Scenario, traced: bool) -> (World, u64) {
    let mut rng = Rng::new(seed);
    let beat = *rng.pick(&[1_000, 1_000, 60_000, 3_600_000]);
    let mut jobs = rng.fork();
    let faults = scenario.faults(&mut rng);
    let mut world = World::new(rng.between(0, u64::MAX - 1), faults, beat, traced);
    let beat_us = beat * MILLISECOND;
    let horizon = beat_us * if beat == 3_600_000 { 120 } else { 30 };
    for n in 0..jobs.between(1, 7) {
        let at = jobs.between(0, 2) * jobs.between(0, horizon / 4);
        let spec = Spec::drawn(&mut jobs, n, beat, world.wall());
        world.at(at, Happening::Verb(Verb::Add(Box::new(spec))));
    }
    for queue in ["one", "two"] {
        if jobs.once_in(2) {
            let slots = jobs.between(1, 2) as u32;
            world.at(0, Happening::Verb(Verb::Slots(queue, Some(slots))));
        }
    }
    if scenario == Scenario::Crowd || scenario == Scenario::Mixed {
        let at = jobs.between(0, horizon);
        world.at(at, Happening::Verb(Verb::Slots("one", Some(1))));
    }
    let troubles = match scenario {
        Scenario::Calm => 0,
        Scenario::Verbs | Scenario::Mixed => rng.between(0, 20),
        _ => rng.between(0, 6),
    };
    for _ in 0..troubles {
        let at = rng.between(0, horizon);
        if let Some(trouble) = scenario.trouble(&mut rng, beat) {
            world.at(at, trouble);
        }
    }
    world.later(0, Happening::Start);
    (world, horizon)
}

/// One history, from its first job to its end in peace.
pub(super) fn play(seed: u64, scenario: Scenario, traced: bool) -> (World, Result<Tally, Broken>) {
    let (mut world, horizon) = prepare(seed, scenario, traced);
    let ended = world
        .run_until(horizon)
        .and_then(|()| settle(&mut world))
        .map(|()| world.tally);
    (world, ended)
}

/// A history up to its horizon, and a little peace in which the runner catches up.
pub(super) fn at_horizon(seed: u64, scenario: Scenario) -> (World, DateTime<Utc>) {
    let (mut world, horizon) = prepare(seed, scenario, false);
    let lived = world.run_until(horizon).and_then(|()| {
        let end = world.wall();
        world.make_peace();
        if world.runner.as_ref().is_some_and(|runner| runner.stopping) {
            // It waits for its last job, however long that takes, and makes nothing due.
            world.later(0, Happening::Crash);
        }
        world.later(0, Happening::Start);
        world.run_for(100 * SECOND)?;
        // A runner that was about to stop did so, and another began.
        world.later(0, Happening::Start);
        world.run_for(100 * SECOND)?;
        Ok(end)
    });
    match lived {
        Ok(end) => (world, end),
        Err(Broken(found)) => panic!("{scenario:?}, seed {seed}: {found}"),
    }
}

/// Faults stop; then everything comes to its end, and a runner that is left alone is still.
pub(super) fn settle(world: &mut World) -> Result<(), Broken> {
    world.note(|| "peace".to_owned());
    world.make_peace();
    world.later(0, Happening::Start);
    world.retire()?;
    let patience = patience(world.beat);
    let mut limit = world.now + patience;
    let mut starts = 0;
    while world.step(limit)? {
        if world.tally.starts > starts {
            starts = world.tally.starts;
            limit = world.now + patience;
        }
        if world.runner.is_some()
            && world.audit.open.is_empty()
            && world.alive.is_empty()
            && !world.store.read().has_open_hooks()?
        {
            break;
        }
    }
    let left: Vec<String> = world
        .audit
        .open
        .values()
        .map(|row| format!("run {} {:?}", row.id.0, row.stage))
        .collect();
    must!(
        left.is_empty(),
        "never came to its end: {}",
        left.join(", ")
    );
    let hooks = world.store.read().has_open_hooks()?;
    must!(!hooks, "a hook never came to its end");
    world.audit_history()
}
