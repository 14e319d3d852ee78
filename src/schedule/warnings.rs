//! What is legal in a schedule but seldom meant. `add`, `edit`, `apply`, `import` and `next` all say these.

use super::tzdb::Zone;
use chrono::{DateTime, NaiveDateTime, Utc};

use super::crontab::Crontab;
use super::dayrule::ones;
use super::every::Calendar;
use super::fields::{Draw, Field, Item, Kind};
use super::fires::Fires;
use super::moment::Clock;
use super::wallclock::{DAY, Wall};
use super::when::When;
use super::zone::{Jump, jumps};

/// How far ahead DST changes are looked for: a year and a month, so that a yearly job near one is seen too.
const AHEAD: i64 = 400 * DAY;

/// Sentences about a schedule, without a full stop; `zone` is the one of a job that names none.
pub(crate) fn warnings(when: &When, zone: Zone, now: DateTime<Utc>) -> Vec<String> {
    match when {
        When::Cron(crontab) => line(crontab, crontab.zone.unwrap_or(zone), now),
        When::Calendar(calendar) => touched_clock(calendar, calendar.zone.unwrap_or(zone), now),
        _ => Vec::new(),
    }
}

fn line(crontab: &Crontab, zone: Zone, now: DateTime<Utc>) -> Vec<String> {
    let mut said = touched(crontab, zone, now);
    let fields = [
        Some(&crontab.seconds),
        Some(&crontab.minutes),
        Some(&crontab.hours),
        Some(&crontab.month_days),
        Some(&crontab.months),
        Some(&crontab.week_days),
        crontab.years.as_ref(),
    ];
    for field in fields.into_iter().flatten() {
        said.extend(uneven_step(field));
        said.extend(reversed_range(field));
    }
    said.extend(rare_day(crontab));
    if !crontab.needs_both_days() {
        said.push(format!(
            "day-of-month {} and day-of-week {} are both restricted: either is enough; write +{} for both",
            crontab.month_days.text, crontab.week_days.text, crontab.week_days.text
        ));
    }
    said
}

/// The next DST changes that touch a time of this line. A line that runs at every hour of the clock loses or doubles
/// an hour like any clock, and nobody is surprised; one with chosen hours may lose the whole day's runs.
fn touched(crontab: &Crontab, zone: Zone, now: DateTime<Utc>) -> Vec<String> {
    // Without the job's name a drawn time is unknown, and with it the user did not choose it.
    let Ok(clock) = crontab.drawn(None) else {
        return Vec::new();
    };
    let fires = Fires {
        clock,
        zone,
        wildcard: crontab.is_wildcard(),
    };
    if crontab.hours.is_star() {
        return Vec::new();
    }
    savings(zone, now)
        .filter_map(|jump| {
            let wall = fires.clock.next(jump.wall_low() - 1)?;
            (wall < jump.wall_high()).then(|| touch(wall, jump, zone, fires.wildcard))
        })
        .collect()
}

fn touched_clock(calendar: &Calendar, zone: Zone, now: DateTime<Utc>) -> Vec<String> {
    let Clock(second) = calendar.clock;
    savings(zone, now)
        .filter_map(|jump| {
            let midnight = jump.wall_low().div_euclid(DAY) * DAY;
            let wall = [midnight, midnight + DAY]
                .map(|midnight| midnight + i64::from(second))
                .into_iter()
                .find(|wall| (jump.wall_low()..jump.wall_high()).contains(wall))?;
            Some(touch(wall, jump, zone, false))
        })
        .collect()
}

/// The first change forward and the first one back: the years after bring nothing new.
fn savings(zone: Zone, now: DateTime<Utc>) -> impl Iterator<Item = Jump> {
    let from = now.timestamp();
    let coming: Vec<Jump> = jumps(zone, from, from + AHEAD)
        .filter(|jump| jump.is_saving())
        .collect();
    let first = |forward: bool| {
        coming
            .iter()
            .copied()
            .find(|jump| jump.is_forward() == forward)
    };
    let mut found = [first(true), first(false)];
    found.sort_by_key(|jump| jump.map(|jump| jump.at));
    found.into_iter().flatten()
}

fn touch(wall: Wall, jump: Jump, zone: Zone, wildcard: bool) -> String {
    let (date, time) = shown(wall);
    let (_, end) = shown(jump.wall_high());
    let (what, then) = match (jump.is_forward(), wildcard) {
        (true, false) => ("does not exist", format!("it runs once, at {end}")),
        (true, true) => ("does not exist", format!("runs before {end} are lost")),
        (false, false) => ("comes twice", "it runs the first time only".to_owned()),
        (false, true) => ("comes twice", "it runs both times".to_owned()),
    };
    format!("{time} {what} on {date} in {zone}: {then}")
}

fn shown(wall: Wall) -> (String, String) {
    let local: NaiveDateTime = DateTime::from_timestamp(wall, 0)
        .unwrap_or_default()
        .naive_utc();
    let format = if wall.rem_euclid(60) == 0 {
        "%H:%M"
    } else {
        "%H:%M:%S"
    };
    (
        local.format("%Y-%m-%d").to_string(),
        local.format(format).to_string(),
    )
}

/// A star with a step that does not divide the range begins anew at its end.
fn uneven_step(field: &Field) -> Option<String> {
    let whole = field.items.iter().find_map(|item| match *item {
        Item::Run { low, high, step } if low == field.kind.low() && high == field.kind.high() => {
            Some(step)
        }
        _ => None,
    })?;
    // A step beyond the range is the known way to write "the first, with a star".
    let cycle = field.kind.cycle();
    if field.kind == Kind::Year || whole >= cycle || cycle.is_multiple_of(whole) {
        return None;
    }
    let name = field.kind.name();
    let low = field.kind.low();
    Some(match field.kind {
        Kind::MonthDay => {
            format!("*/{whole} in {name} is uneven: it begins again at day 1 of each month")
        }
        Kind::WeekDay => format!("*/{whole} in {name} is uneven: it begins again each Sunday"),
        _ => {
            let last = low + (cycle - 1) / whole * whole;
            format!("*/{whole} in {name} is uneven: after {last} comes {low}")
        }
    })
}

fn reversed_range(field: &Field) -> Option<String> {
    let reversed = field.items.iter().find_map(|item| match *item {
        Item::Run { low, high, .. } if high > field.kind.high() => {
            Some((low, high - field.kind.cycle()))
        }
        _ => None,
    });
    let (low, high) = reversed?;
    Some(format!(
        "{} range {low}-{high} is reversed: it wraps around, {low} to {} and on to {high}",
        field.kind.name(),
        if field.kind == Kind::WeekDay {
            6
        } else {
            field.kind.high()
        },
    ))
}

/// Days that some of the months lack.
fn rare_day(crontab: &Crontab) -> Option<String> {
    let field = &crontab.month_days;
    if field.is_star() {
        return None;
    }
    let mut days = field.values(Draw::Refuse).unwrap_or_default();
    if days.len() == 31 {
        return None;
    }
    days.extend(field.items.iter().filter_map(|item| match *item {
        Item::NearestWorkday(day) => Some(day),
        _ => None,
    }));
    let months = crontab
        .months
        .values(Draw::Refuse)
        .unwrap_or_else(|_| (1..=12).collect());
    let longest = |month: u32| match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let rare = |day: &u32| months.iter().any(|month| *day > longest(*month));
    let lacking = days
        .into_iter()
        .filter(rare)
        .fold(0, |bits, day| bits | 1 << day);
    let lacking: Vec<String> = ones(lacking).map(|day| day.to_string()).collect();
    let last = lacking.last()?;
    Some(format!(
        "not every month has day {last}: months without it are skipped; L is the last day of any month"
    ))
}
