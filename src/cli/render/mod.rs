//! REPORT VALUE → BYTES: what a verb found out, as a person or a program reads it.
//!
//! What lives here: tables, pages and JSON made from domain values, and the words for
//! times and results they share. What never does: I/O, the clock, SQL, or a decision
//! about what to report. Width, colour, `now` and the zone come in with [`Style`], so a
//! test sees what a user sees.
//!
//! On a terminal a table fits its width and times are short; piped, it is one header and
//! one line per row, tab-separated, nothing cut, every column always there, times in
//! RFC 3339. Both escape what users typed; JSON carries it exactly.
//! Every text returned ends its last line, or is empty.

mod agenda;
mod attempts;
mod canvas;
mod charts;
mod column;
#[cfg(test)]
mod gallery;
mod grid;
mod jobs;
pub(crate) mod json;
pub(crate) mod markdown;
mod metrics;
mod options;
mod page;
mod queues;
mod runs;
#[cfg(test)]
pub(crate) mod samples;
mod spill;
mod status;
pub(crate) mod text;
pub(crate) mod time;
mod unit;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::schedule::Zone;

pub(crate) use agenda::{agenda_table, later_jobs, times_table};
pub(crate) use canvas::look;
pub(crate) use charts::{Crowd, Day, Strip, cells_of_day, day_chart, runs_chart, runs_that_fit};
pub(crate) use grid::Pieces;
pub(crate) use jobs::{jobs_lines, jobs_table, outlook, state_word};
pub(crate) use metrics::{Metrics, metrics_text};
pub(crate) use page::{JobExtra, LastFailure, Record, job_page, run_page};
pub(crate) use queues::queues_table;
pub(crate) use runs::{run_words, runs_table};
pub(crate) use status::{StatusPage, status_page};
pub(crate) use unit::{Manager, Unit, unit_text};

/// How and for whom to print.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Columns of the terminal; `None` when the output is piped.
    pub width: Option<usize>,
    pub color: bool,
    /// Whether our own signs may leave ASCII; users' text is not touched by it.
    pub unicode: bool,
    pub now: DateTime<Utc>,
    pub zone: Zone,
    pub long: bool,
}

impl Style {
    fn is_plain(&self) -> bool {
        self.width.is_none()
    }

    /// Whether times are written out, for programs and for `--long`.
    fn is_exact(&self) -> bool {
        self.is_plain() || self.long
    }

    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// A time for a table.
    fn moment(&self, at: DateTime<Utc>) -> String {
        if self.is_exact() {
            time::stamp(at, self.zone)
        } else {
            time::short(at, self.now, self.zone)
        }
    }

    fn paint<'t>(&self, text: &'t str, tint: Tint) -> Cow<'t, str> {
        paint(text, tint, self.color)
    }
}

pub(crate) fn paint(text: &str, tint: Tint, color: bool) -> Cow<'_, str> {
    match tint.code() {
        Some(code) if color && !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m").into(),
        _ => text.into(),
    }
}

/// What a colour stands for; nothing is coloured for decoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tint {
    #[default]
    Plain,
    /// The titles of a table: what is below them are rows.
    Title,
    Failed,
    Running,
    Late,
    Paused,
}

impl Tint {
    /// The parameter of the terminal's SGR sequence.
    fn code(self) -> Option<u8> {
        match self {
            Self::Plain => None,
            Self::Title => Some(1),
            Self::Failed => Some(31),
            Self::Running => Some(32),
            Self::Late => Some(33),
            Self::Paused => Some(2),
        }
    }
}
