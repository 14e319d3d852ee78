//! crontab(5) files.
//!
//! What lives here: the walk down a file, in which settings hold for the lines below them,
//! and the values that come out. The shapes of a line have a file each: `setting`, `job`,
//! `percent`, and `dialect` for what other programs write into files that look like ours.
//! What never does: cron's habits (overlap, missed times, environment); those are for the
//! verb that imports.
//!
//! The rules are those of the cron that is installed nearly everywhere (vixie, Debian,
//! cronie). Where these disagree, what a person must have meant is taken, with a note; what
//! cannot have been meant is an error, because a crontab read wrongly fails at night.
//!
//! Lines may end in CR LF and the file may begin with a byte-order mark: both come from
//! editors on other systems, cron trips over both, and here each is only a note.

mod dialect;
mod job;
mod percent;
mod setting;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::line::{Line, is_blank};
use super::{FileError, Note};
use crate::domain::{MailTo, Span};
use setting::Setting;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Crontab {
    pub entries: Vec<Entry>,
    pub notes: Vec<Note>,
}

/// One job line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Counted from 1.
    pub line: usize,
    /// Who runs it; only a system crontab says so.
    pub user: Option<String>,
    /// Five fields or a nickname as written, with one blank between words.
    pub when: String,
    /// For the shell; `%` is already dealt with.
    pub command: String,
    /// What followed the first unescaped `%`. `None` when that was nothing.
    pub stdin: Option<String>,
    pub settings: Settings,
}

/// The settings above a job line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Settings {
    /// Variables of the job, `SHELL`, `PATH` and `HOME` among them when the file sets them.
    pub env: BTreeMap<String, String>,
    /// `CRON_TZ`: the zone of the schedule.
    pub tz: Option<String>,
    /// `RANDOM_DELAY`.
    pub jitter: Option<Span>,
    /// `MAILTO`. `None` also when it is empty: both mean no mail.
    pub mail_to: Option<MailTo>,
}

/// Which of the two kinds of crontab a file is. They cannot be told apart by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `crontab -e`: no user column.
    User,
    /// `/etc/crontab` and `/etc/cron.d`: a user before each command.
    System,
}

/// Reads a whole file, or says everything that is wrong with it.
pub(crate) fn parse(text: &[u8], style: Style) -> Result<Crontab, Vec<FileError>> {
    let (crontab, errors) = parse_leniently(text, style);
    if errors.is_empty() {
        Ok(crontab)
    } else {
        Err(errors)
    }
}

/// Reads what can be read, for `--keep-going`. A job below a setting that cannot be read is
/// left out, with a note: it would run in another zone or environment than it should.
pub(crate) fn parse_leniently(text: &[u8], style: Style) -> (Crontab, Vec<FileError>) {
    let mut reader = Reader::new(style);
    let (text, has_mark) = match text.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if has_mark {
        reader.note_file(1, "the byte-order mark before the first line is ignored");
    }
    let mut number = 0;
    for bytes in text.split_inclusive(|&byte| byte == b'\n') {
        number += 1;
        let ended = bytes.strip_suffix(b"\n");
        let bytes = ended.unwrap_or(bytes);
        let bytes = reader.without_return(number, bytes);
        if ended.is_none() {
            reader.note_file(number, "the last line has no end; cron ignores such a line");
        }
        reader.line(number, bytes);
    }
    (reader.crontab, reader.errors)
}

/// The identity of an entry in its file: user, command, and which of those that are equal
/// in both it is (`ordinal`, counted from 1). Neither its line nor its schedule is part of
/// it, so that a job stays the same job when the file is reordered or its time is changed.
pub(crate) fn key(entry: &Entry, ordinal: usize) -> String {
    // A user name has no blank and is never `-`, so no two identities share a key.
    let user = entry.user.as_deref().unwrap_or("-");
    format!("{user} {ordinal} {}", entry.command)
}

/// The key of each entry, in order.
pub(crate) fn keys(entries: &[Entry]) -> Vec<String> {
    let mut seen: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    entries
        .iter()
        .map(|entry| {
            let ordinal = seen
                .entry((entry.user.as_deref(), &entry.command))
                .or_default();
            *ordinal += 1;
            key(entry, *ordinal)
        })
        .collect()
}

/// A complaint about the user of an entry, at the word in its line.
pub(crate) fn error_at_user(entry: &Entry, text: &[u8], message: String, hint: &str) -> FileError {
    let bytes = text.split(|&byte| byte == b'\n').nth(entry.line - 1);
    let shown = String::from_utf8_lossy(bytes.unwrap_or_default());
    let line = Line {
        number: entry.line,
        text: shown.trim_end_matches('\r'),
    };
    let user = entry.user.as_deref().unwrap_or_default();
    let word = line.words(0).find(|word| word.text == user);
    line.error(word.map_or(0, |word| word.at), message)
        .with_hint(hint)
}

/// The state of the walk down a file.
struct Reader {
    style: Style,
    settings: Settings,
    /// The line of the first setting that could not be read.
    broken_setting: Option<usize>,
    has_returns: bool,
    has_user_hint: bool,
    crontab: Crontab,
    errors: Vec<FileError>,
}

impl Reader {
    fn new(style: Style) -> Self {
        Self {
            style,
            settings: Settings::default(),
            broken_setting: None,
            has_returns: false,
            has_user_hint: false,
            crontab: Crontab::default(),
            errors: Vec::new(),
        }
    }

    fn note_file(&mut self, line: usize, message: &str) {
        self.crontab.notes.push(Note {
            line,
            message: message.to_owned(),
        });
    }

    fn without_return<'a>(&mut self, number: usize, bytes: &'a [u8]) -> &'a [u8] {
        let Some(bare) = bytes.strip_suffix(b"\r") else {
            return bytes;
        };
        if !self.has_returns {
            self.has_returns = true;
            self.note_file(
                number,
                "lines end in CR LF; the CR is ignored (cron makes it part of the command)",
            );
        }
        bare
    }

    fn line(&mut self, number: usize, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let line = Line { number, text };
                if let Err(error) = self.text(&line) {
                    self.errors.push(error);
                }
            }
            Err(error) => {
                let shown = String::from_utf8_lossy(bytes);
                let line = Line {
                    number,
                    text: &shown,
                };
                // Replacement changes nothing before the first bad byte.
                let error = line
                    .error(error.valid_up_to(), "this is not UTF-8 text")
                    .with_hint("convert the file, for example with iconv -f latin1 -t utf-8");
                self.errors.push(error);
            }
        }
    }

    fn text(&mut self, line: &Line<'_>) -> Result<(), FileError> {
        if let Some(at) = line.text.find('\0') {
            return Err(line
                .error(at, "a NUL character cannot be part of a job file")
                .with_hint("remove it"));
        }
        let begun = line.text.trim_start_matches(is_blank);
        if begun.is_empty() || begun.starts_with('#') {
            return Ok(());
        }
        dialect::refuse_fcron(line)?;
        let set = setting::read(line).and_then(|setting| match setting {
            Some(setting) => self.set(line, &setting).map(|()| true),
            None => Ok(false),
        });
        match set {
            Ok(true) => Ok(()),
            Ok(false) => self.job(line),
            Err(error) => {
                self.broken_setting.get_or_insert(line.number);
                Err(error)
            }
        }
    }

    fn set(&mut self, line: &Line<'_>, setting: &Setting<'_>) -> Result<(), FileError> {
        let value = setting.value;
        let filled = (!value.is_empty()).then(|| value.to_owned());
        match setting.name {
            "MAILTO" => {
                self.settings.mail_to = match filled.as_deref().map(MailTo::parse).transpose() {
                    Ok(to) => to,
                    // cron does not mail to what it does not understand, either.
                    Err(error) => {
                        let remark = format!("{error}; nothing is mailed");
                        self.crontab.notes.push(line.note(remark));
                        None
                    }
                };
            }
            "CRON_TZ" => {
                setting::check_zone(line, setting)?;
                self.settings.tz = filled;
            }
            "RANDOM_DELAY" => self.settings.jitter = setting::minutes(line, setting)?,
            "LOGNAME" | "USER" => {}
            name => {
                setting::check_swallowed_job(line, setting)?;
                self.settings.env.insert(name.to_owned(), value.to_owned());
            }
        }
        let remarks = setting::remarks(setting).into_iter();
        self.crontab
            .notes
            .extend(remarks.map(|remark| line.note(remark)));
        Ok(())
    }

    fn job(&mut self, line: &Line<'_>) -> Result<(), FileError> {
        let job = job::read(line, self.style)?;
        if let Some(setting) = self.broken_setting {
            let message = format!("left out, since the setting in line {setting} is not readable");
            self.crontab.notes.push(line.note(message));
            return Ok(());
        }
        let remarks = job.remarks.into_iter();
        self.crontab
            .notes
            .extend(remarks.map(|remark| line.note(remark)));
        if let Some(hint) = dialect::wrong_style(self.style, job.user, &job.command) {
            // Such a file has the same doubt in each line; once is enough.
            if !self.has_user_hint {
                self.crontab.notes.push(line.note(hint));
            }
            self.has_user_hint = true;
        }
        self.crontab.entries.push(Entry {
            line: line.number,
            user: job.user.map(str::to_owned),
            when: job.when,
            command: job.command,
            stdin: job.stdin,
            settings: self.settings.clone(),
        });
        Ok(())
    }
}
