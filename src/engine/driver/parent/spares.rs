//! Output files of ended attempts, for those to come.
//!
//! With each commit come the files of all attempts whose ends it holds, and until the next one as many start. To make
//! a file and to remove it was a sixth of what we spent on a start (ext4).

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::process::output::{self, Spare};

/// Kept at work: more than start between two commits.
const AT_WORK: usize = 64;

/// Kept while nothing runs: they lie beside the database.
const AT_REST: usize = 8;

#[derive(Default)]
pub(super) struct Spares(Mutex<Vec<Spare>>);

impl Spares {
    pub(super) fn take(&self) -> Option<Spare> {
        self.with(Vec::pop)
    }

    pub(super) fn give_back(&self, spare: Option<Spare>) {
        self.with(|spares| spares.extend(spare));
    }

    /// The file of an ended attempt is kept, or goes.
    pub(super) fn recycle(&self, path: &Path) {
        let has_room = self.with(|spares| spares.len() < AT_WORK);
        match has_room.then(|| output::recycle(path)).flatten() {
            Some(spare) => self.give_back(Some(spare)),
            None => drop(output::discard(path)),
        }
    }

    /// Nothing runs any more.
    pub(super) fn rest(&self) {
        self.keep(AT_REST);
    }

    /// Whether there were any.
    pub(super) fn clear(&self) -> bool {
        self.keep(0)
    }

    fn keep(&self, most: usize) -> bool {
        let others = self.with(|spares| spares.split_off(most.min(spares.len())));
        for spare in &others {
            let _ = output::discard(spare.path());
        }
        !others.is_empty()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Spare>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
