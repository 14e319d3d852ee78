//! A second, slow reading of crontab lines: walk every minute, look at the clock, ask each item.
//!
//! It shares no code with the schedule room, and no data: its clocks are those of chrono-tz. Expressions are generated
//! together with their meaning, so that nothing is parsed here either.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, Timelike, Utc,
};
use chrono_tz::Tz;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Item {
    Star(Option<u32>),
    One(u32),
    From(u32, u32),
    Range(u32, u32, Option<u32>),
    FromLast(u32),
    LastWorkday,
    NearestWorkday(u32),
    LastWeekday(u32),
    Nth(u32, u32),
}

/// The range of a field, and after how many values it begins again.
#[derive(Debug, Clone, Copy)]
struct Scale {
    low: u32,
    high: u32,
    cycle: u32,
}

const SIXTY: Scale = scale(0, 59, 60);
const HOURS: Scale = scale(0, 23, 24);
const DATES: Scale = scale(1, 31, 31);
const MONTHS: Scale = scale(1, 12, 12);
const WEEKDAYS: Scale = scale(0, 7, 7);

const fn scale(low: u32, high: u32, cycle: u32) -> Scale {
    Scale { low, high, cycle }
}

impl Item {
    fn text(self) -> String {
        let stepped = |base: String, step: Option<u32>| match step {
            Some(step) => format!("{base}/{step}"),
            None => base,
        };
        match self {
            Item::Star(step) => stepped("*".to_owned(), step),
            Item::One(value) => value.to_string(),
            Item::From(value, step) => format!("{value}/{step}"),
            Item::Range(from, to, step) => stepped(format!("{from}-{to}"), step),
            Item::FromLast(0) => "L".to_owned(),
            Item::FromLast(back) => format!("L-{back}"),
            Item::LastWorkday => "LW".to_owned(),
            Item::NearestWorkday(day) => format!("{day}W"),
            Item::LastWeekday(day) => format!("{day}L"),
            Item::Nth(day, nth) => format!("{day}#{nth}"),
        }
    }

    fn holds(self, value: u32, scale: Scale, date: NaiveDate) -> bool {
        let walk = |from: u32, count: u32, step: u32| {
            (0..count)
                .step_by(step as usize)
                .any(|n| (from + n - scale.low) % scale.cycle == (value - scale.low) % scale.cycle)
        };
        let weekday = date.weekday().num_days_from_sunday();
        match self {
            Item::Star(step) => walk(scale.low, scale.high - scale.low + 1, step.unwrap_or(1)),
            Item::One(one) => walk(one, 1, 1),
            Item::From(from, step) => walk(from, scale.high - from + 1, step),
            Item::Range(from, to, step) if from <= to => {
                walk(from, to - from + 1, step.unwrap_or(1))
            }
            Item::Range(from, to, step) => {
                walk(from, to + scale.cycle - from + 1, step.unwrap_or(1))
            }
            Item::FromLast(back) => {
                date.checked_add_days(Days::new(back.into())) == Some(month_end(date))
            }
            Item::LastWorkday => {
                let mut last = month_end(date);
                while is_weekend(last) {
                    last = last.pred_opt().unwrap();
                }
                date == last
            }
            Item::NearestWorkday(day) => date.with_day(day).is_some_and(|day| date == nearest(day)),
            Item::LastWeekday(day) => weekday == day % 7 && other_month(date, 7),
            Item::Nth(day, nth) => weekday == day % 7 && (date.day() - 1) / 7 + 1 == nth,
        }
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    date.weekday().number_from_monday() > 5
}

fn month_end(date: NaiveDate) -> NaiveDate {
    (28..=31).rev().find_map(|day| date.with_day(day)).unwrap()
}

fn other_month(date: NaiveDate, later: u64) -> bool {
    (date + Days::new(later)).month() != date.month()
}

/// Tries the day itself, then its neighbours of the same month, the nearest first.
fn nearest(day: NaiveDate) -> NaiveDate {
    [0, -1, 1, -2, 2]
        .into_iter()
        .map(|days| day + TimeDelta::days(days))
        .find(|near| near.month() == day.month() && !is_weekend(*near))
        .unwrap()
}

#[derive(Debug, Clone)]
struct Field(Vec<Item>, Scale);

impl Field {
    fn text(&self) -> String {
        let items: Vec<String> = self.0.iter().map(|item| item.text()).collect();
        items.join(",")
    }

    fn holds(&self, value: u32, date: NaiveDate) -> bool {
        self.0.iter().any(|item| item.holds(value, self.1, date))
    }
}

/// A crontab line that knows what it means.
#[derive(Debug, Clone)]
pub(super) struct Line {
    second: Option<Field>,
    minute: Field,
    hour: Field,
    date: Field,
    month: Field,
    weekday: Field,
    plus: bool,
}

impl Line {
    pub(super) fn text(&self) -> String {
        let second = self
            .second
            .as_ref()
            .map(|second| second.text() + " ")
            .unwrap_or_default();
        let plus = if self.plus { "+" } else { "" };
        format!(
            "{second}{} {} {} {} {plus}{}",
            self.minute.text(),
            self.hour.text(),
            self.date.text(),
            self.month.text(),
            self.weekday.text()
        )
    }

    fn follows_the_clock(&self) -> bool {
        self.minute.text().starts_with('*') || self.hour.text().starts_with('*')
    }

    pub(super) fn holds_day(&self, date: NaiveDate) -> bool {
        let by_date = self.date.holds(date.day(), date);
        let by_weekday = self
            .weekday
            .holds(date.weekday().num_days_from_sunday(), date);
        let star = self.date.text().starts_with('*') || self.weekday.text().starts_with('*');
        let day = if star || self.plus {
            by_date && by_weekday
        } else {
            by_date || by_weekday
        };
        day && self.month.holds(date.month(), date)
    }

    fn holds_minute(&self, wall: NaiveDateTime) -> bool {
        self.minute.holds(wall.minute(), wall.date())
            && self.hour.holds(wall.hour(), wall.date())
            && self.holds_day(wall.date())
    }

    fn seconds(&self, date: NaiveDate) -> Vec<i64> {
        match &self.second {
            None => vec![0],
            Some(field) => (0..60)
                .filter(|s| field.holds(*s, date))
                .map(i64::from)
                .collect(),
        }
    }

    /// Every fire after `start` up to `end`, both whole minutes.
    pub(super) fn fires(
        &self,
        zone: Tz,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Vec<DateTime<Utc>> {
        let minute = TimeDelta::minutes(1);
        let saving = TimeDelta::hours(3);
        let offset = |at: DateTime<Utc>| {
            TimeDelta::seconds(
                at.with_timezone(&zone)
                    .offset()
                    .fix()
                    .local_minus_utc()
                    .into(),
            )
        };
        let mut fires = Vec::new();
        // A fold just before the start still has its second pass to suppress.
        let mut at = start - TimeDelta::hours(30);
        let mut before = offset(at);
        let mut first_pass_over = at;
        while at <= end {
            let now = offset(at);
            let jump = now - before;
            if !self.follows_the_clock() && jump > TimeDelta::zero() && jump <= saving {
                let mut skipped = at.naive_utc() + before;
                while skipped < at.naive_utc() + now {
                    if self.holds_minute(skipped) {
                        fires.push(at);
                        break;
                    }
                    skipped += minute;
                }
            }
            if !self.follows_the_clock() && jump < TimeDelta::zero() && -jump <= saving {
                first_pass_over = at - jump;
            }
            let wall = at.naive_utc() + now;
            if at >= first_pass_over && self.holds_minute(wall) {
                let seconds = self.seconds(wall.date());
                fires.extend(
                    seconds
                        .into_iter()
                        .map(|second| at + TimeDelta::seconds(second)),
                );
            }
            before = now;
            at += minute;
        }
        fires.dedup();
        fires.retain(|fire| *fire > start && *fire <= end);
        fires
    }
}

fn step() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![3 => Just(None), 2 => (1_u32..70).prop_map(Some)]
}

fn plain(scale: Scale) -> BoxedStrategy<Item> {
    let value = scale.low..=scale.high;
    prop_oneof![
        2 => step().prop_map(Item::Star),
        3 => value.clone().prop_map(Item::One),
        1 => (value.clone(), 1_u32..40).prop_map(|(from, step)| Item::From(from, step)),
        2 => (value.clone(), value, step()).prop_map(|(from, to, step)| Item::Range(from, to, step)),
    ]
    .boxed()
}

fn field(item: BoxedStrategy<Item>, scale: Scale) -> impl Strategy<Value = Field> {
    proptest::collection::vec(item, 1..4).prop_map(move |items| Field(items, scale))
}

fn open(item: BoxedStrategy<Item>, scale: Scale) -> impl Strategy<Value = Field> {
    prop_oneof![
        1 => Just(Field(vec![Item::Star(None)], scale)),
        1 => field(item, scale),
    ]
}

fn dates() -> BoxedStrategy<Item> {
    prop_oneof![
        4 => plain(DATES),
        1 => (0_u32..=30).prop_map(Item::FromLast),
        1 => Just(Item::LastWorkday),
        1 => (1_u32..=31).prop_map(Item::NearestWorkday),
    ]
    .boxed()
}

fn weekdays() -> BoxedStrategy<Item> {
    prop_oneof![
        4 => plain(WEEKDAYS),
        1 => (0_u32..=7).prop_map(Item::LastWeekday),
        1 => (0_u32..=7, 1_u32..=5).prop_map(|(day, nth)| Item::Nth(day, nth)),
    ]
    .boxed()
}

/// What people write, with its times where clocks are changed.
pub(super) fn at_night() -> Vec<Line> {
    let every = |step| vec![Item::Star(step)];
    let at = |values: &[u32]| values.iter().map(|value| Item::One(*value)).collect();
    [
        (at(&[30]), at(&[2])),
        (at(&[0]), at(&[0])),
        (at(&[30]), at(&[0, 1, 2, 3])),
        (at(&[0, 59]), vec![Item::Range(23, 4, None)]),
        (every(Some(15)), every(None)),
        (every(Some(20)), at(&[1, 2])),
        (at(&[15]), every(Some(2))),
    ]
    .into_iter()
    .map(|(minute, hour)| Line {
        second: None,
        minute: Field(minute, SIXTY),
        hour: Field(hour, HOURS),
        date: Field(every(None), DATES),
        month: Field(every(None), MONTHS),
        weekday: Field(every(None), WEEKDAYS),
        plus: false,
    })
    .collect()
}

/// Any line of five or six fields.
pub(super) fn line() -> impl Strategy<Value = Line> {
    (
        proptest::option::weighted(0.3, field(plain(SIXTY), SIXTY)),
        open(plain(SIXTY), SIXTY),
        open(plain(HOURS), HOURS),
        open(dates(), DATES),
        open(plain(MONTHS), MONTHS),
        open(weekdays(), WEEKDAYS),
        any::<bool>(),
    )
        .prop_map(|(second, minute, hour, date, month, weekday, plus)| Line {
            second,
            minute,
            hour,
            date,
            month,
            weekday,
            plus,
        })
}

/// A line whose only times are noon, for laws about days.
pub(super) fn noon() -> impl Strategy<Value = Line> {
    line().prop_map(|line| Line {
        second: None,
        minute: Field(vec![Item::One(0)], SIXTY),
        hour: Field(vec![Item::One(12)], HOURS),
        ..line
    })
}
