//! Who is next: highest priority, then first come, first served, among all that could start.
//! Looked at in the transaction that claims, and again when a process starts.

use chrono::{DateTime, Utc};

use crate::domain::{JobState, Origin, RunId};
use crate::engine::ledger::{Claim, Dispatched};
use crate::store::{RunRow, Stage, Tx};

use super::invariants::must;
use super::world::{Broken, MILLISECOND, World};

/// The order of starts, the first one smallest.
pub(super) type Place = (i64, DateTime<Utc>, RunId);

pub(super) fn order_of(row: &RunRow) -> Place {
    (-row.priority, row.due, row.id)
}

/// Priority and first come, first served, among all that could have been claimed.
/// Answers the first that has to wait.
pub(super) fn fair(tx: &Tx<'_>, dispatched: &Dispatched) -> Result<Option<Place>, Broken> {
    let mut last = None;
    let mut waiting = None;
    for claim in &dispatched.claims {
        let Some(row) = tx.audit_run(claim.row.run)? else {
            return Err(Broken(format!("{} is gone", claim.row.name)));
        };
        must!(
            !row.flagged,
            "{} was claimed though somebody wants it ended",
            claim.row.name
        );
        let paused = tx
            .job(row.job)?
            .is_some_and(|job| job.state == JobState::Paused);
        must!(
            !paused || row.origin != Origin::Schedule,
            "{} was claimed though its job is paused",
            claim.row.name
        );
        last = last.max(Some(order_of(&row)));
    }
    let open = tx.audit_moving(RunId(i64::MAX))?;
    for lane in tx.lanes()? {
        let full = lane
            .queue
            .slots
            .is_some_and(|slots| lane.live >= u64::from(slots));
        let claimed = dispatched
            .claims
            .iter()
            .any(|claim| claim.row.queue == lane.queue.name);
        must!(
            !claimed
                || lane
                    .queue
                    .slots
                    .is_none_or(|slots| lane.live <= u64::from(slots)),
            "queue {} is over its slots",
            lane.queue.name
        );
        must!(
            !claimed || !lane.queue.paused,
            "a run of the paused queue {} was claimed",
            lane.queue.name
        );
        // Another round is to come.
        if lane.queue.paused || full || dispatched.more {
            continue;
        }
        let ready = |row: &&RunRow| row.queue == lane.id && row.stage == Stage::Ready;
        let Some(first) = open.iter().filter(ready).map(order_of).min() else {
            continue;
        };
        must!(
            last.is_none_or(|last| last < first),
            "run {} was passed over",
            first.2.0
        );
        if waiting.is_none_or(|other| first < other) {
            waiting = Some(first);
        }
    }
    Ok(waiting)
}

impl World {
    /// Nobody starts before one that the runner knows to be waiting for a slot.
    pub(super) fn audit_turn(&self, claim: &Claim) -> Result<(), Broken> {
        let waiting = self.runner.as_ref().and_then(|runner| runner.waiting);
        self.audit_turn_against(claim, waiting)
    }

    /// An heir that somebody outranks is taken back as soon as the runner knows.
    pub(super) fn audit_heir(&self, claim: &Claim) -> Result<(), Broken> {
        let Some(runner) = &self.runner else {
            return Ok(());
        };
        let known = runner.waiting_since.max(runner.frozen_until);
        let waiting = runner.waiting.filter(|_| self.now > known + MILLISECOND);
        self.audit_turn_against(claim, waiting)
    }

    fn audit_turn_against(&self, claim: &Claim, waiting: Option<Place>) -> Result<(), Broken> {
        let Some((priority, due, id)) = waiting else {
            return Ok(());
        };
        let still = self.audit.could_start(id);
        let mine = (-claim.row.priority, claim.row.due, claim.row.run);
        must!(
            !still || mine < (priority, due, id),
            "{} starts before run {}, which waits and comes first",
            claim.row.name,
            id.0
        );
        Ok(())
    }
}
