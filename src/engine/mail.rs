//! The end of a run as a mail: a message of RFC 5322 with the output in it. Pure.
//!
//! Headers hold nothing that a user could have put a line break into: validated addresses, names of jobs, and
//! names of this machine reduced to harmless characters. The body may hold anything; it is text in UTF-8 and
//! encoded as quoted-printable, so that no line of it is too long, begins with a dot, or looks like a header.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::{Output, Run};
use crate::schedule::Zone;

/// More output than this is cut in the middle: mailers have limits.
const LONGEST: usize = 1 << 20;

/// Longest line of a body in this encoding.
const WIDTH: usize = 76;

/// Everything a message says.
#[derive(Debug, Clone)]
pub(super) struct Letter<'a> {
    /// Validated addresses with commas between them.
    pub to: &'a str,
    pub run: &'a Run,
    pub command: &'a str,
    pub output: Option<&'a Output>,
    /// A name that no other message has.
    pub id: &'a str,
    pub sender: &'a Sender,
    pub now: DateTime<Utc>,
    pub zone: Zone,
}

/// Who writes, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    user: String,
    host: String,
}

impl Sender {
    /// Strange characters are left out; nothing is ever left to be quoted.
    pub(super) fn new(user: Option<&str>, host: &str) -> Self {
        let plain = |text: &str| -> String {
            let allowed = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
            text.chars().filter(allowed).collect()
        };
        let or = |text: String, other: &str| {
            if text.trim_matches(['.', '-']).is_empty() {
                other.to_owned()
            } else {
                text
            }
        };
        Self {
            user: or(plain(user.unwrap_or_default()), "punctual"),
            host: or(plain(host), "localhost"),
        }
    }
}

pub(super) fn message(letter: &Letter<'_>) -> String {
    let Sender { user, host } = letter.sender;
    let run = letter.run;
    let mut text = format!(
        "From: punctual <{user}@{host}>\n\
         To: {}\n\
         Subject: {} {} on {host}\n\
         Date: {}\n\
         Message-ID: <{}@{host}>\n\
         Auto-Submitted: auto-generated\n\
         MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: quoted-printable\n\
         \n",
        // One address a line: a list may be longer than a line of a header.
        letter.to.replace(',', ",\n "),
        run.name,
        outcome(run),
        letter.now.with_timezone(&letter.zone).to_rfc2822(),
        letter.id,
    );
    quoted_printable(&body(letter), &mut text);
    text
}

fn outcome(run: &Run) -> String {
    let mut text = run.state.as_str().to_owned();
    if let Some(reason) = run.reason {
        let _ = write!(text, "({})", reason.as_str());
    }
    text
}

fn body(letter: &Letter<'_>) -> String {
    let run = letter.run;
    let stamp = |at: DateTime<Utc>| {
        at.with_timezone(&letter.zone)
            .to_rfc3339_opts(SecondsFormat::Millis, false)
    };
    let mut facts = vec![
        ("run", format!("{} {}", run.name, outcome(run))),
        ("command", letter.command.to_owned()),
        ("due", stamp(run.due)),
    ];
    let mut fact = |label, value: Option<String>| {
        facts.extend(value.map(|value| (label, value)));
    };
    fact("started", run.started.map(stamp));
    fact("finished", run.finished.map(stamp));
    fact("exit code", run.exit_code.map(|code| code.to_string()));
    fact("signal", run.signal.map(|signal| signal.to_string()));
    fact(
        "attempts",
        (run.attempts > 1).then(|| run.attempts.to_string()),
    );
    fact(
        "stands for",
        run.missed
            .map(|missed| format!("{} due times", missed.count)),
    );
    let mut text = String::new();
    for (label, value) in facts {
        let _ = writeln!(text, "{label:<10} {value}");
    }
    if let Some(output) = letter.output.filter(|output| output.total > 0) {
        text.push('\n');
        text.push_str(&words_of(output));
    }
    text
}

/// What was kept of an output, cut once more if it is long.
fn words_of(output: &Output) -> String {
    let (head, tail) = (&output.head, &output.tail);
    let kept = head.len() + tail.len();
    let (head, tail) = if kept <= LONGEST {
        (&head[..], &tail[..])
    } else if tail.is_empty() {
        (&head[..LONGEST / 2], &head[head.len() - LONGEST / 2..])
    } else {
        (
            &head[..head.len().min(LONGEST / 2)],
            &tail[tail.len().saturating_sub(LONGEST / 2)..],
        )
    };
    let cut = output
        .total
        .saturating_sub((head.len() + tail.len()) as u64);
    let mut text = String::from_utf8_lossy(head).into_owned();
    if cut > 0 {
        let _ = write!(text, "\n[... {cut} bytes cut ...]\n");
    }
    text.push_str(&String::from_utf8_lossy(tail));
    text
}

/// RFC 2045, section 6.7; what a mailer could misread at the start of a line is encoded, too.
fn quoted_printable(text: &str, out: &mut String) {
    for line in text.split_terminator('\n') {
        let bytes = line.as_bytes();
        let mut width = 0;
        for (index, &byte) in bytes.iter().enumerate() {
            let is_last = index + 1 == bytes.len();
            let first_in_line = width == 0;
            let plain = match byte {
                b' ' | b'\t' => !is_last,
                // The end of a message for SMTP, and the begin of one in a mailbox.
                b'.' | b'F' if first_in_line => false,
                b'=' => false,
                _ => byte.is_ascii_graphic(),
            };
            let needed = if plain { 1 } else { 3 };
            // Room for the sign of a soft break.
            if width + needed > WIDTH - 1 {
                out.push_str("=\n");
                width = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            width += needed;
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::{JobId, Name, Origin, Reason, RunId, RunRef, RunState};

    fn run() -> Run {
        let due = "2026-12-01T02:00:00Z".parse().unwrap();
        Run {
            id: RunId(9),
            name: RunRef {
                job: Name::parse("backup").unwrap(),
                seq: 41,
            },
            job: JobId(1),
            origin: Origin::Schedule,
            state: RunState::Failed,
            reason: Some(Reason::Exit),
            due,
            not_before: due,
            queue: Name::default_queue(),
            priority: 0,
            started: Some(due),
            finished: Some(due + TimeDelta::seconds(2)),
            exit_code: Some(3),
            signal: None,
            missed: None,
            attempts: 2,
        }
    }

    fn encoded(text: &str) -> String {
        let mut out = String::new();
        quoted_printable(text, &mut out);
        out
    }

    #[test]
    fn a_whole_message() {
        let output = Output {
            head: b"caf\xc3\xa9 = 1\nFrom here\n.\n\xff \n".to_vec(),
            tail: Vec::new(),
            total: 26,
        };
        let text = message(&Letter {
            to: "ann@example.org,root",
            run: &run(),
            command: "restic backup /data",
            output: Some(&output),
            id: "ab12.hook-7",
            sender: &Sender::new(Some("ann"), "server.example.org"),
            now: "2026-12-01T02:00:03Z".parse().unwrap(),
            zone: "Europe/Berlin".parse().unwrap(),
        });
        assert_eq!(
            text,
            "\
From: punctual <ann@server.example.org>
To: ann@example.org,
 root
Subject: backup.41 failed(exit) on server.example.org
Date: Tue, 1 Dec 2026 03:00:03 +0100
Message-ID: <ab12.hook-7@server.example.org>
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

run        backup.41 failed(exit)
command    restic backup /data
due        2026-12-01T03:00:00.000+01:00
started    2026-12-01T03:00:00.000+01:00
finished   2026-12-01T03:00:02.000+01:00
exit code  3
attempts   2

caf=C3=A9 =3D 1
=46rom here
=2E
=EF=BF=BD=20

[... 1 bytes cut ...]
"
        );
    }

    #[test]
    fn long_lines_are_broken_softly() {
        let text = encoded(&"x".repeat(200));
        assert!(text.lines().all(|line| line.len() <= WIDTH));
        assert_eq!(text.replace("=\n", ""), format!("{}\n", "x".repeat(200)));
        assert_eq!(encoded("a\r\n\n\0"), "a=0D\n\n=00\n");
    }

    #[test]
    fn what_is_too_long_keeps_its_two_ends() {
        let mut head = vec![b'a'; LONGEST + 10];
        head.push(b'z');
        let total = head.len() as u64;
        let output = Output {
            head,
            tail: Vec::new(),
            total,
        };
        let text = words_of(&output);
        assert!(text.starts_with("aaa") && text.ends_with("az"));
        assert!(text.contains("\n[... 11 bytes cut ...]\n"));
    }

    #[test]
    fn a_strange_machine_is_still_an_address() {
        let sender = Sender::new(Some("a\nb <x>"), "h\r\nBcc: x");
        assert_eq!(sender, Sender::new(Some("abx"), "hBccx"));
        assert_eq!(
            Sender::new(None, "…"),
            Sender::new(Some("punctual"), "localhost")
        );
    }
}
