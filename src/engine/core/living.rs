//! An attempt in memory: from the decision to start it to its end.

use std::time::Duration;

use crate::store::Process;

use super::{Blow, Claim, Effect, Now, Why, starts_at};

#[derive(Debug)]
pub(super) struct Living {
    pub(super) claim: Claim,
    /// Missing while it is an heir.
    pub(super) slot: Option<u32>,
    /// Missing while it is being started.
    pub(super) process: Option<Process>,
    /// Asked to come back, if it still waits.
    pub(super) recalled: bool,
    /// Blows that came before there was anybody to take them.
    pub(super) pending: Vec<Blow>,
    /// On the monotonic clock.
    pub(super) time_limit: Option<Duration>,
    pub(super) ending: Option<Ending>,
}

impl Living {
    /// Being started.
    pub(super) fn new(claim: Claim, slot: Option<u32>) -> Self {
        Self {
            claim,
            slot,
            process: None,
            recalled: false,
            pending: Vec::new(),
            time_limit: None,
            ending: None,
        }
    }

    pub(super) fn is_heir(&self) -> bool {
        self.slot.is_none()
    }

    /// For its time, or for a place: nothing is being started yet.
    pub(super) fn waits(&self, now: Now) -> bool {
        self.process.is_none() && (self.is_heir() || starts_at(&self.claim) > now.wall)
    }

    /// What is done to its process, now or when it is there.
    pub(super) fn strike(&mut self, blow: Blow) -> Option<Effect> {
        if self.process.is_none() {
            self.pending.push(blow);
            return None;
        }
        Some(Effect::Signal(self.claim.row.attempt, blow))
    }
}

/// We are ending this attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) why: Why,
    pub(super) kill_at: Duration,
    pub(super) killed: bool,
}
