//! The processes of the attempts: started, adopted, struck, and their output files.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::AttemptId;
use crate::os::clock;
use crate::process::group::{self, signal_tree};
use crate::process::{Ended, Identity, orphan, output};
use crate::store::{OpenAttempt, Process, Store, output_path, outputs_beside};

use super::super::core::{Blow, Event, Over, Refusal, Turn};
use super::super::forward::From;
use super::super::ledger::{Claim, Printed};
use super::super::policy::Outcome;
use super::super::recovery::Facts;
use super::super::witness::SeenEnd;
use super::{Alive, Driver, Number, TRIM_EVERY, Word};

/// What a parent needs from reaping a process to writing down its end.
const LAST_WORD: Duration = Duration::from_millis(2);

impl Driver {
    /// The file of an ended attempt goes, or serves another one.
    pub(super) fn discard(&mut self, attempt: AttemptId) {
        self.alive.remove(&attempt);
        self.adopted.remove(&attempt);
        // A file that is still read for somebody else cannot begin anew.
        if self.outlet.holds_files() || !self.parents.recycle(attempt) {
            let _ = output::discard(&self.launcher.output_of(attempt));
        }
    }

    pub(super) fn spawn(
        &mut self,
        claim: Box<Claim>,
        turn: Turn,
        decided: DateTime<Utc>,
    ) -> Option<Event> {
        let attempt = claim.row.attempt;
        match self.parents.start(&claim, turn, decided) {
            Ok(parent) => {
                self.starting.insert(attempt, (claim, parent));
                None
            }
            Err(error) => {
                let refusal = Refusal::NoRoom(format!("no process could be started: {error}"));
                Some(Event::NotStarted(attempt, refusal))
            }
        }
    }

    pub(super) fn hear_word(&mut self, word: Word) {
        match word {
            Word::Started(attempt, process) => self.hear_start(attempt, process),
            Word::NotStarted(attempt, refusal) => {
                self.settled(attempt);
                self.feed(Event::NotStarted(attempt, refusal));
            }
            Word::Returned(attempt) => {
                self.settled(attempt);
                self.feed(Event::Returned(attempt));
            }
            Word::Ended(attempt, over) => {
                let heir = over
                    .heir
                    .and_then(|heir| self.starting.get_key_value(&heir));
                if let Some((heir, (_, parent))) = heir {
                    self.parents.begins(*parent, *heir);
                }
                self.hear_end(attempt, over);
            }
            // Whoever waits for these has heard them.
            Word::HookStarted(..) | Word::HookEnded(..) => {}
        }
    }

    fn hear_end(&mut self, attempt: AttemptId, over: Over) {
        if let Some(alive) = self.alive.get(&attempt) {
            let end = SeenEnd {
                outcome: Outcome::of(alive.ending, over.exit),
                usage: over.usage,
                finished: over.finished,
                process: alive.process.clone(),
            };
            // Its parent knows no more than how it ended, or there is none.
            if alive.parent.is_none() || alive.ending.is_some() {
                self.witness.saw(attempt, &end);
            }
            if self.outlet.holds_files() {
                self.outlet.ended(attempt, output::length(&alive.path));
            }
        }
        self.feed(Event::Ended(attempt, over));
    }

    /// A start is not under way any more; whose it was.
    fn settled(&mut self, attempt: AttemptId) -> Option<(Box<Claim>, Number)> {
        let (claim, parent) = self.starting.remove(&attempt)?;
        self.parents.settled(parent, attempt);
        Some((claim, parent))
    }

    fn hear_start(&mut self, attempt: AttemptId, process: Process) {
        if let Some((claim, parent)) = self.settled(attempt) {
            self.know(&claim, &process, From::Start, Some(parent));
            self.feed(Event::Started(attempt, process));
        }
    }

    /// A parent of our processes is gone: those that live are what an earlier runner would have left.
    pub(super) fn hear_death(&mut self, parent: Number) {
        self.say("the process that starts the jobs was ended: starting another");
        let unheard: Vec<(AttemptId, Process)> = self
            .alive
            .iter_mut()
            .filter(|(_, alive)| alive.parent == Some(parent))
            .map(|(attempt, alive)| (*attempt, alive.process.clone()))
            .collect();
        for (attempt, process) in unheard {
            match orphan::adopt(&identity_of(&process)) {
                Some(orphan) => self.watch_orphan(attempt, orphan),
                None => self.hear_orphan(attempt, Ended::UNKNOWN),
            }
        }
        let lost = self.starting.extract_if(|_, (_, with)| *with == parent);
        for (attempt, (claim, _)) in lost.collect::<Vec<_>>() {
            self.look_for(attempt, &claim);
        }
    }

    /// A start of which nobody tells how it went.
    fn look_for(&mut self, attempt: AttemptId, claim: &Claim) {
        let path = self.launcher.output_of(attempt);
        let has_output = path.symlink_metadata().is_ok();
        if let Some(orphan) = orphan::find_unrecorded(&self.launcher.mark_of(attempt), &path) {
            let process = process_of(&orphan.identity);
            self.know(claim, &process, From::Start, None);
            self.feed(Event::Started(attempt, process));
            self.watch_orphan(attempt, orphan);
        } else if has_output {
            self.feed(Event::Ended(attempt, over_now(Ended::UNKNOWN)));
        } else {
            let refusal = Refusal::NoRoom("the process that starts the jobs was ended".to_owned());
            self.feed(Event::NotStarted(attempt, refusal));
        }
    }

    fn watch_orphan(&mut self, attempt: AttemptId, mut orphan: orphan::Orphan) {
        if let Some(alive) = self.alive.get_mut(&attempt) {
            alive.parent = None;
        }
        let tell = self.tell_end.clone();
        tokio::spawn(async move {
            let ended = orphan.ended().await;
            let _ = tell.send((attempt, ended));
        });
    }

    /// Its parent may have seen more of its end than the kernel tells strangers.
    pub(super) fn hear_orphan(&mut self, attempt: AttemptId, ended: Ended) {
        let process = self.alive.get(&attempt).map(|alive| &alive.process);
        let seen = self.witness.find(attempt);
        let seen = seen.filter(|seen| process.is_some_and(|process| seen.process.is(process)));
        let over = seen.map_or_else(
            || over_now(ended),
            |seen| Over {
                exit: seen.outcome.exit(),
                usage: seen.usage,
                finished: seen.finished,
                heir: None,
            },
        );
        self.hear_end(attempt, over);
    }

    fn know(&mut self, claim: &Claim, process: &Process, from: From, parent: Option<Number>) {
        let attempt = claim.row.attempt;
        let path = self.launcher.output_of(attempt);
        self.outlet.follow(attempt, &claim.row.name, &path, from);
        self.alive.insert(
            attempt,
            Alive {
                identity: identity_of(process),
                process: process.clone(),
                mark: self.launcher.mark_of(attempt),
                limit: claim.options.output_limit().bytes(),
                path,
                ending: None,
                parent,
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
                    None if has_output && self.witness.find(attempt).is_none() => {
                        orphan::find_unrecorded(&self.launcher.mark_of(attempt), &path)
                    }
                    None => None,
                };
                // The process of another database, of which this one is a copy, is not ours to
                // adopt: its output is elsewhere, and so it says itself.
                let found =
                    found.filter(|orphan| has_output || self.launcher.is_ours(orphan.identity.pid));
                let alive = found.map(|orphan| {
                    let process = open.process.unwrap_or_else(|| process_of(&orphan.identity));
                    self.adopted.insert(attempt, orphan);
                    process
                });
                let mut end = self.witness.find(attempt);
                if end.is_none() && alive.is_none() && has_output {
                    // Reaped a moment ago by a parent that is just writing it down.
                    std::thread::sleep(LAST_WORD);
                    end = self.witness.find(attempt);
                }
                let facts = Facts {
                    alive,
                    has_output,
                    recorded,
                    end: end.map(Box::new),
                };
                (claim, facts)
            })
            .collect()
    }

    pub(super) fn adopt(&mut self, claim: &Claim, process: &Process) {
        let attempt = claim.row.attempt;
        self.know(claim, process, From::Here, None);
        if let Some(orphan) = self.adopted.remove(&attempt) {
            self.watch_orphan(attempt, orphan);
        }
    }

    pub(super) fn strike(&mut self, attempt: AttemptId, blow: Blow) {
        let Some(alive) = self.alive.get_mut(&attempt) else {
            return;
        };
        if let Blow::Ask(why) | Blow::Kill(why) = blow {
            alive.ending = Some(why);
            self.parents.ending(attempt, why);
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

/// Of an end that nobody saw when it was.
fn over_now(ended: Ended) -> Over {
    Over {
        exit: ended.exit,
        usage: ended.usage,
        finished: Utc::now(),
        heir: None,
    }
}

/// What is known of a process that nobody wrote down.
fn process_of(identity: &Identity) -> Process {
    Process {
        boot: identity.boot.to_string(),
        pid: identity.pid,
        ticks: identity.start,
        uptime_ms: clock::monotonic().as_millis() as u64,
        started: Utc::now(),
        slot: 0,
    }
}

pub(super) fn identity_of(process: &Process) -> Identity {
    Identity {
        boot: process.boot.as_str().into(),
        pid: process.pid,
        start: process.ticks,
    }
}
