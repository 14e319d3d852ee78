//! A step of the wall clock, as far as memory is concerned: claims that are held, and the
//! moments that were counted on the old clock. What the file has to do is in `stepping`.

use chrono::TimeDelta;

use super::{Claim, Core, LEAD, Now, Request, starts_at};

impl Core {
    /// Claims that were about to start before the clock was set back: they wait for their time
    /// again, and not in the place of others.
    pub(super) fn give_back_far(&mut self, now: Now) {
        let (far, near): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(_, claim)| starts_at(claim) > now.wall + LEAD);
        self.held = near.into_iter().collect();
        for (_, claim) in far {
            self.give_back(claim.row.attempt, Some(starts_at(&claim)));
        }
    }

    pub(super) fn clock_stepped(&mut self, by: TimeDelta, now: Now) {
        // Nothing was missed because a clock was ahead when this runner began.
        self.config.runner.since = self.config.runner.since.min(now.wall);
        self.no_room_until = self.no_room_until.map(|until| until + by);
        self.recall_waiting(now);
        let waiting = self.living.values_mut();
        let waiting = waiting.filter(|living| living.recalled && living.process.is_none());
        let waiting = waiting.map(|living| &mut living.claim);
        for claim in self.held.values_mut().chain(waiting) {
            keep_distance(claim, by);
        }
        if self.dispatching {
            self.stepped += by;
        }
        self.ask(Request::ShiftRetries { by });
        self.give_back_far(now);
    }
}

/// A retry comes when it would have come, whatever the clock says then.
pub(super) fn keep_distance(claim: &mut Claim, stepped: TimeDelta) {
    if claim.row.number > 1 || claim.row.not_before > claim.row.due {
        claim.row.not_before += stepped;
    }
}
