//! Who a process is: boot, pid and start time together name one process for ever.

use std::io;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::os::clock;
use crate::os::proc::{self, Stat};

/// The kernel's reading of a clock and ours may round differently.
const SLACK: Duration = Duration::from_micros(1);

/// One process, told apart from every other that ever had or will have its pid.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) boot: Arc<str>,
    pub(crate) pid: i32,
    /// Start time in clock ticks since boot; 0 when it could not be read, which is nobody.
    pub(crate) start: u64,
}

/// Proof that the process still is, or is unreaped: a handle taken before the look.
#[derive(Debug)]
pub(super) struct Proof {
    /// Missing where the kernel or a sandbox has no pidfds.
    pub(super) pidfd: Option<OwnedFd>,
    pub(super) stat: Stat,
}

impl Identity {
    /// Names the process that has this pid now: for a child not yet reaped, or one just looked at.
    pub(super) fn of(pid: i32) -> Self {
        let start = proc::stat(pid).map_or(0, |stat| stat.start);
        Self {
            boot: this_boot(),
            pid,
            start,
        }
    }

    /// Names a child that came into being in this span of the boot clock. Mostly that tells its start to the
    /// tick, and the file in /proc, whose reading costs as much as the rest of a start, need not be opened.
    pub(super) fn born(pid: i32, span: RangeInclusive<Duration>) -> Self {
        let start = clock::ticks(span.start().saturating_sub(SLACK));
        if start != clock::ticks(*span.end() + SLACK) {
            return Self::of(pid);
        }
        Self {
            boot: this_boot(),
            pid,
            start,
        }
    }

    /// Looks whether this very process is still there, as a zombie at least.
    ///
    /// The order is the point: the pidfd is opened first and then the start time read, so that when it
    /// matches, the pidfd cannot belong to a later process of the same pid.
    pub(super) fn prove(&self) -> Option<Proof> {
        if self.start == 0 || self.boot != this_boot() {
            return None;
        }
        let pidfd = match open(self.pid) {
            Ok(pidfd) => Some(pidfd),
            Err(Errno::SRCH | Errno::INVAL) => return None,
            Err(_) => None,
        };
        let stat = proc::stat(self.pid).ok()?;
        (stat.start == self.start).then_some(Proof { pidfd, stat })
    }
}

/// A handle on the process that has this pid now.
pub(super) fn open(pid: i32) -> Result<OwnedFd, Errno> {
    pidfd_open(raw(pid).ok_or(Errno::SRCH)?, PidfdFlags::empty())
}

/// A pid to ask the kernel about; 0, 1 and negatives mean groups, everybody or init, and are never ours.
pub(super) fn raw(pid: i32) -> Option<Pid> {
    if pid > 1 { Pid::from_raw(pid) } else { None }
}

/// The boot id cannot change while we run, so it is read once.
pub(super) fn this_boot() -> Arc<str> {
    static BOOT: OnceLock<Arc<str>> = OnceLock::new();
    // Without /proc nothing can be proven, and an empty name keeps every identity from being believed
    // for longer than this process lives: starts are unreadable then, too.
    let read = || crate::os::clock::boot_id().unwrap_or_else(|_: io::Error| String::new());
    Arc::clone(BOOT.get_or_init(|| read().into()))
}
