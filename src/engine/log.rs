//! One line for each event: `2026-12-01T03:00:00.001+01:00 start backup.41 late=1ms`,
//! or the same as an object.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use crate::domain::{AttemptState, Reason, escape, visible_json};
use crate::schedule::Zone;

use super::core::Line;
use super::policy::Verdict;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// An object a line, for whatever collects them.
    Json,
}

/// The line as it goes to stderr, its newline included.
pub(crate) fn render(line: &Line, now: DateTime<Utc>, zone: Zone, format: Format) -> String {
    match format {
        Format::Text => plain(&sentence(line, now), now, zone, format),
        Format::Json => entry(line, zone).render(now, zone),
    }
}

/// A line that is no event of a run.
pub(crate) fn plain(text: &str, now: DateTime<Utc>, zone: Zone, format: Format) -> String {
    match format {
        // A job may be called what it likes, and no event begins in the middle of a line.
        Format::Text => format!("{} {}\n", stamp(now, zone), escape(text)),
        Format::Json => Entry {
            message: Some(text),
            ..Entry::of("note")
        }
        .render(now, zone),
    }
}

pub(crate) fn stamp(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Millis, false)
}

fn sentence(line: &Line, now: DateTime<Utc>) -> String {
    let mut text = String::new();
    let written = match line {
        Line::Begin { pool } => write!(text, "runner started pool={pool}"),
        Line::Start { run, late, pid } => {
            write!(text, "start {run} late={} pid={pid}", span(*late))
        }
        Line::Adopted { run, pid } => write!(text, "adopted {run} pid={pid}"),
        Line::End { run, verdict, took } => {
            write!(text, "end {run} {}{}", words(verdict), took_words(*took))
        }
        Line::Retry { run, verdict, at } => write!(
            text,
            "end {run} {} retry in {}",
            words(verdict),
            span(*at - now)
        ),
        Line::Unstartable { run, message } => write!(text, "cannot start {run}: {message}"),
        Line::NoRoom { message } => {
            write!(text, "no room for another process, trying again: {message}")
        }
        Line::GivenBack { run } => write!(text, "given back {run}: it had not started"),
        Line::ClockStepped { by } => write!(text, "the clock was stepped by {}", span(*by)),
        Line::Stopping { running } => write!(text, "stopping running={running}"),
        Line::Stopped => write!(text, "runner stopped"),
    };
    written.expect("writing to a string does not fail");
    text
}

/// An event as an object: fields are added, never renamed.
#[derive(Default, Serialize)]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    late_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stepped_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Entry<'_> {
    fn of(event: &'static str) -> Self {
        Self {
            event,
            ..Self::default()
        }
    }

    fn ended(self, verdict: &Verdict) -> Self {
        Self {
            state: Some(state_word(verdict.state)),
            reason: verdict.reason.map(Reason::as_str),
            exit_code: verdict.exit_code,
            signal: verdict.signal,
            ..self
        }
    }

    fn render(self, now: DateTime<Utc>, zone: Zone) -> String {
        let entry = Self {
            time: Some(stamp(now, zone)),
            ..self
        };
        let mut text = visible_json(serde_json::to_string(&entry).unwrap_or_default());
        text.push('\n');
        text
    }
}

fn entry(line: &Line, zone: Zone) -> Entry<'_> {
    let of_run = |event, run| Entry {
        run: Some(run),
        ..Entry::of(event)
    };
    match line {
        Line::Begin { pool } => Entry {
            pool: Some(*pool),
            ..Entry::of("runner_started")
        },
        Line::Start { run, late, pid } => Entry {
            late_ms: Some(late.num_milliseconds()),
            pid: Some(*pid),
            ..of_run("start", run)
        },
        Line::Adopted { run, pid } => Entry {
            pid: Some(*pid),
            ..of_run("adopted", run)
        },
        Line::End { run, verdict, took } => Entry {
            took_ms: took.map(|took| took.num_milliseconds()),
            ..of_run("end", run).ended(verdict)
        },
        Line::Retry { run, verdict, at } => Entry {
            retry_at: Some(stamp(*at, zone)),
            ..of_run("end", run).ended(verdict)
        },
        Line::Unstartable { run, message } => Entry {
            message: Some(message),
            ..of_run("cannot_start", run)
        },
        Line::NoRoom { message } => Entry {
            message: Some(message),
            ..Entry::of("no_room")
        },
        Line::GivenBack { run } => of_run("given_back", run),
        Line::ClockStepped { by } => Entry {
            stepped_ms: Some(by.num_milliseconds()),
            ..Entry::of("clock_stepped")
        },
        Line::Stopping { running } => Entry {
            running: Some(*running),
            ..Entry::of("stopping")
        },
        Line::Stopped => Entry::of("runner_stopped"),
    }
}

fn state_word(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Succeeded => "succeeded",
        AttemptState::Cancelled => "cancelled",
        _ => "failed",
    }
}

fn words(verdict: &Verdict) -> String {
    let mut text = state_word(verdict.state).to_owned();
    if let Some(reason) = verdict.reason {
        let _ = write!(text, "({})", reason.as_str());
    }
    if let Some(code) = verdict.exit_code.filter(|code| *code != 0) {
        let _ = write!(text, " exit={code}");
    }
    if let Some(signal) = verdict.signal {
        let _ = write!(text, " signal={signal}");
    }
    text
}

fn took_words(took: Option<TimeDelta>) -> String {
    took.map(|took| format!(" took={}", span(took)))
        .unwrap_or_default()
}

/// Milliseconds below ten seconds, else the two largest units.
fn span(delta: TimeDelta) -> String {
    let sign = if delta < TimeDelta::zero() { "-" } else { "" };
    let ms = delta.num_milliseconds().unsigned_abs();
    let text = match ms {
        0..=9_999 => format!("{ms}ms"),
        10_000..=119_999 => format!("{}s", ms / 1_000),
        120_000..=7_199_999 => format!("{}m{}s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{}h{}m", ms / 3_600_000, ms / 60_000 % 60),
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use crate::schedule::Zone;
    use chrono::{DateTime, TimeDelta, Utc};

    use super::super::core::Line;
    use super::{Format, plain, render};
    use crate::domain::{AttemptState, Reason};
    use crate::engine::policy::Verdict;

    fn now() -> DateTime<Utc> {
        "2026-12-01T02:00:00.001Z".parse().unwrap()
    }

    fn both(line: &Line) -> [String; 2] {
        [Format::Text, Format::Json]
            .map(|format| render(line, now(), "Europe/Berlin".parse().unwrap(), format))
    }

    #[test]
    fn an_event_for_people_and_for_programs() {
        let start = Line::Start {
            run: "backup.41".to_owned(),
            late: TimeDelta::milliseconds(1),
            pid: 42,
        };
        assert_eq!(
            both(&start),
            [
                "2026-12-01T03:00:00.001+01:00 start backup.41 late=1ms pid=42\n",
                "{\"time\":\"2026-12-01T03:00:00.001+01:00\",\"event\":\"start\",\
                 \"run\":\"backup.41\",\"late_ms\":1,\"pid\":42}\n",
            ]
        );
        let retry = Line::Retry {
            run: "backup.41".to_owned(),
            verdict: Verdict {
                state: AttemptState::Failed,
                reason: Some(Reason::Exit),
                exit_code: Some(3),
                signal: None,
            },
            at: now() + TimeDelta::seconds(10),
        };
        assert_eq!(
            both(&retry),
            [
                "2026-12-01T03:00:00.001+01:00 end backup.41 failed(exit) exit=3 retry in 10s\n",
                "{\"time\":\"2026-12-01T03:00:00.001+01:00\",\"event\":\"end\",\
                 \"run\":\"backup.41\",\"state\":\"failed\",\"reason\":\"exit\",\"exit_code\":3,\
                 \"retry_at\":\"2026-12-01T03:00:10.001+01:00\"}\n",
            ]
        );
    }

    #[test]
    fn a_note_keeps_to_its_line() {
        let unstartable = Line::Unstartable {
            run: "x.1".to_owned(),
            message: "a\u{1b}[2J\u{9b}\nb: not found".to_owned(),
        };
        assert_eq!(
            both(&unstartable),
            [
                "2026-12-01T03:00:00.001+01:00 cannot start x.1: a\\x1b[2J\\u{9b}\\nb: not found\n",
                "{\"time\":\"2026-12-01T03:00:00.001+01:00\",\"event\":\"cannot_start\",\"run\":\"x.1\",\
                 \"message\":\"a\\u001b[2J\\u009b\\nb: not found\"}\n",
            ]
        );
        assert_eq!(
            plain("a \"b\"\n", now(), Zone::UTC, Format::Json),
            "{\"time\":\"2026-12-01T02:00:00.001+00:00\",\"event\":\"note\",\
             \"message\":\"a \\\"b\\\"\\n\"}\n"
        );
    }
}
