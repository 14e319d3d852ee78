//! Every zone of the IANA from 2000 to 2037: around each jump of its clock the schedule and the slow
//! [`super::matcher`] name the same instants, and a walk that begins anew at each of them is the
//! same walk.
//!
//! Usually each zone is tried at one jump; `PUNCTUAL_ZONES=1` tries every jump.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::laws::{context, fires_after, instant, recurrence};
use super::matcher::{Line, at_night};
use crate::schedule::Zone;
use crate::schedule::zone::{Jump, jumps};

#[track_caller]
fn agree(line: &Line, zone: Zone, start: DateTime<Utc>, end: DateTime<Utc>) {
    let recurrence = recurrence(&line.text(), &context(zone, start));
    let quick: Vec<_> = fires_after(&recurrence, start)
        .take_while(|fire| *fire <= end)
        .collect();
    let what = format!("{} in {} from {start}", line.text(), zone.name());
    assert_eq!(quick, line.fires(zone, start, end), "{what}");
    // A restart between any two of them changes nothing.
    for pair in quick.windows(2) {
        let again = super::laws::recurrence(&line.text(), &context(zone, pair[0]));
        assert_eq!(again.next_after(pair[0]), Some(pair[1]), "{what}");
    }
}

#[test]
fn every_zone_from_2000_to_2037_agrees_with_the_slow_matcher() {
    let whole = std::env::var_os("PUNCTUAL_ZONES").is_some();
    let [from, to] = ["2000-01-01T00:00:00Z", "2038-01-01T00:00:00Z"].map(instant);
    let lines = at_night();
    let mut seen = BTreeSet::new();
    for (number, name) in Zone::names().enumerate() {
        let zone: Zone = name.parse().unwrap();
        let all: Vec<Jump> = jumps(zone, from.timestamp(), to.timestamp()).collect();
        let key: Vec<_> = all
            .iter()
            .map(|jump| (jump.at, jump.before, jump.after))
            .collect();
        // Many names are those of one clock; each name is read, each clock is walked.
        if key.is_empty() || !seen.insert(key) {
            let start = from + TimeDelta::days(number as i64);
            agree(
                &lines[number % lines.len()],
                zone,
                start,
                start + TimeDelta::hours(2),
            );
            continue;
        }
        for (place, jump) in all.iter().enumerate() {
            if !whole && place != number % all.len() {
                continue;
            }
            let before = DateTime::from_timestamp(jump.at - 26 * 3600, 0).unwrap();
            // To the whole minute, as the matcher walks.
            let before = before - TimeDelta::seconds(before.timestamp().rem_euclid(60));
            for (index, line) in lines.iter().enumerate() {
                // Over the years every line has its turn.
                let turn = (index + number + place) % lines.len();
                if turn == 0 || (whole && turn == 1) {
                    agree(line, zone, before, before + TimeDelta::hours(54));
                }
            }
        }
    }
    assert!(seen.len() > 100, "{} clocks", seen.len());
}
