//! Job lines: when, who, what.

use super::super::FileError;
use super::super::line::{Line, Word};
use super::{Style, dialect, percent};
use crate::schedule;

/// Longest command, in bytes: what Linux takes as one argument.
const LONGEST_COMMAND: usize = 131_071;

/// A job line taken apart.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) when: String,
    pub(super) command: String,
    pub(super) stdin: Option<String>,
    pub(super) remarks: Vec<String>,
}

/// Reads a line that is neither empty, nor a comment, nor a setting.
pub(super) fn read<'a>(line: &Line<'a>, style: Style) -> Result<Job<'a>, FileError> {
    dialect::refuse_anacron(line)?;
    let mut remarks = Vec::new();
    let start = quiet_mark(line, &mut remarks);
    let times = time_words(line, start)?;
    let when = join(&times);
    let mut at = times.last().map_or(start, Word::end);
    if let Some(word) = line.word(at) {
        dialect::refuse_dcron(line, word)?;
    }
    dialect::refuse_more_fields(line, &when, at)?;
    let user = match style {
        Style::User => None,
        Style::System => {
            let word = line.word(at).ok_or_else(|| missing(line, style))?;
            check_user(line, word)?;
            at = word.end();
            Some(word.text)
        }
    };
    at = flags(line, at, &mut remarks)?;
    dialect::refuse_more_fields(line, &when, at)?;
    let first = line.word(at).ok_or_else(|| missing(line, style))?;
    check_duration_goes_on(line, &times, first)?;
    check_schedule(line, &times, &when)?;

    let split = percent::split(&line.text[first.at..]);
    if split.command.is_empty() {
        return Err(missing(line, style));
    }
    if split.command.len() > LONGEST_COMMAND {
        let message = format!(
            "the command has {} bytes, and {LONGEST_COMMAND} are the most that a system takes",
            split.command.len()
        );
        return Err(line
            .error(first.at, message)
            .with_hint("put it into a script"));
    }
    if split.is_suspicious {
        remarks.push(
            r"`%` ends the command here, what follows is its input; write \% for a percent sign"
                .to_owned(),
        );
    }
    if split.stdin.is_none() && ends_in_backslash(&split.command) {
        remarks.push("a crontab has no continued lines; the next line is read alone".to_owned());
    }
    Ok(Job {
        user,
        when,
        command: split.command,
        stdin: split.stdin,
        remarks,
    })
}

/// Skips the `-` with which some crons are told not to log a job.
fn quiet_mark(line: &Line<'_>, remarks: &mut Vec<String>) -> usize {
    let Some(word) = line.word(0) else {
        return 0;
    };
    match word.text.strip_prefix('-') {
        Some(rest) if rest.starts_with('@') || dialect::begins_like_a_minute(rest) => {
            remarks.push("the leading `-` (do not log) changes nothing here".to_owned());
            word.at + 1
        }
        _ => word.at,
    }
}

/// The five fields, the nickname, or `@every` and its duration.
fn time_words<'a>(line: &Line<'a>, start: usize) -> Result<Vec<Word<'a>>, FileError> {
    let first = line.word(start).ok_or_else(|| missing(line, Style::User))?;
    let wanted = match first.text {
        text if dialect::is_every(text) => 2,
        text if text.starts_with('@') => 1,
        text if dialect::begins_like_a_minute(text) => 5,
        _ => return Err(not_a_job(line, first)),
    };
    let words: Vec<Word<'_>> = line.words(start).take(wanted).collect();
    check_blanks(line, &words)?;
    if words.len() == wanted {
        return Ok(words);
    }
    let message = if wanted == 5 {
        let count = words.len();
        let s = if count == 1 { "" } else { "s" };
        format!("a job needs five time fields and a command, and this line has {count} word{s}")
    } else {
        "`@every` needs a duration and a command".to_owned()
    };
    Err(line
        .error(line.text.trim_end().len(), message)
        .with_hint("write `0 3 * * * command`, `@daily command` or `@every 15m command`"))
}

/// The complaint about prose, and about words that are a WHEN in other places.
fn not_a_job(line: &Line<'_>, first: Word<'_>) -> FileError {
    let hint = match first.text.to_ascii_lowercase().as_str() {
        "every" => "write `@every 15m command`",
        "after" | "after-any" | "after-fail" | "at" | "in" | "never" | "now" | "tomorrow" => {
            "a crontab has only time fields and nicknames; other times are for a TOML job file"
        }
        _ => "a job begins with five time fields or a nickname such as @daily, a remark with #",
    };
    line.error(first.at, "this is neither a setting nor a job")
        .with_hint(hint)
}

/// Refuses white space that looks like a blank and is none, as pasted from a web page.
fn check_blanks(line: &Line<'_>, words: &[Word<'_>]) -> Result<(), FileError> {
    let is_lookalike = |c: char| c.is_whitespace() || "\u{200b}\u{2060}\u{feff}".contains(c);
    let found = words
        .iter()
        .find_map(|word| Some((word.at + word.text.find(is_lookalike)?, word)));
    match found {
        None => Ok(()),
        Some((at, _)) => {
            let c = line.text[at..].chars().next().unwrap_or_default();
            let message = format!("U+{:04X} looks like a blank and is none", u32::from(c));
            Err(line
                .error(at, message)
                .with_hint("replace it by an ordinary space"))
        }
    }
}

/// `@every 1h 30m command` would run a program called `30m`.
fn check_duration_goes_on(
    line: &Line<'_>,
    times: &[Word<'_>],
    command: Word<'_>,
) -> Result<(), FileError> {
    let &[every, duration] = times else {
        return Ok(());
    };
    let unit = command
        .text
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let is_duration = unit.len() < command.text.len()
        && ["ms", "s", "m", "h", "d", "w"].contains(&unit.to_ascii_lowercase().as_str());
    if !is_duration {
        return Ok(());
    }
    let message = format!("`{}` looks like more of the duration", command.text);
    Err(line.error(command.at, message).with_hint(format!(
        "write it as one word: `{} {}{} command`",
        every.text, duration.text, command.text
    )))
}

/// Asks the room `schedule`, and brings the place of its complaint back to the line.
fn check_schedule(line: &Line<'_>, times: &[Word<'_>], when: &str) -> Result<(), FileError> {
    let Err(error) = schedule::parse(when) else {
        return Ok(());
    };
    let hint = error.hint.unwrap_or_else(|| {
        if when.starts_with('@') {
            "nicknames: @yearly @monthly @weekly @daily @hourly @reboot @start, or @every 15m"
        } else {
            "fields: minute 0-59, hour 0-23, day of month 1-31, month 1-12, weekday 0-7; * is any"
        }
        .to_owned()
    });
    let at = place(line, times, error.span.start);
    Err(line.error(at, error.message).with_hint(hint))
}

/// The byte of the line for a byte of the words joined by one blank each.
fn place(line: &Line<'_>, times: &[Word<'_>], joined: usize) -> usize {
    let mut begin = 0;
    let mut place = times.first().map_or(0, |word| word.at);
    for word in times {
        if joined < begin {
            break;
        }
        place = word.at + (joined - begin).min(word.text.len());
        begin += word.text.len() + 1;
    }
    (0..=place)
        .rev()
        .find(|&at| line.text.is_char_boundary(at))
        .unwrap_or(0)
}

fn join(words: &[Word<'_>]) -> String {
    words
        .iter()
        .map(|word| word.text)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The user column, told from a command that stands in its place.
fn check_user(line: &Line<'_>, word: Word<'_>) -> Result<(), FileError> {
    let begins_well = word
        .text
        .starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let goes_on_well = !word
        .text
        .contains(|c: char| c.is_whitespace() || "/:;|&<>()[]{}$`'\"=,*?~%!#".contains(c));
    if begins_well && goes_on_well {
        return Ok(());
    }
    let message = format!("`{}` is not a user name", word.text);
    Err(line.error(word.at, message).with_hint(
        "a system crontab has one name, without a group, before each command; \
         a user's own crontab is read without --system",
    ))
}

/// Skips the flags that BSD's crons take before a command, and a `-` glued to it.
fn flags(line: &Line<'_>, mut at: usize, remarks: &mut Vec<String>) -> Result<usize, FileError> {
    while let Some(word) = line.word(at) {
        let remark = match word.text {
            "-n" => "`-n` (mail only failures) is left out; mail goes out on failure anyway",
            "-q" => "`-q` (do not log) changes nothing here",
            "-s" => "`-s` (one at a time) is left out; that is the option overlap = \"skip\"",
            text if text.starts_with("-/") => {
                remarks.push("the `-` before the command is left out".to_owned());
                return Ok(word.at + 1);
            }
            text if text.starts_with('-') && text.contains(char::is_alphabetic) => {
                let message = format!("the command begins with the option `{text}`");
                return Err(line.error(word.at, message).with_hint(
                    "a program's name is expected here; only -n, -q and -s may precede",
                ));
            }
            _ => break,
        };
        remarks.push(remark.to_owned());
        at = word.end();
    }
    Ok(at)
}

fn missing(line: &Line<'_>, style: Style) -> FileError {
    let (message, hint) = match style {
        Style::User => (
            "the command is missing",
            "write five time fields (or a nickname), then the command",
        ),
        Style::System => (
            "the user or the command is missing",
            "write five time fields (or a nickname), the user, then the command",
        ),
    };
    line.error(line.text.trim_end().len(), message)
        .with_hint(hint)
}

/// An odd number of them: the last one escapes the end of the line.
fn ends_in_backslash(command: &str) -> bool {
    let bare = command.trim_end_matches('\\');
    (command.len() - bare.len()) % 2 == 1
}
