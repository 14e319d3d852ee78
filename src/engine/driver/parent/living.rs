//! The children that live, as their parent knows them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::domain::AttemptId;
use crate::process::{AnyEnd, Child};
use crate::store::Process;

use super::super::super::ledger::Claim;
use super::super::super::policy::Why;

pub(super) struct Living {
    pub(super) child: Child,
    pub(super) what: What,
}

pub(super) enum What {
    Attempt {
        claim: Box<Claim>,
        process: Process,
        /// We have a hand in its end.
        ending: Option<Why>,
    },
    Hook(i64),
}

/// By their numbers.
#[derive(Default)]
pub(super) struct Children(HashMap<i32, Living>);

impl Children {
    pub(super) fn insert(&mut self, living: Living) {
        self.0.insert(living.child.identity.pid, living);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Somebody has a hand in the end of this attempt.
    pub(super) fn note(&mut self, of: AttemptId, why: Why) {
        for living in self.0.values_mut() {
            if let What::Attempt { claim, ending, .. } = &mut living.what
                && claim.row.attempt == of
            {
                *ending = Some(why);
            }
        }
    }

    /// Takes out who was seen to have ended; if that one is not here, or does not mean it, all that have. For another
    /// thread may have reaped it, and its number may be that of the next one.
    pub(super) fn take_ended(&mut self, seen: AnyEnd) -> Vec<Living> {
        if let AnyEnd::Of(pid) = seen
            && let Entry::Occupied(entry) = self.0.entry(pid)
            && entry.get().child.has_exited()
        {
            return vec![entry.remove()];
        }
        // One that could not become its program is reaped by whoever started it.
        let ended = self.0.extract_if(|_, living| living.child.has_exited());
        ended.map(|(_, living)| living).collect()
    }
}
