//! The instants of a crontab line in a zone: the plain calendar with the DST rule around it.
//!
//! Time is cut at the jumps of the zone's clock. Between two jumps wall clock and instant run in step, and the
//! calendar's times simply are the fires. What is left to decide is what a jump does:
//!
//! - a *wildcard* line follows the clock: wall times jumped over are lost, wall times that come twice fire twice;
//! - a *fixed-time* line fires once at the end of a gap that swallowed a time of it, and not again in the second
//!   pass of a fold;
//! - for a jump larger than daylight saving every line is as a wildcard.

use super::tzdb::Zone;

use super::wallclock::{Wall, WallClock};
use super::zone::{CALM, FARTHEST, Instant, Jump, jump_between, jump_since, offset};

/// A crontab line made ready for one job and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fires {
    pub clock: WallClock,
    pub zone: Zone,
    /// Whether the line follows the clock through DST changes; otherwise its times are fixed.
    pub wildcard: bool,
}

/// Beyond every calendar, yet far from overflow: stands for "no wall time is left".
const FAR: i64 = i64::MAX / 4;

impl Fires {
    /// The first fire strictly after `after`.
    pub(super) fn next(&self, after: Instant) -> Option<Instant> {
        if self.zone == Zone::UTC {
            return self.clock.next(after);
        }
        let mut stand = self.stand(after);
        loop {
            // Even without a wall time ahead, a fold may bring one back.
            let found = self.clock.next(stand.bound);
            let fire = found.map_or(FAR, |wall| wall - stand.offset);
            let horizon = fire.min(stand.at + CALM);
            let Some(jump) = jump_since(self.zone, stand.at, stand.offset, horizon) else {
                if fire == horizon {
                    return Some(fire);
                }
                stand = self.leap(stand, found?);
                continue;
            };
            if fire < jump.at {
                return Some(fire);
            }
            if self.makes_up(jump) && found.is_some_and(|wall| wall < jump.wall_high()) {
                return Some(jump.at);
            }
            stand = self.across(jump);
        }
    }

    fn stand(&self, at: Instant) -> Stand {
        let offset = offset(self.zone, at);
        let mut bound = at + offset;
        // After a fold, a fixed-time line waits until the wall clock shows a time it has not shown before.
        if !self.wildcard
            && let Some(jump) = jump_between(self.zone, at - FARTHEST, at)
        {
            bound = bound.max(self.across(jump).bound);
        }
        Stand { at, offset, bound }
    }

    /// The stand at a jump, with everything before it done.
    fn across(&self, jump: Jump) -> Stand {
        let first = if !self.wildcard && jump.is_saving() {
            jump.wall_high()
        } else {
            jump.at + jump.after
        };
        Stand {
            at: jump.at,
            offset: jump.after,
            bound: first - 1,
        }
    }

    /// Goes close to a wall time that lies beyond the calm ahead. Every fire to come shows this wall time or a later
    /// one: an earlier one could only be a second pass, whose first pass would have been found in the calm.
    fn leap(&self, stand: Stand, wall: Wall) -> Stand {
        let at = (stand.at + CALM).max(wall - FARTHEST - 1);
        Stand {
            at,
            offset: offset(self.zone, at),
            bound: wall - 1,
        }
    }

    fn makes_up(&self, jump: Jump) -> bool {
        !self.wildcard && jump.is_forward() && jump.is_saving()
    }
}

/// How far the search has come: fires are after `at` and show a wall time after `bound`.
#[derive(Debug, Clone, Copy)]
struct Stand {
    at: Instant,
    offset: i64,
    bound: Wall,
}
