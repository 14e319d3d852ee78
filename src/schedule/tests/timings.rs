//! Schedules in their context: one-off times, grids, bounds, jitter, drawn values, stretches and backoff.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};

use super::laws::{context, fires_after, instant, recurrence};
use crate::domain::Span;
use crate::schedule::{Context, Seed, Timing, Zone, backoff, parse, parse_past_time, parse_time};

/// A Tuesday in winter time.
const NOW: &str = "2026-03-10T10:07:30+01:00";
static BERLIN: LazyLock<Zone> = LazyLock::new(|| "Europe/Berlin".parse().unwrap());
const SEED: Seed<'static> = Seed {
    name: "backup",
    salt: "a salt",
};

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&*BERLIN)
        .format("%F %T%.f %:z")
        .to_string()
}

fn first(text: &str, context: &Context<'_>, n: usize) -> Vec<String> {
    let recurrence = recurrence(text, context);
    fires_after(&recurrence, context.now)
        .take(n)
        .map(local)
        .collect()
}

#[test]
fn once() {
    for (text, due) in [
        ("now", "2026-03-10 10:07:30 +01:00"),
        ("in 10m", "2026-03-10 10:17:30 +01:00"),
        ("at 17:30", "2026-03-10 17:30:00 +01:00"),
        ("5:30 PM", "2026-03-10 17:30:00 +01:00"),
        ("12am", "2026-03-11 00:00:00 +01:00"),
        ("9:00", "2026-03-11 09:00:00 +01:00"),
        ("tomorrow at 09:00", "2026-03-11 09:00:00 +01:00"),
        ("monday 08:00", "2026-03-16 08:00:00 +01:00"),
        ("tue 10:07:30", "2026-03-17 10:07:30 +01:00"),
        ("TUESDAY 11:00", "2026-03-10 11:00:00 +01:00"),
        ("2026-12-01", "2026-12-01 00:00:00 +01:00"),
        ("2026-12-01 09:00:30", "2026-12-01 09:00:30 +01:00"),
        ("2026-12-01T09:00", "2026-12-01 09:00:00 +01:00"),
        ("at 2026-12-01T09:00:00Z", "2026-12-01 10:00:00 +01:00"),
        ("2026-12-01 09:00+05:30", "2026-12-01 04:30:00 +01:00"),
        (
            "TZ=Asia/Tokyo 2026-12-01 09:00",
            "2026-12-01 01:00:00 +01:00",
        ),
        // In the gap of spring, and in the fold of autumn.
        ("2026-03-29 02:30", "2026-03-29 03:00:00 +02:00"),
        ("2026-10-25 02:30", "2026-10-25 02:30:00 +02:00"),
    ] {
        let timing = parse(text).unwrap().timing(&context(*BERLIN, instant(NOW)));
        let Ok(Timing::Once(at)) = timing else {
            panic!("{text}: {timing:?}");
        };
        assert_eq!(local(at), due, "{text}");
    }
}

#[test]
fn the_past_is_refused_by_name() {
    let context = context(*BERLIN, instant(NOW));
    for text in ["2026-03-10 10:00", "2026-03-10T10:07:29+01:00", "today 8am"] {
        let error = parse(text).unwrap().timing(&context).unwrap_err();
        assert!(error.message.contains("is in the past"), "{error}");
        assert_eq!(error.span, 0..text.len());
    }
    let error = parse("0 0 0 1 1 * 2020")
        .unwrap()
        .timing(&context)
        .unwrap_err();
    assert_eq!(error.message, "this schedule never fires");
}

#[test]
fn times_for_options_may_be_past() {
    let now = instant(NOW);
    let at = |text: &str| local(parse_time(text, now, *BERLIN).unwrap());
    assert_eq!(at("2026-01-01"), "2026-01-01 00:00:00 +01:00");
    assert_eq!(at("now"), local(now));
    assert_eq!(at("9:00"), "2026-03-11 09:00:00 +01:00");
    let past = |text: &str| local(parse_past_time(text, now, *BERLIN).unwrap());
    assert_eq!(past("9:00"), "2026-03-10 09:00:00 +01:00");
    assert_eq!(past("17:30"), "2026-03-09 17:30:00 +01:00");
    assert_eq!(past("monday 08:00"), "2026-03-09 08:00:00 +01:00");
    assert_eq!(past("yesterday 08:00"), "2026-03-09 08:00:00 +01:00");
    assert_eq!(past("2h"), "2026-03-10 08:07:30 +01:00");
}

#[test]
fn grids() {
    let plain = context(*BERLIN, instant(NOW));
    assert_eq!(
        first("every 90m", &plain, 2),
        ["2026-03-10 11:37:30 +01:00", "2026-03-10 13:07:30 +01:00"]
    );
    let from = Context {
        from: Some(instant("2026-03-10T12:00:00+01:00")),
        until: Some(instant("2026-03-10T15:00:00+01:00")),
        ..plain
    };
    assert_eq!(
        first("@every 90m", &from, 5),
        [
            "2026-03-10 12:00:00 +01:00",
            "2026-03-10 13:30:00 +01:00",
            "2026-03-10 15:00:00 +01:00"
        ]
    );
    assert_eq!(first("0 13-16 * * *", &from, 5).len(), 3);
}

#[test]
fn calendar_grids_keep_their_time_through_dst() {
    let context = context(*BERLIN, instant("2026-03-27T10:00:00+01:00"));
    assert_eq!(
        first("every 1d at 02:30", &context, 3),
        [
            "2026-03-28 02:30:00 +01:00",
            "2026-03-29 03:00:00 +02:00",
            "2026-03-30 02:30:00 +02:00"
        ]
    );
    assert_eq!(
        first("every 2w on monday 08:00", &context, 3),
        [
            "2026-03-30 08:00:00 +02:00",
            "2026-04-13 08:00:00 +02:00",
            "2026-04-27 08:00:00 +02:00"
        ]
    );
}

#[test]
fn a_day_that_the_calendar_leaves_out_has_no_run() {
    let zone = "Pacific/Apia".parse().unwrap();
    let context = context(zone, instant("2011-12-28T12:00:00-10:00"));
    let recurrence = recurrence("every 1d at 09:00", &context);
    let fires: Vec<_> = fires_after(&recurrence, context.now)
        .take(3)
        .map(|fire| fire.with_timezone(&zone).to_rfc3339())
        .collect();
    assert_eq!(
        fires,
        [
            "2011-12-29T09:00:00-10:00",
            "2011-12-31T09:00:00+14:00",
            "2012-01-01T09:00:00+14:00"
        ]
    );
}

#[test]
fn second_pass_of_the_last_day_of_a_bounded_year() {
    let zone = "America/New_York".parse().unwrap();
    let context = context(zone, instant("2026-11-01T01:45:00-04:00"));
    let recurrence = recurrence("0 */30 1 1 11 * 2026", &context);
    let fires: Vec<_> = fires_after(&recurrence, context.now)
        .map(|fire| fire.with_timezone(&zone).to_rfc3339())
        .collect();
    assert_eq!(
        fires,
        ["2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00"]
    );
}

#[test]
fn jitter_moves_every_fire_by_one_fixed_offset() {
    let plain = context(*BERLIN, instant(NOW));
    let spread = Context {
        seed: Some(SEED),
        jitter: Span::parse("10m").unwrap(),
        ..plain
    };
    let on_time = recurrence("*/30 * * * *", &plain);
    let late = recurrence("*/30 * * * *", &spread);
    let offset = late.next_after(plain.now).unwrap() - on_time.next_after(plain.now).unwrap();
    assert!(
        offset > TimeDelta::zero() && offset < TimeDelta::minutes(10),
        "{offset}"
    );
    let moved: Vec<_> = fires_after(&on_time, plain.now)
        .take(50)
        .map(|fire| fire + offset)
        .collect();
    assert!(fires_after(&late, plain.now).take(50).eq(moved));
    let nobody = Context {
        seed: None,
        ..spread
    };
    assert!(parse("*/30 * * * *").unwrap().timing(&nobody).is_err());
}

/// These values are promised: a change would move every spread job of every database.
#[test]
fn drawn_values_never_change() {
    let context = Context {
        seed: Some(SEED),
        ..context(Zone::UTC, instant(NOW))
    };
    for (text, fires) in [
        ("H H * * *", ["2026-03-11T08:42:00+00:00"]),
        ("H(0-9) 5~7 H * *", ["2026-03-24T07:02:00+00:00"]),
        ("~ * * * *", ["2026-03-10T09:42:00+00:00"]),
    ] {
        let recurrence = recurrence(text, &context);
        let got: Vec<_> = fires_after(&recurrence, context.now)
            .take(1)
            .map(|fire| fire.to_rfc3339())
            .collect();
        assert_eq!(got, fires, "{text}");
    }
}

#[test]
fn a_stepped_hash_keeps_its_distance() {
    let context = Context {
        seed: Some(SEED),
        ..context(Zone::UTC, instant(NOW))
    };
    let fires: Vec<_> = fires_after(&recurrence("H/15 * * * *", &context), context.now)
        .take(9)
        .collect();
    assert!(
        fires
            .windows(2)
            .all(|pair| pair[1] - pair[0] == TimeDelta::minutes(15))
    );
}

#[test]
fn a_stretch_of_decades_is_summed_up() {
    let context = context(*BERLIN, instant("1990-01-01T00:00:00Z"));
    let recurrence = recurrence("* * * * * *", &context);
    let until = instant("2026-03-10T10:07:30.500Z");
    let stretch = recurrence
        .stretch(instant("1990-01-01T00:00:00Z"), until)
        .unwrap();
    assert_eq!(stretch.first, instant("1990-01-01T00:00:00Z"));
    assert_eq!(stretch.last, instant("2026-03-10T10:07:30Z"));
    assert_eq!((stretch.count, stretch.at_least), (100_000, true));
    assert_eq!(
        recurrence.last_n(instant("1990-01-01T00:00:00Z"), until, 2),
        [
            instant("2026-03-10T10:07:29Z"),
            instant("2026-03-10T10:07:30Z")
        ]
    );
    assert_eq!(recurrence.stretch(until, until), None);
}

#[test]
fn waits_double_up_to_the_cap() {
    let wait = |failed, random| {
        let (base, max) = (Span::parse("10s").unwrap(), Span::parse("1h").unwrap());
        backoff(base, max, failed, random).to_string()
    };
    assert_eq!(wait(1, 0.5), "10s");
    assert_eq!(wait(2, 0.5), "20s");
    assert_eq!(wait(4, 0.0), "1m12s");
    assert_eq!(wait(1, 1.0), "11s");
    assert_eq!(wait(1000, 0.5), "1h");
}

#[test]
fn after_2100_nothing_fires_and_that_is_said() {
    let eve = instant("2100-12-31T23:58:30Z");
    let minutes = recurrence("* * * * *", &context(Zone::UTC, eve));
    let last: Vec<_> = fires_after(&minutes, eve).collect();
    assert_eq!(last, [instant("2100-12-31T23:59:00Z")]);
    let later = instant("2101-06-01T00:00:00Z");
    for text in ["* * * * *", "0 3 * * *", "@yearly"] {
        let timing = parse(text).unwrap().timing(&context(Zone::UTC, later));
        let error = timing.unwrap_err();
        assert_eq!(error.message, "this schedule never fires", "{text}");
        assert!(error.hint.unwrap().contains("ends with 2100"), "{text}");
    }
}
