//! One crontab field: its items as they were meant, and the values they stand for.
//!
//! A field is kept as items, not as a set, because the warnings and the plain English speak about what was written.
//! How an item is spelt is [`super::items`]'s knowledge. Nothing here knows how fields combine (see [`super::crontab`]) or which days a month has.

use std::ops::Range;

use super::error::WhenError;
use super::items::{parse_item, single, whole};
use super::seed::Seed;
use super::words::{MONTHS, WEEKDAYS, Word};

/// Which of the seven fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Second,
    Minute,
    Hour,
    MonthDay,
    Month,
    WeekDay,
    Year,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Second => "second",
            Kind::Minute => "minute",
            Kind::Hour => "hour",
            Kind::MonthDay => "day-of-month",
            Kind::Month => "month",
            Kind::WeekDay => "day-of-week",
            Kind::Year => "year",
        }
    }

    pub(super) fn low(self) -> u32 {
        match self {
            Kind::Second | Kind::Minute | Kind::Hour | Kind::WeekDay => 0,
            Kind::MonthDay | Kind::Month => 1,
            Kind::Year => 1970,
        }
    }

    pub(super) fn high(self) -> u32 {
        match self {
            Kind::Second | Kind::Minute => 59,
            Kind::Hour => 23,
            Kind::MonthDay => 31,
            Kind::Month => 12,
            Kind::WeekDay => 7,
            Kind::Year => 2100,
        }
    }

    /// After how many values the field comes round again. Sunday is both 0 and 7.
    pub(super) fn cycle(self) -> u32 {
        match self {
            Kind::WeekDay => 7,
            _ => self.high() - self.low() + 1,
        }
    }

    /// What a bare `H` or `~` draws from: in the days of a month only those that every month has, so that the job
    /// runs every month.
    pub(super) fn drawn_high(self) -> u32 {
        match self {
            Kind::MonthDay => 28,
            Kind::WeekDay => 6,
            _ => self.high(),
        }
    }

    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Kind::Month => &MONTHS,
            Kind::WeekDay => &WEEKDAYS,
            _ => &[],
        }
    }

    fn is_day(self) -> bool {
        matches!(self, Kind::MonthDay | Kind::WeekDay)
    }
}

/// One item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// `*`, `n`, `a-b`, with a step. `high` lies beyond the field's end when the range wraps.
    Run { low: u32, high: u32, step: u32 },
    /// `H`, `H/15`, `H(0-29)`, `a~b`: a value drawn for the job, repeated at the step where there is one.
    Drawn {
        low: u32,
        high: u32,
        step: Option<u32>,
    },
    /// `L`, `L-3`: days before the last of the month.
    FromLast(u32),
    /// `LW`.
    LastWorkday,
    /// `15W`.
    NearestWorkday(u32),
    /// `5L`: the last such weekday of the month.
    LastWeekday(u32),
    /// `5#2`: weekday and which one in the month.
    NthWeekday(u32, u32),
}

/// What becomes of an item whose value is drawn for the job.
#[derive(Debug, Clone, Copy)]
pub(super) enum Draw<'a> {
    /// There is no job, so the value is unknown.
    Refuse,
    /// Every value that could be drawn, to find out whether a schedule can fire at all.
    All,
    By(Seed<'a>),
}

/// A field as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub kind: Kind,
    pub items: Vec<Item>,
    pub text: String,
    pub span: Range<usize>,
}

impl Field {
    pub(super) fn parse(kind: Kind, word: Word<'_>) -> Result<Self, WhenError> {
        let items = if kind.is_day() && word.text == "?" {
            vec![whole(kind, 1)]
        } else {
            word.split(',')
                .map(|item| parse_item(kind, item))
                .collect::<Result<_, _>>()?
        };
        Ok(Self {
            kind,
            items,
            text: word.text.to_owned(),
            span: word.span(),
        })
    }

    /// The field a nickname or a shorter form leaves out: only this value.
    pub(super) fn only(kind: Kind, value: u32) -> Self {
        Self {
            kind,
            items: vec![single(value)],
            text: value.to_string(),
            span: 0..0,
        }
    }

    /// Cron decides by the text, not by the values: `*,10` is a star, `10,*` is not.
    pub(super) fn is_star(&self) -> bool {
        self.text.starts_with('*') || self.text == "?"
    }

    /// The plain values the items stand for, weekday 7 told as 0; specials of the day fields are not among them.
    pub(super) fn values(&self, draw: Draw<'_>) -> Result<Vec<u32>, WhenError> {
        let mut values = Vec::new();
        for item in &self.items {
            match *item {
                Item::Run { low, high, step } => {
                    values.extend(stepped(low, high, step).map(|value| self.wrapped(value)));
                }
                Item::Drawn { low, high, step } => {
                    values.extend(self.drawn(low, high, step, draw)?);
                }
                _ => {}
            }
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    fn wrapped(&self, value: u32) -> u32 {
        match self.kind {
            Kind::WeekDay => value % 7,
            kind if value > kind.high() => value - kind.cycle(),
            _ => value,
        }
    }

    fn drawn(
        &self,
        low: u32,
        high: u32,
        step: Option<u32>,
        draw: Draw<'_>,
    ) -> Result<Vec<u32>, WhenError> {
        let seed = match draw {
            Draw::All => return Ok((low..=high).map(|value| self.wrapped(value)).collect()),
            Draw::Refuse => return Err(self.needs_a_name()),
            Draw::By(seed) => seed,
        };
        let room = (high - low + 1).min(step.unwrap_or(u32::MAX));
        let offset = u32::try_from(seed.draw(self.kind.name(), room.into()))
            .expect("a draw is below its bound, which is a u32");
        let first = low + offset;
        let last = step.map_or(first, |_| high);
        Ok(stepped(first, last, step.unwrap_or(1))
            .map(|value| self.wrapped(value))
            .collect())
    }

    fn needs_a_name(&self) -> WhenError {
        let message = format!(
            "{} {} is drawn from the job's name, and there is none",
            self.kind.name(),
            self.text
        );
        WhenError::new(message, self.span.clone()).hint("give a name with --name")
    }
}

fn stepped(low: u32, high: u32, step: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(low), move |value| value.checked_add(step))
        .take_while(move |value| *value <= high)
}
