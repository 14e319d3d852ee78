//! Signals: what the runner inherited from its starter, undone before any job can inherit it.
//!
//! `exec` resets handlers to the default but keeps what is ignored, and the mask survives it. So the runner gets rid
//! of both once, before there are other threads.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The signals our starter left ignored, by number. `nohup` shows here as SIGHUP: who handles a signal
/// and wants to honour that has to ask before `normalize`.
pub(crate) fn ignored() -> io::Result<Vec<i32>> {
    let mask = super::proc::own_status("SigIgn")?.unwrap_or_default();
    let mask = u64::from_str_radix(&mask, 16).unwrap_or(0);
    Ok((1..=64)
        .filter(|bit| mask & (1 << (bit - 1)) != 0)
        .collect())
}

/// Lets a write beyond `ulimit -f` fail instead of ending us. A handler and not "ignored", for `exec`
/// takes it off again: jobs get the default.
pub(crate) fn outlive_file_size_limit() {
    let unheard = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(Signal::SIGXFSZ as i32, unheard);
}

/// Goes on whatever anybody asks for, short of SIGKILL. With handlers, for the same reason.
pub(crate) fn outlive_requests() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ] {
        let unheard = Arc::new(AtomicBool::new(false));
        let _ = signal_hook::flag::register(signal as i32, unheard);
    }
}

/// Has something to be read when a child has ended since the last time.
#[derive(Debug)]
pub(crate) struct Bell(SignalFd);

impl Bell {
    /// Blocks the signal in this thread, and in those to come: children must not inherit that.
    pub(crate) fn of_children() -> io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGCHLD);
        signals.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self(SignalFd::with_flags(&signals, flags)?))
    }

    /// Hears that it has rung.
    pub(crate) fn hear(&self) {
        // There is never more than one: how many children ended it does not say.
        let _ = self.0.read_signal();
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The signal of a terminal that goes away.
pub(crate) const HANG_UP: u8 = Signal::SIGHUP as u8;

/// Signals that somebody who holds the terminal has to hear, to give it back in order.
#[derive(Debug)]
pub(crate) struct Heard {
    ends: Vec<(i32, Arc<AtomicBool>)>,
    continued: Arc<AtomicBool>,
}

impl Heard {
    pub(crate) fn new() -> io::Result<Self> {
        let ends = [
            Signal::SIGTERM,
            Signal::SIGHUP,
            Signal::SIGINT,
            Signal::SIGQUIT,
        ];
        let listen = |signal: Signal| {
            let heard = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal as i32, Arc::clone(&heard))?;
            Ok::<_, io::Error>(heard)
        };
        Ok(Self {
            ends: ends
                .into_iter()
                .map(|signal| Ok((signal as i32, listen(signal)?)))
                .collect::<io::Result<_>>()?,
            continued: listen(Signal::SIGCONT)?,
        })
    }

    /// The signal that asked for the end, if one did.
    pub(crate) fn end(&self) -> Option<i32> {
        let heard = |(_, heard): &&(i32, Arc<AtomicBool>)| heard.load(Ordering::Relaxed);
        self.ends.iter().find(heard).map(|(signal, _)| *signal)
    }

    /// Whether we were stopped and go on; said once.
    pub(crate) fn has_continued(&self) -> bool {
        self.continued.swap(false, Ordering::Relaxed)
    }
}

/// Stops this process, as Ctrl-Z does; returns when it goes on.
pub(crate) fn stop() -> io::Result<()> {
    Ok(nix::sys::signal::raise(Signal::SIGTSTP)?)
}

/// Makes what children inherit from this process the default: signal dispositions, mask, descriptors.
///
/// The mask counts for us: blocked, a request to stop would not be heard. SIGPIPE is the one that each start resets,
/// for our own runtime ignores it. SIGILL, SIGFPE and SIGSEGV cannot be given a handler safely; the
/// kernel lifts their being ignored when they are earned.
pub(crate) fn normalize() -> io::Result<()> {
    let unheard = Arc::new(AtomicBool::new(false));
    for signal in ignored()? {
        let forbidden = signal_hook::consts::FORBIDDEN.contains(&signal);
        if signal == signal_hook::consts::SIGPIPE || forbidden {
            continue;
        }
        // The C library keeps two signals for itself and refuses them: they are not ours to reset.
        let _ = signal_hook::flag::register(signal, Arc::clone(&unheard));
    }
    SigSet::empty().thread_set_mask()?;
    close_fds::set_fds_cloexec(3, &[]);
    Ok(())
}
