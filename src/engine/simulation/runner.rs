//! The driver's part in the model: effects become happenings, and happenings events. Beside
//! every effect stands the chance that the runner dies just before it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AttemptId, Exit, Output};
use crate::engine::core::{Config, Core, Effect, Event, Grace, Now, Over};
use crate::engine::ledger::{HookStart, Ledger, Request};
use crate::engine::policy::{Outcome, Why};

use super::fairness::Place;
use super::invariants::must;
use super::jobs::{SALT, zone};
use super::parents::{Expected, Order};
use super::world::{Broken, Happening, MILLISECOND, SECOND, World};

/// A runner that lives: all of it is lost when it dies.
pub(super) struct Runner {
    pub number: u64,
    pub core: Core,
    pub ledger: Ledger,
    pub inbox: Vec<Request>,
    /// The batch that the writer has taken.
    pub batch: Option<Vec<Request>>,
    pub wake_at: Option<DateTime<Utc>>,
    pub deadline: Option<Duration>,
    /// Steps of the wall clock since the last look, in µs.
    unnoticed: i64,
    pub frozen_until: u64,
    pub no_room_at: Option<u64>,
    pub pool: u32,
    pub leaves: bool,
    pub until_idle: bool,
    pub recovered: bool,
    pub stopping: bool,
    hooks: BTreeSet<i64>,
    /// Processes that lived when it began: it has hold of them, and hears of their ends.
    pub held: BTreeSet<i32>,
    /// Attempts that it has a hand in the end of.
    pub struck: BTreeMap<AttemptId, Why>,
    /// The first that waits for a slot, as far as this runner knows, and since when it does.
    pub waiting: Option<Place>,
    pub waiting_since: u64,
    /// Starts that wait with the parent of its processes.
    pub expected: Vec<Expected>,
    /// When the last order reaches it: they come in order.
    ordered_at: u64,
}

impl Runner {
    pub(super) fn has_requests(&self) -> bool {
        self.batch.is_some() || !self.inbox.is_empty()
    }
}

impl World {
    pub(super) fn start(&mut self) -> Result<(), Broken> {
        if self.runner.is_some() {
            return Ok(());
        }
        self.tally.runners += 1;
        let drawn = *self.rng.pick(&[1, 2, 2, 3, 5]);
        let pool = self.faults.pool.unwrap_or(drawn);
        let grace = *self.rng.pick(&[
            Grace::For(Duration::ZERO),
            Grace::For(Duration::from_secs(3)),
            Grace::For(Duration::from_secs(25)),
            Grace::Forever,
        ]);
        let config = Config {
            runner: crate::domain::Runner {
                pid: 1,
                since: self.wall(),
                pool,
            },
            boot: self.boot_name(),
            ahead: *self.rng.pick(&[0, 2, 64]),
            heirs: *self.rng.pick(&[0, 1, 16]),
            until_idle: self.rng.once_in(self.faults.until_idle),
            grace,
            leave_running: self.rng.once_in(self.faults.leave),
        };
        self.note(|| {
            format!(
                "runner starts: pool {pool}, ahead {}, {grace:?}",
                config.ahead
            )
        });
        // An output file whose attempt ended is of no use any more.
        let open = self.store.read().open_attempts()?;
        self.outputs
            .retain(|attempt| open.iter().any(|open| open.attempt == *attempt));
        self.runner = Some(Runner {
            number: self.tally.runners,
            leaves: config.leave_running,
            until_idle: config.until_idle,
            core: Core::new(config),
            ledger: Ledger::new(
                SALT.to_owned(),
                zone,
                None,
                Box::new(|_, _| Output::default()),
            ),
            inbox: Vec::new(),
            batch: None,
            wake_at: None,
            deadline: None,
            unnoticed: 0,
            frozen_until: 0,
            no_room_at: None,
            pool,
            recovered: false,
            stopping: false,
            hooks: BTreeSet::new(),
            held: self.alive.keys().copied().collect(),
            struck: BTreeMap::new(),
            waiting: None,
            waiting_since: 0,
            expected: Vec::new(),
            ordered_at: 0,
        });
        if self.rng.once_in(self.faults.stop_at_start) {
            let delay = self.rng.between(0, 20 * MILLISECOND);
            self.later(delay, Happening::Stop);
        }
        self.feed(Event::Begin)
    }

    pub(super) fn boot_name(&self) -> String {
        format!("boot {}", self.boot)
    }

    pub(super) fn mono(&self) -> Duration {
        Duration::from_micros(self.now - self.booted)
    }

    /// The runner is killed: its memory is gone, its processes are not.
    pub(super) fn die(&mut self) {
        if self.runner.take().is_none() {
            return;
        }
        self.tally.crashes += 1;
        let machine = self.rng.once_in(self.faults.machine);
        if machine {
            self.alive.clear();
            if self.rng.once_in(2) {
                self.seen.clear();
                self.audit.witnessed.clear();
            }
            self.boot += 1;
            self.booted = self.now;
        }
        self.note(|| {
            (if machine {
                "MACHINE DIES"
            } else {
                "RUNNER DIES"
            })
            .to_owned()
        });
        self.alive.retain(|_, process| process.born);
        for process in self.alive.values_mut() {
            process.watched = None;
        }
        self.start_again();
    }

    fn start_again(&mut self) {
        let beat = self.beat * MILLISECOND;
        let pause = if self.rng.once_in(self.faults.neglect) {
            self.rng.between(beat, 150 * beat)
        } else {
            self.rng.between(0, 2 * beat)
        };
        self.later(pause, Happening::Start);
    }

    /// As the driver's: shows the core an event, and carries out what it decides.
    pub(super) fn feed(&mut self, event: Event) -> Result<(), Broken> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = Now {
                wall: self.wall(),
                mono: self.mono(),
            };
            let examined = matches!(event, Event::Examined(_));
            let Some(runner) = &mut self.runner else {
                return Ok(());
            };
            let effects = runner.core.handle(event, now);
            runner.recovered |= examined;
            for effect in effects {
                if self.rng.once_in(self.faults.crash_at_effect) {
                    self.die();
                }
                let told = self.carry_out(effect)?;
                if self.runner.is_none() {
                    return Ok(());
                }
                events.extend(told);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<Option<Event>, Broken> {
        let Some(runner) = &mut self.runner else {
            return Ok(None);
        };
        match effect {
            Effect::Ask(request) => {
                runner.inbox.push(request);
                self.begin_batch();
            }
            Effect::Examine(open) => return Ok(Some(Event::Examined(self.examine(open)))),
            Effect::Spawn(claim, turn) => {
                self.audit_turn(&claim)?;
                let (claim, decided) = (*claim, self.wall());
                self.order(Order::Start(Expected {
                    claim,
                    turn,
                    decided,
                }));
            }
            Effect::Hasten(attempt, slot) => self.order(Order::Hasten(attempt, slot)),
            Effect::Recall(attempt) => self.order(Order::Recall(attempt)),
            Effect::Adopt(claim, process) => {
                self.tally.adoptions += 1;
                let number = runner.number;
                self.note(|| format!("adopts {}", claim.row.name));
                if let Some(living) = self.alive.get_mut(&process.pid) {
                    living.watched = Some(number);
                    living.adopted = true;
                } else if let Some(gone) = self.gone.get_mut(&claim.row.attempt) {
                    gone.watched = Some(number);
                    gone.adopted = true;
                    self.end_is_told(claim.row.attempt, None);
                }
            }
            Effect::Signal(attempt, blow) => self.strike(attempt, blow),
            Effect::Hook(start) => self.hook(&start)?,
            Effect::Discard(attempt) => {
                self.outputs.remove(&attempt);
                self.seen.remove(&attempt);
            }
            Effect::WakeAt(at) => runner.wake_at = at,
            Effect::DeadlineAt(at) => runner.deadline = at,
            Effect::Log(line) => self.note(|| format!("log: {line:?}")),
            Effect::Exit => self.exit()?,
        }
        Ok(None)
    }

    /// The parent of its processes hears it a moment later.
    fn order(&mut self, order: Order) {
        let delay = self.rng.between(0, 300);
        let Some(runner) = &mut self.runner else {
            return;
        };
        runner.ordered_at = runner.ordered_at.max(self.now + delay);
        let (at, number) = (runner.ordered_at, runner.number);
        self.at(at, Happening::Ordered(number, order));
    }

    fn exit(&mut self) -> Result<(), Broken> {
        self.note(|| "runner exits".to_owned());
        let Some(runner) = self.runner.take() else {
            return Ok(());
        };
        let waiting = runner.expected.len();
        must!(waiting == 0, "a runner ended with {waiting} starts ordered");
        self.tally.exits += 1;
        let all_born = self.alive.values().all(|process| process.born);
        must!(all_born, "a runner ended while it was starting processes");
        self.audit.exited(&runner, &self.alive)?;
        for process in self.alive.values_mut() {
            process.watched = None;
        }
        self.start_again();
        Ok(())
    }

    /// A hook is started at most once, whatever becomes of the runner.
    fn hook(&mut self, start: &HookStart) -> Result<(), Broken> {
        let id = start.hook.id;
        let fresh = self.hooks.insert(id);
        must!(fresh, "hook {id} is started a second time");
        let delay = self.rng.between(0, SECOND);
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        runner.hooks.insert(id);
        let (alive, number) = (runner.hooks.len(), runner.number);
        must!(alive <= 4, "{alive} hooks at once");
        self.note(|| format!("hook {id}: {} of {}", start.hook.occasion, start.run.name));
        self.later(delay, Happening::HookEnds(number, id));
        Ok(())
    }

    pub(super) fn hook_ends(&mut self, id: i64) -> Result<(), Broken> {
        if let Some(runner) = &mut self.runner {
            runner.hooks.remove(&id);
        }
        self.feed(Event::HookEnded(id, None))
    }

    pub(super) fn told(&mut self, attempt: AttemptId, over: Over) -> Result<(), Broken> {
        let struck = self.runner.as_ref().map(|runner| &runner.struck);
        let why = struck.and_then(|struck| struck.get(&attempt)).copied();
        let outcome = Outcome::of(why, over.exit);
        if outcome != Outcome::Exited(Exit::Unknown) {
            for is_written in [false, true] {
                if is_written && let Some(process) = self.gone.remove(&attempt) {
                    self.is_seen(&process, outcome);
                }
                if self.rng.once_in(self.faults.crash_at_effect) {
                    self.die();
                    return Ok(());
                }
            }
        }
        self.feed(Event::Ended(attempt, over))
    }

    pub(super) fn changed(&mut self) -> Result<(), Broken> {
        self.feed(Event::Woke)
    }

    pub(super) fn timer_fires(&mut self) -> Result<(), Broken> {
        if let Some(runner) = &mut self.runner {
            runner.wake_at = None;
        }
        self.notice_step()?;
        self.feed(Event::Woke)
    }

    pub(super) fn deadline_passes(&mut self) -> Result<(), Broken> {
        if let Some(runner) = &mut self.runner {
            runner.deadline = None;
        }
        self.feed(Event::DeadlinePassed)
    }

    /// The kernel wakes the timer's reader; the instant stays set.
    pub(super) fn clock_changed(&mut self, by: i64) -> Result<(), Broken> {
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        runner.unnoticed += by;
        let (number, thaw) = (runner.number, runner.frozen_until);
        if thaw > self.now {
            self.at(thaw, Happening::Rang(number));
            return Ok(());
        }
        self.notice_step()?;
        self.feed(Event::Woke)
    }

    fn notice_step(&mut self) -> Result<(), Broken> {
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        let by = std::mem::take(&mut runner.unnoticed);
        if by.abs() < 500_000 {
            return Ok(());
        }
        self.feed(Event::ClockStepped(TimeDelta::microseconds(by)))
    }

    pub(super) fn stop(&mut self) -> Result<(), Broken> {
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        runner.stopping = true;
        self.note(|| "stop".to_owned());
        // Some people press it twice.
        if self.rng.once_in(4) {
            let delay = self.rng.between(0, 5 * SECOND);
            self.later(delay, Happening::Stop);
        }
        self.feed(Event::Stop)
    }
}
