//! The coming and the missed times of a job: any kind of repeating schedule with its bounds and jitter.
//!
//! Every answer depends only on the recurrence and the instant asked about, never on an earlier answer, so it is
//! the same before and after a restart.

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::every::{CalendarGrid, Grid};
use super::fires::Fires;
use super::wallclock::LAST_YEAR;

/// Fires of a stretch are counted exactly up to here, so that a stretch of decades costs no more than one of a day.
const COUNTED: u64 = 100_000;

/// A repeating schedule made ready for one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recurrence {
    pub(super) rhythm: Rhythm,
    /// Bounds of the scheduled times, both inclusive. The jitter comes on top, so that it never costs a run.
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) jitter: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rhythm {
    Crontab(Fires),
    Grid(Grid),
    Calendar(CalendarGrid),
}

/// The fire times between two instants, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    pub count: u64,
    /// There are more than `count`.
    pub at_least: bool,
}

impl Rhythm {
    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let whole = |next: Option<i64>| next.and_then(|at| DateTime::from_timestamp(at, 0));
        match self {
            Rhythm::Crontab(fires) => whole(fires.next(after.timestamp())),
            Rhythm::Grid(grid) => grid.next(after).filter(|next| next.year() <= LAST_YEAR),
            Rhythm::Calendar(grid) => whole(grid.next(after.timestamp())),
        }
    }
}

impl Recurrence {
    /// The first fire strictly after `t`; `None` when there will never be one.
    pub(crate) fn next_after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut after = t.checked_sub_signed(self.jitter)?;
        if let Some(from) = self.from {
            after = after.max(just_before(from)?);
        }
        let next = self.rhythm.next(after)?;
        if self.until.is_some_and(|until| next > until) {
            return None;
        }
        next.checked_add_signed(self.jitter)
    }

    /// The fires from `first` to `until`, both inclusive; `None` when there are none.
    pub(crate) fn stretch(&self, first: DateTime<Utc>, until: DateTime<Utc>) -> Option<Stretch> {
        let begin = self
            .next_after(just_before(first)?)
            .filter(|fire| *fire <= until)?;
        let mut stretch = Stretch {
            first: begin,
            last: begin,
            count: 1,
            at_least: false,
        };
        while let Some(fire) = self.next_after(stretch.last).filter(|fire| *fire <= until) {
            if stretch.count == COUNTED {
                stretch.at_least = true;
                stretch.last = self.last_before(stretch.last, until);
                break;
            }
            stretch.last = fire;
            stretch.count += 1;
        }
        Some(stretch)
    }

    /// The last `n` fires from `first` to `until`, rising.
    pub(crate) fn last_n(
        &self,
        first: DateTime<Utc>,
        until: DateTime<Utc>,
        n: usize,
    ) -> Vec<DateTime<Utc>> {
        let mut fires = Vec::new();
        let Some(begin) = just_before(first)
            .and_then(|before| self.next_after(before))
            .filter(|fire| *fire <= until)
        else {
            return fires;
        };
        let mut end = until;
        while fires.len() < n {
            let last = self.last_before(begin, end);
            fires.push(last);
            match just_before(last) {
                Some(before) if last > begin => end = before,
                _ => break,
            }
        }
        fires.reverse();
        fires
    }

    /// The last fire that is not after `until`, for a fire `known` that is not.
    ///
    /// Looks back from `until` by windows that double until one holds a fire, then halves the window: some forty
    /// questions each, however dense the schedule and however long the stretch.
    fn last_before(&self, known: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
        let mut last = known;
        let mut window = TimeDelta::seconds(1);
        while let Some(start) = until
            .checked_sub_signed(window)
            .filter(|start| *start > known)
        {
            if let Some(fire) = self.next_after(start).filter(|fire| *fire <= until) {
                last = fire;
                break;
            }
            window = window * 2;
        }
        // Fires are after `last` only up to `until`; `empty` is the earliest instant known to have none after it.
        let mut empty = until;
        while last < empty {
            let middle = last + (empty - last) / 2;
            match self.next_after(middle).filter(|fire| *fire <= until) {
                Some(fire) => last = fire,
                None if middle == last => break,
                None => empty = middle,
            }
        }
        last
    }
}

/// Fires are compared strictly, so "from here on" is "after the instant just before".
fn just_before(t: DateTime<Utc>) -> Option<DateTime<Utc>> {
    t.checked_sub_signed(TimeDelta::nanoseconds(1))
}
