//! Times and durations as text: exact for programs, short for people.
//!
//! What lives here: functions of an instant, `now` and a zone. What never does: a clock.
//! Short forms are rounded down, like a watch, so `in 0s` never hides a second.

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Timelike, Utc};

use crate::schedule::Zone;

/// RFC 3339 with offset: `2026-12-01T03:00:00+01:00`; milliseconds only when there are any.
pub(crate) fn stamp(at: DateTime<Utc>, zone: Zone) -> String {
    let precision = if at.timestamp_subsec_millis() == 0 {
        SecondsFormat::Secs
    } else {
        SecondsFormat::Millis
    };
    at.with_timezone(&zone).to_rfc3339_opts(precision, false)
}

/// A time on a page: `Tue 2026-12-01 03:00:00 +01:00`.
pub(crate) fn full(at: DateTime<Utc>, zone: Zone) -> String {
    at.with_timezone(&zone)
        .format("%a %Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// A time in as few signs as leave no doubt: `03:00` today, `Tue 03:00` within six days,
/// `12 Dec 03:00` this year, `2027-12-12 03:00` in another. Seconds only when there are any.
pub(crate) fn short(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    let local = at.with_timezone(&zone);
    let today = now.with_timezone(&zone).date_naive();
    let days = (local.date_naive() - today).num_days().abs();
    let date = if days == 0 {
        ""
    } else if days <= 6 {
        "%a "
    } else if local.year() == today.year() {
        "%-d %b "
    } else {
        "%Y-%m-%d "
    };
    let time = if local.second() == 0 {
        "%H:%M"
    } else {
        "%H:%M:%S"
    };
    local.format(&format!("{date}{time}")).to_string()
}

/// As [`short`], and of another year only the day.
pub(crate) fn soon(at: DateTime<Utc>, now: DateTime<Utc>, zone: Zone) -> String {
    let local = at.with_timezone(&zone);
    if local.year() == now.with_timezone(&zone).year() || at - now < TimeDelta::days(7) {
        short(at, now, zone)
    } else {
        local.format("%-d %b %Y").to_string()
    }
}

/// How far from now: `in 9h`, `3m ago`, `now`.
pub(crate) fn distance(from_now: TimeDelta) -> String {
    if from_now.num_seconds() == 0 {
        "now".to_owned()
    } else if from_now > TimeDelta::zero() {
        format!("in {}", coarse(from_now))
    } else {
        format!("{} ago", coarse(from_now))
    }
}

/// A length in its largest unit: `40s`, `3h`, `12d`; its sign is dropped.
pub(crate) fn coarse(length: TimeDelta) -> String {
    let seconds = length.num_seconds().unsigned_abs();
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A measured length: `340ms`, `1.2s`, `2m03s`, `1h04m`, `3d04h`.
pub(crate) fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let seconds = ms / 1_000;
    let two = |large: u64, unit: char, small: u64, rest: char| {
        format!("{sign}{large}{unit}{small:02}{rest}")
    };
    match seconds {
        0 => format!("{sign}{ms}ms"),
        1..=59 => format!("{sign}{seconds}.{}s", ms % 1_000 / 100),
        60..=3_599 => two(seconds / 60, 'm', seconds % 60, 's'),
        3_600..=86_399 => two(seconds / 3_600, 'h', seconds % 3_600 / 60, 'm'),
        _ => two(seconds / 86_400, 'd', seconds % 86_400 / 3_600, 'h'),
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::Zone;
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{distance, duration, full, short, stamp};

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_stamp_has_its_offset_and_milliseconds_only_when_there_are_any() {
        for (at, zone, text) in [
            (
                "2026-12-01T02:00:00Z",
                "Europe/Berlin".parse().unwrap(),
                "2026-12-01T03:00:00+01:00",
            ),
            (
                "2026-07-01T01:00:00.001Z",
                "Europe/Berlin".parse().unwrap(),
                "2026-07-01T03:00:00.001+02:00",
            ),
            (
                "2026-12-01T02:00:00.000900Z",
                Zone::UTC,
                "2026-12-01T02:00:00+00:00",
            ),
            (
                "2026-12-01T02:00:00Z",
                "Asia/Kolkata".parse().unwrap(),
                "2026-12-01T07:30:00+05:30",
            ),
        ] {
            assert_eq!(stamp(utc(at), zone), text);
        }
    }

    #[test]
    fn a_page_names_the_weekday_too() {
        assert_eq!(
            full(
                utc("2026-12-01T02:00:00Z"),
                "Europe/Berlin".parse().unwrap()
            ),
            "Tue 2026-12-01 03:00:00 +01:00"
        );
    }

    #[test]
    fn a_short_time_says_as_much_of_the_date_as_is_needed() {
        let now = utc("2026-11-30T17:00:00Z");
        for (at, text) in [
            ("2026-11-30T22:59:00Z", "23:59"),
            ("2026-11-30T23:00:00Z", "Tue 00:00"),
            ("2026-12-01T02:00:00Z", "Tue 03:00"),
            ("2026-11-24T02:00:05Z", "Tue 03:00:05"),
            ("2026-12-12T02:00:00Z", "12 Dec 03:00"),
            ("2026-11-02T02:00:00Z", "2 Nov 03:00"),
            ("2027-12-12T02:00:00Z", "2027-12-12 03:00"),
        ] {
            assert_eq!(short(utc(at), now, "Europe/Berlin".parse().unwrap()), text);
        }
    }

    #[test]
    fn a_distance_is_said_in_its_largest_unit() {
        for (ms, text) in [
            (0, "now"),
            (-999, "now"),
            (1_000, "in 1s"),
            (119_999, "in 119s"),
            (120_000, "in 2m"),
            (-180_000, "3m ago"),
            (9 * 3_600_000 + 1, "in 9h"),
            (-40 * 86_400_000, "40d ago"),
        ] {
            assert_eq!(distance(TimeDelta::milliseconds(ms)), text);
        }
    }

    #[test]
    fn a_duration_keeps_two_units() {
        for (ms, text) in [
            (0, "0ms"),
            (340, "340ms"),
            (-2, "-2ms"),
            (1_290, "1.2s"),
            (59_999, "59.9s"),
            (123_000, "2m03s"),
            (3_840_000, "1h04m"),
            (273_600_000, "3d04h"),
            (i64::MIN, "-106751991167d07h"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }
}
