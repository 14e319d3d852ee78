//! The plain calendar of a crontab line: which seconds on a wall clock that knows no zone it names.
//!
//! The `cron` package reads the time of day, the months and the years as one canonical expression (explicit lists,
//! `*` in both day fields and for a field that leaves nothing out) and vouches for them; the day rule is ours. The package's own search takes 0.2 to 0.3 µs
//! and walks ordered sets, while a stretch of missed times asks up to 100,000 questions. So its ordinals are copied
//! once into bit masks, and the search runs over those. A test holds both searches against each other.

use std::fmt::Write as _;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::dayrule::{DayRule, Month};

pub(super) const DAY: i64 = 86_400;

/// Nothing is searched beyond this year.
pub(super) const LAST_YEAR: i32 = 2100;

const FIRST_YEAR: i32 = 1970;

/// The values of the fields that need no calendar, each rising and not empty; `None` for any year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Times {
    pub seconds: Vec<u32>,
    pub minutes: Vec<u32>,
    pub hours: Vec<u32>,
    pub months: Vec<u32>,
    pub years: Option<Vec<u32>>,
}

/// Seconds since 1970 on the wall clock, as if the zone were UTC.
pub(super) type Wall = i64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WallClock {
    seconds: u64,
    minutes: u64,
    hours: u64,
    months: u64,
    years: Option<[u64; 3]>,
    days: DayRule,
}

impl Times {
    /// What the `cron` package is given: lists, and a star where the day rule or nobody decides.
    pub(super) fn canonical(&self) -> String {
        let years = self.years.as_deref().unwrap_or_default();
        let years = list(years, 0);
        format!(
            "{} {} {} * {} * {years}",
            list(&self.seconds, 60),
            list(&self.minutes, 60),
            list(&self.hours, 24),
            list(&self.months, 12),
        )
    }
}

/// The values, or a star when they are all there are. No year named is any year.
fn list(values: &[u32], all: usize) -> String {
    if values.len() == all {
        return "*".to_owned();
    }
    let mut text = String::new();
    for value in values {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{value}");
    }
    text
}

impl WallClock {
    pub(super) fn new(times: &Times, days: DayRule) -> Self {
        use cron::TimeUnitSpec as _;
        let calendar = cron::Schedule::from_str(&times.canonical())
            .expect("lists of numbers in range are an expression of the package");
        let years = times.years.is_some().then(|| {
            let mut bits = [0; 3];
            for year in calendar.years().iter() {
                let (word, bit) = year_bit(year.cast_signed());
                bits[word] |= bit;
            }
            bits
        });
        Self {
            seconds: mask(calendar.seconds().iter()),
            minutes: mask(calendar.minutes().iter()),
            hours: mask(calendar.hours().iter()),
            months: mask(calendar.months().iter()),
            years,
            days,
        }
    }

    /// The first named second after `wall`, up to the end of [`LAST_YEAR`].
    pub(super) fn next(&self, wall: Wall) -> Option<Wall> {
        let earliest = wall + 1;
        let day = earliest.div_euclid(DAY);
        let date = NaiveDate::from_epoch_days(i32::try_from(day).ok()?)?;
        if self.has_month(date) && self.has_day(date) {
            let second = u32::try_from(earliest.rem_euclid(DAY)).ok()?;
            if let Some(second) = self.time_from(second) {
                return Some(day * DAY + i64::from(second));
            }
        }
        let date = self.day_after(date)?;
        let midnight = i64::from(date.to_epoch_days()) * DAY;
        Some(midnight + i64::from(self.time_from(0)?))
    }

    fn has_month(&self, date: NaiveDate) -> bool {
        date.year() <= LAST_YEAR && self.has_year(date.year()) && bit(self.months, date.month())
    }

    fn has_year(&self, year: i32) -> bool {
        let Some(years) = self.years else {
            return true;
        };
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            return false;
        }
        let (word, bit) = year_bit(year);
        years[word] & bit != 0
    }

    fn has_day(&self, date: NaiveDate) -> bool {
        bit(self.days_of(date.with_day(1)), date.day())
    }

    fn days_of(&self, first: Option<NaiveDate>) -> u64 {
        first.map_or(0, |first| self.days.days(Month::starting(first)).into())
    }

    /// The first named day after `date`, a month at a time.
    fn day_after(&self, date: NaiveDate) -> Option<NaiveDate> {
        let mut first = date.with_day(1)?;
        let mut later = !0 << (date.day() + 1);
        while first.year() <= LAST_YEAR {
            if self.has_month(first) {
                let days = self.days_of(Some(first)) & later;
                if days != 0 {
                    return first.with_day(days.trailing_zeros());
                }
            }
            later = !0;
            first = self.next_month(first)?;
        }
        None
    }

    /// The first of the next month worth looking at: years that are not named are stepped over whole.
    fn next_month(&self, first: NaiveDate) -> Option<NaiveDate> {
        let (year, month) = (first.year(), first.month());
        if month == 12 || !self.has_year(year) {
            let skipped = if self.years.is_some() {
                FIRST_YEAR
            } else {
                year
            };
            NaiveDate::from_ymd_opt((year + 1).max(skipped), 1, 1)
        } else {
            first.with_month(month + 1)
        }
    }

    /// The first named second of a day that is not before `second`.
    fn time_from(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let first_second = at_or_above(self.seconds, 0)?;
        let first_minute = at_or_above(self.minutes, 0)?;
        if bit(self.hours, hour) {
            if bit(self.minutes, minute)
                && let Some(second) = at_or_above(self.seconds, second)
            {
                return Some(hour * 3600 + minute * 60 + second);
            }
            if let Some(minute) = at_or_above(self.minutes, minute + 1) {
                return Some(hour * 3600 + minute * 60 + first_second);
            }
        }
        let hour = at_or_above(self.hours, hour + 1)?;
        Some(hour * 3600 + first_minute * 60 + first_second)
    }
}

impl Month {
    fn starting(first: NaiveDate) -> Self {
        Self {
            length: u32::from(first.num_days_in_month()),
            first: first.weekday().num_days_from_sunday(),
        }
    }
}

fn mask(values: impl Iterator<Item = u32>) -> u64 {
    values.fold(0, |bits, value| bits | 1 << value)
}

fn bit(bits: u64, at: u32) -> bool {
    bits >> at & 1 == 1
}

/// The lowest set bit at `at` or above. All masks end below bit 63.
fn at_or_above(bits: u64, at: u32) -> Option<u32> {
    let rest = bits & (!0 << at);
    (rest != 0).then(|| rest.trailing_zeros())
}

fn year_bit(year: i32) -> (usize, u64) {
    let index = year.saturating_sub(FIRST_YEAR).unsigned_abs();
    ((index / 64) as usize, 1 << (index % 64))
}
