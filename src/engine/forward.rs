//! What living attempts write, copied to the runner's own standard output: for a container's log.
//!
//! A thread of its own does the copying, and then writes the log lines, too: in the order in which things
//! happened, so that the end of an attempt is logged behind the last of its output. The loop never waits
//! for whoever reads us: log lines have that thread without any copying as well, unless they go to a
//! plain file. When the reader stands still, log lines are left out and counted; when it
//! has gone, nothing more is copied.
//!
//! The thread sleeps until it is told something, and looks around every 50 ms while an attempt is alive.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, channel, sync_channel,
};
use std::time::Duration;

use serde::Serialize;

use crate::domain::{AttemptId, RunRef, visible_json};
use crate::os::{clock, fs};

type Printable = fn(&[u8]) -> Vec<u8>;

/// How output is forwarded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward {
    pub form: Form,
    /// Makes a line harmless, where a terminal would obey it.
    pub printable: Option<Printable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Whole lines, each behind the name of its run.
    Prefix,
    /// Bytes as they come.
    Raw,
    /// An object for each line.
    Json,
}

/// Where in its output an attempt is joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Start,
    /// An earlier runner forwarded, or did not, what is there.
    Here,
}

/// Tells the moment, as log lines have it.
pub(super) type Stamp = Box<dyn Fn() -> String + Send>;

/// From one look to the next.
const LOOK: Duration = Duration::from_millis(50);

/// Read at once.
const CHUNK: u64 = 64 << 10;

/// Read of one attempt before the others have their turn.
const TURN: u64 = 1 << 20;

/// A line that does not end is cut into pieces of this size.
const LONGEST: usize = 64 << 10;

/// Messages to a thread whose reader stands still.
const BACKLOG: usize = 4_096;

/// What a reader that stands still costs the end of the runner.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the thread is told.
enum Message {
    Follow(AttemptId, Followed),
    /// The attempt has ended; so many bytes are its own.
    Ended(AttemptId, u64),
    Log(String),
}

/// The way out for log lines and, where that is wanted, for output.
pub(super) struct Outlet {
    thread: Option<Thread>,
    forwards: bool,
}

struct Thread {
    to: Option<SyncSender<Message>>,
    done: Receiver<()>,
    /// Ends for which there was no room: they come before anything else.
    overdue: VecDeque<Message>,
    lost: u64,
}

impl Outlet {
    pub(super) fn new(forward: Option<Forward>, stamp: Stamp) -> io::Result<Self> {
        let forwards = forward.is_some();
        if !forwards && is_plain_file(io::stderr()) {
            return Ok(Self {
                thread: None,
                forwards,
            });
        }
        let forward = forward.unwrap_or(Forward {
            form: Form::Raw,
            printable: None,
        });
        // Unbuffered, and a descriptor of our own.
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (to, inbox) = sync_channel(BACKLOG);
        let (tell_done, done) = channel();
        std::thread::Builder::new()
            .name("outlet".to_owned())
            .spawn(move || {
                Pump::new(forward, stamp, stdout).turn(&inbox);
                let _ = tell_done.send(());
            })?;
        Ok(Self {
            thread: Some(Thread {
                to: Some(to),
                done,
                overdue: VecDeque::new(),
                lost: 0,
            }),
            forwards,
        })
    }

    /// Whether somebody else than the attempt may hold its file.
    pub(super) fn holds_files(&self) -> bool {
        self.forwards
    }

    /// An attempt lives. Its file is opened here, for it may be gone when the thread has time.
    pub(super) fn follow(&mut self, attempt: AttemptId, run: &RunRef, path: &Path, from: From) {
        let Some(thread) = self.thread.as_mut().filter(|_| self.forwards) else {
            return;
        };
        let opened = fs::open_nofollow(path).and_then(|file| {
            let sent = match from {
                From::Start => 0,
                From::Here => fs::fstat(&file)?.size,
            };
            Ok(Followed {
                run: run.to_string(),
                file,
                sent,
                line: Vec::new(),
            })
        });
        if let Ok(followed) = opened {
            thread.send(Message::Follow(attempt, followed));
        }
    }

    pub(super) fn ended(&mut self, attempt: AttemptId, total: u64) {
        if let Some(thread) = self.thread.as_mut().filter(|_| self.forwards) {
            thread.send(Message::Ended(attempt, total));
        }
    }

    /// A log that nobody can read any more (a closed terminal) never ends the runner.
    pub(super) fn log(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        match &mut self.thread {
            None => {
                let _ = io::stderr().write_all(text.as_bytes());
                text.clear();
            }
            Some(thread) => {
                thread.send(Message::Log(std::mem::take(text)));
            }
        }
    }
}

/// A terminal can be stopped, and who reads a pipe can stand still; a file takes what it is given.
fn is_plain_file(stream: impl AsFd) -> bool {
    fs::fstat(stream).is_ok_and(|facts| facts.kind == fs::Kind::File)
}

impl Drop for Outlet {
    /// What is under way still goes out, unless nobody takes it.
    fn drop(&mut self) {
        if let Some(thread) = &mut self.thread {
            while let Some(message) = thread.overdue.pop_front() {
                let Some(to) = &thread.to else { break };
                if to.try_send(message).is_err() {
                    break;
                }
            }
            thread.to = None;
            let _ = thread.done.recv_timeout(PATIENCE);
        }
    }
}

impl Thread {
    /// Never waits: without room a log line is lost, a new attempt is not followed, and only an
    /// end is kept for later.
    fn send(&mut self, message: Message) {
        let Some(to) = &self.to else {
            return;
        };
        while let Some(first) = self.overdue.pop_front() {
            if let Err(TrySendError::Full(first)) = to.try_send(first) {
                self.overdue.push_front(first);
                break;
            }
        }
        if self.overdue.is_empty() && self.lost > 0 {
            let note = format!("{} log lines were lost: nobody read them\n", self.lost);
            if to.try_send(Message::Log(note)).is_ok() {
                self.lost = 0;
            }
        }
        let refused = if self.overdue.is_empty() {
            match to.try_send(message) {
                Err(TrySendError::Full(message)) => message,
                _ => return,
            }
        } else {
            message
        };
        match refused {
            Message::Ended(..) => self.overdue.push_back(refused),
            Message::Log(text) => self.lost += text.lines().count() as u64,
            Message::Follow(..) => {}
        }
    }
}

/// An attempt and how much of its output has gone out.
struct Followed {
    run: String,
    file: File,
    sent: u64,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    time: String,
    run: &'a str,
    line: std::borrow::Cow<'a, str>,
}

/// The thread's side.
struct Pump<W> {
    forward: Forward,
    stamp: Stamp,
    out: W,
    followed: BTreeMap<AttemptId, Followed>,
    /// Made ready and not written yet.
    ready: Vec<u8>,
    is_closed: bool,
}

impl<W: io::Write> Pump<W> {
    fn new(forward: Forward, stamp: Stamp, out: W) -> Self {
        Self {
            forward,
            stamp,
            out,
            followed: BTreeMap::new(),
            ready: Vec::new(),
            is_closed: false,
        }
    }

    fn turn(&mut self, inbox: &Receiver<Message>) {
        let mut look_at = clock::monotonic() + LOOK;
        loop {
            let message = if self.followed.is_empty() {
                let message = inbox.recv().map_err(|_| RecvTimeoutError::Disconnected);
                look_at = clock::monotonic() + LOOK;
                message
            } else {
                match look_at.checked_sub(clock::monotonic()) {
                    Some(left) => inbox.recv_timeout(left),
                    None => inbox.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    }),
                }
            };
            match message {
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => {
                    let is_behind = self.look();
                    let rest = if is_behind { Duration::ZERO } else { LOOK };
                    look_at = clock::monotonic() + rest;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Follow(attempt, followed) if !self.is_closed => {
                self.followed.insert(attempt, followed);
            }
            Message::Follow(..) => {}
            Message::Ended(attempt, total) => {
                if let Some(mut followed) = self.followed.remove(&attempt) {
                    while followed.sent < total && self.pour(&mut followed, total) > 0 {}
                    self.end_line(&mut followed);
                    self.write();
                }
            }
            Message::Log(text) => {
                let _ = io::stderr().write_all(text.as_bytes());
            }
        }
    }

    /// Every living attempt has its turn; whether one of them has more.
    fn look(&mut self) -> bool {
        let mut is_behind = false;
        let mut all = std::mem::take(&mut self.followed);
        for followed in all.values_mut() {
            let limit = followed.sent + TURN;
            while followed.sent < limit && self.pour(followed, limit) > 0 {}
            is_behind |= followed.sent >= limit;
        }
        if !self.is_closed {
            self.followed = all;
        }
        is_behind
    }

    /// Forwards a piece of what lies before `limit`; how much that was.
    fn pour(&mut self, followed: &mut Followed, limit: u64) -> u64 {
        let from = followed.sent;
        // What the runner has freed meanwhile, to bound the file, reads as zeros.
        let data = match fs::data_behind(&followed.file, from) {
            Ok(Some(data)) if data.start < limit => data,
            _ => return 0,
        };
        if data.start > from {
            self.end_line(followed);
            let break_before = if self.forward.form == Form::Raw {
                "\n"
            } else {
                ""
            };
            let cut = data.start - from;
            let mark = format!("{break_before}[... {cut} bytes cut ...]\n");
            self.take(followed, mark.as_bytes());
        }
        let end = data.end.min(limit).min(data.start + CHUNK);
        let mut bytes = vec![0; (end - data.start) as usize];
        let got = match followed.file.read_at(&mut bytes, data.start) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            // It cannot be read, now or later: its end will come.
            Err(_) => return 0,
        };
        followed.sent = data.start + got as u64;
        self.take(followed, &bytes[..got]);
        self.write();
        followed.sent - from
    }

    fn take(&mut self, followed: &mut Followed, bytes: &[u8]) {
        if self.forward.form == Form::Raw {
            self.ready.extend_from_slice(bytes);
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            followed.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || followed.line.len() >= LONGEST {
                self.end_line(followed);
            }
        }
    }

    /// Makes a line of what there is of one.
    fn end_line(&mut self, followed: &mut Followed) {
        if followed.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut followed.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        match self.forward.form {
            Form::Json => {
                let document = JsonLine {
                    time: (self.stamp)(),
                    run: &followed.run,
                    line: String::from_utf8_lossy(line),
                };
                let line = serde_json::to_string(&document).unwrap_or_default();
                self.ready.extend(visible_json(line).into_bytes());
            }
            Form::Prefix | Form::Raw => {
                self.ready.extend_from_slice(followed.run.as_bytes());
                self.ready.extend_from_slice(b": ");
                match self.forward.printable {
                    Some(printable) => self.ready.extend(printable(line)),
                    None => self.ready.extend_from_slice(line),
                }
            }
        }
        self.ready.push(b'\n');
    }

    /// A reader that has gone is no reason to end anything.
    fn write(&mut self) {
        let mut rest = self.ready.as_slice();
        while !rest.is_empty() && !self.is_closed {
            match self.out.write(rest) {
                Ok(0) => self.is_closed = true,
                Ok(written) => rest = &rest[written..],
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    // Somebody made it non-blocking, for itself or for us.
                    io::ErrorKind::WouldBlock => std::thread::sleep(LOOK),
                    _ => self.is_closed = true,
                },
            }
        }
        self.ready.clear();
    }
}
