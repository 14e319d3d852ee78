//! A process we started and therefore reap.

use std::collections::HashSet;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, RwLock};

use rustix::process::{WaitId, WaitIdOptions, waitid};
use tokio::signal::unix::{Signal, SignalKind, signal};
use wait4::Wait4;

use super::exit::{Ended, ExitWatch, Pauses, from_wait_status};
use super::identity::{self, Identity};
use crate::domain::Usage;
use crate::os::clock;

/// Held for reading while a process comes into being and is not in the list below.
pub(super) static BIRTHS: RwLock<()> = RwLock::new(());

/// The pids of every `Child` not yet reaped: whoever reaps strangers must leave them alone.
pub(super) fn ours() -> MutexGuard<'static, HashSet<i32>> {
    static OURS: LazyLock<Mutex<HashSet<i32>>> = LazyLock::new(Mutex::default);
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A started process. Dropped unreaped it lives on, which is what leaving jobs running means.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) identity: Identity,
    process: std::process::Child,
    watch: ExitWatch,
    /// Kept, because after reaping the pid may be somebody else's.
    ended: Option<Ended>,
}

impl Child {
    /// Starts a process and takes it over: once it runs it is not lost sight of.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let _birth = BIRTHS.read().unwrap_or_else(PoisonError::into_inner);
        let before = clock::boottime();
        let process = command.spawn()?;
        let pid = i32::try_from(process.id()).expect("pids are positive and fit an i32");
        ours().insert(pid);
        // Closes our ends of its files first, for the watch wants a descriptor.
        drop(command);
        Ok(Self {
            // Unreaped, the pid cannot be anybody else's, so the order of these two does not matter.
            identity: Identity::born(pid, before..=clock::boottime()),
            watch: ExitWatch::new(identity::open(pid).ok()),
            process,
            ended: None,
        })
    }

    /// Waits for its end without reaping it: until `ended` is called its pid, and with it its group, stay
    /// provably ours. Dropping the wait loses nothing.
    pub(crate) async fn exited(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let watched = self.watch.seen().await;
        // Readable usually means reapable. Under a tracer (strace, a security agent) it may come earlier,
        // and a wait that blocks would stop every other job.
        let mut pauses = Pauses::new();
        let mut sigchld = if watched { None } else { child_signals() };
        while self.is_running() {
            match &mut sigchld {
                Some(signals) => {
                    tokio::select! {
                        _ = signals.recv() => {}
                        () = tokio::time::sleep(Pauses::LONGEST) => {}
                    }
                }
                None => pauses.next().await,
            }
        }
    }

    /// Waits for its end, reaps it and tells how it was. Dropping the wait loses nothing; asking again
    /// gives the same answer.
    pub(crate) async fn ended(&mut self) -> Ended {
        self.exited().await;
        let ended = match self.ended {
            Some(ended) => ended,
            None => self.reap(),
        };
        self.ended = Some(ended);
        ended
    }

    /// Whether there is nothing to reap yet; an error (somebody else reaped it) is no reason to wait.
    fn is_running(&self) -> bool {
        let Some(pid) = identity::raw(self.identity.pid) else {
            return false;
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(pid), options) {
                Ok(status) => return status.is_none(),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    fn reap(&mut self) -> Ended {
        // Its number is free again at once, and may be that of the next child.
        let mut ours = ours();
        let ended = self.wait();
        ours.remove(&self.identity.pid);
        ended
    }

    fn wait(&mut self) -> Ended {
        loop {
            match self.process.wait4() {
                Ok(end) => {
                    let cpu = end.rusage.utime + end.rusage.stime;
                    return Ended {
                        exit: from_wait_status(end.status.into_raw()),
                        usage: Some(Usage {
                            cpu_ms: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX),
                            max_rss_bytes: end.rusage.maxrss,
                        }),
                    };
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // Reaped by somebody else, or SIGCHLD is ignored: it ended, and how is gone.
                Err(_) => return Ended::UNKNOWN,
            }
        }
    }
}

fn child_signals() -> Option<Signal> {
    signal(SignalKind::child()).ok()
}

#[cfg(test)]
impl Child {
    /// As on a kernel without pidfds.
    pub(super) fn go_blind(&mut self) {
        self.watch = ExitWatch::Blind;
    }
}
