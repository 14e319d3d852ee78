//! The parent's side: what it knows of its children, and the loop in which it starts and reaps them.
//!
//! Whoever makes a process sleeps until that has its program: most of what a short job costs. So two threads do the
//! same work, and what is new wakes one of them: the other one goes on sleeping, unless there is more to do. The
//! main thread is there for the case that both sleep long in a start, on a slow file system: it gives back what
//! waits, and reaps (`watch`), while the runner turns to another parent (`line`).

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

use chrono::{DateTime, Utc};

use crate::domain::AttemptId;
use crate::os::clock::{self, Ticker};
use crate::os::proc;
use crate::os::ready::{self, Ears};
use crate::os::signals::{self, Bell};
use crate::process::{AnyEnd, Child, any_exited};
use crate::store::{Process, ends_path};

use super::super::super::core::{Over, Refusal, Turn};
use super::super::super::ledger::Claim;
use super::super::super::policy::Outcome;
use super::super::super::start::{HookLaunch, Launcher};
use super::super::super::witness::{SeenEnd, Witness};
use super::Word;
use super::living::{Children, Living, What};
use super::orders::Orders;
use super::spares::Spares;
use super::speech::Speech;
use super::waiting::{Birth, HEAD_START, Waiting};

/// Threads that start.
const STARTERS: usize = 2;

/// How often it is looked whether they hang, while all of them are at it.
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
    match Nursery::new(database.into(), id).and_then(Nursery::work) {
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
    alarm: Ticker,
    /// What they listen to: the three above, in this order.
    ears: Ears<3>,
    orders: Mutex<Orders>,
    inside: Mutex<Inside>,
    pub(super) spares: Spares,
    /// Wakes the main thread.
    ticker: Ticker,
}

#[derive(Default)]
pub(super) struct Inside {
    pub(super) living: Children,
    pub(super) waiting: Waiting,
    /// The runner is gone.
    is_over: bool,
    speech: Speech,
    /// When the alarm rings next.
    rings: Option<Instant>,
    /// Threads that serve, and those of them that listen.
    serving: usize,
    listening: usize,
    /// Starts under way: their children are not in the list yet.
    starting: usize,
    is_watched: bool,
    /// Starts so far.
    births: u64,
}

/// What there is to do.
enum Task {
    Bear(Birth),
    Listen,
    /// Nothing any more.
    Leave,
}

impl Nursery {
    fn new(database: PathBuf, id: String) -> io::Result<Self> {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let bell = Bell::of_children()?;
        let alarm = Ticker::new()?;
        Ok(Self {
            ears: Ears::new([socket.as_fd(), bell.as_fd(), alarm.as_fd()])?,
            witness: Witness::join(ends_path(&database)),
            launcher: Launcher::new(database, id),
            runner: parent_id(),
            socket,
            bell,
            alarm,
            orders: Mutex::default(),
            inside: Mutex::default(),
            spares: Spares::default(),
            ticker: Ticker::new()?,
        })
    }

    fn work(self) -> io::Result<()> {
        self.witness.hold();
        let nursery = Arc::new(self);
        nursery.lock().serving = STARTERS;
        for _ in 0..STARTERS {
            let one = Arc::clone(&nursery);
            let serve = move || {
                if catch_unwind(AssertUnwindSafe(|| one.serve())).is_err() {
                    // Half a parent is none: the runner hears that it is gone, and makes another.
                    let _ = one.socket.shutdown(Shutdown::Both);
                }
                one.lock().serving -= 1;
                one.ticker.once(Duration::ZERO);
            };
            thread::Builder::new()
                .name("starter".to_owned())
                .spawn(serve)?;
        }
        nursery.watch();
        Ok(())
    }

    /// Starts what there is to start, and listens and reaps meanwhile; until nothing starts any more and nobody is
    /// left.
    fn serve(&self) {
        loop {
            // However much there is to start: it may be that something shall not.
            self.take_orders();
            self.speak_in_time();
            match self.next_task() {
                Task::Bear(birth) => {
                    self.bear(birth);
                    // What ended before it was in the list rang for nothing.
                    self.reap();
                }
                Task::Listen => self.listen(),
                Task::Leave => return,
            }
        }
    }

    fn next_task(&self) -> Task {
        let mut inside = self.lock();
        if inside.is_over && inside.starting == 0 {
            self.witness.let_go();
        }
        // Who does not listen may have an end in hand that is not written down yet.
        if inside.has_nobody_left() && inside.serving == inside.listening + 1 {
            return Task::Leave;
        }
        let birth = inside.waiting.next();
        if birth.is_some() && parent_id() != self.runner {
            // What a dead runner decided is not done: the next one may decide otherwise. A child that it was making
            // when it died holds its end of the line until that is a program.
            inside.waiting.close();
        } else if let Some(birth) = birth {
            inside.starting += 1;
            inside.births += 1;
            if inside.starting == STARTERS && !inside.is_watched {
                inside.is_watched = true;
                self.ticker.set(LOOK);
            }
            if inside.waiting.has_ready() && inside.listening > 0 {
                self.ring(&mut inside, Instant::now());
            }
            return Task::Bear(birth);
        }
        if let Some(first) = inside.waiting.first_early() {
            self.ring(&mut inside, Instant::now() + first);
        }
        if inside.living.is_empty() {
            self.spares.rest();
        }
        inside.listening += 1;
        Task::Listen
    }

    /// Sleeps until there is something new, and reaps if it is an end.
    fn listen(&self) {
        let [_, bell, _] = self.ears.wait();
        self.lock().listening -= 1;
        if bell {
            self.bell.hear();
            self.reap();
        }
    }

    /// Follows all orders there are.
    fn take_orders(&self) {
        while self.has_orders() {
            let mut orders = held(&self.orders);
            // Another thread may have taken them meanwhile.
            if !self.has_orders() {
                return;
            }
            match orders.take(&self.socket, self) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    drop(orders);
                    return self.end();
                }
            }
        }
    }

    fn has_orders(&self) -> bool {
        let [line] = ready::wait([self.socket.as_fd()], Some(Duration::ZERO));
        line.something || line.hung_up
    }

    /// Nothing starts any more.
    fn end(&self) {
        let mut inside = self.lock();
        let was_over = std::mem::replace(&mut inside.is_over, true);
        inside.waiting.close();
        drop(inside);
        if !was_over {
            // If it was not the runner who ended the line, it shall hear of it.
            let _ = self.socket.shutdown(Shutdown::Both);
            self.spares.clear();
        }
    }

    /// Wakes somebody who listens, then.
    fn ring(&self, inside: &mut Inside, at: Instant) {
        let now = Instant::now();
        if !inside.rings.is_some_and(|rings| now < rings && rings <= at) {
            inside.rings = Some(at);
            self.alarm.once(at - now);
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        held(&self.inside)
    }

    /// Says what was not said yet, or sees to it that it is said soon, when the runner can wait.
    fn speak_in_time(&self) {
        let mut inside = self.lock();
        if inside.speech.is_empty() {
            return;
        }
        match inside.speech.can_wait() {
            Some(rest) if inside.waiting.is_busy() => {
                self.ring(&mut inside, Instant::now() + rest);
            }
            _ => self.speak(&mut inside),
        }
    }

    /// Nobody may hear it: then the runner is gone, and it is written down.
    fn speak(&self, inside: &mut Inside) {
        let _ = (&self.socket).write_all(&inside.speech.take());
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
        match born {
            Some(living) => {
                inside.speech.say(&word);
                inside.living.insert(living);
            }
            None => inside.speech.hurry(&word),
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
        if matches!(launched, Err(Refusal::NoRoom(_))) && self.spares.clear() {
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
        let mut spare = self.spares.take();
        let wait = || sleep_until(at);
        let launched = self.launcher.launch(claim, slot, &wait, &mut spare);
        self.spares.give_back(spare);
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
            let ended = self.lock().living.take_ended(end);
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
                let heir = inside.waiting.inherit(&claim.row.queue, slot);
                let over = Over {
                    exit: ended.exit,
                    usage: ended.usage,
                    finished,
                    heir,
                };
                let word = Word::Ended(attempt, over);
                match heir {
                    Some(_) => inside.speech.say(&word),
                    // Its place is free.
                    None => inside.speech.hurry(&word),
                }
            }
            What::Hook(hook) => self.lock().speech.hurry(&Word::HookEnded(hook, ended.exit)),
        }
    }

    /// What waits, and what nobody has heard of yet.
    fn give_all_back(&self) {
        self.take_orders();
        let mut inside = self.lock();
        for attempt in inside.waiting.take_all() {
            inside.speech.hurry(&Word::Returned(attempt));
        }
    }

    /// For starts that hang: nobody waits for them who need not. Comes back at the end of all.
    fn watch(&self) {
        let mut seen = 0;
        while self.ticker.tick().is_ok() {
            let mut inside = self.lock();
            if inside.serving == 0 || inside.has_nobody_left() && inside.serving == inside.listening
            {
                return;
            }
            if inside.starting < STARTERS {
                inside.is_watched = false;
                self.ticker.set(Duration::ZERO);
                continue;
            }
            let hangs = inside.births == seen;
            seen = inside.births;
            drop(inside);
            if hangs {
                self.give_all_back();
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
    fn has_nobody_left(&self) -> bool {
        self.is_over && self.living.is_empty()
    }

    /// Gives back what still waits.
    pub(super) fn recall(&mut self, attempt: AttemptId) {
        if self.waiting.take(attempt) {
            self.speech.hurry(&Word::Returned(attempt));
        }
    }
}

/// Sleeps the rest of the head start, until the wall clock shows this. Is the clock set back meanwhile, that makes it
/// no longer: what is taken up is started.
fn sleep_until(at: DateTime<Utc>) {
    let head_start = HEAD_START.to_std().unwrap_or_default();
    let begun = Instant::now();
    while begun.elapsed() < 2 * head_start {
        match (at - Utc::now()).to_std() {
            Ok(rest) if !rest.is_zero() => thread::sleep(rest.min(head_start)),
            _ => return,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock was in 2098 when it was taken up, and a moment later it was not.
    #[test]
    fn a_clock_that_is_set_back_holds_no_start_up() {
        let begun = Instant::now();
        sleep_until(Utc::now() + chrono::TimeDelta::days(365 * 72));
        assert!(begun.elapsed() >= HEAD_START.to_std().unwrap());
    }

    #[test]
    fn nothing_is_early() {
        let at = Utc::now() + HEAD_START;
        sleep_until(at);
        assert!(Utc::now() >= at);
    }
}
