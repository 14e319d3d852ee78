//! The parent's side: threads that start processes, one that reaps them, and the one that listens.
//!
//! The parent of a new process sleeps until the child has its program: that is most of what a short job
//! costs (perf: a third of a core at 2,000 starts a second), and on a slow file system it takes as long as
//! that does. Several threads keep several cores busy, and nobody who listens or reaps has to sleep so. They are
//! made once and stay: making one takes room that may not be there when a job is due.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, Options};
use crate::os::{clock, ready};
use crate::process::output::{self, Spare};
use crate::process::{AnyEnd, Child, Ended, any_exited};
use crate::store::{Process, ends_path};

use super::super::super::ledger::Claim;
use super::super::super::policy::{Outcome, Why};
use super::super::super::start::{HookLaunch, Launcher};
use super::super::super::witness::{SeenEnd, Witness};
use super::{Order, Word};

/// Two keep two cores busy; more than this wait for each other in the kernel.
const STARTERS: usize = 4;

/// Output files kept for the next attempts.
const SPARES: usize = 16;

/// Is the parent of a runner's jobs, until the runner is gone and they have ended. The words are
/// `DATABASE ID`; the socket is the standard input.
pub(crate) fn parent(words: &[OsString]) -> ExitCode {
    let [database, id] = words else {
        return ExitCode::FAILURE;
    };
    let Ok(socket) = io::stdin().as_fd().try_clone_to_owned() else {
        return ExitCode::FAILURE;
    };
    let database = PathBuf::from(database);
    let nursery = Arc::new(Nursery {
        witness: Witness::join(ends_path(&database)),
        launcher: Launcher::new(database, id.to_string_lossy().into_owned()),
        socket: UnixStream::from(socket),
        inside: Mutex::default(),
        filled: Condvar::new(),
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
    /// Something waits to be started, or nothing is any more.
    filled: Condvar,
    /// A start is over.
    over: Condvar,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<Start>,
    /// Starts under way: their children are not in the list yet.
    starting: usize,
    /// Starts that are over.
    started: u64,
    living: HashMap<i32, Living>,
    spares: Vec<Spare>,
    /// The runner is gone: nothing starts any more.
    is_closed: bool,
}

enum Start {
    Attempt {
        claim: Box<Claim>,
        slot: u32,
        decided: DateTime<Utc>,
    },
    Hook(Box<HookLaunch>),
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
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.min(STARTERS) {
            self.thread("starter", Self::start_all)?;
        }
        let reaper = self.thread("reaper", Self::reap_all)?;
        self.listen();
        let mut inside = self.lock();
        inside.is_closed = true;
        inside.waiting.clear();
        self.filled.notify_all();
        self.over.notify_all();
        while inside.starting > 0 {
            inside = wait(&self.over, inside);
        }
        for spare in inside.spares.drain(..) {
            let _ = output::discard(spare.path());
        }
        drop(inside);
        self.witness.let_go();
        let _ = reaper.join();
        Ok(())
    }

    fn thread(self: &Arc<Self>, name: &str, work: fn(&Self)) -> io::Result<thread::JoinHandle<()>> {
        let nursery = Arc::clone(self);
        let work = move || {
            // Half a parent is none: the runner hears that it is gone, and makes another.
            if catch_unwind(AssertUnwindSafe(|| work(&nursery))).is_err() {
                let _ = nursery.socket.shutdown(std::net::Shutdown::Both);
            }
        };
        thread::Builder::new().name(name.to_owned()).spawn(work)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody may hear it: then the runner is gone, and it is written down.
    fn say(&self, word: &Word) {
        let mut line = serde_json::to_vec(word).unwrap_or_default();
        line.push(b'\n');
        let _ = (&self.socket).write_all(&line);
    }

    fn listen(&self) {
        let mut known: HashMap<i64, Arc<Options>> = HashMap::new();
        let mut reader = BufReader::new(&self.socket);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let Ok(order) = serde_json::from_slice(&line) else {
                return;
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
                        return;
                    };
                    let claim = Claim {
                        row: claim.into_owned(),
                        options: Arc::clone(options),
                    };
                    self.push(Start::Attempt {
                        claim: Box::new(claim),
                        slot,
                        decided,
                    });
                }
                Order::Hook(hook) => self.push(Start::Hook(Box::new(hook.into_owned()))),
                Order::Ending(attempt, why) => self.note(attempt, why),
                Order::Recycle(attempt) => self.recycle(attempt),
            }
        }
    }

    fn push(&self, start: Start) {
        self.lock().waiting.push_back(start);
        self.filled.notify_one();
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

    fn recycle(&self, attempt: AttemptId) {
        let path = self.launcher.output_of(attempt);
        let mut inside = self.lock();
        let has_room = inside.spares.len() < SPARES;
        match has_room.then(|| output::recycle(&path)).flatten() {
            Some(spare) => inside.spares.push(spare),
            None => {
                let _ = output::discard(&path);
            }
        }
    }

    fn start_all(&self) {
        loop {
            let mut inside = self.lock();
            let start = loop {
                if inside.is_closed {
                    return;
                }
                if let Some(start) = inside.waiting.pop_front() {
                    break start;
                }
                inside = wait(&self.filled, inside);
            };
            inside.starting += 1;
            let mut spare = inside.spares.pop();
            drop(inside);
            // What a dead runner decided is not done: the next one may decide otherwise.
            let (word, born) = if ready::is_hung_up(&self.socket) {
                (None, None)
            } else {
                let (word, born) = self.start(start, &mut spare);
                (Some(word), born)
            };
            let mut inside = self.lock();
            inside.starting -= 1;
            inside.started += 1;
            inside.spares.extend(spare);
            // Said before it can be reaped, so that its end comes behind it.
            if let Some(word) = word {
                self.say(&word);
            }
            if let Some(living) = born {
                inside.living.insert(living.child.identity.pid, living);
            }
            drop(inside);
            self.over.notify_all();
        }
    }

    fn start(&self, start: Start, spare: &mut Option<Spare>) -> (Word, Option<Living>) {
        match start {
            Start::Attempt {
                claim,
                slot,
                decided,
            } => {
                let attempt = claim.row.attempt;
                match self.launcher.launch(&claim, slot, spare) {
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
            Start::Hook(hook) => match self.launcher.launch_hook(&hook) {
                Ok(child) => {
                    let process = process_of(&child, 0, Utc::now());
                    let what = What::Hook(hook.id);
                    let word = Word::HookStarted(hook.id, Ok(process));
                    (word, Some(Living { child, what }))
                }
                Err(message) => (Word::HookStarted(hook.id, Err(message)), None),
            },
        }
    }

    fn reap_all(&self) {
        loop {
            let mut inside = self.lock();
            while inside.living.is_empty() {
                if inside.is_closed && inside.starting == 0 {
                    return;
                }
                inside = wait(&self.over, inside);
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
            while inside.started == started && inside.starting > 0 {
                inside = wait(&self.over, inside);
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
        match what {
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
                self.say(&Word::Ended(*attempt, ended.exit, ended.usage));
            }
            What::Hook(hook) => self.say(&Word::HookEnded(*hook, ended.exit)),
        }
    }
}

fn wait<'a>(condition: &Condvar, inside: MutexGuard<'a, Inside>) -> MutexGuard<'a, Inside> {
    let woken = condition.wait(inside);
    woken.unwrap_or_else(PoisonError::into_inner)
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
