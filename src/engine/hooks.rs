//! From a recorded hook to its end: a command of the job's, or a mail. Started once, ended after a minute.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::oneshot::Receiver;

use crate::domain::Exit;
use crate::process::group::{self, signal_tree};
use crate::process::{Identity, output};

use super::ledger::HookStart;
use super::start::{self, Launcher};

/// A hook that takes longer is ended.
const LIMIT: Duration = Duration::from_secs(60);

/// What is read of the words of a mailer that failed.
const FEW: u64 = 400;

/// The occasion of a hook that is a mail.
pub(crate) const MAIL: &str = "mail";

/// A hook that is over.
#[derive(Debug)]
pub(super) struct HookEnd {
    pub hook: i64,
    /// `on-failure of backup.41`.
    pub what: String,
    /// Why it did not do its work.
    pub failure: Option<String>,
}

/// The process of a hook.
pub(super) struct HookChild {
    pub identity: Identity,
    pub ended: Receiver<Exit>,
}

/// A hook under way.
pub(super) struct Followed {
    hook: i64,
    what: String,
    is_mail: bool,
    output: PathBuf,
    mark: String,
}

impl Followed {
    pub(super) fn of(launcher: &Launcher, start: &HookStart) -> Self {
        Self {
            hook: start.hook.id,
            what: format!("{} of {}", start.hook.occasion, start.run.name),
            is_mail: start.hook.occasion == MAIL,
            output: launcher.output_of_hook(start.hook.id),
            mark: launcher.mark_of_hook(start.hook.id),
        }
    }

    /// Waits for its start and its end, and tells how it went.
    pub(super) async fn end(self, starting: Receiver<Result<HookChild, String>>) -> HookEnd {
        let started = starting.await;
        let unheard = |_| Err("the process that starts it was ended".to_owned());
        let mut failure = match started.unwrap_or_else(unheard) {
            Err(message) => Some(message),
            Ok(mut child) => {
                let ended = tokio::time::timeout(LIMIT, &mut child.ended).await;
                if ended.is_err() {
                    let _ = signal_tree(&child.identity, &self.mark, group::Signal::Kill);
                    let _ = child.ended.await;
                }
                start::hook_message(ended.ok().map(|exit| exit.unwrap_or(Exit::Unknown)))
            }
        };
        // A mailer is not the user's own script: its words are all there is to go by.
        if self.is_mail
            && let Some(failure) = &mut failure
        {
            let kept = output::collect(&self.output, FEW).map(|kept| kept.head);
            let words = String::from_utf8_lossy(&kept.unwrap_or_default()).into_owned();
            if let Some(line) = words.lines().map(str::trim).find(|line| !line.is_empty()) {
                failure.push_str(": ");
                failure.push_str(line);
            }
        }
        let _ = output::discard(&self.output);
        HookEnd {
            hook: self.hook,
            what: self.what,
            failure,
        }
    }
}
