//! Processes that an earlier runner started: recognised, awaited, and their exit status read if the
//! kernel tells.
//!
//! They are not our children, so there is nothing to reap: the pidfd says *when* they end, and *how* has
//! to be read from whoever still knows.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use super::exit::{Ended, ExitWatch, Pauses, from_wait_status};
use super::identity::Identity;
use super::kernel::reaped_exit_status;
use super::output;
use crate::domain::Exit;
use crate::os::{fs, proc};

/// How long a dead process is asked how it ended. Its new parent usually reaps it within microseconds,
/// which is both when `/proc` forgets it and when newer kernels begin to tell.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often, and how long apart, an unborn child is looked for: two seconds, on a machine that is busy.
const BIRTH_LOOKS: u32 = 400;
const BIRTH_PAUSE: Duration = Duration::from_millis(5);

/// A living process of an earlier runner, or one that nobody has reaped yet.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) identity: Identity,
    watch: ExitWatch,
    ended: Option<Ended>,
}

/// Takes over this very process, if it still is; never one that merely has its pid.
pub(crate) fn adopt(identity: &Identity) -> Option<Orphan> {
    let proof = identity.prove()?;
    Some(Orphan {
        identity: identity.clone(),
        watch: ExitWatch::new(proof.pidfd),
        ended: None,
    })
}

/// The process of a claim whose identity nobody wrote down, by its mark.
///
/// Its starter may have died while the child was still a copy of it: that has no mark yet, and comes to
/// life when nobody expects it. But it holds the lock of its output from its first moment on.
pub(crate) fn find_unrecorded(mark: &str, path: &Path) -> Option<Orphan> {
    for _ in 0..BIRTH_LOOKS {
        // Asked first: whoever let go of it between the two looks has its mark by now, or has ended.
        let held = output::is_held(path);
        let marked = marked(mark);
        if !marked.is_empty() {
            return own(&marked).and_then(adopt);
        }
        if !held {
            return None;
        }
        std::thread::sleep(BIRTH_PAUSE);
    }
    // A descendant of a process that has ended: without a mark nobody can tell it from a stranger.
    None
}

/// The attempt's own process among those with its mark. Its end is that of the attempt, and that of a process
/// it left behind is not: killed in the middle, a script leaves a `sleep` that ends well. It was started as the
/// leader of a group, which can never found a session; of those that a shell made leaders later it is the oldest.
fn own(marked: &[Marked]) -> Option<&Identity> {
    let leaders = marked.iter().filter(|it| {
        let pid = it.identity.pid;
        it.group == pid && it.session != pid
    });
    let first = leaders.min_by_key(|it| (it.identity.start, it.identity.pid));
    first.map(|it| &it.identity)
}

impl Orphan {
    /// Waits for its end and tells how it was, if anybody knows. Dropping the wait loses nothing; asking
    /// again gives the same answer.
    pub(crate) async fn ended(&mut self) -> Ended {
        if let Some(ended) = self.ended {
            return ended;
        }
        if !self.watch.seen().await {
            let mut pauses = Pauses::new();
            while self.identity.prove().is_some_and(|it| !it.stat.is_zombie()) {
                pauses.next().await;
            }
        }
        let exit = tokio::time::timeout(PATIENCE, self.exit_told()).await;
        let ended = Ended {
            exit: exit.unwrap_or(Exit::Unknown),
            usage: None,
        };
        self.ended = Some(ended);
        ended
    }

    async fn exit_told(&self) -> Exit {
        let mut pauses = Pauses::new();
        loop {
            if let Some(exit) = self.exit_known() {
                return exit;
            }
            if self.watch.pidfd().is_none() && self.identity.prove().is_none() {
                return Exit::Unknown;
            }
            pauses.next().await;
        }
    }

    /// Unreaped, its line in `/proc` tells; reaped, the pidfd may.
    fn exit_known(&self) -> Option<Exit> {
        let zombie = self.identity.prove().filter(|it| it.stat.is_zombie());
        let status = match zombie {
            Some(proof) => Some(proof.stat.exit_status),
            None => reaped_exit_status(self.watch.pidfd()?.as_fd()),
        };
        status.map(from_wait_status)
    }
}

/// A process that was started with a mark, and where it is.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) identity: Identity,
    pub(super) group: i32,
    session: i32,
}

/// The processes that were started with this mark and still live.
///
/// Looks at our own user's processes; root looks at everybody's, since its jobs may run as others. We
/// ourselves never count, though a runner started by a job carries that job's mark.
pub(super) fn marked(mark: &str) -> Vec<Marked> {
    let pair = format!("PUNCTUAL_MARK={mark}").into_bytes();
    let ourselves = i32::try_from(std::process::id()).ok();
    let user = fs::effective_uid();
    let Ok(pids) = proc::pids() else {
        return Vec::new();
    };
    pids.filter(|&pid| Some(pid) != ourselves)
        .filter(|&pid| user == 0 || proc::owner(pid).is_ok_and(|owner| owner == user))
        .filter_map(|pid| {
            // The start time is read on both sides of the look at the environment, which therefore
            // belongs to this process and not to the next one of that pid.
            let identity = Identity::of(pid);
            let holds = proc::environment_holds(pid, &pair);
            let stat = proc::stat(pid).ok()?;
            (holds && stat.start == identity.start).then_some(Marked {
                identity,
                group: stat.group,
                session: stat.session,
            })
        })
        .collect()
}

#[cfg(test)]
impl Orphan {
    /// As on a kernel without pidfds.
    pub(super) fn go_blind(&mut self) {
        self.watch = ExitWatch::Blind;
    }
}
