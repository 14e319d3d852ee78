//! The lines of a batch: each is one job, a string for the shell or a JSON object.

use super::complaint::Complaint;
use super::fields::Fields;
use super::line::Line;
use super::{FileError, json};
use crate::domain::Command;

/// One line that is a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry<'a> {
    /// Counted from 1.
    pub line: usize,
    pub job: Job<'a>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Job<'a> {
    /// A string for the shell.
    Shell(&'a str),
    /// The fields of `add`, with a command among them.
    Fields(Box<Fields>),
}

/// Reads the whole batch, or the first line that is wrong.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Entry<'_>>, FileError> {
    let mut entries = Vec::new();
    for (index, bytes) in text.split(|&byte| byte == b'\n').enumerate() {
        let number = index + 1;
        if let Some(job) = job(number, bytes)? {
            entries.push(Entry { line: number, job });
        }
    }
    Ok(entries)
}

fn job(number: usize, bytes: &[u8]) -> Result<Option<Job<'_>>, FileError> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(number, bytes, &error))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let line = Line { number, text };
    if text.starts_with('{') {
        return object(text)
            .map(|fields| Some(Job::Fields(Box::new(fields))))
            .map_err(|complaint| placed(&line, complaint));
    }
    if let Some(at) = text.find('\0') {
        return Err(line
            .error(at, "a NUL character cannot be part of a job")
            .with_hint("separate the lines by newlines"));
    }
    if let Some(message) = Command::too_long_line(text) {
        return Err(line.error(0, message).with_hint("put it into a script"));
    }
    Ok(Some(Job::Shell(text)))
}

fn object(text: &str) -> Result<Fields, Complaint> {
    let fields: Fields = json::read(text).map_err(|complaint| {
        // Nobody meant JSON who wrote no string behind the brace.
        let is_group = !text[1..].trim_start().starts_with(['"', '}']);
        let hint =
            "a line that begins with { is JSON; a group of the shell needs a blank before it";
        Complaint {
            hint: is_group.then(|| hint.to_owned()).or(complaint.hint),
            ..complaint
        }
    })?;
    if fields.command.is_none() {
        return Err(Complaint {
            at: 0,
            message: "the command is missing".to_owned(),
            hint: Some("write {\"command\": \"…\"}".to_owned()),
        });
    }
    Ok(fields)
}

fn placed(line: &Line<'_>, complaint: Complaint) -> FileError {
    let mut error = complaint.in_text(line.text);
    error.line = line.number;
    error
}

fn not_utf8(number: usize, bytes: &[u8], error: &std::str::Utf8Error) -> FileError {
    let text = String::from_utf8_lossy(bytes);
    let line = Line {
        number,
        text: &text,
    };
    // Replacement changes nothing before the first bad byte.
    line.error(error.valid_up_to(), "this is not UTF-8 text")
        .with_hint("convert it, for example with iconv -f latin1 -t utf-8")
}

#[cfg(test)]
mod tests {
    use super::{Job, parse};
    use crate::domain::Command;

    fn refused(text: &str) -> String {
        let error = parse(text.as_bytes()).unwrap_err();
        format!("{error} ({})", error.hint.as_deref().unwrap_or_default())
    }

    #[test]
    fn a_line_is_a_shell_string_or_an_object() {
        let text = "echo one\n\n  \t\r\n { echo group; }\r\n{\"command\": [\"a\", \"b c\"], \"name\": \"x\"}";
        let entries = parse(text.as_bytes()).unwrap();
        let lines: Vec<usize> = entries.iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [1, 4, 5]);
        assert_eq!(entries[0].job, Job::Shell("echo one"));
        assert_eq!(entries[1].job, Job::Shell(" { echo group; }"));
        let Job::Fields(fields) = &entries[2].job else {
            panic!("not an object: {entries:?}");
        };
        let words = ["a", "b c"].map(str::to_owned).to_vec();
        assert_eq!(fields.command, Some(Command::Argv(words)));
    }

    #[test]
    fn an_error_names_its_line_and_what_was_meant() {
        for (text, complaint) in [
            (
                "true\n{\"command\":\"x\",\"retris\":3}",
                "2:16: there is no key \"retris\" (did you mean retries?)",
            ),
            (
                "{\"command\":\"x\",\"kill-after\":\"3s\"}",
                "1:16: there is no key \"kill-after\" (did you mean kill_after?)",
            ),
            (
                "{\"when\":\"now\"}",
                "1:1: the command is missing (write {\"command\": \"…\"})",
            ),
            (
                "{ a; b; }",
                "1:3: key must be a string (a line that begins with { is JSON; \
                 a group of the shell needs a blank before it)",
            ),
            (
                "{\"command\":\"x\",\"when\":\"0 61 * * *\"}",
                "1:26: hour 61 is out of range 0-23 ()",
            ),
            (
                "{\"command\":\"x\",\"name\":\"every\"}",
                "1:23: every cannot be a name: it is the first word of a WHEN ()",
            ),
            ("{\"command\":[]}", "1:12: the command is empty ()"),
            (
                "a\0b",
                "1:2: a NUL character cannot be part of a job (separate the lines by newlines)",
            ),
        ] {
            assert_eq!(refused(text), complaint, "{text}");
        }
        let error = parse(b"ok\n\xff").unwrap_err();
        assert_eq!(error.to_string(), "2:1: this is not UTF-8 text");
    }
}
