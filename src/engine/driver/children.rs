//! The processes of the attempts: started, adopted, struck, and their output files.

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::domain::AttemptId;
use crate::os::clock;
use crate::process::group::{self, signal_tree};
use crate::process::{Identity, orphan, output};
use crate::store::{OpenAttempt, Process, Store, output_path, outputs_beside};

use super::super::core::{Blow, Event};
use super::super::forward::From;
use super::super::ledger::{Claim, Printed};
use super::super::recovery::Facts;
use super::starters::{Panic, Start, Started};
use super::{Alive, Driver, SPARES, TRIM_EVERY};

impl Driver {
    /// The file of an ended attempt goes, or serves another one.
    pub(super) fn discard(&mut self, attempt: AttemptId) {
        self.alive.remove(&attempt);
        self.adopted.remove(&attempt);
        let path = self.launcher.output_of(attempt);
        // A file that is still read for somebody else cannot begin anew.
        let is_free = !self.outlet.holds_files();
        let spare = (is_free && self.spares.len() < SPARES)
            .then(|| output::recycle(&path))
            .flatten();
        match spare {
            Some(spare) => self.spares.push(spare),
            None => {
                let _ = output::discard(&path);
            }
        }
    }

    pub(super) fn spawn(&mut self, claim: Box<Claim>, slot: u32, decided: DateTime<Utc>) {
        self.starters.start(Start {
            claim,
            slot,
            decided,
            spare: self.spares.pop(),
        });
    }

    /// A start is over.
    pub(super) fn hear_start(&mut self, told: Result<Started, Panic>) {
        // A panic on another thread is one of ours.
        let start = told.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.spares.extend(start.spare);
        let attempt = start.claim.row.attempt;
        let (mut child, process) = match start.outcome {
            Ok(started) => started,
            Err(refusal) => return self.feed(Event::NotStarted(attempt, refusal)),
        };
        self.know(&start.claim, child.identity.clone(), &process, From::Start);
        let tell = self.tell_end.clone();
        tokio::spawn(async move {
            let ended = child.ended().await;
            let _ = tell.send((attempt, ended));
        });
        self.feed(Event::Started(attempt, process));
    }

    pub(super) fn know(
        &mut self,
        claim: &Claim,
        identity: Identity,
        process: &Process,
        from: From,
    ) {
        let attempt = claim.row.attempt;
        let path = self.launcher.output_of(attempt);
        self.outlet.follow(attempt, &claim.row.name, &path, from);
        self.alive.insert(
            attempt,
            Alive {
                identity,
                process: process.clone(),
                mark: self.launcher.mark_of(attempt),
                limit: claim.options.output_limit().bytes(),
                path,
                ending: None,
            },
        );
        if self.trim_at.is_none() {
            self.trim_at = Some(tokio::time::Instant::now() + TRIM_EVERY);
        }
    }

    /// Looks for the processes of attempts that an earlier runner left without an end.
    pub(super) fn examine(&mut self, open: Vec<(OpenAttempt, Claim)>) -> Vec<(Claim, Facts)> {
        open.into_iter()
            .map(|(open, claim)| {
                let attempt = open.attempt;
                let path = self.launcher.output_of(attempt);
                let has_output = path.symlink_metadata().is_ok();
                let recorded = open.process.is_some();
                let found = match &open.process {
                    Some(process) => {
                        let opened = self.adopted.remove(&attempt);
                        opened.or_else(|| orphan::adopt(&identity_of(process)))
                    }
                    None if has_output && !self.seen.contains_key(&attempt) => {
                        orphan::find_unrecorded(&self.launcher.mark_of(attempt), &path)
                    }
                    None => None,
                };
                // The process of another database, of which this one is a copy, is not ours to
                // adopt: its output is elsewhere, and so it says itself.
                let found =
                    found.filter(|orphan| has_output || self.launcher.is_ours(orphan.identity.pid));
                let alive = found.map(|orphan| {
                    let process = open.process.unwrap_or_else(|| Process {
                        boot: orphan.identity.boot.to_string(),
                        pid: orphan.identity.pid,
                        ticks: orphan.identity.start,
                        uptime_ms: clock::monotonic().as_millis() as u64,
                        started: Utc::now(),
                        slot: 0,
                    });
                    self.adopted.insert(attempt, orphan);
                    process
                });
                let facts = Facts {
                    alive,
                    has_output,
                    recorded,
                    end: self.seen.remove(&attempt).map(Box::new),
                };
                (claim, facts)
            })
            .collect()
    }

    pub(super) fn adopt(&mut self, claim: &Claim, process: &Process) {
        let attempt = claim.row.attempt;
        self.know(claim, identity_of(process), process, From::Here);
        let Some(mut orphan) = self.adopted.remove(&attempt) else {
            return;
        };
        let tell = self.tell_end.clone();
        tokio::spawn(async move {
            let ended = orphan.ended().await;
            let _ = tell.send((attempt, ended));
        });
    }

    pub(super) fn strike(&mut self, attempt: AttemptId, blow: Blow) {
        let Some(alive) = self.alive.get_mut(&attempt) else {
            return;
        };
        if let Blow::Ask(why) | Blow::Kill(why) = blow {
            alive.ending = Some(why);
        }
        let signals: &[group::Signal] = match blow {
            Blow::Ask(_) => &[group::Signal::Term, group::Signal::Cont],
            Blow::Kill(_) => &[group::Signal::Kill],
            Blow::Number(number) => &[group::Signal::Other(number)],
        };
        for signal in signals {
            // Nobody there any more is the answer we want.
            let _ = signal_tree(&alive.identity, &alive.mark, *signal);
        }
    }

    pub(super) fn trim(&mut self) {
        for alive in self.alive.values() {
            let _ = output::trim(&alive.path, alive.limit);
        }
        self.trim_at = (!self.alive.is_empty()).then(|| tokio::time::Instant::now() + TRIM_EVERY);
    }

    /// Output files whose attempts have ended: an earlier runner died between the commit
    /// and the removal.
    pub(super) fn forget_old_outputs(&mut self) {
        let database = self.launcher.database();
        let Ok(Some(store)) = Store::open_read(database) else {
            return;
        };
        let Ok(open) = store.read().open_attempts() else {
            return;
        };
        for attempt in outputs_beside(database).unwrap_or_default() {
            if !open.iter().any(|open| open.attempt == attempt) {
                let _ = output::discard(&output_path(database, attempt));
            }
        }
    }
}

/// Takes hold of the processes that an earlier runner wrote down, before anything else is made ready:
/// until then nobody sees them end, and what is reaped unseen is lost. Which of them is to be adopted is
/// judged later; so is what could not be read now.
pub(super) fn take_hold(store: &Store) -> HashMap<AttemptId, orphan::Orphan> {
    let open = store.read().open_attempts().unwrap_or_default();
    let held = open.into_iter().filter_map(|open| {
        let orphan = orphan::adopt(&identity_of(&open.process?))?;
        Some((open.attempt, orphan))
    });
    held.collect()
}

/// What is kept of the output files beside a database, as much as can be read.
pub(super) fn printed_beside(database: PathBuf) -> Printed {
    Box::new(move |attempt, limit| {
        output::collect(&output_path(&database, attempt), limit).unwrap_or_default()
    })
}

fn identity_of(process: &Process) -> Identity {
    Identity {
        boot: process.boot.as_str().into(),
        pid: process.pid,
        start: process.ticks,
    }
}
