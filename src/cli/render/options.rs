//! The options a job has, as a page shows them: the words of the command line, and values
//! that could be typed there again.

use chrono::{DateTime, Utc};

use crate::domain::{MailOn, Missed, Options, Overlap};
use crate::schedule::Zone;

use super::attempts::bytes;
use super::time;

/// What stands for a value that is not shown.
pub(super) const MASK: &str = "***";

/// Every option that is set, in the order of the manual.
pub(super) fn option_lines(options: &Options, zone: Zone) -> Vec<(&'static str, String)> {
    let mut lines = Lines(Vec::new());
    let stamp = |at: DateTime<Utc>| time::stamp(at, zone);
    lines.put("tz", options.tz.as_ref());
    lines.put("cwd", options.cwd.as_ref());
    for name in options.env.keys() {
        lines.put("env", Some(format!("{name}={MASK}")));
    }
    lines.put("path", options.path.as_ref());
    lines.put("env-file", options.env_file.as_ref());
    lines.put("env-clean", options.env_clean.then_some("yes"));
    lines.put("shell", options.shell.as_ref());
    lines.put("user", options.user.as_ref());
    lines.put("umask", options.umask.as_ref());
    lines.put("nice", options.nice);
    lines.put(
        "stdin",
        options.stdin.as_ref().map(|text| bytes(text.len() as u64)),
    );
    lines.put("timeout", options.timeout);
    lines.put("kill-after", options.kill_after);
    lines.put("retries", (options.retries > 0).then_some(options.retries));
    lines.put("backoff", options.backoff);
    lines.put("retry-on", options.retry_on.as_ref());
    lines.put("success-codes", options.success_codes.as_ref());
    lines.put("overlap", overlap(options.overlap));
    lines.put("missed", missed(options.missed));
    lines.put("deadline", options.deadline);
    lines.put("jitter", options.jitter);
    lines.put("from", options.from.map(stamp));
    lines.put("until", options.until.map(stamp));
    lines.put("unique", options.unique.as_ref());
    lines.put("on-success", options.on_success.as_ref());
    lines.put("on-failure", options.on_failure.as_ref());
    lines.put("on-finish", options.on_finish.as_ref());
    lines.put("mail-to", options.mail_to.as_ref());
    lines.put("mail-on", mail_on(options.mail_on));
    lines.put("output-limit", options.output_limit);
    lines.0
}

/// The word, unless it is the default.
pub(super) fn overlap(overlap: Overlap) -> Option<&'static str> {
    match overlap {
        Overlap::Skip => None,
        Overlap::Queue => Some("queue"),
        Overlap::Replace => Some("replace"),
        Overlap::Allow => Some("allow"),
    }
}

/// The word, unless it is the default.
pub(super) fn missed(missed: Missed) -> Option<&'static str> {
    match missed {
        Missed::Once => None,
        Missed::Skip => Some("skip"),
        Missed::All => Some("all"),
    }
}

/// The word, unless it is the default.
pub(super) fn mail_on(on: MailOn) -> Option<&'static str> {
    (on != MailOn::default()).then(|| on.as_str())
}

struct Lines(Vec<(&'static str, String)>);

impl Lines {
    fn put(&mut self, label: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push((label, value.to_string()));
        }
    }
}
