//! The parent's side: what it knows of its children, and the loop in which it starts and reaps them.
//!
//! Whoever makes a process sleeps until that has its program: most of what a short job costs. So two threads do the
//! same work by turns: one leads, which is to listen, to reap and to find the next start, and hands the lead over
//! before it sleeps in that start. A third one is there for the case that both sleep long, on a slow file system: it
//! gives back what waits, and reaps (`watch`), while the runner turns to another parent (`line`).

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::AttemptId;
use crate::os::clock::{self, Ticker};
use crate::os::signals::{self, Bell};
use crate::os::{proc, ready};
use crate::process::output::{self, Spare};
use crate::process::{AnyEnd, Child, any_exited};
use crate::store::{Process, ends_path};

use super::super::super::core::{Over, Refusal, Turn};
use super::super::super::ledger::Claim;
use super::super::super::policy::{Outcome, Why};
use super::super::super::start::{HookLaunch, Launcher};
use super::super::super::witness::{SeenEnd, Witness};
use super::Word;
use super::orders::Orders;
use super::waiting::{Birth, Waiting};

/// How long words are kept back while there are heirs to go on with, so that the runner hears many at once.
const PACE: Duration = Duration::from_millis(4);

/// Output files kept for the next attempts: while there is much to do, as many as start between two commits, for
/// with each of these come all files of the attempts whose ends it holds. To make one and to remove it was a sixth of
/// all we spent on a start (ext4).
const SPARES: usize = 16;
const SPARES_BUSY: usize = 64;

/// How often it is looked whether a start hangs, while there are any.
const LOOK: Duration = Duration::from_millis(50);

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
    let id = id.to_string_lossy().into_owned();
    match Nursery::new(database.into(), id).and_then(|nursery| nursery.work()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

pub(super) struct Nursery {
    pub(super) launcher: Launcher,
    witness: Witness,
    /// The process that orders.
    runner: u32,
    socket: UnixStream,
    bell: Bell,
    ticker: Ticker,
    lead: Mutex<Lead>,
    inside: Mutex<Inside>,
    /// Output files of ended attempts, for those to come.
    spares: Mutex<Vec<Spare>>,
}

/// What only the one who leads has to know.
#[derive(Default)]
struct Lead {
    orders: Orders,
    is_watched: bool,
    /// The runner is gone.
    is_over: bool,
}

#[derive(Default)]
pub(super) struct Inside {
    living: HashMap<i32, Living>,
    pub(super) waiting: Waiting,
    /// Words on their way, and when the last ones went.
    unsaid: Vec<u8>,
    said: Option<Instant>,
    /// Somebody listens, and looks soon whether there are words to be said.
    is_led: bool,
    looks_soon: bool,
    /// Starts under way: their children are not in the list yet.
    starting: usize,
    /// Starts so far.
    births: u64,
}

struct Living {
    child: Child,
    what: What,
}

enum What {
    Attempt {
        claim: Box<Claim>,
        process: Process,
        ending: Option<Why>,
    },
    Hook(i64),
}

impl Nursery {
    fn new(database: PathBuf, id: String) -> io::Result<Arc<Self>> {
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        let nursery = Arc::new(Self {
            witness: Witness::join(ends_path(&database)),
            launcher: Launcher::new(database, id),
            runner: parent_id(),
            socket: UnixStream::from(socket),
            bell: Bell::of_children()?,
            ticker: Ticker::new()?,
            lead: Mutex::default(),
            inside: Mutex::default(),
            spares: Mutex::default(),
        });
        let watch = Arc::clone(&nursery);
        thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch.watch())?;
        Ok(nursery)
    }

    fn work(self: &Arc<Self>) -> io::Result<()> {
        self.witness.hold();
        let mate = Arc::clone(self);
        let serve = move || {
            // Half a parent is none: the runner hears that it is gone, and makes another.
            if catch_unwind(AssertUnwindSafe(|| mate.serve())).is_err() {
                let _ = mate.socket.shutdown(Shutdown::Both);
            }
        };
        thread::Builder::new()
            .name("mate".to_owned())
            .spawn(serve)?;
        self.serve();
        // If it was not the runner who ended the line, it shall hear of it.
        let _ = self.socket.shutdown(Shutdown::Both);
        self.keep_spares(0);
        self.see_out();
        Ok(())
    }

    /// Nothing starts any more. Stays until nobody is left.
    fn see_out(&self) {
        loop {
            let inside = self.lock();
            let is_starting = inside.starting > 0;
            let is_over = inside.living.is_empty() && !is_starting;
            drop(inside);
            if !is_starting {
                self.witness.let_go();
            }
            if is_over {
                return;
            }
            // A start that hangs does not ring when it is over.
            ready::wait([self.bell.as_fd()], is_starting.then_some(LOOK));
            self.bell.hear();
            self.reap();
        }
    }

    /// Leads, or waits to lead, and starts what it finds.
    fn serve(&self) {
        let mut lead = held(&self.lead);
        while let Some(birth) = self.lead(&mut lead) {
            let inside = self.lock();
            let is_alone = inside.living.is_empty() && !inside.waiting.has_ready();
            drop(inside);
            if is_alone {
                // Nobody misses us: it is not worth waking the other one.
                self.bear(birth);
                continue;
            }
            drop(lead);
            self.bear(birth);
            // What ended before it was in the list rang for nothing.
            self.reap();
            while let Some(birth) = self.next_birth() {
                self.bear(birth);
                self.reap();
            }
            self.leave_words();
            lead = held(&self.lead);
        }
    }

    /// Listens and reaps until there is something to start; `None` when there never will be.
    fn lead(&self, lead: &mut Lead) -> Option<Birth> {
        self.lock().is_led = true;
        let birth = loop {
            if lead.is_over {
                break None;
            }
            if let Some(birth) = self.next_birth() {
                break Some(birth);
            }
            let at_most = self.speak_in_time();
            self.be_watched(lead, self.lock().starting > 0);
            let [line, bell] = ready::wait([self.socket.as_fd(), self.bell.as_fd()], at_most);
            if line.something || line.hung_up {
                match lead.orders.take(&self.socket, self) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => {
                        lead.is_over = true;
                        self.lock().waiting.close();
                    }
                }
            }
            if bell.something {
                self.bell.hear();
                self.reap();
            }
        };
        let is_starting = self.lock().starting > 0;
        self.be_watched(lead, is_starting);
        let mut inside = self.lock();
        inside.is_led = false;
        inside.looks_soon = false;
        birth
    }

    fn be_watched(&self, lead: &mut Lead, is_watched: bool) {
        if lead.is_watched != is_watched {
            lead.is_watched = is_watched;
            self.ticker
                .set(if is_watched { LOOK } else { Duration::ZERO });
        }
    }

    fn next_birth(&self) -> Option<Birth> {
        let mut inside = self.lock();
        let birth = inside.waiting.next()?;
        let [line] = ready::wait([self.socket.as_fd()], Some(Duration::ZERO));
        // A child that the runner was making when it died holds its end of the line until it is a program.
        if line.hung_up || parent_id() != self.runner {
            // What a dead runner decided is not done: the next one may decide otherwise.
            inside.waiting.close();
            return None;
        }
        inside.starting += 1;
        inside.births += 1;
        Some(birth)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        held(&self.inside)
    }

    /// The file of an ended attempt is kept for another one, or goes.
    pub(super) fn recycle(&self, attempt: AttemptId) {
        let is_busy = self.lock().waiting.is_busy();
        let most = if is_busy { SPARES_BUSY } else { SPARES };
        let path = self.launcher.output_of(attempt);
        self.keep_spares(most);
        let has_room = held(&self.spares).len() < most;
        match has_room.then(|| output::recycle(&path)).flatten() {
            Some(spare) => held(&self.spares).push(spare),
            None => drop(output::discard(&path)),
        }
    }

    /// Whether there were more.
    fn keep_spares(&self, most: usize) -> bool {
        let mut spares = held(&self.spares);
        let most = most.min(spares.len());
        let others = spares.split_off(most);
        for spare in &others {
            let _ = output::discard(spare.path());
        }
        !others.is_empty()
    }

    /// Says what was not said yet, unless the runner can wait for it; until when nothing else has to be done.
    fn speak_in_time(&self) -> Option<Duration> {
        let mut inside = self.lock();
        let since = inside.said.map(|said| said.elapsed());
        let rest = since.and_then(|since| PACE.checked_sub(since));
        let rest = rest.filter(|_| inside.waiting.is_busy() && !inside.unsaid.is_empty());
        if rest.is_none() {
            self.speak(&mut inside);
        }
        // Who comes back from a start has something to say.
        let soon = rest.or(Some(PACE).filter(|_| inside.starting > 0));
        inside.looks_soon = soon.is_some();
        let early = inside.waiting.first_early();
        early.into_iter().chain(soon).min()
    }

    /// Leaves that to the one who leads, if that one looks soon and the runner can wait.
    fn leave_words(&self) {
        let mut inside = self.lock();
        if !(inside.looks_soon && inside.waiting.is_busy()) {
            self.speak(&mut inside);
        }
    }

    /// Nobody may hear it: then the runner is gone, and it is written down.
    fn speak(&self, inside: &mut Inside) {
        if inside.unsaid.is_empty() {
            return;
        }
        let _ = (&self.socket).write_all(&inside.unsaid);
        inside.unsaid.clear();
        inside.said = Some(Instant::now());
    }

    /// Starts a process. What there is to say of it is ready before it can be reaped, so that its end comes behind.
    fn bear(&self, birth: Birth) {
        let (word, born) = match birth {
            Birth::Attempt {
                claim,
                turn,
                decided,
            } => self.start(claim, turn, decided),
            Birth::Hook(hook) => self.start_hook(&hook),
        };
        let mut inside = self.lock();
        inside.starting -= 1;
        inside.say(&word);
        if let Some(living) = born {
            inside.living.insert(living.child.identity.pid, living);
        }
    }

    fn start(
        &self,
        claim: Box<Claim>,
        turn: Turn,
        decided: DateTime<Utc>,
    ) -> (Word, Option<Living>) {
        let attempt = claim.row.attempt;
        let (at, slot) = match turn {
            Turn::At(at, slot) => (at, slot),
            Turn::Heir => (decided, 0),
        };
        let mut launched = self.launch(&claim, at, slot);
        if matches!(launched, Err(Refusal::NoRoom(_))) && self.keep_spares(0) {
            // It may have been for want of a descriptor.
            launched = self.launch(&claim, at, slot);
        }
        match launched {
            Ok(child) => {
                let process = process_of(&child, slot, decided.max(at));
                let word = Word::Started(attempt, process.clone());
                let what = What::Attempt {
                    claim,
                    process,
                    ending: None,
                };
                (word, Some(Living { child, what }))
            }
            Err(refusal) => {
                // That it cannot be started is known before its time, but not said.
                sleep_until(at);
                (Word::NotStarted(attempt, refusal), None)
            }
        }
    }

    fn launch(&self, claim: &Claim, at: DateTime<Utc>, slot: u32) -> Result<Child, Refusal> {
        let mut spare = held(&self.spares).pop();
        let wait = || sleep_until(at);
        let launched = self.launcher.launch(claim, slot, &wait, &mut spare);
        held(&self.spares).extend(spare);
        launched
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

    /// Reaps those that have ended; each leaves its place to an heir.
    fn reap(&self) {
        loop {
            let end = any_exited();
            if end == AnyEnd::OfNone {
                return;
            }
            let ended = self.lock().take_ended(end);
            if ended.is_empty() {
                return;
            }
            for living in ended {
                self.tell(living);
            }
        }
    }

    fn tell(&self, Living { child, what }: Living) {
        let ended = child.reaped();
        match what {
            What::Attempt {
                claim,
                process,
                ending,
            } => {
                let attempt = claim.row.attempt;
                let slot = process.slot;
                let finished = Utc::now().max(process.started);
                let end = SeenEnd {
                    outcome: Outcome::of(ending, ended.exit),
                    usage: ended.usage,
                    finished,
                    process,
                };
                self.witness.saw(attempt, &end);
                let mut inside = self.lock();
                let over = Over {
                    exit: ended.exit,
                    usage: ended.usage,
                    finished,
                    heir: inside.waiting.inherit(&claim.row.queue, slot),
                };
                inside.say(&Word::Ended(attempt, over));
            }
            What::Hook(hook) => self.lock().say(&Word::HookEnded(hook, ended.exit)),
        }
    }

    /// While nobody leads, for starts that hang: nobody waits for them who need not.
    fn watch(&self) {
        // Whatever is to be heard is heard by the other one.
        signals::hear_nothing();
        let mut seen = 0;
        while self.ticker.tick().is_ok() {
            let mut inside = self.lock();
            let hangs = !inside.is_led && inside.starting > 0 && inside.births == seen;
            seen = inside.births;
            if hangs {
                for attempt in inside.waiting.take_all() {
                    inside.say(&Word::Returned(attempt));
                }
                drop(inside);
                self.reap();
                self.speak(&mut self.lock());
            }
        }
    }
}

/// A panic elsewhere leaves nothing half done.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inside {
    fn say(&mut self, word: &Word) {
        // Nothing in a word cannot be said in JSON.
        let _ = serde_json::to_writer(&mut self.unsaid, word);
        self.unsaid.push(b'\n');
    }

    /// Gives back what still waits.
    pub(super) fn recall(&mut self, attempt: AttemptId) {
        if self.waiting.take(attempt) {
            self.say(&Word::Returned(attempt));
        }
    }

    /// We have a hand in its end.
    pub(super) fn note(&mut self, of: AttemptId, why: Why) {
        for living in self.living.values_mut() {
            if let What::Attempt { claim, ending, .. } = &mut living.what
                && claim.row.attempt == of
            {
                *ending = Some(why);
            }
        }
    }

    fn take_ended(&mut self, end: AnyEnd) -> Vec<Living> {
        let ended: Vec<i32> = match end {
            AnyEnd::Of(pid) if self.living.contains_key(&pid) => vec![pid],
            // Somebody else reaped them. That they ended is all that can be said.
            AnyEnd::NoChild => self.living.keys().copied().collect(),
            // One that could not become its program is reaped by whoever started it.
            _ => {
                let living = self.living.iter();
                let ended = living.filter(|(_, living)| living.child.has_exited());
                ended.map(|(pid, _)| *pid).collect()
            }
        };
        let ended = ended.iter();
        ended.filter_map(|pid| self.living.remove(pid)).collect()
    }
}

/// Sleeps until the wall clock shows this. Should it be set back meanwhile, that makes it no longer.
fn sleep_until(at: DateTime<Utc>) {
    let mut before = TimeDelta::MAX;
    loop {
        let rest = at - Utc::now();
        if rest >= before {
            return;
        }
        match rest.to_std() {
            Ok(span) if !span.is_zero() => thread::sleep(span),
            _ => return,
        }
        before = rest;
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
