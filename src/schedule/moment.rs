//! A single point in time as people write it: `17:30`, `tomorrow 9am`, `monday 08:00`, `2026-12-01 09:00`, RFC 3339.
//!
//! Parsing yields a [`Moment`]; it becomes an instant only with a `now` and a zone.

use std::ops::Range;

use super::tzdb::Zone;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::error::WhenError;
use super::wallclock::{DAY, Wall};
use super::words::{WEEKDAYS, Word, name_index};
use super::zone::{Meaning, meaning};

/// A point in time, still to be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(super) day: Day,
    pub(super) zone: Option<Zone>,
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// An instant with its own offset.
    Exact(DateTime<Utc>),
    /// The next time the clock shows this.
    Clock(Clock),
    /// So many days from today.
    FromToday(i32, Clock),
    /// The next such weekday (0 is Sunday).
    Weekday(u32, Clock),
    Date(NaiveDate, Clock),
}

/// Seconds since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock(pub u32);

impl Moment {
    /// Reads the words of a TIME. `None` when they do not even begin like one.
    pub(super) fn parse(words: &[Word<'_>], zone: Option<Zone>) -> Result<Option<Self>, WhenError> {
        let [first, rest @ ..] = words else {
            return Ok(None);
        };
        let day = if let Some(days) = from_today(*first) {
            Day::FromToday(days, needed_clock(*first, rest)?)
        } else if let Some(weekday) = name_index(&WEEKDAYS, first.text) {
            Day::Weekday(weekday, needed_clock(*first, rest)?)
        } else if looks_like_date(first.text) {
            parse_dated(*first, rest)?
        } else if looks_like_clock(first.text) {
            Day::Clock(parse_clock(*first, rest)?)
        } else {
            return Ok(None);
        };
        let last = words[words.len() - 1];
        Ok(Some(Self {
            day,
            zone,
            text: words
                .iter()
                .map(|word| word.text)
                .collect::<Vec<_>>()
                .join(" "),
            span: first.start..last.span().end,
        }))
    }

    /// The instant meant at `now`; times of the past are answered too.
    pub(super) fn resolve(
        &self,
        now: DateTime<Utc>,
        zone: Zone,
    ) -> Result<DateTime<Utc>, WhenError> {
        let zone = self.zone.unwrap_or(zone);
        let today = today(now, zone);
        let at = |date: Option<NaiveDate>, clock: Clock| {
            date.and_then(|date| instant(date, clock, zone))
                .ok_or_else(|| self.too_far())
        };
        match self.day {
            Day::Exact(instant) => Ok(instant),
            Day::Clock(clock) => match at(Some(today), clock)? {
                past if past < now => at(today.succ_opt(), clock),
                coming => Ok(coming),
            },
            Day::FromToday(days, clock) => at(shifted(today, days), clock),
            Day::Weekday(weekday, clock) => {
                let date = shifted(today, days_until(today, weekday));
                match at(date, clock)? {
                    past if past <= now => at(date.and_then(|date| shifted(date, 7)), clock),
                    coming => Ok(coming),
                }
            }
            Day::Date(date, clock) => at(Some(date), clock),
        }
    }

    /// As [`Moment::resolve`], but a bare clock time or weekday is the latest one that is not in the future.
    pub(super) fn resolve_past(
        &self,
        now: DateTime<Utc>,
        zone: Zone,
    ) -> Result<DateTime<Utc>, WhenError> {
        let coming = self.resolve(now, zone)?;
        let back = match self.day {
            Day::Clock(_) => 1,
            Day::Weekday(..) => 7,
            _ => return Ok(coming),
        };
        if coming <= now {
            return Ok(coming);
        }
        let (Day::Clock(clock) | Day::Weekday(_, clock)) = self.day else {
            return Ok(coming);
        };
        let zone = self.zone.unwrap_or(zone);
        shifted(today(coming, zone), -back)
            .and_then(|date| instant(date, clock, zone))
            .ok_or_else(|| self.too_far())
    }

    /// As [`Moment::resolve`], refusing what is over.
    pub(super) fn resolve_coming(
        &self,
        now: DateTime<Utc>,
        zone: Zone,
    ) -> Result<DateTime<Utc>, WhenError> {
        let instant = self.resolve(now, zone)?;
        if instant >= now {
            return Ok(instant);
        }
        let zone = self.zone.unwrap_or(zone);
        let message = format!("{} is in the past", shown(instant, zone));
        Err(WhenError::new(message, self.span.clone()).hint(format!("it is {}", shown(now, zone))))
    }

    fn too_far(&self) -> WhenError {
        WhenError::new(
            format!("{} is beyond the calendar", self.text),
            self.span.clone(),
        )
    }
}

fn shown(instant: DateTime<Utc>, zone: Zone) -> String {
    instant
        .with_timezone(&zone)
        .format("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

pub(super) fn today(now: DateTime<Utc>, zone: Zone) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

pub(super) fn wall(date: NaiveDate, clock: Clock) -> Wall {
    i64::from(date.to_epoch_days()) * DAY + i64::from(clock.0)
}

/// The first instant that shows this wall time; for one that is skipped, the first instant after it.
fn instant(date: NaiveDate, clock: Clock, zone: Zone) -> Option<DateTime<Utc>> {
    let at = match meaning(zone, wall(date, clock)) {
        Meaning::At(instant) => instant,
        Meaning::Skipped(jump) => jump.at,
    };
    DateTime::from_timestamp(at, 0)
}

fn shifted(date: NaiveDate, days: i32) -> Option<NaiveDate> {
    date.checked_add_signed(TimeDelta::days(days.into()))
}

/// How many days until that weekday, today included.
pub(super) fn days_until(date: NaiveDate, weekday: u32) -> i32 {
    ((weekday + 7 - date.weekday().num_days_from_sunday()) % 7).cast_signed()
}

fn from_today(word: Word<'_>) -> Option<i32> {
    match () {
        () if word.is("today") => Some(0),
        () if word.is("tomorrow") => Some(1),
        () if word.is("yesterday") => Some(-1),
        () => None,
    }
}

fn needed_clock(day: Word<'_>, rest: &[Word<'_>]) -> Result<Clock, WhenError> {
    let rest = match rest {
        [at, rest @ ..] if at.is("at") => rest,
        _ => rest,
    };
    let [first, rest @ ..] = rest else {
        return Err(
            WhenError::new(format!("{} needs a time of day", day.text), day.span()).hint(format!(
                "write it as one argument: \"{} 09:00\"",
                day.text.to_ascii_lowercase()
            )),
        );
    };
    parse_clock(*first, rest)
}

/// A whole clock time and nothing after it; `9 am` may be two words.
pub(super) fn parse_clock(first: Word<'_>, rest: &[Word<'_>]) -> Result<Clock, WhenError> {
    match rest {
        [] => clock(first, None),
        [half] if half.is("am") || half.is("pm") => clock(first, Some(half.is("pm"))),
        [extra, ..] => Err(WhenError::new(
            format!("\"{}\" does not belong here", extra.text),
            extra.span(),
        )),
    }
}

fn clock(word: Word<'_>, half: Option<bool>) -> Result<Clock, WhenError> {
    let (digits, half) = match word
        .text
        .len()
        .checked_sub(2)
        .map(|at| word.text.split_at_checked(at))
    {
        Some(Some((digits, end))) if half.is_none() && end.eq_ignore_ascii_case("am") => {
            (digits, Some(false))
        }
        Some(Some((digits, end))) if half.is_none() && end.eq_ignore_ascii_case("pm") => {
            (digits, Some(true))
        }
        _ => (word.text, half),
    };
    let wrong = |what: &str| {
        WhenError::new(format!("\"{}\" {what}", word.text), word.span())
            .hint("write 17:30, 17:30:15, 9am or 5:30pm")
    };
    let parts: Vec<Option<u32>> = digits.split(':').map(two_digits).collect();
    let (hour, minute, second) = match parts[..] {
        [Some(hour)] if half.is_some() => (hour, 0, 0),
        [Some(hour), Some(minute)] => (hour, minute, 0),
        [Some(hour), Some(minute), Some(second)] => (hour, minute, second),
        _ => return Err(wrong("is not a time of day")),
    };
    // Only the hour may be a single digit.
    if digits.split(':').skip(1).any(|part| part.len() != 2) {
        return Err(wrong("is not a time of day"));
    }
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return Err(wrong("has an hour beyond 1-12")),
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(wrong("is beyond 23:59:59"));
    }
    Ok(Clock(hour * 3600 + minute * 60 + second))
}

fn two_digits(text: &str) -> Option<u32> {
    let short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| text.parse().ok()).flatten()
}

fn parse_dated(first: Word<'_>, rest: &[Word<'_>]) -> Result<Day, WhenError> {
    let date = parse_date(first.upto(10))?;
    let (clock_word, rest) = match (first.from(10), rest) {
        (glued, rest) if !glued.text.is_empty() => (glued.from(1), rest),
        (_, [at, word, rest @ ..]) if at.is("at") => (*word, rest),
        (_, [word, rest @ ..]) => (*word, rest),
        (_, []) => return Ok(Day::Date(date, Clock(0))),
    };
    match (offset_start(clock_word.text), rest) {
        (Some(_), []) => parse_exact(date, clock_word, clock_word.text),
        (None, [zone]) if zone.text.starts_with(['+', '-', 'Z', 'z']) => {
            parse_exact(date, *zone, &format!("{}{}", clock_word.text, zone.text))
        }
        _ => parse_clock(clock_word, rest).map(|clock| Day::Date(date, clock)),
    }
}

fn parse_date(word: Word<'_>) -> Result<NaiveDate, WhenError> {
    NaiveDate::parse_from_str(word.text, "%Y-%m-%d").map_err(|_| {
        WhenError::new(format!("there is no day {}", word.text), word.span())
            .hint("write YYYY-MM-DD")
    })
}

/// RFC 3339, with the seconds left out where nobody needs them.
fn parse_exact(date: NaiveDate, blamed: Word<'_>, clock: &str) -> Result<Day, WhenError> {
    let at = offset_start(clock).unwrap_or(clock.len());
    let (clock, offset) = clock.split_at(at);
    let seconds = if clock.matches(':').count() == 1 {
        ":00"
    } else {
        ""
    };
    let text = format!("{date}T{clock}{seconds}{offset}").to_ascii_uppercase();
    DateTime::parse_from_rfc3339(&text)
        .map(|instant| Day::Exact(instant.to_utc()))
        .map_err(|_| {
            WhenError::new(format!("\"{}\" is not a time", blamed.text), blamed.span())
                .hint("write 2026-12-01T09:00:00Z or 2026-12-01T09:00:00+01:00")
        })
}

fn offset_start(clock: &str) -> Option<usize> {
    clock.find(['Z', 'z', '+', '-'])
}

fn looks_like_date(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() >= 10
        && text.bytes().take(10).enumerate().all(shape)
        && text
            .as_bytes()
            .get(10)
            .is_none_or(|byte| matches!(byte, b'T' | b't'))
}

/// `17:30`, `9am`: what crontab fields never look like.
fn looks_like_clock(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with(|c: char| c.is_ascii_digit())
        && (lower.contains(':') || lower.ends_with("am") || lower.ends_with("pm"))
}

/// Whether one word alone could be a TIME or begin one.
pub(super) fn reads_as_moment(word: &str) -> bool {
    looks_like_date(word) || looks_like_clock(word)
}
