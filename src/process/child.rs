//! A process we started and therefore reap.

use std::collections::HashSet;
use std::io;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, RwLock};

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::exit::{Ended, from_wait_status};
use super::identity::{self, Identity};
use super::kernel::{self, Start};
use crate::domain::Usage;
use crate::os::clock;

/// Held for reading while a process comes into being and is not in the list below.
pub(super) static BIRTHS: RwLock<()> = RwLock::new(());

/// The pids of every `Child` not yet reaped: whoever reaps strangers must leave them alone.
pub(super) fn ours() -> MutexGuard<'static, HashSet<i32>> {
    static OURS: LazyLock<Mutex<HashSet<i32>>> = LazyLock::new(Mutex::default);
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A started process. Dropped unreaped it lives on.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) identity: Identity,
}

impl Child {
    /// Starts a process.
    pub(super) fn start(start: &Start<'_>) -> io::Result<Self> {
        let _birth = BIRTHS.read().unwrap_or_else(PoisonError::into_inner);
        let before = clock::boottime();
        let pid = kernel::start(start)?;
        ours().insert(pid);
        Ok(Self {
            // Unreaped, the pid cannot be anybody else's.
            identity: Identity::born(pid, before..=clock::boottime()),
        })
    }

    /// Waits for its end, reaps it and tells how it was.
    pub(crate) fn ended(self) -> Ended {
        self.exited();
        self.reaped()
    }

    /// Reaps one that has ended, and tells how.
    pub(crate) fn reaped(self) -> Ended {
        // Its number is free again at once, and may be that of the next child.
        let mut ours = ours();
        let ended = self.reap();
        ours.remove(&self.identity.pid);
        ended
    }

    /// Waits for its end without reaping it: its pid, and with it its group, stay provably ours.
    pub(super) fn exited(&self) {
        wait(self.identity.pid, WaitIdOptions::empty());
    }

    /// Whether there is something to reap.
    pub(crate) fn has_exited(&self) -> bool {
        wait(self.identity.pid, WaitIdOptions::NOHANG)
    }

    fn reap(&self) -> Ended {
        loop {
            match kernel::wait4(self.identity.pid) {
                Ok(end) => {
                    return Ended {
                        exit: from_wait_status(end.status),
                        usage: Some(Usage {
                            cpu_ms: u64::try_from(end.cpu.as_millis()).unwrap_or(u64::MAX),
                            max_rss_bytes: end.max_rss_bytes,
                        }),
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Reaped by somebody else, or SIGCHLD is ignored: it ended, and how is gone.
                Err(_) => return Ended::UNKNOWN,
            }
        }
    }
}

/// Whether a child of ours has ended, without reaping it; an error (somebody else reaped it) is no reason
/// to wait.
fn wait(pid: i32, how: WaitIdOptions) -> bool {
    let Some(pid) = identity::raw(pid) else {
        return true;
    };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | how;
    loop {
        match waitid(WaitId::Pid(pid), options) {
            Ok(status) => return status.is_some(),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

/// What a look at all children comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnyEnd {
    /// This one has ended, and waits to be reaped.
    Of(i32),
    /// Some may have: one has of which it is not told which, or there is none any more.
    OfSome,
    /// None of them has.
    OfNone,
}

/// Whether any child has ended, without waiting and without reaping it. For a process that has no children but
/// `Child`s: the ends of strangers belong to whoever reaps them.
pub(crate) fn any_exited() -> AnyEnd {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    match nix::sys::wait::waitid(Id::All, look) {
        Ok(WaitStatus::StillAlive) => AnyEnd::OfNone,
        Ok(status) => status
            .pid()
            .map_or(AnyEnd::OfSome, |pid| AnyEnd::Of(pid.as_raw())),
        // By a real-time signal, for which there is no word; or somebody else has reaped them.
        Err(_) => AnyEnd::OfSome,
    }
}
