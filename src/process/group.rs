//! Ending what an attempt started: its process group, and what left the group.
//!
//! A group's number cannot be used again while anybody is in the group, so it is ours as long as its
//! leader provably is, or as long as one member carries our mark. Without either proof nothing is sent.

use std::collections::HashSet;
use std::io;

use rustix::io::Errno;
use rustix::process::{kill_process, kill_process_group, pidfd_send_signal};

use super::identity::{self, Identity};
use super::orphan::marked;

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Term,
    /// So that a stopped process can hear of its TERM.
    Cont,
    Kill,
    /// Any other, by number; the real-time ones are refused.
    Other(i32),
}

impl Signal {
    fn number(self) -> io::Result<rustix::process::Signal> {
        use rustix::process::Signal as Kernel;
        match self {
            Self::Term => Ok(Kernel::TERM),
            Self::Cont => Ok(Kernel::CONT),
            Self::Kill => Ok(Kernel::KILL),
            Self::Other(number) => Kernel::from_named_raw(number).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("no signal {number}"))
            }),
        }
    }
}

/// Signals the group that this process leads, if the process is still there, as a zombie at least;
/// `false` when it is not or nobody is left.
pub(crate) fn signal_group(identity: &Identity, signal: Signal) -> io::Result<bool> {
    let signal = signal.number()?;
    let Some(proof) = identity.prove() else {
        return Ok(false);
    };
    let reached = send_to_group(identity.pid, signal)?;
    // It may have joined another group of its session; then it is meant all the same.
    let elsewhere = proof.stat.group != identity.pid && !proof.stat.is_zombie();
    Ok(reached | (elsewhere && send_to_process(identity, signal)))
}

/// Signals everything an attempt left alive, each once: the group, even when its leader is gone, and the
/// marked processes outside it. `false` when nobody is left.
pub(crate) fn signal_tree(identity: &Identity, mark: &str, signal: Signal) -> io::Result<bool> {
    let number = signal.number()?;
    let mut reached = signal_group(identity, signal)?;
    if !reached && marked(mark).iter().any(|it| it.group == identity.pid) {
        reached = send_to_group(identity.pid, number)?;
    }
    let strays = signal_strays(mark, signal, |group| group != identity.pid);
    Ok(reached || strays > 0)
}

/// A process may fork between our look and our signal, so looks are repeated until one finds nobody new;
/// a bound keeps a fork bomb from keeping us.
fn signal_strays(mark: &str, signal: Signal, in_group: impl Fn(i32) -> bool) -> usize {
    const MOST_LOOKS: usize = 10;
    let Ok(signal) = signal.number() else {
        return 0;
    };
    let mut known = HashSet::new();
    let mut reached = 0;
    for _ in 0..MOST_LOOKS {
        let mut fresh = false;
        for stray in marked(mark) {
            if in_group(stray.group) && known.insert(stray.identity.clone()) {
                fresh = true;
                reached += usize::from(send_to_process(&stray.identity, signal));
            }
        }
        if !fresh {
            break;
        }
    }
    reached
}

fn send_to_process(identity: &Identity, signal: rustix::process::Signal) -> bool {
    let Some(proof) = identity.prove() else {
        return false;
    };
    let sent = match (proof.pidfd, identity::raw(identity.pid)) {
        (Some(pidfd), _) => pidfd_send_signal(&pidfd, signal),
        // Without pidfds this is the best there is: it was our process an instant ago.
        (None, Some(pid)) => kill_process(pid, signal),
        (None, None) => return false,
    };
    sent.is_ok()
}

fn send_to_group(group: i32, signal: rustix::process::Signal) -> io::Result<bool> {
    let Some(group) = identity::raw(group) else {
        return Ok(false);
    };
    match kill_process_group(group, signal) {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
