//! The decisions of the runner: `Core::handle(Event, Now) -> Vec<Effect>`.
//!
//! What lives here: what a signal or a deadline leads to, when the runner sleeps and when it ends (`starting`:
//! which claim starts when; `living`: an attempt in memory; `endings`: how attempts and the runner itself come to
//! theirs; `messages`: what is said to it and by it). What never does: a clock, a file, a process, a thread.
//! Memory holds only what runs and the few claims that run next; the queue is the file.

mod adoption;
mod clock;
mod endings;
mod living;
mod messages;
mod starting;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AttemptId, Intent, RunId, Usage};
use crate::store::{Finish, Process};

use super::ledger::{Answer, Claim, Dispatch, Dispatched, Record, Request};
use super::policy::{Outcome, Why};
use super::retention::Progress;
use living::{Ending, Living};

pub(crate) use endings::IMPATIENCE;
pub(crate) use messages::{Blow, Config, Effect, Event, Grace, Line, Now, Over, Refusal, Turn};
use starting::{Order, order_of, starts_at};

/// Due work is made ready and claimed this long before its time.
pub(super) const LEAD: TimeDelta = TimeDelta::milliseconds(30);
/// Retention, at the start and then after the end of a run.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// Hooks alive at once, beside the pool.
const HOOKS: usize = 4;
/// When the system had no room for a process, it is asked again after this.
const BREATHER: TimeDelta = TimeDelta::seconds(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Finding out what an earlier runner left.
    Recovering,
    Working,
    /// Nothing new starts. TERM and KILL come at these times, if ever.
    Draining {
        term_at: Option<Duration>,
        kill_at: Option<Duration>,
        asked: bool,
    },
    Leaving,
}

#[derive(Debug)]
pub(crate) struct Core {
    config: Config,
    phase: Phase,
    /// What an earlier runner left is judged; until then nobody knows what is alive.
    recovered: bool,
    held: BTreeMap<Order, Claim>,
    living: BTreeMap<AttemptId, Living>,
    /// Ended, with a result on its way to the disk: what the log will say of it.
    settling: BTreeMap<AttemptId, (Claim, Option<TimeDelta>)>,
    /// Claims on their way back.
    returning: usize,
    /// Hooks under way.
    hooks: usize,
    dispatching: bool,
    /// Steps of the clock that the answer under way knows nothing of.
    stepped: TimeDelta,
    /// Something happened that the dispatch under way may not have seen.
    again: bool,
    next: Option<DateTime<Utc>>,
    no_room_until: Option<DateTime<Utc>>,
    prune_at: Option<Duration>,
    timers: (Option<DateTime<Utc>>, Option<Duration>),
    /// The wall timer may have rung since it was set.
    rang: bool,
    out: Vec<Effect>,
}

impl Core {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            phase: Phase::Recovering,
            recovered: false,
            held: BTreeMap::new(),
            living: BTreeMap::new(),
            settling: BTreeMap::new(),
            returning: 0,
            hooks: 0,
            dispatching: false,
            stepped: TimeDelta::zero(),
            again: false,
            next: None,
            no_room_until: None,
            prune_at: None,
            timers: (None, None),
            rang: false,
            out: Vec::new(),
        }
    }

    pub(crate) fn handle(&mut self, event: Event, now: Now) -> Vec<Effect> {
        match event {
            Event::Begin => self.begin(),
            Event::Woke => {
                self.rang = true;
                self.dispatch(now);
            }
            Event::ClockStepped(by) => {
                self.out.push(Effect::Log(Line::ClockStepped { by }));
                self.clock_stepped(by, now);
                self.dispatch(now);
            }
            Event::Answered(answer) => self.answered(answer, now),
            Event::Examined(found) => self.examined(found, now),
            Event::Started(attempt, process) => self.started(attempt, process, now),
            Event::NotStarted(attempt, refusal) => self.not_started(attempt, refusal, now),
            Event::Ended(attempt, over) => self.ended(attempt, over, now),
            Event::Returned(attempt) => self.returned(attempt, now),
            Event::DeadlinePassed => {}
            Event::HookEnded(hook, message) => self.ask(Request::HookEnded { hook, message }),
            Event::Stop => self.stop(now),
        }
        self.keep_deadlines(now);
        self.start_claims(now);
        self.leave_when_done();
        self.set_timers();
        // What starts is what somebody waits for; whatever else follows can wait for it.
        let mut effects = std::mem::take(&mut self.out);
        effects.sort_by_key(|effect| !effect.is_order());
        effects
    }

    /// Attempts that have a process, those of an earlier runner included.
    #[cfg(test)]
    pub(crate) fn living(&self) -> impl Iterator<Item = AttemptId> {
        self.living.keys().copied()
    }

    fn ask(&mut self, request: Request) {
        self.out.push(Effect::Ask(request));
    }

    fn begin(&mut self) {
        let pool = self.config.runner.pool;
        self.out.push(Effect::Log(Line::Begin { pool }));
        self.ask(Request::Enter {
            runner: self.config.runner.clone(),
            boot: self.config.boot.clone(),
        });
        self.ask(Request::Unfinished);
    }

    fn answered(&mut self, answer: Answer, now: Now) {
        match answer {
            // Step by step, each behind whatever else the writer was given meanwhile.
            Answer::Pruned(progress) if !progress.done => self.ask(Request::Prune(progress)),
            Answer::Pruned(_) | Answer::Noted => {}
            Answer::HookEnded => {
                self.hooks = self.hooks.saturating_sub(1);
                self.dispatch(now);
            }
            Answer::Left => {
                self.out.push(Effect::Log(Line::Stopped));
                self.out.push(Effect::Exit);
            }
            Answer::Unfinished(open) => self.out.push(Effect::Examine(open)),
            Answer::Dispatched(dispatched) => self.dispatched(dispatched, now),
            Answer::Recorded(attempt, record) => self.recorded(attempt, record, now),
        }
    }

    /// Asks the file for due work, unless a question is under way.
    fn dispatch(&mut self, now: Now) {
        if self.phase != Phase::Working {
            return;
        }
        if self.dispatching {
            self.again = true;
            return;
        }
        self.dispatching = true;
        self.again = false;
        let pool = self.config.runner.pool as usize;
        let taken = self.living.len() + self.held.len();
        let free = pool.saturating_sub(taken);
        let beyond = taken.saturating_sub(pool);
        self.ask(Request::Dispatch(Dispatch {
            since: self.config.runner.since,
            horizon: now.wall + LEAD,
            free,
            ahead: self.config.ahead.saturating_sub(beyond),
            hooks: HOOKS.saturating_sub(self.hooks),
        }));
    }

    fn dispatched(&mut self, answer: Dispatched, now: Now) {
        self.dispatching = false;
        self.next = answer.next;
        let stepped = std::mem::take(&mut self.stepped);
        for mut claim in answer.claims {
            clock::keep_distance(&mut claim, stepped);
            self.held.insert(order_of(&claim), claim);
        }
        self.give_back_far(now);
        for hook in answer.hooks {
            self.hooks += 1;
            self.out.push(Effect::Hook(Box::new(hook)));
        }
        for (run, intent) in answer.flagged {
            self.flagged(run, intent, now);
        }
        if self.phase != Phase::Working {
            self.give_back_held();
            return;
        }
        // Somebody with a higher claim came after we had claimed: the hindmost make room.
        if let Some((priority, due, run)) = answer.first_waiting {
            let first = (-priority, due, run);
            self.recall(|living| living.is_heir() && order_of(&living.claim) > first);
            let last = self.held.last_key_value();
            if last.is_some_and(|(last, _)| first < *last) {
                self.give_back_held();
                self.again = true;
            }
        }
        let idle = !answer.busy && self.is_quiet() && !self.again && !answer.more;
        if self.config.until_idle && idle {
            self.leave();
            return;
        }
        if self.again || answer.more {
            self.dispatch(now);
        }
    }

    /// When runs have ended since the last time, and that was long ago.
    fn prune_from_time_to_time(&mut self, now: Now) {
        if self.phase == Phase::Working && self.prune_at.is_none_or(|at| at <= now.mono) {
            self.prune_at = Some(now.mono + PRUNE_EVERY);
            self.ask(Request::Prune(Progress::default()));
        }
    }

    fn is_quiet(&self) -> bool {
        self.living.is_empty()
            && self.held.is_empty()
            && self.settling.is_empty()
            && self.returning == 0
            && self.hooks == 0
    }

    fn flagged(&mut self, run: RunId, intent: Intent, now: Now) {
        let held = self
            .held
            .iter()
            .find(|(_, claim)| claim.row.run == run)
            .map(|(order, _)| *order);
        if let Some(claim) = held.and_then(|order| self.held.remove(&order)) {
            let attempt = claim.row.attempt;
            match intent {
                Intent::Cancel => self.drop_claim(attempt, run),
                Intent::GiveBack => self.give_back(attempt, None),
                Intent::Signal(_) => self.ask(Request::ClearIntent { run }),
            }
            return;
        }
        let mut living = self.living.iter_mut();
        let Some((attempt, living)) = living.find(|(_, living)| living.claim.row.run == run) else {
            return;
        };
        match intent {
            Intent::Cancel => {
                let attempt = *attempt;
                self.end(attempt, Why::Cancelled, now);
            }
            Intent::GiveBack if living.waits(now) => {
                let attempt = *attempt;
                self.recall(|living| living.claim.row.attempt == attempt);
            }
            // It has started meanwhile, and keeps what it started with.
            Intent::GiveBack => self.ask(Request::ClearIntent { run }),
            Intent::Signal(number) => {
                self.out.extend(living.strike(Blow::Number(number)));
                self.ask(Request::ClearIntent { run });
            }
        }
    }

    fn give_back(&mut self, attempt: AttemptId, again: Option<DateTime<Utc>>) {
        self.returning += 1;
        self.ask(Request::GiveBack { attempt, again });
    }

    fn drop_claim(&mut self, attempt: AttemptId, run: RunId) {
        self.returning += 1;
        self.ask(Request::Drop { attempt, run });
    }

    fn give_back_held(&mut self) {
        for claim in std::mem::take(&mut self.held).into_values() {
            self.give_back(claim.row.attempt, None);
        }
    }

    fn started(&mut self, attempt: AttemptId, process: Process, now: Now) {
        let Some(living) = self.living.get_mut(&attempt) else {
            return;
        };
        living.time_limit = time_limit(&living.claim, now.mono);
        living.slot = Some(process.slot);
        living.process = Some(process.clone());
        self.out.push(Effect::Log(Line::Start {
            run: living.claim.row.name.to_string(),
            late: process.started - starts_at(&living.claim),
            pid: process.pid,
        }));
        let pending = std::mem::take(&mut living.pending);
        let blows = pending.into_iter().filter_map(|blow| living.strike(blow));
        self.out.extend(blows);
        self.ask(Request::Started { attempt, process });
        if self.leaves_work_behind() {
            self.living.remove(&attempt);
        }
    }

    fn not_started(&mut self, attempt: AttemptId, refusal: Refusal, now: Now) {
        let Some(living) = self.living.remove(&attempt) else {
            return;
        };
        match refusal {
            Refusal::NoRoom(message) => {
                let again = now.wall + BREATHER;
                if self.no_room_until.is_none_or(|until| until <= now.wall) {
                    self.out.push(Effect::Log(Line::NoRoom { message }));
                }
                self.no_room_until = Some(again);
                self.take_back(&living, Some(again));
                self.recall(Living::is_heir);
            }
            Refusal::Unstartable { code, message } => {
                self.out.push(Effect::Log(Line::Unstartable {
                    run: living.claim.row.name.to_string(),
                    message: message.clone(),
                }));
                let outcome = Outcome::Unstartable { code };
                let end = End {
                    message: Some(message),
                    ..End::of(outcome, now.wall)
                };
                self.settle(living.claim, end, now);
            }
        }
    }

    fn ended(&mut self, attempt: AttemptId, over: Over, now: Now) {
        let Some(living) = self.living.remove(&attempt) else {
            return;
        };
        if let Some(heir) = over.heir.and_then(|heir| self.living.get_mut(&heir)) {
            heir.slot = living.slot;
        }
        let why = living.ending.map(|ending| ending.why);
        if let Some(why) = why {
            // Whatever of its group outlived it was meant too.
            self.out.push(Effect::Signal(attempt, Blow::Kill(why)));
        }
        let end = End {
            process: living.process,
            usage: over.usage,
            // The clock may have been set back since it was seen.
            ..End::of(Outcome::of(why, over.exit), over.finished.min(now.wall))
        };
        self.settle(living.claim, end, now);
    }

    /// Sends a result to the disk. It counts when it is there.
    fn settle(&mut self, claim: Claim, end: End, now: Now) {
        let attempt = claim.row.attempt;
        let verdict = end.outcome.verdict(&claim.options);
        let started = end.process.as_ref().map(|process| process.started);
        let took = started.map(|started| end.finished - started);
        self.ask(Request::Finish(Box::new(Finish {
            attempt,
            state: verdict.state,
            reason: verdict.reason,
            message: end.message,
            process: end.process,
            finished: end.finished,
            exit_code: verdict.exit_code,
            signal: verdict.signal,
            usage: end.usage,
        })));
        self.settling.insert(attempt, (claim, took));
        self.dispatch(now);
    }

    fn recorded(&mut self, attempt: AttemptId, record: Record, now: Now) {
        match record {
            Record::Started => {}
            Record::GivenBack | Record::Dropped => {
                self.returning = self.returning.saturating_sub(1);
                self.dispatch(now);
            }
            Record::Refused | Record::Ended(..) => {
                let Some((claim, took)) = self.settling.remove(&attempt) else {
                    return;
                };
                let run = claim.row.name.to_string();
                match record {
                    Record::Ended(verdict, None) => {
                        self.out.push(Effect::Log(Line::End { run, verdict, took }));
                    }
                    Record::Ended(verdict, Some(at)) => {
                        self.out.push(Effect::Log(Line::Retry { run, verdict, at }));
                    }
                    _ => {}
                }
                self.out.push(Effect::Discard(attempt));
                self.prune_from_time_to_time(now);
            }
        }
    }

    fn set_timers(&mut self) {
        let wake = if self.phase == Phase::Working {
            // While a question is under way, its answer will tell.
            let due = self
                .next
                .filter(|_| !self.dispatching)
                .map(|next| next - LEAD);
            let pool_has_room = self.running() < self.config.runner.pool as usize;
            let held = self
                .held
                .values()
                .filter(|_| pool_has_room)
                .map(starts_at)
                .min()
                .map(|at| self.no_room_until.map_or(at, |until| at.max(until)));
            [due, held].into_iter().flatten().min()
        } else {
            None
        };
        let limits = self.living.values().flat_map(|living| {
            let kill = living
                .ending
                .filter(|ending| !ending.killed)
                .map(|ending| ending.kill_at);
            [living.time_limit, kill]
        });
        let drain = match self.phase {
            Phase::Draining {
                term_at,
                asked: false,
                ..
            } => term_at,
            _ => None,
        };
        let deadline = limits.flatten().chain(drain).min();
        // A timer that rang is not set any more, wherever the clock was moved since.
        let rang = std::mem::take(&mut self.rang);
        if rang || self.timers.0 != wake {
            self.out.push(Effect::WakeAt(wake));
        }
        if self.timers.1 != deadline {
            self.out.push(Effect::DeadlineAt(deadline));
        }
        self.timers = (wake, deadline);
    }
}

/// The facts of one end, each from another source.
struct End {
    process: Option<Process>,
    outcome: Outcome,
    message: Option<String>,
    usage: Option<Usage>,
    finished: DateTime<Utc>,
}

impl End {
    fn of(outcome: Outcome, finished: DateTime<Utc>) -> Self {
        Self {
            process: None,
            outcome,
            message: None,
            usage: None,
            finished,
        }
    }
}

fn time_limit(claim: &Claim, since: Duration) -> Option<Duration> {
    claim
        .options
        .timeout
        .map(|timeout| since + timeout.as_duration())
}
