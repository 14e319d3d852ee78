//! From a recorded hook to its end: a command of the job's, or a mail. Started once, ended after a minute.

use std::time::Duration;

use crate::process::group::{self, signal_tree};
use crate::process::output;

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

/// Starts it, and tells how it went.
pub(super) fn start(
    launcher: &Launcher,
    start: &HookStart,
    told: String,
) -> impl Future<Output = HookEnd> + use<> {
    let id = start.hook.id;
    let is_mail = start.hook.occasion == MAIL;
    let started = if is_mail {
        launcher.launch_mail(start, told)
    } else {
        launcher.launch_hook(start, told)
    };
    let path = launcher.output_of_hook(id);
    let mark = launcher.mark_of_hook(id);
    let what = format!("{} of {}", start.hook.occasion, start.run.name);
    async move {
        let mut failure = match started {
            Err(message) => Some(message),
            Ok(mut child) => {
                let ended = tokio::time::timeout(LIMIT, child.ended()).await;
                if ended.is_err() {
                    let _ = signal_tree(&child.identity, &mark, group::Signal::Kill);
                    let _ = child.ended().await;
                }
                start::hook_message(ended.ok().map(|ended| ended.exit))
            }
        };
        // A mailer is not the user's own script: its words are all there is to go by.
        if is_mail && let Some(failure) = &mut failure {
            let kept = output::collect(&path, FEW).map(|kept| kept.head);
            let words = String::from_utf8_lossy(&kept.unwrap_or_default()).into_owned();
            if let Some(line) = words.lines().map(str::trim).find(|line| !line.is_empty()) {
                failure.push_str(": ");
                failure.push_str(line);
            }
        }
        let _ = output::discard(&path);
        HookEnd {
            hook: id,
            what,
            failure,
        }
    }
}
