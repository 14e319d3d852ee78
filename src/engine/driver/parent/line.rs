//! The runner's end of the line: orders out, words in, and what is to be done when nobody answers any more.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::mem;
use std::path::Path;

use chrono::{DateTime, Utc};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::domain::{AttemptId, Exit};
use crate::process::group::{Signal, signal_group};
use crate::process::{Child, start_ourselves};
use crate::store::Process;

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
    /// It is gone. What it started lives on, or has ended unheard.
    Death,
}

/// The parent as its runner has it. Is it gone, then the next start makes another.
pub(in super::super) struct Parent {
    words: [OsString; 2],
    link: Option<Link>,
    hooks: HashMap<i64, Hook>,
}

struct Link {
    child: Child,
    stream: UnixStream,
    told: HashSet<i64>,
    /// Not sent yet.
    out: Vec<u8>,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

enum Hook {
    Starting(oneshot::Sender<Result<HookChild, String>>),
    Running(oneshot::Sender<Exit>),
}

impl Parent {
    /// Starts it, as long as there is room for it.
    pub(in super::super) fn new(database: &Path, id: &str) -> io::Result<Self> {
        let words = [database.into(), id.into()];
        Ok(Self {
            link: Some(Link::new(&words)?),
            words,
            hooks: HashMap::new(),
        })
    }

    /// Has an attempt started. What comes of it is heard.
    pub(in super::super) fn start(
        &mut self,
        claim: &Claim,
        slot: u32,
        decided: DateTime<Utc>,
    ) -> io::Result<()> {
        let link = self.link()?;
        if link.told.len() >= OPTIONS {
            link.told.clear();
            link.give(&Order::ForgetOptions);
        }
        if link.told.insert(claim.row.settings) {
            let options = Cow::Borrowed(&*claim.options);
            link.give(&Order::Options(claim.row.settings, options));
        }
        link.give(&Order::Start {
            claim: Cow::Borrowed(&claim.row),
            slot,
            decided,
        });
        Ok(())
    }

    /// Has a hook started.
    pub(in super::super) fn hook(
        &mut self,
        hook: &HookLaunch,
    ) -> oneshot::Receiver<Result<HookChild, String>> {
        let (answer, answered) = oneshot::channel();
        match self.link() {
            Ok(link) => {
                link.give(&Order::Hook(Cow::Borrowed(hook)));
                self.hooks.insert(hook.id, Hook::Starting(answer));
            }
            Err(error) => {
                let _ = answer.send(Err(error.to_string()));
            }
        }
        answered
    }

    /// Tells at once, for a blow comes right behind it.
    pub(in super::super) fn ending(&mut self, attempt: AttemptId, why: Why) {
        if let Some(link) = &mut self.link {
            link.give(&Order::Ending(attempt, why));
            self.flush();
        }
    }

    /// Leaves an output file to the next attempts; `false` when there is nobody who would take it.
    pub(in super::super) fn recycle(&mut self, attempt: AttemptId) -> bool {
        match &mut self.link {
            Some(link) => link.give(&Order::Recycle(attempt)),
            None => return false,
        }
        true
    }

    /// Sends what was ordered since the last time.
    pub(in super::super) fn flush(&mut self) {
        if let Some(link) = &mut self.link {
            // Whoever listens notices that the line is broken.
            let _ = link.flush();
        }
    }

    /// Waits for words. Dropping the wait loses nothing.
    pub(in super::super) async fn heard(&mut self) -> Heard {
        let Some(link) = &mut self.link else {
            return std::future::pending().await;
        };
        if let Ok(words) = link.heard().await {
            return Heard::Words(self.keep_hooks(words));
        }
        self.bury();
        Heard::Death
    }

    /// Nothing more will be ordered. Waits for its end, unless it is left with work.
    pub(in super::super) fn leave(mut self, with_work: bool) {
        if let Some(Link { child, stream, .. }) = self.link.take() {
            drop(stream);
            if !with_work {
                child.ended();
            }
        }
    }

    fn link(&mut self) -> io::Result<&mut Link> {
        let link = match self.link.take() {
            Some(link) => link,
            None => Link::new(&self.words)?,
        };
        Ok(self.link.insert(link))
    }

    /// Whoever cannot be heard is no parent any more, dead or not.
    fn bury(&mut self) {
        self.hooks.clear();
        if let Some(Link { child, .. }) = self.link.take() {
            let _ = signal_group(&child.identity, Signal::Kill);
            // It may hang in the kernel, in a start.
            std::thread::spawn(move || child.ended());
        }
    }

    /// What is said of hooks goes to whoever waits for it.
    fn keep_hooks(&mut self, words: Vec<Word>) -> Vec<Word> {
        let mut others = Vec::with_capacity(words.len());
        for word in words {
            match word {
                Word::HookStarted(hook, started) => self.hook_started(hook, started),
                Word::HookEnded(hook, exit) => {
                    if let Some(Hook::Running(ended)) = self.hooks.remove(&hook) {
                        let _ = ended.send(exit);
                    }
                }
                other => others.push(other),
            }
        }
        others
    }

    fn hook_started(&mut self, hook: i64, started: Result<Process, String>) {
        let Some(Hook::Starting(answer)) = self.hooks.remove(&hook) else {
            return;
        };
        let child = started.map(|process| {
            let (tell, ended) = oneshot::channel();
            self.hooks.insert(hook, Hook::Running(tell));
            HookChild {
                identity: identity_of(&process),
                ended,
            }
        });
        let _ = answer.send(child);
    }
}

impl Link {
    fn new(words: &[OsString; 2]) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let stream = UnixStream::from_std(ours)?;
        let [database, id] = words;
        let words = [PARENT.as_ref(), database.as_os_str(), id.as_os_str()];
        Ok(Self {
            child: start_ourselves(&words, theirs.into())?,
            stream,
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

    async fn heard(&mut self) -> io::Result<Vec<Word>> {
        loop {
            let interest = if self.out.is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            let ready = self.stream.ready(interest).await?;
            if ready.is_writable() {
                self.flush()?;
            }
            let mut chunk = [0; CHUNK];
            match self.stream.try_read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.begun.extend_from_slice(&chunk[..count]);
                    let words = self.words()?;
                    if !words.is_empty() {
                        return Ok(words);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
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
        lines
            .filter(|line| !line.is_empty())
            .map(|line| Ok(serde_json::from_slice(line)?))
            .collect()
    }
}
