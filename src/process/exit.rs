//! The end of a process: how it is awaited and what is then known.

use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::unix::AsyncFd;

use crate::domain::{Exit, Usage};
use crate::os::ready;

/// Reads a wait status as the kernel encodes it.
pub(super) fn from_wait_status(status: i32) -> Exit {
    match status & 0x7f {
        0 => Exit::Code((status >> 8) & 0xff),
        signal => Exit::Signal(signal),
    }
}

/// The end of a process. Usage is known for our own children only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) usage: Option<Usage>,
}

impl Ended {
    pub(crate) const UNKNOWN: Self = Self {
        exit: Exit::Unknown,
        usage: None,
    };
}

/// A pidfd on its way into the runtime: registered on the first wait, so that starting a process needs
/// no runtime.
#[derive(Debug)]
pub(super) enum ExitWatch {
    Opened(OwnedFd),
    Registered(AsyncFd<OwnedFd>),
    /// No pidfd, or no room to watch it: the caller has to look from time to time.
    Blind,
}

impl ExitWatch {
    pub(super) fn new(pidfd: Option<OwnedFd>) -> Self {
        pidfd.map_or(Self::Blind, Self::Opened)
    }

    /// Waits until the process has ended, reaped or not; `false` at once when that cannot be watched.
    /// Once ended it stays ended. Dropping the wait loses nothing.
    pub(super) async fn seen(&mut self) -> bool {
        if let Self::Opened(_) = self {
            *self = match std::mem::replace(self, Self::Blind) {
                Self::Opened(pidfd) => ready::readable(pidfd).map_or(Self::Blind, Self::Registered),
                other => other,
            };
        }
        match self {
            // Readable is exit; hang-up would be reaping, which older kernels never report. The readiness
            // is left standing: a pidfd does not become unready again.
            Self::Registered(pidfd) => pidfd.readable().await.is_ok(),
            _ => false,
        }
    }

    /// The pidfd, while there is one.
    pub(super) fn pidfd(&self) -> Option<&OwnedFd> {
        match self {
            Self::Opened(pidfd) => Some(pidfd),
            Self::Registered(pidfd) => Some(pidfd.get_ref()),
            Self::Blind => None,
        }
    }
}

/// Growing pauses for looking again where nothing wakes us: quick at first, cheap in the long run.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) const LONGEST: Duration = Duration::from_millis(250);

    pub(super) fn new() -> Self {
        Self(Duration::from_millis(1))
    }

    pub(super) async fn next(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Self::LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses_are_codes_or_signals() {
        for (status, exit) in [
            (0, Exit::Code(0)),
            (0x100, Exit::Code(1)),
            (0xff00, Exit::Code(255)),
            (9, Exit::Signal(9)),
            (0x8b, Exit::Signal(11)), // with a core dump
        ] {
            assert_eq!(from_wait_status(status), exit);
        }
    }
}
