//! Every zone of the IANA from 2000 to 2037, beside a second zone database: chrono-tz, which has its own compiler of
//! the IANA sources and its own search, and shares neither data nor code with ours.
//!
//! The clocks jump at the same instants; around each jump the schedule and the slow [`super::matcher`], which asks
//! chrono-tz only, name the same instants; and a walk that begins anew at each of them is the same walk.
//!
//! Usually each clock is tried at one jump; `PUNCTUAL_ZONES=1` tries every jump, and compares the clocks hour by hour.

use std::collections::BTreeSet;

use chrono::{DateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::laws::{context, fires_after, instant, recurrence};
use super::matcher::{Line, at_night};
use crate::schedule::Zone;
use crate::schedule::zone::{Jump, jumps};

/// Zones of which this database (2026a) knows more than chrono-tz (2025b), and since when: what came out in between
/// is that Moldova has gone by the hours of the European Union for a while.
const NEWER_HERE: [(&str, &str); 2] = [
    ("Europe/Chisinau", "2022-01-01T00:00:00Z"),
    ("Europe/Tiraspol", "2022-01-01T00:00:00Z"),
];

/// No place on earth, and no name in chrono-tz.
const NOWHERE: &str = "Factory";

fn is_whole() -> bool {
    std::env::var_os("PUNCTUAL_ZONES").is_some()
}

/// The years in which both must say the same.
fn bounds(name: &str) -> (DateTime<Utc>, DateTime<Utc>) {
    let newer = NEWER_HERE.iter().find(|(newer, _)| *newer == name);
    let end = newer.map_or("2038-01-01T00:00:00Z", |(_, since)| since);
    (instant("2000-01-01T00:00:00Z"), instant(end))
}

/// Jumps as chrono-tz has them, found by looking at its clock again and again.
fn their_jumps(name: &str) -> Option<(Tz, Vec<Jump>)> {
    let zone: Tz = name.parse().ok()?;
    let offset = |at: i64| {
        let at = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
        i64::from(zone.offset_from_utc_datetime(&at).fix().local_minus_utc())
    };
    let step = 3600 * if is_whole() { 1 } else { 48 };
    let (from, to) = bounds(name);
    let (mut at, end) = (from.timestamp(), to.timestamp());
    let mut found = Vec::new();
    while at < end {
        let (mut calm, mut jumped) = (at, end.min(at + step));
        at = jumped;
        let (before, after) = (offset(calm), offset(jumped));
        if before == after {
            continue;
        }
        while jumped - calm > 1 {
            let middle = calm + (jumped - calm) / 2;
            if offset(middle) == before {
                calm = middle;
            } else {
                jumped = middle;
            }
        }
        found.push(Jump {
            at: jumped,
            before,
            after,
        });
    }
    Some((zone, found))
}

#[track_caller]
fn agree(line: &Line, theirs: Tz, start: DateTime<Utc>, end: DateTime<Utc>) {
    let zone: Zone = theirs.name().parse().unwrap();
    let walk = recurrence(&line.text(), &context(zone, start));
    let quick: Vec<_> = fires_after(&walk, start)
        .take_while(|fire| *fire <= end)
        .collect();
    let what = format!("{} in {} from {start}", line.text(), zone.name());
    assert_eq!(quick, line.fires(theirs, start, end), "{what}");
    // A restart between any two of them changes nothing.
    for pair in quick.windows(2) {
        let again = recurrence(&line.text(), &context(zone, pair[0]));
        assert_eq!(again.next_after(pair[0]), Some(pair[1]), "{what}");
    }
}

#[test]
fn every_zone_from_2000_to_2037_agrees_with_the_slow_matcher() {
    let lines = at_night();
    let mut seen = BTreeSet::new();
    for (number, name) in Zone::names().enumerate() {
        let Some((theirs, all)) = their_jumps(name) else {
            assert_eq!(name, NOWHERE, "a zone that chrono-tz does not know");
            continue;
        };
        let (from, to) = bounds(name);
        let zone: Zone = name.parse().unwrap();
        let ours: Vec<Jump> = jumps(zone, from.timestamp(), to.timestamp()).collect();
        let mut both = ours.iter().zip(&all);
        assert_eq!(both.find(|(ours, theirs)| ours != theirs), None, "{name}");
        assert_eq!(ours.len(), all.len(), "the jumps of {name}");
        let key: Vec<_> = all
            .iter()
            .map(|jump| (jump.at, jump.before, jump.after))
            .collect();
        // Many names are those of one clock; each name is read, each clock is walked.
        if key.is_empty() || !seen.insert(key) {
            let start = from + TimeDelta::days(number as i64);
            let line = &lines[number % lines.len()];
            agree(line, theirs, start, start + TimeDelta::hours(2));
            continue;
        }
        for (place, jump) in all.iter().enumerate() {
            if !is_whole() && place != number % all.len() {
                continue;
            }
            let before = DateTime::from_timestamp(jump.at - 26 * 3600, 0).unwrap();
            // To the whole minute, as the matcher walks.
            let before = before - TimeDelta::seconds(before.timestamp().rem_euclid(60));
            for (index, line) in lines.iter().enumerate() {
                // Over the years every line has its turn.
                let turn = (index + number + place) % lines.len();
                if turn == 0 || (is_whole() && turn == 1) {
                    agree(line, theirs, before, before + TimeDelta::hours(54));
                }
            }
        }
    }
    assert!(seen.len() > 100, "{} clocks", seen.len());
}

/// A difference that is gone has no place in the list above.
#[test]
fn where_the_databases_differ_they_do() {
    assert!(NOWHERE.parse::<Tz>().is_err());
    for (name, since) in NEWER_HERE {
        let (from, to) = (instant(since), instant("2038-01-01T00:00:00Z"));
        let (theirs, _) = their_jumps(name).unwrap();
        let ours: Zone = name.parse().unwrap();
        let differs = jumps(ours, from.timestamp(), to.timestamp()).any(|jump| {
            let at = DateTime::from_timestamp(jump.at - 1, 0).unwrap();
            let offset = at.with_timezone(&theirs).offset().fix();
            i64::from(offset.local_minus_utc()) != jump.before
        });
        assert!(differs, "{name} is the same in both");
    }
}
