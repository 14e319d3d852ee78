//! The parent's side: what it knows of its children, and the one loop that starts and reaps them.
//!
//! Whoever makes a process sleeps until that has its program: most of what a short job costs. One thread is enough
//! for all cores, since it is the child that works, and it is the cheapest: with a second one that is awake each
//! start interrupts the other core, for they share their memory. A second one there is, asleep: on a slow file
//! system a start takes as long as that does, and then it reaps and gives back what waits (`watch`), while the
//! runner turns to another parent (`line`).

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::domain::AttemptId;
use crate::os::clock::{self, Ticker};
use crate::os::signals::{self, Bell};
use crate::os::{proc, ready};
use crate::process::output::Spare;
use crate::process::{AnyEnd, Child, any_exited};
use crate::store::{Process, ends_path};

use super::super::super::core::{Over, Turn};
use super::super::super::ledger::Claim;
use super::super::super::policy::{Outcome, Why};
use super::super::super::start::{HookLaunch, Launcher};
use super::super::super::witness::{SeenEnd, Witness};
use super::Word;
use super::orders::Orders;
use super::waiting::{Birth, Waiting};

/// How long words are kept back while there are heirs to go on with, so that the runner hears many at once.
const PACE: Duration = Duration::from_millis(4);

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
    match Nursery::new(database.into(), id.to_string_lossy().into_owned()) {
        Ok(nursery) => {
            nursery.work();
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

pub(super) struct Nursery {
    launcher: Launcher,
    witness: Witness,
    socket: UnixStream,
    bell: Bell,
    ticker: Ticker,
    inside: Mutex<Inside>,
}

#[derive(Default)]
pub(super) struct Inside {
    living: HashMap<i32, Living>,
    pub(super) waiting: Waiting,
    /// Words on their way, and when the last ones went.
    unsaid: Vec<u8>,
    said: Option<Instant>,
    /// A start is under way: its child is not in the list yet.
    is_starting: bool,
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
            socket: UnixStream::from(socket),
            bell: Bell::of_children()?,
            ticker: Ticker::new()?,
            inside: Mutex::default(),
        });
        let watch = Arc::clone(&nursery);
        thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch.watch())?;
        Ok(nursery)
    }

    fn work(&self) {
        self.witness.hold();
        let mut orders = Orders::new(&self.launcher);
        let mut is_watched = false;
        loop {
            let at_most = self.speak_in_time();
            let is_busy = at_most == Some(Duration::ZERO);
            if is_watched != is_busy {
                is_watched = is_busy;
                self.ticker.set(if is_busy { LOOK } else { Duration::ZERO });
            }
            let [line, bell] = ready::wait([self.socket.as_fd(), self.bell.as_fd()], at_most);
            if line.hung_up {
                // What a dead runner decided is not done: the next one may decide otherwise.
                self.lock().waiting.close();
            }
            if line.something || line.hung_up {
                match orders.take(&self.socket, self) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => break,
                }
            }
            if bell.something {
                self.bell.hear();
                self.reap();
            }
            let next = self.lock().waiting.next();
            if let Some(birth) = next {
                self.bear(birth, &mut orders);
            }
        }
        self.lock().waiting.close();
        orders.end();
        // If it was not the runner who ended the line, it shall hear of it.
        let _ = self.socket.shutdown(Shutdown::Both);
        self.witness.let_go();
        while !self.lock().living.is_empty() {
            ready::wait([self.bell.as_fd()], None);
            self.bell.hear();
            self.reap();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what was not said yet, unless the runner can wait for it; until when nothing else has to be done.
    fn speak_in_time(&self) -> Option<Duration> {
        let mut inside = self.lock();
        let is_ready = inside.waiting.has_ready();
        let mut at_most = inside.waiting.first_early();
        if !inside.unsaid.is_empty() {
            let can_wait = is_ready || inside.waiting.has_heirs();
            let since = inside.said.map(|said| said.elapsed());
            let rest = since.and_then(|since| PACE.checked_sub(since));
            match rest.filter(|_| can_wait) {
                Some(rest) => at_most = at_most.into_iter().chain([rest]).min(),
                None => self.speak(&mut inside),
            }
        }
        if is_ready {
            Some(Duration::ZERO)
        } else {
            at_most
        }
    }

    /// Nobody may hear it: then the runner is gone, and it is written down.
    fn speak(&self, inside: &mut Inside) {
        let _ = (&self.socket).write_all(&inside.unsaid);
        inside.unsaid.clear();
        inside.said = Some(Instant::now());
    }

    /// Starts a process. What there is to say of it is ready before it can be reaped, so that its end comes behind.
    fn bear(&self, birth: Birth, orders: &mut Orders<'_>) {
        let mut inside = self.lock();
        inside.is_starting = true;
        inside.births += 1;
        drop(inside);
        let (word, born) = match birth {
            Birth::Attempt {
                claim,
                turn,
                decided,
            } => self.start(claim, turn, decided, orders.spares()),
            Birth::Hook(hook) => self.start_hook(&hook),
        };
        let mut inside = self.lock();
        inside.is_starting = false;
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
        spares: &mut Vec<Spare>,
    ) -> (Word, Option<Living>) {
        let attempt = claim.row.attempt;
        let slot = match turn {
            Turn::At(_, slot) => slot,
            Turn::Heir => 0,
        };
        let mut spare = spares.pop();
        let launched = self.launcher.launch(&claim, slot, &mut spare);
        spares.extend(spare);
        match launched {
            Ok(child) => {
                let process = process_of(&child, slot, decided);
                let word = Word::Started(attempt, process.clone());
                let what = What::Attempt {
                    claim,
                    process,
                    ending: None,
                };
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

    /// While a start hangs: nobody waits for it who need not.
    fn watch(&self) {
        // Whatever is to be heard is heard by the other one.
        signals::hear_nothing();
        let mut seen = 0;
        while self.ticker.tick().is_ok() {
            let mut inside = self.lock();
            let hangs = inside.is_starting && inside.births == seen;
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
