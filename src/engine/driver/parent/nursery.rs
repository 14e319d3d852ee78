//! The parent's side: one thread that does what it is told, and one that reaps.
//!
//! Whoever makes a process sleeps until that has its program: most of what a short job costs. One thread is enough
//! for all cores, since it is the child that works, and it is the cheapest: with a second one that is awake each
//! start interrupts the other core, for they share their memory. On a slow file system a start takes as long as
//! that does; then the runner turns to another parent (`line`), and nobody who reaps has to wait.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, Options};
use crate::os::{clock, proc, ready, signals};
use crate::process::output::{self, Spare};
use crate::process::{AnyEnd, Child, Ended, any_exited};
use crate::store::{Process, ends_path};

use super::super::super::ledger::Claim;
use super::super::super::policy::{Outcome, Why};
use super::super::super::start::{HookLaunch, Launcher};
use super::super::super::witness::{SeenEnd, Witness};
use super::{Order, Word};

/// Output files kept for the next attempts.
const SPARES: usize = 16;

/// Is the parent of a runner's jobs, until the runner is gone and they have ended. The words are
/// `DATABASE ID`; the socket is the standard input.
pub(crate) fn parent(words: &[OsString]) -> ExitCode {
    let [database, id] = words else {
        return ExitCode::FAILURE;
    };
    // Started by way of a link, it would have the name of that.
    proc::be_called(c"punctual-parent");
    // Whoever stops all that is called punctual means the runner, which tells us by going.
    signals::outlive_requests();
    let Ok(socket) = io::stdin().as_fd().try_clone_to_owned() else {
        return ExitCode::FAILURE;
    };
    let database = PathBuf::from(database);
    let nursery = Arc::new(Nursery {
        witness: Witness::join(ends_path(&database)),
        launcher: Launcher::new(database, id.to_string_lossy().into_owned()),
        socket: UnixStream::from(socket),
        inside: Mutex::default(),
        over: Condvar::new(),
    });
    match nursery.work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

struct Nursery {
    launcher: Launcher,
    witness: Witness,
    socket: UnixStream,
    inside: Mutex<Inside>,
    /// A start is over.
    over: Condvar,
}

#[derive(Default)]
struct Inside {
    living: HashMap<i32, Living>,
    /// Words on their way.
    unsaid: Vec<u8>,
    /// A start is under way: its child is not in the list yet.
    is_starting: bool,
    /// Starts that are over.
    started: u64,
    /// The runner is gone: nothing starts any more.
    is_closed: bool,
}

struct Living {
    child: Child,
    what: What,
}

enum What {
    Attempt {
        attempt: AttemptId,
        process: Process,
        ending: Option<Why>,
    },
    Hook(i64),
}

impl Nursery {
    fn work(self: Arc<Self>) -> io::Result<()> {
        self.witness.hold();
        let reaper = Arc::clone(&self);
        let reap = move || {
            // Half a parent is none: the runner hears that it is gone, and makes another.
            if catch_unwind(AssertUnwindSafe(|| reaper.reap_all())).is_err() {
                let _ = reaper.socket.shutdown(Shutdown::Both);
            }
        };
        let reaper = thread::Builder::new()
            .name("reaper".to_owned())
            .spawn(reap)?;
        self.listen();
        // If it was not the runner who ended the line, it shall hear of it.
        let _ = self.socket.shutdown(Shutdown::Both);
        self.witness.let_go();
        self.lock().is_closed = true;
        self.over.notify_all();
        let _ = reaper.join();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what was not said yet. Nobody may hear it: then the runner is gone, and it is written down.
    fn speak(&self) {
        let mut inside = self.lock();
        if !inside.unsaid.is_empty() {
            let _ = (&self.socket).write_all(&inside.unsaid);
            inside.unsaid.clear();
        }
    }

    /// Does what the runner says until it says no more.
    fn listen(&self) {
        let mut known: HashMap<i64, Arc<Options>> = HashMap::new();
        let mut spares: Vec<Spare> = Vec::new();
        let mut reader = BufReader::new(&self.socket);
        let mut line = Vec::new();
        loop {
            if reader.buffer().is_empty() {
                // Nothing else is to be done at once: whoever waits is told how it went.
                self.speak();
            }
            line.clear();
            if !matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
                break;
            }
            let Ok(order) = serde_json::from_slice(&line) else {
                break;
            };
            match order {
                Order::Options(id, options) => {
                    known.insert(id, Arc::new(options.into_owned()));
                }
                Order::ForgetOptions => known.clear(),
                Order::Start {
                    claim,
                    slot,
                    decided,
                } => {
                    let Some(options) = known.get(&claim.settings) else {
                        break;
                    };
                    let claim = Claim {
                        row: claim.into_owned(),
                        options: Arc::clone(options),
                    };
                    let mut spare = spares.pop();
                    self.bear(|| self.start(&claim, slot, decided, &mut spare));
                    spares.extend(spare);
                }
                Order::Hook(hook) => self.bear(|| self.start_hook(&hook)),
                Order::Ending(attempt, why) => self.note(attempt, why),
                Order::Recycle(attempt) => {
                    let path = self.launcher.output_of(attempt);
                    let has_room = spares.len() < SPARES;
                    match has_room.then(|| output::recycle(&path)).flatten() {
                        Some(spare) => spares.push(spare),
                        None => drop(output::discard(&path)),
                    }
                }
            }
        }
        for spare in spares {
            let _ = output::discard(spare.path());
        }
    }

    /// Starts a process. What there is to say of it is ready before it can be reaped, so that its end comes behind.
    fn bear(&self, start: impl FnOnce() -> (Word, Option<Living>)) {
        // What a dead runner decided is not done: the next one may decide otherwise.
        if ready::is_hung_up(&self.socket) {
            return;
        }
        self.lock().is_starting = true;
        let (word, born) = start();
        let mut inside = self.lock();
        inside.is_starting = false;
        inside.started += 1;
        inside.add(&word);
        if let Some(living) = born {
            inside.living.insert(living.child.identity.pid, living);
        }
        drop(inside);
        self.over.notify_all();
    }

    fn note(&self, of: AttemptId, why: Why) {
        for living in self.lock().living.values_mut() {
            if let What::Attempt {
                attempt, ending, ..
            } = &mut living.what
                && *attempt == of
            {
                *ending = Some(why);
            }
        }
    }

    fn start(
        &self,
        claim: &Claim,
        slot: u32,
        decided: DateTime<Utc>,
        spare: &mut Option<Spare>,
    ) -> (Word, Option<Living>) {
        let attempt = claim.row.attempt;
        match self.launcher.launch(claim, slot, spare) {
            Ok(child) => {
                let process = process_of(&child, slot, decided);
                let what = What::Attempt {
                    attempt,
                    process: process.clone(),
                    ending: None,
                };
                let word = Word::Started(attempt, process);
                (word, Some(Living { child, what }))
            }
            Err(refusal) => (Word::NotStarted(attempt, refusal), None),
        }
    }

    fn start_hook(&self, hook: &HookLaunch) -> (Word, Option<Living>) {
        match self.launcher.launch_hook(hook) {
            Ok(child) => {
                let process = process_of(&child, 0, Utc::now());
                let what = What::Hook(hook.id);
                let word = Word::HookStarted(hook.id, Ok(process));
                (word, Some(Living { child, what }))
            }
            Err(message) => (Word::HookStarted(hook.id, Err(message)), None),
        }
    }

    fn reap_all(&self) {
        loop {
            let mut inside = self.lock();
            while inside.living.is_empty() {
                if inside.is_closed {
                    return;
                }
                inside = self.wait(inside);
            }
            let started = inside.started;
            drop(inside);
            match any_exited() {
                AnyEnd::Of(pid) => self.reap(started, |living, _| living == pid),
                AnyEnd::OfSome => self.reap(started, |_, child| child.has_exited()),
                // Somebody else reaped them. That they ended is all that can be said.
                AnyEnd::NoChild => self.reap(started, |_, _| true),
            }
        }
    }

    /// Reaps those that have ended. There may be none in the list: then one is on its way there, or could not
    /// become its program and is reaped by whoever started it; either way a start will be over that was not when
    /// so many were.
    fn reap(&self, started: u64, has_ended: impl Fn(i32, &Child) -> bool) {
        let mut inside = self.lock();
        let ended: Vec<i32> = inside
            .living
            .iter()
            .filter(|(pid, living)| has_ended(**pid, &living.child))
            .map(|(pid, _)| *pid)
            .collect();
        if ended.is_empty() {
            while inside.started == started && inside.is_starting {
                inside = self.wait(inside);
            }
            return;
        }
        let ended: Vec<Living> = ended
            .iter()
            .filter_map(|pid| inside.living.remove(pid))
            .collect();
        drop(inside);
        for Living { child, what } in ended {
            self.tell(&what, child.ended());
        }
    }

    fn tell(&self, what: &What, ended: Ended) {
        let word = match what {
            What::Attempt {
                attempt,
                process,
                ending,
            } => {
                let end = SeenEnd {
                    outcome: Outcome::of(*ending, ended.exit),
                    usage: ended.usage,
                    finished: Utc::now(),
                    process: process.clone(),
                };
                self.witness.saw(*attempt, &end);
                Word::Ended(*attempt, ended.exit, ended.usage)
            }
            What::Hook(hook) => Word::HookEnded(*hook, ended.exit),
        };
        self.lock().add(&word);
        self.speak();
    }

    fn wait<'a>(&self, inside: MutexGuard<'a, Inside>) -> MutexGuard<'a, Inside> {
        let woken = self.over.wait(inside);
        woken.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn add(&mut self, word: &Word) {
        // Nothing in a word cannot be said in JSON.
        let _ = serde_json::to_writer(&mut self.unsaid, word);
        self.unsaid.push(b'\n');
    }
}

fn process_of(child: &Child, slot: u32, decided: DateTime<Utc>) -> Process {
    Process {
        boot: child.identity.boot.to_string(),
        pid: child.identity.pid,
        ticks: child.identity.start,
        uptime_ms: clock::monotonic().as_millis() as u64,
        // The clock may have been set back since it was found to be due.
        started: Utc::now().max(decided),
        slot,
    }
}
