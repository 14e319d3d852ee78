//! Starts: which of the claims in memory has its turn, and which only waits for it.
//!
//! A start is ordered as soon as it is certain, and carried out without another word: at its time, if that is
//! to come, or in the place of the next that ends (`Turn`). What waits can be taken back until then, and is when
//! somebody else comes first. What never lives here: how a process comes to be.

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, Name, RunId};

use super::living::Living;
use super::{Claim, Core, Effect, LEAD, Now, Phase, Turn, Why};

/// The order in which claims start: higher priority, then due time, then number.
pub(super) type Order = (i64, DateTime<Utc>, RunId);

pub(super) fn order_of(claim: &Claim) -> Order {
    (-claim.row.priority, claim.row.due, claim.row.run)
}

/// Never early: not before its due time, nor before the time of its retry.
pub(super) fn starts_at(claim: &Claim) -> DateTime<Utc> {
    let row = &claim.row;
    if row.number > 1 {
        // Its due time has come once, whatever the clock says now.
        row.not_before
    } else {
        row.due.max(row.not_before)
    }
}

impl Core {
    /// Orders the starts that are certain: as many as the pool has room for, then as many heirs as there may be.
    pub(super) fn start_claims(&mut self, now: Now) {
        if self.phase != Phase::Working || self.no_room_until.is_some_and(|until| now.wall < until)
        {
            return;
        }
        self.recall_outranked(now);
        let pool = self.config.runner.pool as usize;
        let mut running = self.running();
        while running < pool && (self.hasten_heir() || self.start_first(now)) {
            running += 1;
        }
        let mut heirs = self.living.len() - running;
        while running >= pool && heirs < self.config.heirs {
            let Some(claim) = self.take_held(|claim| starts_at(claim) <= now.wall) else {
                break;
            };
            self.order(claim, None, Turn::Heir);
            heirs += 1;
        }
        if running >= pool {
            self.make_way(now);
        }
    }

    /// How many have a place in the pool, if only from a moment to come.
    pub(super) fn running(&self) -> usize {
        let heirs = self.living.values().filter(|living| living.is_heir());
        self.living.len() - heirs.count()
    }

    /// The first whose time has come; if there is none, the first whose time will.
    fn start_first(&mut self, now: Now) -> bool {
        let due = self.take_held(|claim| starts_at(claim) <= now.wall);
        let Some(claim) = due.or_else(|| self.take_held(|_| true)) else {
            return false;
        };
        let slot = self.free_slot(&claim.row.queue);
        let at = starts_at(&claim);
        self.order(claim, Some(slot), Turn::At(at, slot));
        true
    }

    fn take_held(&mut self, fits: impl Fn(&Claim) -> bool) -> Option<Claim> {
        let mut held = self.held.iter();
        let first = held.find(|(_, claim)| fits(claim)).map(|(order, _)| *order);
        self.held.remove(&first?)
    }

    fn order(&mut self, claim: Claim, slot: Option<u32>, turn: Turn) {
        let living = Living::new(claim.clone(), slot);
        self.living.insert(claim.row.attempt, living);
        self.out.push(Effect::Spawn(Box::new(claim), turn));
    }

    /// A place is free that nobody left: another runner's process ended, or the one before was quicker.
    fn hasten_heir(&mut self) -> bool {
        let heirs = self.living.iter();
        let heirs = heirs.filter(|(_, living)| living.is_heir() && !living.recalled);
        let first = heirs.min_by_key(|(_, living)| order_of(&living.claim));
        let Some((attempt, queue)) =
            first.map(|(attempt, living)| (*attempt, living.claim.row.queue.clone()))
        else {
            return false;
        };
        let slot = self.free_slot(&queue);
        if let Some(living) = self.living.get_mut(&attempt) {
            living.slot = Some(slot);
        }
        self.out.push(Effect::Hasten(attempt, slot));
        true
    }

    /// Heirs that would start before somebody who comes first.
    fn recall_outranked(&mut self, now: Now) {
        let mut held = self.held.iter();
        let first = held.find(|(_, claim)| starts_at(claim) <= now.wall);
        let Some(first) = first.map(|(order, _)| *order) else {
            return;
        };
        self.recall(|living| living.is_heir() && order_of(&living.claim) > first);
    }

    /// Those whose time is still to come keep no place from those whose time has come.
    fn make_way(&mut self, now: Now) {
        let is_early = |living: &&Living| living.waits(now) && !living.is_heir();
        let early = || self.living.values().filter(is_early);
        if early().next().is_none() {
            return;
        }
        let heirs = self.living.values().filter(|living| living.is_heir());
        let due = self.held.values();
        let due = due.filter(|claim| starts_at(claim) <= now.wall);
        let leaving = early().filter(|living| living.recalled).count();
        let more = (heirs.count() + due.count()).saturating_sub(leaving);
        let early = early().filter(|living| !living.recalled);
        let mut early: Vec<_> = early.map(|living| order_of(&living.claim)).collect();
        early.sort_unstable();
        let last: Vec<_> = early.into_iter().rev().take(more).collect();
        self.recall(|living| last.contains(&order_of(&living.claim)));
    }

    /// Takes back all that waits.
    pub(super) fn recall_waiting(&mut self, now: Now) {
        self.recall(|living| living.waits(now));
    }

    pub(super) fn recall(&mut self, which: impl Fn(&Living) -> bool) {
        for (attempt, living) in &mut self.living {
            if !living.recalled && which(living) {
                living.recalled = true;
                self.out.push(Effect::Recall(*attempt));
            }
        }
    }

    /// It did not start, and waits in the file again.
    pub(super) fn returned(&mut self, attempt: AttemptId, now: Now) {
        let Some(living) = self.living.remove(&attempt) else {
            return;
        };
        let at = starts_at(&living.claim);
        self.take_back(&living, Some(at).filter(|at| *at > now.wall + LEAD));
    }

    /// A claim of which nothing came: unless somebody wants its end, it is tried again.
    pub(super) fn take_back(&mut self, living: &Living, again: Option<DateTime<Utc>>) {
        let row = &living.claim.row;
        let (attempt, run) = (row.attempt, row.run);
        if living.ending.is_some_and(|end| end.why == Why::Cancelled) {
            self.drop_claim(attempt, run);
        } else {
            self.give_back(attempt, again);
        }
    }

    /// The lowest number that no living run of the queue has.
    fn free_slot(&self, queue: &Name) -> u32 {
        let mut slot = 0;
        while self
            .living
            .values()
            .any(|living| living.slot == Some(slot) && living.claim.row.queue == *queue)
        {
            slot += 1;
        }
        slot
    }
}
