//! A schedule in plain English: "At 03:00, Monday to Friday (Europe/Berlin)".
//!
//! Says what was written, not what a machine made of it, so it speaks from the items of the fields. Only `next` and
//! `show` use it; nothing is decided from these words.

use super::tzdb::Zone;
use chrono::Timelike;

use super::crontab::Crontab;
use super::every::Calendar;
use super::fields::{Draw, Field, Item, Kind};
use super::moment::{Clock, Day, Moment};
use super::when::{After, AfterMode, When};
use super::words::{MONTHS, WEEKDAYS};
use crate::domain::Span;

/// At most so many times of day are listed one by one.
const LISTED: usize = 4;

/// What a schedule means, as a sentence without a full stop; `zone` is the one of a job that names none.
pub(crate) fn describe(when: &When, zone: Zone) -> String {
    match when {
        When::Now => "Once, now".to_owned(),
        When::In(span) => format!("Once, in {span}"),
        When::At(moment) => at(moment, zone),
        When::Every(span) => format!("Every {}", length(*span)),
        When::Calendar(calendar) => every(calendar, zone),
        When::Cron(crontab) => {
            format!("{} ({})", line(crontab), crontab.zone.unwrap_or(zone))
        }
        When::Reboot => "Once for each boot of the machine".to_owned(),
        When::Start => "Once for each start of a runner".to_owned(),
        When::After(after) => end_of(after),
        When::Never => "Only when triggered".to_owned(),
    }
}

fn at(moment: &Moment, zone: Zone) -> String {
    let zone = moment.zone.unwrap_or(zone);
    let on = |clock: Clock, day: String| format!("At {}{day} ({zone})", time(clock));
    match moment.day {
        Day::Exact(instant) => {
            let local = instant.with_timezone(&zone);
            let clock = Clock(local.num_seconds_from_midnight());
            on(clock, format!(" on {}", local.date_naive()))
        }
        Day::Clock(clock) => on(clock, String::new()),
        Day::FromToday(days, clock) => {
            let day = match days {
                0 => " today",
                1 => " tomorrow",
                _ => " yesterday",
            };
            on(clock, day.to_owned())
        }
        Day::Weekday(day, clock) => on(clock, format!(" on {}", weekday(day))),
        Day::Date(date, clock) => on(clock, format!(" on {date}")),
    }
}

fn every(calendar: &Calendar, zone: Zone) -> String {
    let zone = calendar.zone.unwrap_or(zone);
    let (days, clock) = (calendar.days, time(calendar.clock));
    match calendar.weekday {
        Some(day) => {
            let weeks = counted(days / 7, "week");
            format!("Every {weeks} on {} at {clock} ({zone})", weekday(day))
        }
        None => format!("Every {} at {clock} ({zone})", counted(days, "day")),
    }
}

fn end_of(after: &After) -> String {
    let jobs = and(&after.jobs);
    match (after.mode, after.jobs.len()) {
        (AfterMode::All, 1) => format!("After {jobs} has succeeded"),
        (AfterMode::All, _) => format!("After {jobs} have all succeeded"),
        (AfterMode::Any, 1) => format!("After {jobs} has ended, whatever the result"),
        (AfterMode::Any, _) => format!("After {jobs} have all ended, whatever the results"),
        (AfterMode::Fail, 1) => format!("After {jobs} has failed"),
        (AfterMode::Fail, _) => format!("After {jobs} have all failed"),
    }
}

fn line(crontab: &Crontab) -> String {
    let parts = [
        times(crontab),
        days(crontab),
        months(&crontab.months),
        crontab.years.as_ref().and_then(years).unwrap_or_default(),
    ];
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join(", ")
}

/// The time of day: "At 03:00", "Every 5 minutes", "At minute 7 of hours 9 to 17".
fn times(crontab: &Crontab) -> String {
    let Some(seconds) = known(&crontab.seconds) else {
        return pieces(crontab);
    };
    let (Some(minutes), Some(hours)) = (known(&crontab.minutes), known(&crontab.hours)) else {
        return pieces(crontab);
    };
    if minutes.len() * hours.len() * seconds.len() <= LISTED {
        let clocks = hours.iter().flat_map(|hour| {
            let seconds = &seconds;
            minutes.iter().flat_map(move |minute| {
                seconds
                    .iter()
                    .map(move |second| time(Clock(hour * 3600 + minute * 60 + second)))
            })
        });
        return format!("At {}", and(&clocks.collect::<Vec<_>>()));
    }
    pieces(crontab)
}

/// Field by field, the finest first; a field that leaves nothing out is said only where it is the finest.
fn pieces(crontab: &Crontab) -> String {
    let at_second_zero = known(&crontab.seconds).is_some_and(|seconds| seconds == [0]);
    let at_minute_zero = known(&crontab.minutes).is_some_and(|minutes| minutes == [0]);
    let mut said = Vec::new();
    let skip_minutes = at_second_zero && at_minute_zero && pitch(&crontab.hours).is_some();
    if !at_second_zero {
        said.push(piece(&crontab.seconds));
    }
    if !skip_minutes && (at_second_zero || pitch(&crontab.minutes) != Some(1)) {
        said.push(piece(&crontab.minutes));
    }
    if skip_minutes || pitch(&crontab.hours) != Some(1) {
        said.push(piece(&crontab.hours));
    }
    let mut text = said.join(" of ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn piece(field: &Field) -> String {
    let unit = field.kind.name();
    if let Some(step) = pitch(field) {
        return format!("every {}", counted(step, unit));
    }
    let at = if field.kind == Kind::Hour { "" } else { "at " };
    match known(field) {
        Some(values) if values.len() == 1 => format!("{at}{unit} {}", values[0]),
        Some(values) => format!("{at}{unit}s {}", ranges(&values, ToString::to_string)),
        None => format!("{at}the {unit} drawn for the job ({})", field.text),
    }
}

/// The step of a field that covers its whole range evenly.
fn pitch(field: &Field) -> Option<u32> {
    match field.items[..] {
        [Item::Run { low, high, step }]
            if low == field.kind.low()
                && high == field.kind.high()
                && step < field.kind.cycle()
                && field.kind.cycle().is_multiple_of(step) =>
        {
            Some(step)
        }
        _ => None,
    }
}

fn days(crontab: &Crontab) -> String {
    let dates = date_part(&crontab.month_days);
    let weekdays = weekday_part(&crontab.week_days);
    let both = crontab.needs_both_days();
    match (dates, weekdays) {
        (Some(dates), None) if both => format!("on {dates} of the month"),
        (None, Some(weekdays)) if both => weekdays,
        (Some(dates), Some(weekdays)) if both => {
            format!("on {dates} of the month, and only if it is {weekdays}")
        }
        (Some(dates), Some(weekdays)) => format!("on {dates} of the month or on {weekdays}"),
        // Every day: neither excludes one, or either is enough and one of them does not.
        _ => String::new(),
    }
}

/// The days of a month a field names; `None` when it names them all.
fn date_part(field: &Field) -> Option<String> {
    let mut said = Vec::new();
    let values = known(field);
    match &values {
        Some(values) if values.len() == 31 => return None,
        Some(values) if values.is_empty() => {}
        Some(values) => {
            let s = if values.len() == 1 { "" } else { "s" };
            said.push(format!("day{s} {}", ranges(values, ToString::to_string)));
        }
        None => said.push(format!("the day drawn for the job ({})", field.text)),
    }
    for item in &field.items {
        match *item {
            Item::FromLast(0) => said.push("the last day".to_owned()),
            Item::FromLast(back) => {
                said.push(format!(
                    "the day {} before the last",
                    counted_from_one(back)
                ));
            }
            Item::LastWorkday => said.push("the last Monday-to-Friday".to_owned()),
            Item::NearestWorkday(day) => {
                said.push(format!("the Monday-to-Friday nearest day {day}"));
            }
            _ => {}
        }
    }
    Some(and(&said))
}

fn weekday_part(field: &Field) -> Option<String> {
    const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    let mut said = Vec::new();
    match known(field) {
        Some(values) if values.len() == 7 => return None,
        Some(values) if values.is_empty() => {}
        Some(values) => said.push(weekdays(&values)),
        None => said.push(format!("the weekday drawn for the job ({})", field.text)),
    }
    for item in &field.items {
        match *item {
            Item::LastWeekday(day) => said.push(format!("the last {} of the month", weekday(day))),
            Item::NthWeekday(day, nth) => {
                let nth = NTH[nth as usize - 1];
                said.push(format!("the {nth} {} of the month", weekday(day)));
            }
            _ => {}
        }
    }
    Some(and(&said))
}

/// Weekdays as people count them, Monday first.
fn weekdays(values: &[u32]) -> String {
    let mut values: Vec<u32> = values
        .iter()
        .map(|day| if *day == 0 { 7 } else { *day })
        .collect();
    values.sort_unstable();
    ranges(&values, |day| weekday(day % 7).to_owned())
}

fn months(field: &Field) -> String {
    match known(field) {
        Some(values) if values.len() == 12 => String::new(),
        Some(values) => {
            let name = |month: &u32| MONTHS[*month as usize - 1].to_owned();
            format!("in {}", ranges(&values, name))
        }
        None => format!("in the month drawn for the job ({})", field.text),
    }
}

fn years(field: &Field) -> Option<String> {
    let values = known(field)?;
    (values.len() < field.kind.cycle() as usize)
        .then(|| format!("in {}", ranges(&values, ToString::to_string)))
}

/// The values of a field unless they are drawn.
fn known(field: &Field) -> Option<Vec<u32>> {
    field.values(Draw::Refuse).ok()
}

/// "1, 5 and 9 to 17": three or more in a row become a range.
fn ranges(values: &[u32], name: impl Fn(&u32) -> String) -> String {
    let mut said = Vec::new();
    for row in values.chunk_by(|a, b| a + 1 == *b) {
        match row {
            [first, _, .., last] => said.push(format!("{} to {}", name(first), name(last))),
            few => said.extend(few.iter().map(&name)),
        }
    }
    and(&said)
}

fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn weekday(day: u32) -> &'static str {
    WEEKDAYS[day as usize % 7]
}

/// `03:00`, with seconds only where there are some.
fn time(clock: Clock) -> String {
    let (hour, minute, second) = (clock.0 / 3600, clock.0 / 60 % 60, clock.0 % 60);
    match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

/// "15 minutes" where one unit says it all, else the text of the span.
fn length(span: Span) -> String {
    const UNITS: [(u64, &str); 4] = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1000, "second"),
    ];
    let millis = span.as_millis();
    UNITS
        .iter()
        .find(|(size, _)| millis.is_multiple_of(*size))
        .and_then(|(size, unit)| Some(counted(u32::try_from(millis / size).ok()?, unit)))
        .unwrap_or_else(|| span.to_string())
}

/// "minute", "2 minutes": what stands after "every".
fn counted(number: u32, unit: &str) -> String {
    match number {
        1 => unit.to_owned(),
        _ => format!("{number} {unit}s"),
    }
}

fn counted_from_one(number: u32) -> String {
    match number {
        1 => "1 day".to_owned(),
        _ => format!("{number} days"),
    }
}
