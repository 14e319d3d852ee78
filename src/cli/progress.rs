//! Progress: what takes over a second says on a terminal how far it is, and nothing in a pipe.
//!
//! A thread of its own draws, so one long statement shows that it is alive, too, and nobody's work
//! waits for the terminal. It is gone, and its line with it, before the answer is printed.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;

/// What is done sooner needs no line.
const PATIENCE: Duration = Duration::from_secs(1);

const REDRAW: Duration = Duration::from_millis(200);

/// What is counted, and how much of it there is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amount {
    Jobs(usize),
    Runs,
    Bytes(u64),
    Unknown,
    /// What is waited for, in words that [change](Progress::say).
    Told,
}

/// The words that stand before the numbers.
type Said = Arc<Mutex<String>>;

pub(super) struct Progress {
    done: Arc<AtomicU64>,
    said: Said,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins a line, `adding`, that counts what is done.
    pub(super) fn begin(doing: &'static str, amount: Amount, context: &Context) -> Self {
        let done = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&done);
        let count = move || counted.load(Ordering::Relaxed);
        let said = Said::new(Mutex::new(doing.to_owned()));
        Self {
            done,
            drawing: drawing(&said, amount, count, context),
            said,
        }
    }

    /// The same for what is measured from outside.
    pub(super) fn watch(
        doing: &'static str,
        amount: Amount,
        measure: impl Fn() -> u64 + Send + 'static,
        context: &Context,
    ) -> Self {
        let said = Said::new(Mutex::new(doing.to_owned()));
        Self {
            done: Arc::default(),
            drawing: drawing(&said, amount, measure, context),
            said,
        }
    }

    /// Whether somebody may read it.
    pub(super) fn is_seen(&self) -> bool {
        self.drawing.is_some()
    }

    pub(super) fn say(&self, words: String) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    pub(super) fn at(&self, done: usize) {
        self.done.store(done as u64, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.drawing.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}

fn drawing(
    said: &Said,
    amount: Amount,
    measure: impl Fn() -> u64 + Send + 'static,
    context: &Context,
) -> Option<(Sender<()>, JoinHandle<()>)> {
    if context.quiet || !std::io::stderr().is_terminal() {
        return None;
    }
    let unicode = context.style.unicode;
    let (end, ended) = channel();
    let said = Arc::clone(said);
    let draw = move || draw(&said, amount, measure, unicode, &ended);
    let thread = std::thread::Builder::new().spawn(draw).ok()?;
    Some((end, thread))
}

/// The end of the other side is the end of the work.
fn draw(
    said: &Said,
    amount: Amount,
    measure: impl Fn() -> u64,
    unicode: bool,
    ended: &Receiver<()>,
) {
    let goes_on = |length| ended.recv_timeout(length) == Err(RecvTimeoutError::Timeout);
    if !goes_on(PATIENCE) {
        return;
    }
    let (length, template) = match amount {
        Amount::Jobs(all) => (
            Some(all as u64),
            "{msg} {wide_bar} {pos} of {len} jobs, {eta} left",
        ),
        Amount::Bytes(all) => (
            Some(all),
            "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left",
        ),
        Amount::Runs => (None, "{spinner} {msg}, {pos} runs so far"),
        Amount::Unknown => (None, "{spinner} {msg}, for {elapsed}"),
        Amount::Told => (None, "{spinner} {wide_msg} {elapsed}"),
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = if unicode {
        style
    } else {
        style.progress_chars("#>-").tick_chars("|/-\\ ")
    };
    let bar = bar.with_style(style).with_elapsed(PATIENCE);
    loop {
        let words = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        bar.set_message(words);
        bar.set_position(measure());
        bar.tick();
        if !goes_on(REDRAW) {
            break;
        }
    }
    bar.finish_and_clear();
}
