//! Starts that were ordered and have no process yet: until their time, until somebody leaves them a place, or until
//! the one before is done. Decides nothing: their order is that in which they came.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{AttemptId, Name};

use super::super::super::core::Turn;
use super::super::super::ledger::Claim;
use super::super::super::start::HookLaunch;

/// A start is taken up so long before its time: then a processor is awake, and all is ready.
pub(super) const HEAD_START: TimeDelta = TimeDelta::milliseconds(1);

/// A start to come.
pub(super) enum Birth {
    Attempt {
        claim: Box<Claim>,
        turn: Turn,
        decided: DateTime<Utc>,
    },
    Hook(Box<HookLaunch>),
}

#[derive(Default)]
pub(super) struct Waiting {
    /// Until their time.
    early: Vec<Birth>,
    /// For the place of another, the first one first.
    heirs: VecDeque<Birth>,
    /// Whose turn it is.
    ready: VecDeque<Birth>,
    /// The runner is gone: nothing starts any more.
    is_closed: bool,
}

impl Waiting {
    pub(super) fn expect(&mut self, birth: Birth) {
        if self.is_closed {
            return;
        }
        match &birth {
            Birth::Attempt { turn, .. } => match turn {
                Turn::Heir => self.heirs.push_back(birth),
                Turn::At(..) => self.early.push(birth),
            },
            Birth::Hook(_) => self.ready.push_back(birth),
        }
    }

    /// An heir need not wait.
    pub(super) fn hasten(&mut self, attempt: AttemptId, slot: u32) {
        let at = self.heirs.iter().position(|heir| heir.is(attempt));
        let heir = at.and_then(|at| self.heirs.remove(at));
        self.ready.extend(heir.map(|heir| heir.in_slot(slot)));
    }

    /// Takes out what waits for its time or for a place; `false` for what does not, or not any more.
    pub(super) fn take(&mut self, attempt: AttemptId) -> bool {
        let before = self.early.len() + self.heirs.len();
        self.early.retain(|birth| !birth.is(attempt));
        self.heirs.retain(|birth| !birth.is(attempt));
        before > self.early.len() + self.heirs.len()
    }

    /// Takes out all attempts; hooks stay.
    pub(super) fn take_all(&mut self) -> Vec<AttemptId> {
        let all = self.early.drain(..).chain(self.heirs.drain(..));
        let all: Vec<_> = all.chain(self.ready.drain(..)).collect();
        let attempts = all.iter().filter_map(Birth::attempt).collect();
        let hooks = all.into_iter().filter(|birth| birth.attempt().is_none());
        self.ready.extend(hooks);
        attempts
    }

    pub(super) fn close(&mut self) {
        *self = Self {
            is_closed: true,
            ..Self::default()
        };
    }

    /// The first heir takes the place of one of its queue.
    pub(super) fn inherit(&mut self, queue: &Name, slot: u32) -> Option<AttemptId> {
        let first = self.heirs.front()?;
        if !matches!(first, Birth::Attempt { claim, .. } if claim.row.queue == *queue) {
            return None;
        }
        let heir = self.heirs.pop_front()?;
        let attempt = heir.attempt();
        self.ready.push_back(heir.in_slot(slot));
        attempt
    }

    /// The next one whose turn it is.
    pub(super) fn next(&mut self) -> Option<Birth> {
        if !self.early.is_empty() {
            let soon = Utc::now() + HEAD_START;
            let due = |birth: &mut Birth| birth.at().is_some_and(|at| at <= soon);
            self.ready.extend(self.early.extract_if(.., due));
        }
        self.ready.pop_front()
    }

    /// How long until the first whose time is to come is taken up.
    pub(super) fn first_early(&self) -> Option<Duration> {
        let first = self.early.iter().filter_map(Birth::at).min()?;
        let rest = first - HEAD_START - Utc::now();
        Some(rest.to_std().unwrap_or_default())
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether there is work to go on with, whatever ends.
    pub(super) fn is_busy(&self) -> bool {
        self.has_ready() || !self.heirs.is_empty()
    }
}

impl Birth {
    fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Attempt { claim, .. } => Some(claim.row.attempt),
            Self::Hook(_) => None,
        }
    }

    fn is(&self, attempt: AttemptId) -> bool {
        self.attempt() == Some(attempt)
    }

    fn at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Attempt {
                turn: Turn::At(at, _),
                ..
            } => Some(*at),
            _ => None,
        }
    }

    fn in_slot(mut self, slot: u32) -> Self {
        if let Self::Attempt { turn, decided, .. } = &mut self {
            *turn = Turn::At(*decided, slot);
        }
        self
    }
}
