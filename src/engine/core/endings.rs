//! Endings: time limits, cancelled runs, the grace after a signal, and the end of the runner.

use std::time::Duration;

use crate::domain::{AttemptId, Reason};

use super::super::ledger::Request;
use super::{Blow, Core, Effect, Ending, Grace, Line, Now, Phase, Why};

/// TERM comes this long before the end of the grace.
const LAST_CHANCE: Duration = Duration::from_secs(5);
/// KILL comes this long after the second signal.
pub(crate) const IMPATIENCE: Duration = Duration::from_secs(2);

impl Core {
    /// The first signal drains, the second ends at once.
    pub(super) fn stop(&mut self, now: Now) {
        let (term_at, kill_at) = match self.phase {
            Phase::Leaving => return,
            Phase::Draining { .. } => (Some(now.mono), Some(now.mono + IMPATIENCE)),
            Phase::Recovering | Phase::Working => match self.config.grace {
                Grace::Forever => (None, None),
                Grace::For(grace) => (
                    Some(now.mono + grace.saturating_sub(LAST_CHANCE)),
                    Some(now.mono + grace),
                ),
            },
        };
        let running = self.living.values().filter(|living| !living.waits(now));
        self.out.push(Effect::Log(Line::Stopping {
            running: running.count(),
        }));
        self.give_back_held();
        self.recall_waiting(now);
        self.phase = Phase::Draining {
            term_at,
            kill_at,
            asked: false,
        };
        self.leave_living();
    }

    /// Whether what runs goes on without us.
    pub(super) fn leaves_work_behind(&self) -> bool {
        self.config.leave_running && matches!(self.phase, Phase::Draining { .. })
    }

    /// What is being started is left when it is there, and written down.
    pub(super) fn leave_living(&mut self) {
        if self.leaves_work_behind() {
            self.living.retain(|_, living| living.process.is_none());
        }
    }

    pub(super) fn leave_when_done(&mut self) {
        let drained = self.recovered && self.is_quiet() && !self.dispatching;
        if matches!(self.phase, Phase::Draining { .. }) && drained {
            self.leave();
        }
    }

    pub(super) fn leave(&mut self) {
        if self.phase != Phase::Leaving {
            self.phase = Phase::Leaving;
            self.ask(Request::Leave);
        }
    }

    /// Begins to end an attempt: TERM now, KILL after its `--kill-after`.
    pub(super) fn end(&mut self, attempt: AttemptId, why: Why, now: Now) {
        let Some(living) = self.living.get_mut(&attempt) else {
            return;
        };
        if living.ending.is_none() {
            let patience = living.claim.options.kill_after().as_duration();
            living.ending = Some(Ending {
                why,
                kill_at: now.mono + patience,
                killed: false,
            });
            let waits = living.waits(now);
            self.out.extend(living.strike(Blow::Ask(why)));
            if waits {
                self.recall(|living| living.claim.row.attempt == attempt);
            }
        }
    }

    /// Time limits, KILL after TERM, and the end of the grace.
    pub(super) fn keep_deadlines(&mut self, now: Now) {
        let over: Vec<AttemptId> = self
            .living
            .iter()
            .filter(|(_, living)| living.time_limit.is_some_and(|limit| limit <= now.mono))
            .map(|(attempt, _)| *attempt)
            .collect();
        for attempt in over {
            self.end(attempt, Why::Failed(Reason::Timeout), now);
            if let Some(living) = self.living.get_mut(&attempt) {
                living.time_limit = None;
            }
        }
        if let Phase::Draining {
            term_at,
            kill_at,
            asked: false,
        } = self.phase
            && self.recovered
            && term_at.is_some_and(|at| at <= now.mono)
        {
            for attempt in self.living.keys().copied().collect::<Vec<_>>() {
                self.end(attempt, Why::Failed(Reason::Shutdown), now);
                let last = kill_at.unwrap_or(now.mono);
                if let Some(ending) = self
                    .living
                    .get_mut(&attempt)
                    .and_then(|living| living.ending.as_mut())
                {
                    ending.kill_at = ending.kill_at.min(last);
                }
            }
            self.phase = Phase::Draining {
                term_at,
                kill_at,
                asked: true,
            };
        }
        for living in self.living.values_mut() {
            if let Some(ending) = &mut living.ending
                && !ending.killed
                && ending.kill_at <= now.mono
            {
                ending.killed = true;
                let blow = Blow::Kill(ending.why);
                self.out.extend(living.strike(blow));
            }
        }
    }
}
