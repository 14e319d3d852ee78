//! The model world: its clocks, what is going to happen, and one database. Happenings are
//! taken in the order of time, and a seed decides everything, so that the same seed is the same
//! history. What the runner does with them is in `runner`; what must hold is in `invariants`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AttemptId, Exit, Name, RunId};
use crate::engine::core::{Event, Over};
use crate::engine::ledger::Answer;
use crate::engine::policy::Why;
use crate::engine::witness::SeenEnd;
use crate::store::{self, Store, StoreError};

use super::fairness::Place;
use super::invariants::Audit;
use super::jobs::{Spec, Verb};
use super::parents::Order;
use super::rng::Rng;
use super::runner::Runner;

/// What must not be: the text says what was found.
#[derive(Debug)]
pub(super) struct Broken(pub String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("the store refused: {error}"))
    }
}

pub(super) const MILLISECOND: u64 = 1_000;
pub(super) const SECOND: u64 = 1_000_000;

/// Midnight before a night in which Berlin's clocks go forward, and a bit.
const DAWN: i64 = 1_774_656_000_123_456;

/// How hostile the world is. Each number is "one in so many"; 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    /// The pool of every runner, if it is not drawn.
    pub pool: Option<u32>,
    /// Effects before which the runner dies.
    pub crash_at_effect: u64,
    /// Commits around which the runner dies: before them, or before their answer.
    pub crash_at_commit: u64,
    /// Deaths of a runner that are the death of the machine.
    pub machine: u64,
    /// Deaths after which nobody starts a runner for long.
    pub neglect: u64,
    /// Starts for which the system has no room.
    pub no_room: u64,
    /// Starts that take long, as from a slow file system.
    pub slow_start: u64,
    /// Ends without a runner that no parent sees either.
    pub unseen: u64,
    /// Ends of somebody else's children of which the kernel does not tell how they were.
    pub untold: u64,
    /// Commits that take seconds.
    pub stuck: u64,
    /// Runners that leave their processes when they are stopped.
    pub leave: u64,
    /// Runners that are told to stop when they have hardly begun.
    pub stop_at_start: u64,
    /// Runners that end when there is nothing to do.
    pub until_idle: u64,
}

/// A process of the model.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub attempt: AttemptId,
    pub run: RunId,
    pub job: crate::domain::JobId,
    pub queue: Name,
    pub identity: store::Process,
    /// It has its program; before that it goes with the runner that starts it.
    pub born: bool,
    /// When its runner hears that it was started; not before that.
    pub known_at: u64,
    pub deaf: bool,
    pub exit: Exit,
    /// The runner that hears of its end.
    pub watched: Option<u64>,
    /// Not a child of that runner's.
    pub adopted: bool,
    /// What its parent was told of its end to come.
    pub ending: Option<Why>,
}

/// Something that will happen at a time of the monotonic clock. Those with a number concern that
/// runner only, and nobody if it is gone.
#[derive(Debug)]
pub(super) enum Happening {
    Commit(u64),
    /// And who was first of those that wait.
    Answers(u64, Vec<Answer>, Option<Place>),
    /// A process that is being started has its program.
    Born(u64, i32),
    /// The runner hears how a start went.
    Heard(u64, Event),
    /// The runner hears that a process ended.
    Told(u64, AttemptId, Over),
    /// The parent of its processes hears what the runner wants.
    Ordered(u64, Order),
    /// A start takes so long that the parent gives back what waits.
    Hangs(u64),
    HookEnds(u64, i64),
    /// Another process committed.
    Changed(u64),
    /// The wall timer tells of a step of the clock.
    Rang(u64),
    /// A process ends, the given way or as it was going to.
    End(i32, Option<Exit>),
    Verb(Verb),
    /// Somebody sets the wall clock.
    Step(i64),
    /// The machine sleeps.
    Sleep(u64),
    /// The runner gets no time, as after SIGSTOP.
    Freeze(u64),
    Stop,
    Crash,
    Start,
}

impl Happening {
    fn runner(&self) -> Option<u64> {
        match self {
            Self::Commit(number)
            | Self::Answers(number, ..)
            | Self::Born(number, _)
            | Self::Heard(number, _)
            | Self::Told(number, ..)
            | Self::Ordered(number, _)
            | Self::Hangs(number)
            | Self::HookEnds(number, _)
            | Self::Rang(number)
            | Self::Changed(number) => Some(*number),
            _ => None,
        }
    }
}

/// What happened in numbers, to see that a seed tests anything at all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub runners: u64,
    pub crashes: u64,
    pub exits: u64,
    pub commits: u64,
    pub starts: u64,
    pub heirs: u64,
    pub recalls: u64,
    pub adoptions: u64,
    pub rows: u64,
}

/// Lines of the story of a failure.
fn trace_length() -> usize {
    super::number("PUNCTUAL_TRACE").unwrap_or(40) as usize
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.runners += other.runners;
        self.crashes += other.crashes;
        self.exits += other.exits;
        self.commits += other.commits;
        self.starts += other.starts;
        self.heirs += other.heirs;
        self.recalls += other.recalls;
        self.adoptions += other.adoptions;
        self.rows += other.rows;
    }
}

pub(super) struct World {
    /// µs since the beginning, on a clock that nobody sets and that stands while the machine
    /// sleeps.
    pub now: u64,
    /// µs by which the wall clock is ahead of that.
    shift: i64,
    /// The latest that the wall clock ever was, in the same µs.
    latest: i64,
    /// When this boot began.
    pub booted: u64,
    pub boot: u32,
    pub rng: Rng,
    pub faults: Faults,
    /// The pace of this world in ms.
    pub beat: u64,
    pub store: Store,
    pub specs: BTreeMap<crate::domain::JobId, Spec>,
    pub runner: Option<Runner>,
    pub alive: BTreeMap<i32, Process>,
    pub last_pid: i32,
    pub outputs: BTreeSet<AttemptId>,
    /// Processes that are gone, until their runner hears of it.
    pub gone: BTreeMap<AttemptId, Process>,
    /// What runners saw and wrote down.
    pub seen: BTreeMap<AttemptId, SeenEnd>,
    /// Hooks that were ever started.
    pub hooks: BTreeSet<i64>,
    agenda: BTreeMap<(u64, u64), Happening>,
    happenings: u64,
    pub audit: Audit,
    pub tally: Tally,
    trace: Option<VecDeque<String>>,
}

impl World {
    pub(super) fn new(seed: u64, faults: Faults, beat: u64, traced: bool) -> Self {
        Self {
            now: 0,
            shift: 0,
            latest: 0,
            booted: 0,
            boot: 1,
            rng: Rng::new(seed),
            faults,
            beat,
            store: Store::in_memory(),
            specs: BTreeMap::new(),
            runner: None,
            alive: BTreeMap::new(),
            last_pid: 0,
            outputs: BTreeSet::new(),
            gone: BTreeMap::new(),
            seen: BTreeMap::new(),
            hooks: BTreeSet::new(),
            agenda: BTreeMap::new(),
            happenings: 0,
            audit: Audit::default(),
            tally: Tally::default(),
            trace: traced.then(VecDeque::new),
        }
    }

    pub(super) fn wall(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::microseconds(DAWN + self.now as i64 + self.shift)
    }

    /// When the wall clock will show `at`, unless somebody sets it.
    fn moment_of(&self, at: DateTime<Utc>) -> u64 {
        (at.timestamp_micros() - DAWN - self.shift).max(self.now as i64) as u64
    }

    pub(super) fn later(&mut self, delay: u64, what: Happening) {
        self.at(self.now + delay, what);
    }

    pub(super) fn at(&mut self, moment: u64, what: Happening) {
        self.happenings += 1;
        self.agenda.insert((moment, self.happenings), what);
    }

    /// Whether something is on its way to this runner.
    pub(super) fn expects(&self, runner: u64) -> bool {
        self.agenda
            .values()
            .any(|what| what.runner() == Some(runner))
    }

    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        let wall = self.wall();
        if let Some(lines) = &mut self.trace {
            if lines.len() == trace_length() {
                lines.pop_front();
            }
            lines.push_back(format!("{} {}", wall.format("%d %H:%M:%S%.6f"), text()));
        }
    }

    pub(super) fn trace(&self) -> String {
        self.trace
            .iter()
            .flatten()
            .fold(String::new(), |text, line| text + line + "\n")
    }

    /// Lets time go by, up to and including `end`.
    pub(super) fn run_until(&mut self, end: u64) -> Result<(), Broken> {
        while self.step(end)? {}
        self.now = self.now.max(end);
        Ok(())
    }

    pub(super) fn run_for(&mut self, span: u64) -> Result<(), Broken> {
        self.run_until(self.now + span)
    }

    /// Takes the next happening that is not after `end`.
    pub(super) fn step(&mut self, end: u64) -> Result<bool, Broken> {
        let wake = self.runner.as_ref().and_then(|runner| {
            let due = runner.wake_at.map(|at| self.moment_of(at));
            due.map(|at| at.max(runner.frozen_until))
        });
        let deadline = self.runner.as_ref().and_then(|runner| {
            let limit = runner
                .deadline
                .map(|at| at.as_micros() as u64 + self.booted);
            limit.map(|at| at.max(self.now).max(runner.frozen_until))
        });
        let turn = self.next_turn().map(|at| self.moment_of(at));
        let first = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let Some(next) = [first, turn, wake, deadline].into_iter().flatten().min() else {
            return Ok(false);
        };
        if next > end {
            return Ok(false);
        }
        self.now = next;
        if first == Some(next) {
            if let Some((_, what)) = self.agenda.pop_first() {
                self.happen(what)?;
            }
        } else if turn == Some(next) {
            self.turns_come()?;
        } else if wake == Some(next) {
            self.timer_fires()?;
        } else {
            self.deadline_passes()?;
        }
        self.check_still()?;
        Ok(true)
    }

    fn happen(&mut self, what: Happening) -> Result<(), Broken> {
        if let Some(number) = what.runner() {
            match &self.runner {
                Some(runner) if runner.number == number => {
                    let thaw = runner.frozen_until;
                    if thaw > self.now {
                        self.at(thaw, what);
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
        match what {
            Happening::Commit(_) => self.commit(),
            Happening::Answers(_, answers, waiting) => self.answers(answers, waiting),
            Happening::Born(_, pid) => self.is_born(pid),
            Happening::Heard(_, event) => self.heard(event),
            Happening::Told(_, attempt, over) => self.told(attempt, over),
            Happening::Ordered(_, order) => self.ordered(order),
            Happening::Hangs(_) => {
                self.return_waiting();
                Ok(())
            }
            Happening::HookEnds(_, hook) => self.hook_ends(hook),
            Happening::Changed(_) => self.changed(),
            Happening::End(pid, exit) => self.process_ends(pid, exit),
            Happening::Verb(verb) => self.verb(verb),
            Happening::Rang(_) => self.clock_changed(0),
            Happening::Step(by) => {
                self.note(|| format!("clock stepped by {} ms", by / 1000));
                self.latest = self.latest.max(self.now as i64 + self.shift);
                self.shift += by;
                let behind = self.latest - self.now as i64 - self.shift;
                self.audit.leapt_back |= behind > 60 * SECOND as i64;
                self.clock_changed(by)
            }
            Happening::Sleep(span) => {
                self.note(|| format!("machine slept {} ms", span / 1000));
                self.shift += span as i64;
                self.clock_changed(0)
            }
            Happening::Freeze(span) => {
                self.note(|| format!("runner frozen for {} ms", span / 1000));
                let thaw = self.now + span;
                if let Some(runner) = &mut self.runner {
                    // Who is frozen twice thaws once: what comes in order is heard in order.
                    runner.frozen_until = runner.frozen_until.max(thaw);
                }
                Ok(())
            }
            Happening::Stop => self.stop(),
            Happening::Crash => {
                self.die();
                Ok(())
            }
            Happening::Start => self.start(),
        }
    }

    /// From here on nothing goes wrong any more.
    pub(super) fn make_peace(&mut self) {
        self.faults = Faults::default();
        self.agenda.retain(|_, what| {
            !matches!(
                what,
                Happening::Step(_)
                    | Happening::Sleep(_)
                    | Happening::Freeze(_)
                    | Happening::Stop
                    | Happening::Crash
            )
        });
        if let Some(runner) = &mut self.runner {
            runner.frozen_until = 0;
        }
    }
}
