//! What a WHEN means: once, again and again, or on an event; and how it becomes instants.

use super::tzdb::Zone;
use chrono::{DateTime, TimeDelta, Utc};

use super::crontab::Crontab;
use super::error::WhenError;
use super::every::{Calendar, Grid};
use super::fires::Fires;
use super::moment::Moment;
use super::recurrence::{Recurrence, Rhythm};
use super::seed::Seed;
use crate::domain::Span;

/// A schedule as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    In(Span),
    At(Moment),
    Every(Span),
    Calendar(Calendar),
    Cron(Box<Crontab>),
    /// Once for each boot.
    Reboot,
    /// Once for each start of a runner.
    Start,
    After(After),
    Never,
}

/// On the end of other jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct After {
    pub mode: AfterMode,
    /// Names or ids, as written.
    pub jobs: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AfterMode {
    /// When all have succeeded.
    All,
    /// When all are final, whatever the result.
    Any,
    /// When all have failed.
    Fail,
}

/// Everything outside the text that a schedule's times depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub now: DateTime<Utc>,
    /// For times without a zone of their own.
    pub zone: Zone,
    /// Who draws `H`, `~` and the jitter; without it they are refused.
    pub seed: Option<Seed<'a>>,
    /// Where the grid of `every` begins: the instant of `add`, or `--from`.
    pub anchor: DateTime<Utc>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub jitter: Span,
}

/// When a job is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timing {
    Once(DateTime<Utc>),
    Recurring(Recurrence),
    /// No clock decides.
    OnEvent,
}

impl When {
    /// The zone written into the text (`TZ=…`).
    pub(crate) fn zone(&self) -> Option<Zone> {
        match self {
            When::At(moment) => moment.zone,
            When::Calendar(calendar) => calendar.zone,
            When::Cron(crontab) => crontab.zone,
            _ => None,
        }
    }

    /// The times this means in a context. A time of the past, and a schedule without a time from the anchor on, are
    /// errors.
    pub(crate) fn timing(&self, context: &Context<'_>) -> Result<Timing, WhenError> {
        match self {
            When::Now => return Ok(Timing::Once(context.now)),
            When::In(span) => return once_in(*span, context.now),
            When::At(moment) => {
                return moment
                    .resolve_coming(context.now, context.zone)
                    .map(Timing::Once);
            }
            _ => {}
        }
        let Some(recurrence) = self.recurrence(context)? else {
            return Ok(Timing::OnEvent);
        };
        // The anchor itself may be the only fire of a job whose bounds meet, hence the second.
        match recurrence.next_after(context.anchor - TimeDelta::seconds(1)) {
            Some(_) => Ok(Timing::Recurring(recurrence)),
            None => Err(never()),
        }
    }

    /// The times of a schedule that repeats by the clock, even when they are all over; `None` for any other.
    pub(crate) fn recurrence(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Recurrence>, WhenError> {
        let rhythm = match self {
            When::Every(span) => Rhythm::Grid(match context.from {
                Some(from) => Grid::from(from, *span),
                None => Grid::after(context.anchor, *span),
            }),
            When::Calendar(calendar) => {
                let anchor = context.from.unwrap_or(context.anchor);
                let grid = calendar.anchored(anchor, context.zone).ok_or_else(never)?;
                Rhythm::Calendar(grid)
            }
            When::Cron(crontab) => Rhythm::Crontab(Fires {
                clock: crontab.drawn(context.seed)?,
                zone: crontab.zone.unwrap_or(context.zone),
                wildcard: crontab.is_wildcard(),
            }),
            _ => return Ok(None),
        };
        Ok(Some(Recurrence {
            rhythm,
            from: context.from,
            until: context.until,
            jitter: context.drawn_jitter()?,
        }))
    }
}

impl Context<'_> {
    fn drawn_jitter(&self) -> Result<TimeDelta, WhenError> {
        match self.seed {
            _ if self.jitter.as_millis() == 0 => Ok(TimeDelta::zero()),
            Some(seed) => Ok(seed.jitter(self.jitter).to_delta()),
            None => Err(WhenError::new(
                "a jitter is drawn from the job's name, and there is none",
                0..0,
            )
            .hint("give a name with --name")),
        }
    }
}

fn once_in(span: Span, now: DateTime<Utc>) -> Result<Timing, WhenError> {
    now.checked_add_signed(span.to_delta())
        .map(Timing::Once)
        .ok_or_else(never)
}

fn never() -> WhenError {
    WhenError::new("this schedule never fires", 0..0)
        .hint("look at its year, --from and --until; the calendar ends with 2100")
}
