//! An attempt in memory: from the decision to start it to its end.

use std::time::Duration;

use crate::store::Process;

use super::{Blow, Claim, Effect, Why};

#[derive(Debug)]
pub(super) struct Living {
    pub(super) claim: Claim,
    pub(super) slot: u32,
    /// Missing while it is being started.
    pub(super) process: Option<Process>,
    /// Blows that came before there was anybody to take them.
    pub(super) pending: Vec<Blow>,
    /// On the monotonic clock.
    pub(super) time_limit: Option<Duration>,
    pub(super) ending: Option<Ending>,
}

impl Living {
    /// Being started.
    pub(super) fn new(claim: Claim, slot: u32) -> Self {
        Self {
            claim,
            slot,
            process: None,
            pending: Vec::new(),
            time_limit: None,
            ending: None,
        }
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
