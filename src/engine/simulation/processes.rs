//! The processes of the model: rows of a table that end when their time has come or when a
//! signal reaches them, whether or not a runner lives to hear of it.

use crate::domain::{AttemptId, Exit};
use crate::engine::core::{Blow, Event, Over, Refusal};
use crate::engine::ledger::Claim;
use crate::engine::policy::Outcome;
use crate::engine::recovery::Facts;
use crate::engine::witness::SeenEnd;
use crate::store::{self, OpenAttempt};

use super::parents::Expected;
use super::world::{Broken, Happening, MILLISECOND, Process, SECOND, World};

/// A start that takes longer keeps nobody waiting.
const HANGS: u64 = 100 * MILLISECOND;

impl World {
    /// As the driver's, with the facts of the model.
    pub(super) fn examine(&mut self, open: Vec<(OpenAttempt, Claim)>) -> Vec<(Claim, Facts)> {
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
                    Some(process) => {
                        let living = self.alive.get(&process.pid);
                        let held = || {
                            let runner = self.runner.as_ref()?;
                            let gone = self.gone.get(&open.attempt)?;
                            runner.held.contains(&process.pid).then_some(gone)
                        };
                        living
                            .or_else(held)
                            .filter(|found| {
                                process.boot == boot && found.identity.ticks == process.ticks
                            })
                            .map(|_| process)
                    }
                    None => by_mark.map(|living| store::Process {
                        uptime_ms: self.mono().as_millis() as u64,
                        started: self.wall(),
                        slot: 0,
                        ..living.identity.clone()
                    }),
                };
                let end = self.seen.get(&open.attempt).cloned();
                let facts = Facts {
                    alive,
                    has_output,
                    recorded,
                    end: end.map(Box::new),
                };
                (claim, facts)
            })
            .collect()
    }

    /// How long a step of a start takes.
    fn start_takes(&mut self) -> u64 {
        let most = if self.rng.once_in(self.faults.slow_start) {
            (3 * self.beat).min(30_000) * MILLISECOND
        } else {
            *self.rng.pick(&[0, 0, MILLISECOND])
        };
        self.rng.between(0, most)
    }

    /// The runner hears what became of an order.
    pub(super) fn hears(&mut self, event: Event, at: u64) {
        if let Some(runner) = &self.runner {
            self.at(at, Happening::Heard(runner.number, event));
        }
    }

    pub(super) fn heard(&mut self, event: Event) -> Result<(), Broken> {
        if let (Event::NotStarted(_, Refusal::NoRoom(_)), Some(runner)) = (&event, &mut self.runner)
        {
            runner.no_room_at = Some(self.now);
        }
        self.feed(event)
    }

    /// What is said of it is not heard before `heard`.
    pub(super) fn spawn(
        &mut self,
        Expected { claim, decided, .. }: &Expected,
        slot: u32,
        heard: u64,
    ) -> Result<(), Broken> {
        let attempt = claim.row.attempt;
        let manner = self.specs[&claim.row.job].manner;
        let delay = self.start_takes();
        let known_at = heard.max(self.now + delay);
        if delay > HANGS
            && let Some(runner) = &self.runner
        {
            self.later(HANGS, Happening::Hangs(runner.number));
        }
        if manner.unstartable {
            let refusal = Refusal::Unstartable {
                code: 127,
                message: "no such program".to_owned(),
            };
            self.hears(Event::NotStarted(attempt, refusal), known_at);
            return Ok(());
        }
        if self.rng.once_in(self.faults.no_room) {
            self.note(|| format!("no room for {}", claim.row.name));
            let refusal = Refusal::NoRoom("no room".to_owned());
            self.hears(Event::NotStarted(attempt, refusal), known_at);
            return Ok(());
        }
        self.audit_start(claim, slot, *decided)?;
        self.last_pid += 1;
        let pid = self.last_pid;
        let identity = store::Process {
            boot: self.boot_name(),
            pid,
            ticks: self.now,
            uptime_ms: self.mono().as_millis() as u64,
            started: self.wall().max(*decided),
            slot,
        };
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
            identity,
            born: false,
            known_at: heard,
            deaf: manner.deaf,
            exit,
            watched: self.runner.as_ref().map(|runner| runner.number),
            adopted: false,
            ending: None,
        };
        let watched = process.watched;
        self.alive.insert(pid, process);
        if let Some(number) = watched {
            self.note(|| format!("begins to start {} as {pid}", claim.row.name));
            self.later(delay, Happening::Born(number, pid));
        }
        Ok(())
    }

    /// A process has its program. Its runner may die before it does, and before it hears of it.
    pub(super) fn is_born(&mut self, pid: i32) -> Result<(), Broken> {
        let Some(process) = self.alive.get(&pid) else {
            return Ok(());
        };
        let (attempt, run, job) = (process.attempt, process.run, process.job);
        self.outputs.insert(attempt);
        if self.rng.once_in(self.faults.crash_at_effect) {
            self.die();
            return Ok(());
        }
        self.audit_birth(run, job)?;
        self.tally.starts += 1;
        self.note(|| format!("process {pid} has started"));
        let manner = self.specs[&job].manner;
        if !manner.hangs {
            let life = self
                .rng
                .between(manner.life.0 * MILLISECOND, manner.life.1 * MILLISECOND);
            self.later(life, Happening::End(pid, None));
        }
        let delay = self.start_takes();
        let (wall, soon) = (self.wall(), self.now + delay);
        if let Some(process) = self.alive.get_mut(&pid) {
            process.born = true;
            process.known_at = process.known_at.max(soon);
            let known_at = process.known_at;
            process.identity.started = process.identity.started.max(wall);
            let identity = process.identity.clone();
            self.hears(Event::Started(attempt, identity), known_at);
        }
        if self.rng.once_in(self.faults.crash_at_effect) {
            self.die();
        }
        Ok(())
    }

    pub(super) fn strike(&mut self, attempt: AttemptId, blow: Blow) {
        self.note(|| format!("{blow:?} to attempt {}", attempt.0));
        if let (Blow::Ask(why) | Blow::Kill(why), Some(runner)) = (blow, &mut self.runner) {
            runner.struck.insert(attempt, why);
        }
        let Some((pid, process)) = self
            .alive
            .iter_mut()
            .find(|(_, process)| process.attempt == attempt && process.born)
        else {
            return;
        };
        if let Blow::Ask(why) | Blow::Kill(why) = blow {
            process.ending = Some(why);
        }
        let exit = match blow {
            Blow::Ask(_) if process.deaf => return,
            Blow::Ask(_) => Exit::Signal(15),
            Blow::Kill(_) => Exit::Signal(9),
            Blow::Number(number) => Exit::Signal(number),
        };
        let pid = *pid;
        let delay = self.rng.between(0, 50 * MILLISECOND);
        self.later(delay, Happening::End(pid, Some(exit)));
    }

    pub(super) fn process_ends(&mut self, pid: i32, exit: Option<Exit>) -> Result<(), Broken> {
        let Some(mut process) = self.alive.remove(&pid) else {
            return Ok(());
        };
        self.note(|| format!("process {pid} ends"));
        let attempt = process.attempt;
        process.exit = exit.unwrap_or(process.exit);
        // Its parent outlives the runner, mostly.
        if process.watched.is_none() && !self.rng.once_in(self.faults.unseen) {
            self.is_seen(&process, Outcome::of(process.ending, process.exit));
        }
        let is_ours = process.watched.is_some() && !process.adopted;
        let (queue, slot) = (process.queue.clone(), process.identity.slot);
        self.gone.insert(attempt, process);
        let heir = if is_ours {
            self.take_heir(&queue)
        } else {
            None
        };
        let name = heir.as_ref().map(|heir| heir.claim.row.attempt);
        let heard = self.end_is_told(attempt, name);
        if let Some(heir) = heir {
            self.tally.heirs += 1;
            self.audit_heir(&heir.claim)?;
            self.spawn(&heir, slot, heard)?;
        }
        Ok(())
    }

    /// Somebody writes down an end.
    pub(super) fn is_seen(&mut self, process: &Process, outcome: Outcome) {
        let attempt = process.attempt;
        self.note(|| format!("attempt {} is seen to end: {outcome:?}", attempt.0));
        let verdict = outcome.verdict(&self.specs[&process.job].options);
        let witnessed = (process.run, verdict);
        self.audit.witnessed.insert(attempt, witnessed);
        let end = SeenEnd {
            outcome,
            usage: None,
            finished: self.wall(),
            process: process.identity.clone(),
        };
        self.seen.insert(attempt, end);
    }

    /// Whoever watches a process that is gone will hear of it, and when.
    pub(super) fn end_is_told(&mut self, attempt: AttemptId, heir: Option<AttemptId>) -> u64 {
        let Some((process, number)) = self
            .gone
            .get(&attempt)
            .and_then(|process| process.watched.map(|number| (process, number)))
        else {
            return self.now;
        };
        let known_at = process.known_at;
        // How somebody else's child ended is told by newer kernels only.
        let (told, delay) = if process.adopted && self.rng.once_in(self.faults.untold) {
            (Exit::Unknown, SECOND)
        } else {
            (process.exit, self.rng.between(0, MILLISECOND))
        };
        let moment = known_at.max(self.now + delay);
        let over = Over {
            exit: told,
            usage: None,
            finished: self.wall(),
            heir,
        };
        self.at(moment, Happening::Told(number, attempt, over));
        moment
    }
}
