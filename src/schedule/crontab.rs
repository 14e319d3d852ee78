//! A crontab line: five, six or seven fields, or a nickname, with the day rule and the kind that DST asks for.
//!
//! Syntax only. Which instants a line means in a zone is [`super::fires`]'s business.

use super::tzdb::Zone;

use super::dayrule::{DayRule, MonthDays, WeekDays};
use super::error::WhenError;
use super::fields::{Draw, Field, Item, Kind};
use super::seed::Seed;
use super::wallclock::{Times, WallClock};
use super::words::{self, Word};

/// The fields of a crontab schedule as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crontab {
    pub(super) seconds: Field,
    pub(super) minutes: Field,
    pub(super) hours: Field,
    pub(super) month_days: Field,
    pub(super) months: Field,
    pub(super) week_days: Field,
    pub(super) years: Option<Field>,
    /// `+` before the day-of-week field: both day fields must match.
    pub(super) both_days: bool,
    pub(super) zone: Option<Zone>,
}

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const NEVER: &str = "this schedule never fires";

/// The fields behind `@daily` and its like.
pub(super) fn nickname(word: &str) -> Option<&'static str> {
    NICKNAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, fields)| *fields)
}

pub(super) fn nicknames() -> impl Iterator<Item = &'static str> + Clone {
    NICKNAMES.iter().map(|(name, _)| *name)
}

impl Crontab {
    /// A nickname's schedule.
    pub(super) fn nicknamed(fields: &'static str, zone: Option<Zone>) -> Result<Self, WhenError> {
        Self::parse(&words::split(fields), zone)
    }

    pub(super) fn parse(fields: &[Word<'_>], zone: Option<Zone>) -> Result<Self, WhenError> {
        let (second, rest, year) = match fields {
            [_, _, _, _, _] => (None, fields, None),
            [second, rest @ ..] if rest.len() == 5 => (Some(*second), rest, None),
            [second, rest @ .., year] if rest.len() == 5 => (Some(*second), rest, Some(*year)),
            _ => return Err(wrong_count(fields)),
        };
        let (week_days, both_days) = match rest[4].text.strip_prefix('+') {
            Some(_) => (rest[4].from(1), true),
            None => (rest[4], false),
        };
        let crontab = Self {
            seconds: match second {
                Some(word) => Field::parse(Kind::Second, word)?,
                None => Field::only(Kind::Second, 0),
            },
            minutes: Field::parse(Kind::Minute, rest[0])?,
            hours: Field::parse(Kind::Hour, rest[1])?,
            month_days: Field::parse(Kind::MonthDay, rest[2])?,
            months: Field::parse(Kind::Month, rest[3])?,
            week_days: Field::parse(Kind::WeekDay, week_days)?,
            years: year
                .map(|word| Field::parse(Kind::Year, word))
                .transpose()?,
            both_days,
            zone,
        };
        crontab.clock(Draw::All)?;
        Ok(crontab)
    }

    /// The calendar of this line, for the job that draws its `H`.
    pub(super) fn drawn(&self, seed: Option<Seed<'_>>) -> Result<WallClock, WhenError> {
        self.clock(seed.map_or(Draw::Refuse, Draw::By))
    }

    /// A minute or hour text that begins with a star follows the clock through DST changes; every other line has
    /// fixed times.
    pub(super) fn is_wildcard(&self) -> bool {
        self.minutes.text.starts_with('*') || self.hours.text.starts_with('*')
    }

    /// crontab(5): both day fields must match when one of them is a star, otherwise either is enough.
    pub(super) fn needs_both_days(&self) -> bool {
        self.both_days || self.month_days.is_star() || self.week_days.is_star()
    }

    fn clock(&self, draw: Draw<'_>) -> Result<WallClock, WhenError> {
        let times = Times {
            seconds: self.seconds.values(draw)?,
            minutes: self.minutes.values(draw)?,
            hours: self.hours.values(draw)?,
            months: self.months.values(draw)?,
            years: self
                .years
                .as_ref()
                .map(|years| years.values(draw))
                .transpose()?,
        };
        let days = DayRule {
            month_days: self.month_days.month_days(draw)?,
            week_days: self.week_days.week_days(draw)?,
            both: self.needs_both_days(),
        };
        let clock = WallClock::new(&times, days);
        match clock.next(-1) {
            Some(_) => Ok(clock),
            None => Err(self.never()),
        }
    }

    fn never(&self) -> WhenError {
        let (days, months) = (&self.month_days, &self.months);
        let message = format!(
            "{NEVER}: no month has the days it names ({} {})",
            days.text, months.text
        );
        WhenError::new(message, days.span.start..months.span.end)
    }
}

impl Field {
    fn month_days(&self, draw: Draw<'_>) -> Result<MonthDays, WhenError> {
        let mut days = MonthDays::default();
        for value in self.values(draw)? {
            days.plain |= 1 << value;
        }
        for item in &self.items {
            match *item {
                Item::FromLast(back) => days.from_last |= 1 << back,
                Item::LastWorkday => days.last_workday = true,
                Item::NearestWorkday(day) => days.nearest_workday |= 1 << day,
                _ => {}
            }
        }
        Ok(days)
    }

    fn week_days(&self, draw: Draw<'_>) -> Result<WeekDays, WhenError> {
        let mut days = WeekDays::default();
        for value in self.values(draw)? {
            days.plain |= 1 << value;
        }
        for item in &self.items {
            match *item {
                Item::LastWeekday(day) => days.last |= 1 << day,
                Item::NthWeekday(day, nth) => days.nth[nth as usize - 1] |= 1 << day,
                _ => {}
            }
        }
        Ok(days)
    }
}

fn wrong_count(fields: &[Word<'_>]) -> WhenError {
    let span = match fields {
        [first, .., last] => first.start..last.span().end,
        [only] => only.span(),
        [] => 0..0,
    };
    let message = format!(
        "a crontab schedule has 5 fields, 6 with seconds or 7 with a year; here are {}",
        fields.len()
    );
    WhenError::new(message, span).hint("as in '*/5 * * * *', one argument")
}
