//! The rule between wall clock and instants: offsets, jumps of a zone's clock, and what a wall time means.
//!
//! Seconds since 1970 throughout. Only one thing is asked of the zone database, the offset at an instant; jumps are
//! found from it by bisection, so there is one source of truth and no second table of transitions.

use chrono::{DateTime, Utc};

use super::tzdb::Zone;

use super::error::WhenError;
use super::wallclock::Wall;
use super::words::{Word, nearest};

/// Seconds since 1970, UTC.
pub(super) type Instant = i64;

/// No zone has jumped twice within six days (the shortest distance in the data is 167 hours, and a test watches it),
/// so two instants this close with one offset have no jump between them.
pub(super) const CALM: i64 = 3 * 86_400;

/// No zone is farther from UTC; the first local times of Alaska and Manila come nearest.
pub(super) const FARTHEST: i64 = 16 * 3600;

/// Up to this size a jump is daylight saving; a larger one is a correction of the calendar, nothing is made up for
/// it and nothing suppressed.
const LARGEST_SAVING: i64 = 3 * 3600;

/// One jump of the clock: the first instant with the new offset, and both offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Jump {
    pub at: Instant,
    pub before: i64,
    pub after: i64,
}

impl Jump {
    /// Wall times from here up to [`Jump::wall_high`] do not exist (forward) or come twice (back).
    pub(super) fn wall_low(self) -> Wall {
        self.at + self.before.min(self.after)
    }

    pub(super) fn wall_high(self) -> Wall {
        self.at + self.before.max(self.after)
    }

    pub(super) fn is_forward(self) -> bool {
        self.after > self.before
    }

    pub(super) fn is_saving(self) -> bool {
        (self.after - self.before).abs() <= LARGEST_SAVING
    }
}

/// What a wall time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The only instant, or the first of two.
    At(Instant),
    /// The clock jumps over it.
    Skipped(Jump),
}

pub(super) fn offset(zone: Zone, at: Instant) -> i64 {
    zone.seconds_east(at).into()
}

/// The jump in `(from, to]`, for ends at most two [`CALM`] apart.
pub(super) fn jump_between(zone: Zone, from: Instant, to: Instant) -> Option<Jump> {
    let before = offset(zone, from);
    jump_since(zone, from, before, to)
}

/// As [`jump_between`], for a caller that has the offset at `from` already.
pub(super) fn jump_since(zone: Zone, from: Instant, before: i64, to: Instant) -> Option<Jump> {
    let after = offset(zone, to);
    if before == after {
        return None;
    }
    let (mut calm, mut jumped) = (from, to);
    while jumped - calm > 1 {
        let middle = calm + (jumped - calm) / 2;
        if offset(zone, middle) == before {
            calm = middle;
        } else {
            jumped = middle;
        }
    }
    Some(Jump {
        at: jumped,
        before,
        after,
    })
}

/// A change of a zone's clock, for people: when, and the offsets in seconds before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockChange {
    pub at: DateTime<Utc>,
    pub before: i64,
    pub after: i64,
}

/// What lies between two instants whose offsets differ.
pub(crate) fn clock_change(
    zone: Zone,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Option<ClockChange> {
    let before = offset(zone, from.timestamp());
    let jump = jump_since(zone, from.timestamp(), before, to.timestamp())?;
    Some(ClockChange {
        at: DateTime::from_timestamp(jump.at, 0)?,
        before: jump.before,
        after: jump.after,
    })
}

/// The jumps in `(from, to]`, in order.
pub(super) fn jumps(zone: Zone, from: Instant, to: Instant) -> impl Iterator<Item = Jump> {
    let mut at = from;
    std::iter::from_fn(move || {
        while at < to {
            let end = to.min(at + CALM);
            let jump = jump_between(zone, at, end);
            at = end;
            if jump.is_some() {
                return jump;
            }
        }
        None
    })
}

pub(super) fn meaning(zone: Zone, wall: Wall) -> Meaning {
    let from = wall - FARTHEST - 1;
    let before = offset(zone, from);
    let Some(jump) = jump_since(zone, from, before, wall + FARTHEST) else {
        return Meaning::At(wall - before);
    };
    if wall < jump.at + jump.before {
        Meaning::At(wall - jump.before)
    } else if wall >= jump.at + jump.after {
        Meaning::At(wall - jump.after)
    } else {
        Meaning::Skipped(jump)
    }
}

/// An IANA zone by name, in any case.
pub(crate) fn parse_zone(name: &str) -> Result<Zone, WhenError> {
    zone_word(Word {
        text: name,
        start: 0,
    })
}

pub(super) fn zone_word(word: Word<'_>) -> Result<Zone, WhenError> {
    if let Ok(zone) = word.text.parse() {
        return Ok(zone);
    }
    if word.text.is_empty() {
        return Err(WhenError::new("a time zone is missing", word.span())
            .hint("write an IANA name such as Europe/Berlin"));
    }
    let hint = match similar_zone(word.text) {
        Some(name) => format!("did you mean {name}?"),
        None => "write an IANA name such as Europe/Berlin".to_owned(),
    };
    Err(WhenError::new(format!("time zone {} is unknown", word.text), word.span()).hint(hint))
}

/// A zone with nearly this name, or one whose city it is.
fn similar_zone(name: &str) -> Option<&'static str> {
    let names = Zone::names;
    let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    names()
        .find(|zone| {
            zone.rsplit('/')
                .next()
                .is_some_and(|last| last.eq_ignore_ascii_case(&city))
        })
        .or_else(|| nearest(name, names()))
}
