//! One line for each event: `2026-12-01T03:00:00.001+01:00 start backup.41 late=1ms`.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::AttemptState;

use super::core::Line;
use super::policy::Verdict;

/// The line as it goes to stderr, its newline included.
pub(crate) fn render(line: &Line, now: DateTime<Utc>, zone: Tz) -> String {
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
    plain(&text, now, zone)
}

/// A line that is no event of a run.
pub(crate) fn plain(text: &str, now: DateTime<Utc>, zone: Tz) -> String {
    let stamp = now
        .with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Millis, false);
    format!("{stamp} {text}\n")
}

fn words(verdict: &Verdict) -> String {
    let state = match verdict.state {
        AttemptState::Succeeded => "succeeded",
        AttemptState::Cancelled => "cancelled",
        _ => "failed",
    };
    let mut text = state.to_owned();
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
