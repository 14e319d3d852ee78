//! Schedules that count: `every 15m` on a grid of elapsed time, `every 2w on monday 08:00` on calendar days.

use super::tzdb::Zone;
use chrono::{DateTime, Days, NaiveDate, Utc};

use super::moment::{Clock, days_until, today, wall};
use super::wallclock::{DAY, LAST_YEAR};
use super::zone::{Instant, Meaning, meaning, offset};
use crate::domain::Span;

/// `every Nd at 06:00`, `every Nw on monday 08:00`: days of the job's calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(super) days: u32,
    /// The weekday to begin with, 0 is Sunday.
    pub(super) weekday: Option<u32>,
    pub(super) clock: Clock,
    pub(super) zone: Option<Zone>,
}

/// Instants at a fixed distance, in microseconds, so that a grid keeps the fraction of the instant it began at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    first: i64,
    step: i64,
}

impl Grid {
    /// A grid whose first instant is `start`.
    pub(super) fn from(start: DateTime<Utc>, step: Span) -> Self {
        let millis = i64::try_from(step.as_millis()).unwrap_or(i64::MAX / 1000);
        Self {
            first: start.timestamp_micros(),
            step: millis.saturating_mul(1000).max(1),
        }
    }

    /// A grid whose first instant is one step after `start`.
    pub(super) fn after(start: DateTime<Utc>, step: Span) -> Self {
        let grid = Self::from(start, step);
        Self {
            first: grid.first.saturating_add(grid.step),
            ..grid
        }
    }

    pub(super) fn next(self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let passed = after.timestamp_micros().checked_sub(self.first)?;
        let steps = if passed < 0 {
            0
        } else {
            passed / self.step + 1
        };
        let at = self.first.checked_add(steps.checked_mul(self.step)?)?;
        DateTime::from_timestamp_micros(at)
    }
}

/// A [`Calendar`] with its first day fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CalendarGrid {
    first: NaiveDate,
    days: u32,
    clock: Clock,
    zone: Zone,
}

impl Calendar {
    /// Counted from the first such time at or after `anchor`.
    pub(super) fn anchored(&self, anchor: DateTime<Utc>, zone: Zone) -> Option<CalendarGrid> {
        let zone = self.zone.unwrap_or(zone);
        let day = today(anchor, zone);
        let ahead = self.weekday.map_or(0, |weekday| days_until(day, weekday));
        let mut grid = CalendarGrid {
            first: later(day, ahead.unsigned_abs())?,
            days: self.days,
            clock: self.clock,
            zone,
        };
        let pitch = if self.weekday.is_some() { 7 } else { 1 };
        while grid
            .fire(grid.first)
            .and_then(|at| DateTime::from_timestamp(at, 0))
            .is_none_or(|at| at < anchor)
        {
            grid.first = later(grid.first, pitch)?;
        }
        Some(grid)
    }
}

impl CalendarGrid {
    /// The first fire strictly after `after`.
    pub(super) fn next(self, after: Instant) -> Option<Instant> {
        let day = (after + offset(self.zone, after)).div_euclid(DAY);
        let first = i64::from(self.first.to_epoch_days());
        let pitch = i64::from(self.days);
        // One early: a time at the end of a gap belongs to the day before it.
        let steps = ((day - first).div_euclid(pitch) - 1).max(0);
        let mut date = later(self.first, u32::try_from(steps * pitch).ok()?)?;
        loop {
            if i64::from(LAST_YEAR) < i64::from(chrono::Datelike::year(&date)) {
                return None;
            }
            match self.fire(date) {
                Some(at) if at > after => return Some(at),
                _ => date = later(date, self.days)?,
            }
        }
    }

    /// The fixed-time rule of daylight saving: a day that the calendar leaves out has no fire.
    fn fire(self, date: NaiveDate) -> Option<Instant> {
        match meaning(self.zone, wall(date, self.clock)) {
            Meaning::At(instant) => Some(instant),
            Meaning::Skipped(jump) => jump.is_saving().then_some(jump.at),
        }
    }
}

fn later(date: NaiveDate, days: u32) -> Option<NaiveDate> {
    date.checked_add_days(Days::new(days.into()))
}
