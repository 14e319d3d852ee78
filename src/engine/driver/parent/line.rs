//! The runner's end of the line: orders out, words in, and what is to be done when nobody answers any more.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::domain::{AttemptId, Exit};
use crate::process::group::{Signal, signal_group};
use crate::process::{Child, start_ourselves};
use crate::store::Process;

use super::super::super::core::Turn;
use super::super::super::hooks::HookChild;
use super::super::super::ledger::Claim;
use super::super::super::policy::Why;
use super::super::super::start::HookLaunch;
use super::super::children::identity_of;
use super::{Order, PARENT, Word};

/// Read at once.
const CHUNK: usize = 16 << 10;

/// Sets of options that a parent is told before it forgets them all.
const OPTIONS: usize = 1_024;

/// What comes from the other end.
pub(in super::super) enum Heard {
    Words(Vec<Word>),
    /// This parent is gone. What it started lives on, or has ended unheard.
    Death(Number),
}

/// A start that takes longer keeps others waiting: they go to another parent.
const LONG: Duration = Duration::from_millis(100);

/// What the end of a parent may cost: it takes less than a millisecond.
const FAREWELL: Duration = Duration::from_millis(500);

/// Parents at once.
const MOST: usize = 4;

/// Which parent, of all that this runner had.
pub(in super::super) type Number = u64;

/// The parents as their runner has them: mostly one. Is there none, then the next start makes one.
pub(in super::super) struct Parents {
    words: [OsString; 2],
    links: Vec<Link>,
    /// Parents so far.
    count: Number,
    hooks: HashMap<i64, (Number, Hook)>,
}

struct Link {
    number: Number,
    child: Child,
    stream: UnixStream,
    /// Since when the starts are under way whose outcome is not known yet. Heirs are not, before their turn.
    starting: HashMap<Start, Instant>,
    told: HashSet<i64>,
    /// Not sent yet.
    out: Vec<u8>,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

#[derive(PartialEq, Eq, Hash)]
enum Start {
    Attempt(AttemptId),
    Hook(i64),
}

enum Hook {
    Starting(oneshot::Sender<Result<HookChild, String>>),
    Running(oneshot::Sender<Exit>),
}

impl Parents {
    /// Starts one, as long as there is room for it.
    pub(in super::super) fn new(database: &Path, id: &str) -> io::Result<Self> {
        let mut parents = Self {
            words: [database.into(), id.into()],
            links: Vec::new(),
            count: 0,
            hooks: HashMap::new(),
        };
        parents.readiest()?;
        Ok(parents)
    }

    /// Has an attempt started. What comes of it is heard from this parent.
    pub(in super::super) fn start(
        &mut self,
        claim: &Claim,
        turn: Turn,
        decided: DateTime<Utc>,
    ) -> io::Result<Number> {
        let link = self.readiest()?;
        if link.told.len() >= OPTIONS {
            link.told.clear();
            link.give(&Order::ForgetOptions);
        }
        if link.told.insert(claim.row.settings) {
            let options = Cow::Borrowed(&*claim.options);
            link.give(&Order::Options(claim.row.settings, options));
        }
        if let Turn::At(at, _) = turn {
            link.begins(Start::Attempt(claim.row.attempt), at - decided);
        }
        link.give(&Order::Start {
            claim: Cow::Borrowed(&claim.row),
            turn,
            decided,
        });
        Ok(link.number)
    }

    /// Has an heir start at once, if it still waits.
    pub(in super::super) fn hasten(&mut self, with: Number, attempt: AttemptId, slot: u32) {
        if let Some(link) = self.link(with) {
            link.begins(Start::Attempt(attempt), TimeDelta::zero());
            link.give(&Order::Hasten(attempt, slot));
        }
    }

    /// An heir is being started: in this order, and not as soon as it is read, for what is decided on an earlier word
    /// must not come behind a later one.
    pub(in super::super) fn begins(&mut self, with: Number, attempt: AttemptId) {
        if let Some(link) = self.link(with) {
            link.begins(Start::Attempt(attempt), TimeDelta::zero());
        }
    }

    /// It is known what came of a start.
    pub(in super::super) fn settled(&mut self, with: Number, attempt: AttemptId) {
        if let Some(link) = self.link(with) {
            link.starting.remove(&Start::Attempt(attempt));
        }
    }

    /// Takes a start back, if it still waits.
    pub(in super::super) fn recall(&mut self, with: Number, attempt: AttemptId) {
        if let Some(link) = self.link(with) {
            link.give(&Order::Recall(attempt));
        }
    }

    fn link(&mut self, number: Number) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.number == number)
    }

    /// Has a hook started.
    pub(in super::super) fn hook(
        &mut self,
        hook: &HookLaunch,
    ) -> oneshot::Receiver<Result<HookChild, String>> {
        let (answer, answered) = oneshot::channel();
        match self.readiest() {
            Ok(link) => {
                link.begins(Start::Hook(hook.id), TimeDelta::zero());
                link.give(&Order::Hook(Cow::Borrowed(hook)));
                let waiting = (link.number, Hook::Starting(answer));
                self.hooks.insert(hook.id, waiting);
            }
            Err(error) => {
                let _ = answer.send(Err(error.to_string()));
            }
        }
        answered
    }

    /// Tells at once, for a blow comes right behind it.
    pub(in super::super) fn ending(&mut self, attempt: AttemptId, why: Why) {
        for link in &mut self.links {
            link.give(&Order::Ending(attempt, why));
        }
        self.flush();
    }

    /// Leaves an output file to the next attempts; `false` when there is nobody who would take it.
    pub(in super::super) fn recycle(&mut self, attempt: AttemptId) -> bool {
        let now = Instant::now();
        let ready = self.links.iter_mut().find(|link| link.is_ready(now));
        ready
            .map(|link| link.give(&Order::Recycle(attempt)))
            .is_some()
    }

    /// Sends what was ordered since the last time.
    pub(in super::super) fn flush(&mut self) {
        for link in &mut self.links {
            // Whoever listens notices that the line is broken.
            let _ = link.flush();
        }
    }

    /// Waits for words. Dropping the wait loses nothing.
    pub(in super::super) async fn heard(&mut self) -> Heard {
        let (at, heard) = poll_fn(|context| {
            let heard = |(at, link): (usize, &mut Link)| match link.poll_heard(context) {
                Poll::Ready(heard) => Some((at, heard)),
                Poll::Pending => None,
            };
            let mut links = self.links.iter_mut().enumerate();
            links.find_map(heard).map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        match heard {
            Ok(words) => Heard::Words(self.keep_hooks(words)),
            Err(_) => Heard::Death(self.bury(at)),
        }
    }

    /// Nothing more will be ordered. Waits for their end, unless they are left with work.
    pub(in super::super) fn leave(self, with_work: bool) {
        for Link { child, stream, .. } in self.links {
            drop(stream);
            if !with_work {
                see_off(child);
            }
        }
    }

    /// The parent that answers soonest: one that no start keeps, a new one, or whoever was asked least.
    fn readiest(&mut self) -> io::Result<&mut Link> {
        let now = Instant::now();
        let ready = self.links.iter().position(|link| link.is_ready(now));
        let at = match ready {
            Some(at) => at,
            None if self.links.len() < MOST => {
                self.count += 1;
                self.links.push(Link::new(self.count, &self.words)?);
                self.links.len() - 1
            }
            None => {
                let asked = |at: &usize| self.links[*at].starting.len();
                (0..self.links.len()).min_by_key(asked).unwrap_or_default()
            }
        };
        Ok(&mut self.links[at])
    }

    /// Whoever cannot be heard is no parent any more, dead or not.
    fn bury(&mut self, at: usize) -> Number {
        let Link { number, child, .. } = self.links.remove(at);
        self.hooks.retain(|_, (parent, _)| *parent != number);
        let _ = signal_group(&child.identity, Signal::Kill);
        if let Some(child) = see_off(child) {
            std::thread::spawn(move || child.ended());
        }
        number
    }

    /// What is said of hooks goes to whoever waits for it.
    fn keep_hooks(&mut self, words: Vec<Word>) -> Vec<Word> {
        let mut others = Vec::with_capacity(words.len());
        for word in words {
            match word {
                Word::HookStarted(hook, started) => self.hook_started(hook, started),
                Word::HookEnded(hook, exit) => {
                    if let Some((_, Hook::Running(ended))) = self.hooks.remove(&hook) {
                        let _ = ended.send(exit);
                    }
                }
                other => others.push(other),
            }
        }
        others
    }

    fn hook_started(&mut self, hook: i64, started: Result<Process, String>) {
        let Some((parent, Hook::Starting(answer))) = self.hooks.remove(&hook) else {
            return;
        };
        let child = started.map(|process| {
            let (tell, ended) = oneshot::channel();
            self.hooks.insert(hook, (parent, Hook::Running(tell)));
            HookChild {
                identity: identity_of(&process),
                ended,
            }
        });
        let _ = answer.send(child);
    }
}

/// Waits for the end of a parent that has nothing left to do, and reaps it: then it starts nothing any more, and
/// nothing of it is left. One that is stopped, or hangs in the kernel in a start, is given back.
fn see_off(child: Child) -> Option<Child> {
    let begun = Instant::now();
    while !child.has_exited() {
        if begun.elapsed() > FAREWELL {
            return Some(child);
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    child.ended();
    None
}

impl Link {
    fn new(number: Number, words: &[OsString; 2]) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let stream = UnixStream::from_std(ours)?;
        let [database, id] = words;
        let words = [PARENT.as_ref(), database.as_os_str(), id.as_os_str()];
        Ok(Self {
            number,
            child: start_ourselves(&words, theirs.as_fd())?,
            stream,
            starting: HashMap::new(),
            told: HashSet::new(),
            out: Vec::new(),
            begun: Vec::new(),
        })
    }

    fn give(&mut self, order: &Order<'_>) {
        // Nothing in an order cannot be said in JSON.
        let _ = serde_json::to_writer(&mut self.out, order);
        self.out.push(b'\n');
    }

    /// Sends what there is room for.
    fn flush(&mut self) -> io::Result<()> {
        while !self.out.is_empty() {
            match self.stream.try_write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn begins(&mut self, start: Start, from_now: TimeDelta) {
        let from_now = from_now.to_std().unwrap_or_default();
        self.starting.insert(start, Instant::now() + from_now);
    }

    /// Whether no start has kept it long.
    fn is_ready(&self, now: Instant) -> bool {
        let mut begun = self.starting.values();
        begun.all(|begun| now.duration_since(*begun) < LONG)
    }

    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Vec<Word>>> {
        while !self.out.is_empty() && self.stream.poll_write_ready(context)?.is_ready() {
            self.flush()?;
        }
        loop {
            ready!(self.stream.poll_read_ready(context))?;
            let mut chunk = [0; CHUNK];
            match self.stream.try_read(&mut chunk) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => {
                    self.begun.extend_from_slice(&chunk[..count]);
                    let words = self.words()?;
                    if !words.is_empty() {
                        return Poll::Ready(Ok(words));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// The words whose lines have come.
    fn words(&mut self) -> io::Result<Vec<Word>> {
        let Some(last) = self.begun.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.begun.split_off(last + 1);
        let lines = mem::replace(&mut self.begun, rest);
        let lines = lines.split(|byte| *byte == b'\n');
        let mut words = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let word = serde_json::from_slice(line)?;
            if let Word::HookStarted(hook, _) = word {
                self.starting.remove(&Start::Hook(hook));
            }
            words.push(word);
        }
        Ok(words)
    }
}
