//! The driver's part in the model: effects become happenings, and happenings events. Beside
//! every effect stands the chance that the runner dies just before it.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AttemptId, Exit, Output};
use crate::engine::core::{Blow, Config, Core, Effect, Event, Grace, Now, Refusal};
use crate::engine::ledger::{Answer, Claim, HookStart, Ledger, Request};
use crate::engine::recovery::Facts;
use crate::engine::writer::drop_overtaken;
use crate::store::{self, OpenAttempt};

use super::invariants;
use super::jobs::{SALT, zone};
use super::world::{Broken, Happening, MILLISECOND, Process, SECOND, World};

/// A runner that lives: all of it is lost when it dies.
pub(super) struct Runner {
    pub number: u64,
    pub core: Core,
    ledger: Ledger,
    inbox: Vec<Request>,
    /// The batch that the writer has taken.
    batch: Option<Vec<Request>>,
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
        let pool = *self.rng.pick(&[1, 2, 2, 3, 5]);
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
            ledger: Ledger::new(SALT.to_owned(), zone, None),
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
        });
        self.feed(Event::Begin)
    }

    fn boot_name(&self) -> String {
        format!("boot {}", self.boot)
    }

    fn mono(&self) -> Duration {
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
            self.boot += 1;
            self.booted = self.now;
        }
        self.note(|| (if machine { "MACHINE DIES" } else { "RUNNER DIES" }).to_owned());
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
            Effect::Spawn(claim, slot) => return self.spawn(&claim, slot),
            Effect::Adopt(claim, process) => {
                self.tally.adoptions += 1;
                let number = runner.number;
                if let Some(living) = self.alive.get_mut(&process.pid) {
                    living.watched = Some(number);
                    living.adopted = true;
                }
                self.note(|| format!("adopts {}", claim.row.name));
            }
            Effect::Signal(attempt, blow) => self.strike(attempt, blow),
            Effect::Hook(start) => self.hook(&start)?,
            Effect::Discard(attempt) => {
                self.outputs.remove(&attempt);
            }
            Effect::WakeAt(at) => runner.wake_at = at,
            Effect::DeadlineAt(at) => runner.deadline = at,
            Effect::Log(line) => self.note(|| format!("log: {line:?}")),
            Effect::Exit => self.exit()?,
        }
        Ok(None)
    }

    fn exit(&mut self) -> Result<(), Broken> {
        self.note(|| "runner exits".to_owned());
        let Some(runner) = self.runner.take() else {
            return Ok(());
        };
        self.tally.exits += 1;
        self.audit.exited(&runner, &self.alive)?;
        for process in self.alive.values_mut() {
            process.watched = None;
        }
        self.start_again();
        Ok(())
    }

    /// The writer takes what has come, unless it is at work.
    fn begin_batch(&mut self) {
        let slow = self.rng.once_in(self.faults.stuck);
        let Some(runner) = &mut self.runner else {
            return;
        };
        if runner.batch.is_some() || runner.inbox.is_empty() {
            return;
        }
        runner.batch = Some(std::mem::take(&mut runner.inbox));
        let number = runner.number;
        let delay = if slow {
            self.rng.between(SECOND, 20 * SECOND)
        } else {
            self.rng.between(100, 5 * MILLISECOND)
        };
        self.later(delay, Happening::Commit(number));
    }

    /// One transaction, then its answers; the runner may die on either side.
    pub(super) fn commit(&mut self) -> Result<(), Broken> {
        if self.rng.once_in(self.faults.crash_at_commit) {
            self.die();
            return Ok(());
        }
        let wall = self.wall();
        let joins = self.rng.once_in(2);
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        let mut batch = runner.batch.take().unwrap_or_default();
        if joins {
            batch.append(&mut runner.inbox);
        }
        drop_overtaken(&mut batch);
        let ledger = &mut runner.ledger;
        let number = runner.number;
        let answers: Vec<Answer> = self.store.write(|tx| {
            let mut answers = Vec::new();
            for request in &batch {
                let answer = ledger.apply(tx, request, wall)?;
                if let Answer::Dispatched(dispatched) = &answer {
                    invariants::fair(tx, dispatched)?;
                }
                answers.push(answer);
            }
            Ok::<_, Broken>(answers)
        })?;
        self.tally.commits += 1;
        self.note(|| format!("commits {}", batch.iter().map(brief).collect::<String>()));
        self.look()?;
        if self.rng.once_in(self.faults.crash_at_commit) {
            self.die();
            return Ok(());
        }
        let delay = self.rng.between(0, 300);
        self.later(delay, Happening::Answers(number, answers));
        self.begin_batch();
        Ok(())
    }

    pub(super) fn answers(&mut self, answers: Vec<Answer>) -> Result<(), Broken> {
        for answer in answers {
            self.feed(Event::Answered(answer))?;
        }
        Ok(())
    }

    /// As the driver's, with the facts of the model.
    fn examine(&mut self, open: Vec<(OpenAttempt, Claim)>) -> Vec<(Claim, Facts)> {
        let boot = self.boot_name();
        open.into_iter()
            .map(|(open, claim)| {
                let has_output = self.outputs.contains(&open.attempt);
                let recorded = open.process.is_some();
                let by_mark = self
                    .alive
                    .values()
                    .find(|process| process.attempt == open.attempt)
                    .filter(|_| has_output);
                let alive = match open.process {
                    Some(process) => self
                        .alive
                        .get(&process.pid)
                        .filter(|living| {
                            process.boot == boot && living.identity.ticks == process.ticks
                        })
                        .map(|_| process),
                    None => by_mark.map(|living| store::Process {
                        uptime_ms: self.mono().as_millis() as u64,
                        started: self.wall(),
                        slot: 0,
                        ..living.identity.clone()
                    }),
                };
                let facts = Facts {
                    alive,
                    has_output,
                    recorded,
                };
                (claim, facts)
            })
            .collect()
    }

    fn spawn(&mut self, claim: &Claim, slot: u32) -> Result<Option<Event>, Broken> {
        let attempt = claim.row.attempt;
        let manner = self.specs[&claim.row.job].manner;
        if manner.unstartable {
            let refusal = Refusal::Unstartable {
                code: 127,
                message: "no such program".to_owned(),
            };
            return Ok(Some(Event::NotStarted(attempt, refusal)));
        }
        if self.rng.once_in(self.faults.no_room) {
            self.note(|| format!("no room for {}", claim.row.name));
            if let Some(runner) = &mut self.runner {
                runner.no_room_at = Some(self.now);
            }
            let refusal = Refusal::NoRoom("no room".to_owned());
            return Ok(Some(Event::NotStarted(attempt, refusal)));
        }
        self.audit_start(claim, slot)?;
        self.outputs.insert(attempt);
        if self.rng.once_in(self.faults.crash_at_effect) {
            self.die();
            return Ok(None);
        }
        self.tally.starts += 1;
        self.last_pid += 1;
        let pid = self.last_pid;
        let identity = store::Process {
            boot: self.boot_name(),
            pid,
            ticks: self.now,
            uptime_ms: self.mono().as_millis() as u64,
            started: self.wall(),
            slot,
        };
        self.note(|| format!("starts {} as {pid}", claim.row.name));
        let exit = if self.rng.once_in(manner.fails) {
            *self
                .rng
                .pick(&[Exit::Code(1), Exit::Code(75), Exit::Signal(11)])
        } else {
            Exit::Code(0)
        };
        let process = Process {
            attempt,
            run: claim.row.run,
            job: claim.row.job,
            queue: claim.row.queue.clone(),
            identity: identity.clone(),
            deaf: manner.deaf,
            exit,
            watched: self.runner.as_ref().map(|runner| runner.number),
            adopted: false,
        };
        self.alive.insert(pid, process);
        if !manner.hangs {
            let life = self.rng.between(
                manner.life.0 * MILLISECOND,
                manner.life.1 * MILLISECOND,
            );
            self.later(life, Happening::End(pid, None));
        }
        if self.rng.once_in(self.faults.crash_at_effect) {
            self.die();
            return Ok(None);
        }
        Ok(Some(Event::Started(attempt, identity)))
    }

    /// A hook is started at most once, whatever becomes of the runner.
    fn hook(&mut self, start: &HookStart) -> Result<(), Broken> {
        let id = start.hook.id;
        let fresh = self.hooks.insert(id);
        invariants::must!(fresh, "hook {id} is started a second time");
        if let Some(number) = self.runner.as_ref().map(|runner| runner.number) {
            let delay = self.rng.between(0, SECOND);
            self.later(delay, Happening::HookEnds(number, id));
        }
        Ok(())
    }

    fn strike(&mut self, attempt: AttemptId, blow: Blow) {
        self.note(|| format!("{blow:?} to attempt {}", attempt.0));
        let Some((pid, process)) = self
            .alive
            .iter()
            .find(|(_, process)| process.attempt == attempt)
        else {
            return;
        };
        let exit = match blow {
            Blow::Ask if process.deaf => return,
            Blow::Ask => Exit::Signal(15),
            Blow::Kill => Exit::Signal(9),
            Blow::Number(number) => Exit::Signal(number),
        };
        let pid = *pid;
        let delay = self.rng.between(0, 50 * MILLISECOND);
        self.later(delay, Happening::End(pid, Some(exit)));
    }

    pub(super) fn process_ends(&mut self, pid: i32, exit: Option<Exit>) {
        let Some(process) = self.alive.remove(&pid) else {
            return;
        };
        self.note(|| format!("process {pid} ends"));
        let Some(number) = process.watched else {
            return;
        };
        let told = exit.unwrap_or(process.exit);
        // How somebody else's child ended is told by newer kernels only.
        let (told, delay) = if process.adopted && self.rng.once_in(3) {
            (Exit::Unknown, SECOND)
        } else {
            (told, self.rng.between(0, MILLISECOND))
        };
        self.later(delay, Happening::Told(number, process.attempt, told));
    }

    pub(super) fn told(&mut self, attempt: AttemptId, exit: Exit) -> Result<(), Broken> {
        self.feed(Event::Ended(attempt, exit, None, Output::default()))
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
        if runner.frozen_until > self.now {
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
        self.feed(Event::Stop)
    }
}

fn brief(request: &Request) -> String {
    match request {
        Request::Enter { .. } => "Enter ".to_owned(),
        Request::Dispatch(dispatch) => {
            format!("Dispatch({}+{}) ", dispatch.free, dispatch.ahead)
        }
        Request::Started { attempt, .. } => format!("Started({}) ", attempt.0),
        Request::Finish(finish) => format!("Finish({} {:?}) ", finish.attempt.0, finish.state),
        Request::GiveBack { attempt, .. } => format!("GiveBack({}) ", attempt.0),
        other => format!("{other:?} "),
    }
}
