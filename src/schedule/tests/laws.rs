//! What holds for every schedule, tried on generated ones against the slow [`super::matcher`].

use std::str::FromStr;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::matcher::{Line, line, noon};
use crate::domain::Span;
use crate::schedule::dayrule::DayRule;
use crate::schedule::wallclock::{Times, WallClock};
use crate::schedule::zone::{CALM, FARTHEST, jumps, offset};
use crate::schedule::{Context, Recurrence, Seed, Timing, Zone, describe, parse, warnings};

/// Zones whose clocks do what clocks seldom do: half hours, two hours, midnights, Ramadan, lost and doubled days.
const ZONES: [&str; 22] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Havana",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Antarctica/Vostok",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
];

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn context(zone: Zone, start: DateTime<Utc>) -> Context<'static> {
    Context {
        now: start,
        zone,
        seed: None,
        anchor: start,
        from: None,
        until: None,
        jitter: Span::default(),
    }
}

pub(super) fn recurrence(text: &str, context: &Context<'_>) -> Recurrence {
    match parse(text).unwrap().timing(context).unwrap() {
        Timing::Recurring(recurrence) => recurrence,
        other => panic!("{text} is {other:?}"),
    }
}

pub(super) fn fires_after(
    recurrence: &Recurrence,
    start: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> {
    std::iter::successors(recurrence.next_after(start), |t| recurrence.next_after(*t))
}

/// The zone of that name in the database that the slow matcher asks.
fn theirs(zone: Zone) -> Tz {
    zone.name().parse().unwrap()
}

/// `None` for lines that were refused because they never fire, or never again before the calendar ends.
fn ready(line: &Line, zone: Zone, start: DateTime<Utc>) -> Option<Recurrence> {
    let when = match parse(&line.text()) {
        Ok(when) => when,
        Err(error) if error.message.contains("never fires") => return None,
        Err(error) => panic!("{}: {error}", line.text()),
    };
    match when.timing(&context(zone, start)) {
        Ok(Timing::Recurring(recurrence)) => Some(recurrence),
        Ok(other) => panic!("{other:?}"),
        Err(error) if error.message.contains("never fires") => None,
        Err(error) => panic!("{}: {error}", line.text()),
    }
}

/// A whole minute, most often shortly before or after a jump of the zone's clock.
fn somewhen() -> impl Strategy<Value = (Zone, DateTime<Utc>)> {
    let minute = 60_i64;
    // From 1973, when the last clock had come to whole minutes, to 2070.
    (
        0..ZONES.len(),
        94_694_400_i64..3_155_760_000,
        proptest::option::weighted(0.8, -180_i64..2000),
    )
        .prop_map(move |(zone, at, ahead)| {
            let zone: Zone = ZONES[zone].parse().unwrap();
            let jump = jumps(zone, at, at + 400 * 86_400).next();
            let at = match (jump, ahead) {
                (Some(jump), Some(minutes)) => jump.at - minutes * minute,
                _ => at,
            };
            let start = DateTime::from_timestamp(at.div_euclid(minute) * minute, 0).unwrap();
            (zone, start)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_fire_is_one_the_slow_matcher_finds_and_none_is_left_out(
        line in line(),
        (zone, start) in somewhen(),
        hours in 1_i64..40,
    ) {
        let end = start + TimeDelta::hours(hours);
        let Some(recurrence) = ready(&line, zone, start) else {
            prop_assert!(line.fires(theirs(zone), start, end).is_empty(), "{} does fire", line.text());
            return Ok(());
        };
        let got: Vec<_> = fires_after(&recurrence, start).take_while(|fire| *fire <= end).collect();
        prop_assert!(got.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(got, line.fires(theirs(zone), start, end), "{} {} {}", line.text(), zone, start);
    }

    #[test]
    fn days_are_those_the_slow_matcher_finds(line in noon(), start in 0_i64..4_000_000_000) {
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let end = start + TimeDelta::days(800);
        let slow: Vec<_> = start
            .date_naive()
            .iter_days()
            .take(802)
            .filter(|date| line.holds_day(*date))
            .map(|date| date.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap()).and_utc())
            .filter(|noon| *noon > start && *noon <= end)
            .collect();
        let recurrence = ready(&line, Zone::UTC, start);
        let got: Vec<_> = recurrence
            .iter()
            .flat_map(|recurrence| fires_after(recurrence, start))
            .take_while(|fire| *fire <= end)
            .collect();
        prop_assert_eq!(got, slow, "{}", line.text());
    }

    #[test]
    fn an_answer_does_not_depend_on_earlier_ones(
        line in line(),
        (zone, start) in somewhen(),
        seconds in 0_i64..200_000,
    ) {
        let Some(recurrence) = ready(&line, zone, start) else {
            return Ok(());
        };
        let later = start + TimeDelta::seconds(seconds);
        let walked = fires_after(&recurrence, start).find(|fire| *fire > later);
        prop_assert_eq!(recurrence.next_after(later), walked, "{} {} {}", line.text(), zone, start);
    }

    #[test]
    fn a_stretch_sums_up_the_walk(
        line in line(),
        (zone, start) in somewhen(),
        hours in 0_i64..30,
        n in 0_usize..6,
    ) {
        let Some(recurrence) = ready(&line, zone, start) else {
            return Ok(());
        };
        let until = start + TimeDelta::hours(hours);
        let walked: Vec<_> = fires_after(&recurrence, start - TimeDelta::seconds(1))
            .take_while(|fire| *fire <= until)
            .collect();
        let stretch = recurrence.stretch(start, until);
        prop_assert_eq!(stretch.map(|s| s.first), walked.first().copied());
        if let Some(stretch) = stretch.filter(|stretch| !stretch.at_least) {
            prop_assert_eq!(Some(stretch.last), walked.last().copied());
            prop_assert_eq!(stretch.count, walked.len() as u64);
        }
        let tail = &walked[walked.len().saturating_sub(n)..];
        prop_assert_eq!(recurrence.last_n(start, until, n), tail);
    }

    #[test]
    fn the_cron_package_agrees_about_plain_calendars(
        seconds in proptest::collection::btree_set(0_u32..60, 1..60),
        minutes in proptest::collection::btree_set(0_u32..60, 1..60),
        hours in proptest::collection::btree_set(0_u32..24, 1..24),
        months in proptest::collection::btree_set(1_u32..13, 1..12),
        years in proptest::option::of(proptest::collection::btree_set(1990_u32..2100, 1..5)),
        start in 0_i64..4_000_000_000,
    ) {
        let list = |set: std::collections::BTreeSet<u32>| set.into_iter().collect::<Vec<_>>();
        let times = Times {
            seconds: list(seconds),
            minutes: list(minutes),
            hours: list(hours),
            months: list(months),
            years: years.map(list),
        };
        let package = cron::Schedule::from_str(&times.canonical()).unwrap();
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let theirs = package.after(&start).next().map(|fire| fire.timestamp());
        prop_assert_eq!(WallClock::new(&times, DayRule::EVERY_DAY).next(start.timestamp()), theirs);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any_text()) {
        let now = instant("2026-03-10T10:07:30Z");
        let zone = "Europe/Berlin".parse().unwrap();
        match parse(&text) {
            Err(error) => prop_assert!(error.span.end <= text.len() && text.get(error.span.clone()).is_some(), "{error:?}"),
            Ok(when) => {
                let seed = Some(Seed { name: "job", salt: "salt" });
                let timing = when.timing(&Context { seed, ..context(zone, now) });
                if let Ok(Timing::Recurring(recurrence)) = timing {
                    recurrence.next_after(now);
                }
                prop_assert!(!describe(&when, zone).is_empty());
                warnings(&when, zone, now);
            }
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[0-9*/,~HLW#?+()a-z -]{0,30}",
        "(in|at|every|after|tomorrow|monday|@every|TZ=UTC|2026-12-01|9am|17:30) [ -~]{0,20}",
        "[0-9*]{1,2}(/[0-9]{1,2})?( [0-9*H~LW]{1,3}(-[0-9]{1,2})?(/[0-9])?){4}",
    ]
}

#[test]
fn zones_are_as_calm_as_the_search_believes() {
    let (from, to) = (0, 4_102_444_800);
    for name in Zone::names().step_by(7).chain(ZONES) {
        let zone = name.parse().unwrap();
        let mut at = from;
        let mut last_jump = i64::MIN / 2;
        while at < to {
            assert!(offset(zone, at).abs() < FARTHEST, "{name}");
            let next = at + 86_400;
            if let Some(jump) = jumps(zone, at, next).next() {
                assert!(jump.at - last_jump > 2 * CALM, "{name} {}", jump.at);
                last_jump = jump.at;
            }
            at = next;
        }
    }
}
