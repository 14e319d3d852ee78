//! `NAME = VALUE` lines: cron's quoting, and what people wrongly believe about them.

use super::super::FileError;
use super::super::line::{Line, is_blank};
use super::dialect;
use crate::domain::Span;
use crate::schedule;

/// A line that sets a variable.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Where the value begins, in bytes.
    value_at: usize,
    is_quoted: bool,
}

/// Variables that steer other programs of cron's family, and nothing here.
const FOREIGN: [&str; 8] = [
    "BATCH",
    "CONTENT_TRANSFER_ENCODING",
    "CONTENT_TYPE",
    "CRON_UNIQUE_UNITS",
    "DELAY",
    "MAILFROM",
    "PERSISTENT",
    "START_HOURS_RANGE",
];

/// Reads a setting; `None` when the line is something else. A line that begins as one and
/// goes wrong in its quotes is an error here, where the reason is known.
pub(super) fn read<'a>(line: &Line<'a>) -> Result<Option<Setting<'a>>, FileError> {
    let Some((name, name_end)) = name(line.text) else {
        return Ok(None);
    };
    let behind_name = line.text[name_end..].trim_start_matches(is_blank);
    let Some(behind) = behind_name.strip_prefix('=') else {
        return Ok(None);
    };
    let value = behind.trim_start_matches(is_blank);
    let at = line.text.len() - value.len();
    let Some(quote) = value.chars().next().filter(|&c| is_quote(c)) else {
        return Ok(Some(Setting {
            name,
            value: value.trim_end_matches(is_blank),
            value_at: at,
            is_quoted: false,
        }));
    };
    let Some((value, rest)) = value[1..].split_once(quote) else {
        return Err(line
            .error(at, "the quote that opens here is not closed")
            .with_hint("close it, or leave it out: without quotes a value runs to the end"));
    };
    match rest.find(|c| !is_blank(c)) {
        Some(more) => Err(line
            .error(
                at + 2 + value.len() + more,
                "nothing may follow the closing quote of a setting",
            )
            .with_hint("remarks and further settings need lines of their own")),
        None => Ok(Some(Setting {
            name,
            value,
            value_at: at + 1,
            is_quoted: true,
        })),
    }
}

/// The name at the start of a line, and the byte behind it and its quotes.
fn name(text: &str) -> Option<(&str, usize)> {
    let begun = text.trim_start_matches(is_blank);
    let at = text.len() - begun.len();
    let (name, end) = if let Some(quote) = begun.chars().next().filter(|&c| is_quote(c)) {
        let (name, _) = begun[1..].split_once(quote)?;
        (name, at + name.len() + 2)
    } else {
        let length = begun.find(|c| c == '=' || is_blank(c))?;
        (&begun[..length], at + length)
    };
    // cron takes any name; but a line that begins with a digit, a star or an at sign is a job
    // with an `=` in a strange place.
    let begins_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (begins_well && !name.contains('=')).then_some((name, end))
}

fn is_quote(c: char) -> bool {
    c == '\'' || c == '"'
}

/// Refuses a `CRON_TZ` that is no zone where it stands, rather than in each job below it.
pub(super) fn check_zone(line: &Line<'_>, setting: &Setting<'_>) -> Result<(), FileError> {
    check_swallowed_job(line, setting)?;
    let zone = setting.value;
    if zone.is_empty() {
        return Ok(());
    }
    schedule::parse_zone(zone).map(|_| ()).map_err(|error| {
        let hint = error
            .hint
            .unwrap_or_else(|| "write an IANA name such as Europe/Berlin".to_owned());
        line.error(setting.value_at, error.message).with_hint(hint)
    })
}

/// Refuses `TZ=UTC 0 5 * * * command`, which other schedulers read as a job. cron takes it for
/// a setting with a long value, and the job would be gone without a word.
pub(super) fn check_swallowed_job(line: &Line<'_>, setting: &Setting<'_>) -> Result<(), FileError> {
    if setting.is_quoted || !matches!(setting.name, "TZ" | "CRON_TZ") {
        return Ok(());
    }
    let second = line.words(setting.value_at).nth(1);
    match second.filter(|word| dialect::begins_like_a_minute(word.text)) {
        None => Ok(()),
        Some(word) => {
            let name = setting.name;
            let message = format!("a setting takes the whole line, so `{name}` swallows this job");
            Err(line.error(word.at, message).with_hint(
                "put CRON_TZ, the zone of the schedule, on a line of its own above the job",
            ))
        }
    }
}

/// The minutes of `RANDOM_DELAY`; none is no delay.
pub(super) fn minutes(line: &Line<'_>, setting: &Setting<'_>) -> Result<Option<Span>, FileError> {
    let digits = setting.value.trim_matches(is_blank);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let refuse = |message: String| {
        line.error(setting.value_at, message)
            .with_hint("write a plain number, such as RANDOM_DELAY=45")
    };
    if !is_number {
        return Err(refuse(format!(
            "RANDOM_DELAY is {digits:?}, not a whole number of minutes"
        )));
    }
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(None);
    }
    Span::parse(&format!("{significant}m"))
        .map(Some)
        .map_err(|error| refuse(error.to_string()))
}

/// What the author of a setting should know.
pub(super) fn remarks(setting: &Setting<'_>) -> Vec<String> {
    let Setting { name, value, .. } = *setting;
    let mut remarks = Vec::new();
    match name {
        "LOGNAME" | "USER" => {
            remarks.push(format!(
                "`{name}` is always the user's name; this line is ignored"
            ));
        }
        "RANDOM_DELAY" => remarks.push(
            "a job keeps one delay below RANDOM_DELAY; cron draws a new one at each start".into(),
        ),
        _ if FOREIGN.contains(&name) => {
            remarks.push(format!(
                "`{name}` only becomes a variable of the jobs below"
            ));
        }
        _ => {}
    }
    if !is_shell_name(name) {
        remarks.push(format!("no shell can read a variable called {name:?}"));
    }
    if let Some(variable) = expansion(value) {
        let meant = if name == "PATH" {
            "; programs in the directories it stands for are not found"
        } else {
            ""
        };
        remarks.push(format!(
            "nothing is expanded in a setting: `{variable}` stays as it is written{meant}"
        ));
    }
    if setting.is_quoted {
        return remarks;
    }
    if value.is_empty() {
        remarks.push(format!(
            "cron wants quotes around an empty value: {name}=\"\""
        ));
    }
    if let Some(second) = second_assignment(value) {
        remarks.push(format!(
            "the value runs to the end of the line and includes `{second}`; give each setting its own line"
        ));
    }
    if value.contains(" #") || value.contains("\t#") {
        remarks.push("the value includes the text from `#` on; a remark needs its own line".into());
    }
    remarks
}

fn is_shell_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The first `$NAME`, `${…`, `$(…` or leading `~` of a value, as far as its name goes.
fn expansion(value: &str) -> Option<&str> {
    if value == "~" || value.starts_with("~/") {
        return Some("~");
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.match_indices('$').find_map(|(at, _)| {
        let behind = &value[at + 1..];
        match behind.chars().next()? {
            '{' | '(' => Some(&value[at..at + 2]),
            // `$1` is seldom a variable, and often part of a password hash.
            c if c.is_ascii_digit() || !is_part(c) => None,
            _ => {
                let length = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
                Some(&value[at..=at + length])
            }
        }
    })
}

/// The first `NAME=…` behind a blank: two assignments on one line.
fn second_assignment(value: &str) -> Option<&str> {
    value.split(is_blank).skip(1).find(|word| {
        word.split_once('=').is_some_and(|(name, _)| {
            is_shell_name(name) && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        })
    })
}
