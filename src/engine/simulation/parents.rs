//! The parent of the runner's processes in the model: starts that wait with it for their time or for a place, and
//! what it does without another word of the runner's. All of it is gone when the runner dies.

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, Name};
use crate::engine::core::{Event, Turn};
use crate::engine::ledger::Claim;

use super::world::{Broken, World};

/// What the runner wants of it.
#[derive(Debug)]
pub(super) enum Order {
    Start(Expected),
    Hasten(AttemptId, u32),
    Recall(AttemptId),
}

/// A start that was ordered.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub claim: Claim,
    pub turn: Turn,
    pub decided: DateTime<Utc>,
}

impl Expected {
    fn at(&self) -> Option<DateTime<Utc>> {
        match self.turn {
            Turn::At(at, _) => Some(at),
            Turn::Heir => None,
        }
    }
}

impl World {
    pub(super) fn ordered(&mut self, order: Order) -> Result<(), Broken> {
        match order {
            Order::Start(expected) => {
                if let Some(runner) = &mut self.runner {
                    runner.expected.push(expected);
                }
                self.turns_come()
            }
            Order::Hasten(attempt, slot) => match self.take(attempt, |turn| turn == Turn::Heir) {
                Some(heir) => self.spawn(&heir, slot, self.now),
                None => Ok(()),
            },
            Order::Recall(attempt) => {
                if self.take(attempt, |_| true).is_some() {
                    self.tally.recalls += 1;
                    self.hears(Event::Returned(attempt), self.now);
                }
                Ok(())
            }
        }
    }

    fn take(&mut self, attempt: AttemptId, fits: impl Fn(Turn) -> bool) -> Option<Expected> {
        let expected = &mut self.runner.as_mut()?.expected;
        let mut all = expected.iter();
        let at = all.position(|one| one.claim.row.attempt == attempt && fits(one.turn))?;
        Some(expected.remove(at))
    }

    /// When the wall clock has to be for the next start whose time is to come.
    pub(super) fn next_turn(&self) -> Option<DateTime<Utc>> {
        let expected = self.runner.iter().flat_map(|runner| &runner.expected);
        expected.filter_map(Expected::at).min()
    }

    /// Starts those whose time has come.
    pub(super) fn turns_come(&mut self) -> Result<(), Broken> {
        let wall = self.wall();
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        let due = |one: &mut Expected| one.at().is_some_and(|at| at <= wall);
        let due: Vec<_> = runner.expected.extract_if(.., due).collect();
        for expected in due {
            if let Turn::At(_, slot) = expected.turn {
                self.spawn(&expected, slot, self.now)?;
            }
        }
        Ok(())
    }

    /// The first heir, if it is of the queue in which a place is free.
    pub(super) fn take_heir(&mut self, of: &Name) -> Option<Expected> {
        let expected = &mut self.runner.as_mut()?.expected;
        let first = expected.iter().position(|one| one.turn == Turn::Heir)?;
        let fits = expected[first].claim.row.queue == *of;
        fits.then(|| expected.remove(first))
    }

    /// A start hangs: what waits is given back.
    pub(super) fn return_waiting(&mut self) {
        let waiting = match &mut self.runner {
            Some(runner) => std::mem::take(&mut runner.expected),
            None => return,
        };
        for expected in waiting {
            self.hears(Event::Returned(expected.claim.row.attempt), self.now);
        }
    }
}
