//! Reaping for process 1: in a container, processes that lost their parent become our children.
//!
//! Only those that are not ours: a wait for "any child" would take our own statuses away. So the kernel's
//! list of our children is read, and each stranger in it that has ended is waited for by its pid.

use std::sync::PoisonError;

use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::child::{BIRTHS, ours};
use super::identity;
use crate::os::proc;

/// Reaps ended children that we did not start, and tells how many. For a runner that is process 1 (or a
/// subreaper), on SIGCHLD. Waits for a start that is under way, since what it starts is nobody's yet.
pub(crate) fn reap() -> usize {
    let _no_birth = BIRTHS.write().unwrap_or_else(PoisonError::into_inner);
    let strangers = proc::children().unwrap_or_default().into_iter();
    strangers
        .filter(|pid| !ours().contains(pid))
        .filter(|&pid| proc::stat(pid).is_ok_and(|stat| stat.is_zombie()))
        .filter(|&pid| {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            identity::raw(pid)
                .is_some_and(|pid| matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_))))
        })
        .count()
}
