//! Which days of a month a crontab line means: the day rule of crontab(5) with its extensions.
//!
//! A month is one machine word, bit n for day n, so that excluded days cost nothing. Knows no hours and no zone.

/// Days of a month as bits 1 to 31.
pub(super) type DayBits = u32;

/// What the day-of-month field selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MonthDays {
    /// Bit n: day n.
    pub plain: DayBits,
    /// Bit k: k days before the last (`L` is bit 0).
    pub from_last: u32,
    /// `LW`: the last Monday to Friday.
    pub last_workday: bool,
    /// Bit n: `nW`, the Monday to Friday nearest to day n.
    pub nearest_workday: DayBits,
}

/// What the day-of-week field selects. Bit 0 is Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct WeekDays {
    pub plain: u8,
    /// The last such weekday of the month (`5L`).
    pub last: u8,
    /// `nth[k]`: the (k+1)th such weekday of the month (`5#2`).
    pub nth: [u8; 5],
}

/// Both day fields and how they combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DayRule {
    pub month_days: MonthDays,
    pub week_days: WeekDays,
    /// Both must match; otherwise either is enough.
    pub both: bool,
}

/// The shape of one month: its length and the weekday of its first day (0 is Sunday).
#[derive(Debug, Clone, Copy)]
pub(super) struct Month {
    pub length: u32,
    pub first: u32,
}

/// Days 1, 8, 15, 22, 29.
const WEEKLY: DayBits = 1 << 1 | 1 << 8 | 1 << 15 | 1 << 22 | 1 << 29;

const SATURDAY: u32 = 6;
const SUNDAY: u32 = 0;

impl Month {
    fn all(self) -> DayBits {
        (u32::MAX >> (31 - self.length)) & !1
    }

    fn weekday(self, day: u32) -> u32 {
        (self.first + day - 1) % 7
    }

    /// The first day of the month that is `weekday`.
    fn first_on(self, weekday: u32) -> u32 {
        (weekday + 7 - self.first) % 7 + 1
    }

    /// Saturday goes back to Friday and Sunday on to Monday, but never out of the month.
    fn workday_near(self, day: u32) -> u32 {
        match self.weekday(day) {
            SATURDAY if day == 1 => 3,
            SATURDAY => day - 1,
            SUNDAY if day == self.length => day - 2,
            SUNDAY => day + 1,
            _ => day,
        }
    }

    fn last_workday(self) -> u32 {
        match self.weekday(self.length) {
            SATURDAY => self.length - 1,
            SUNDAY => self.length - 2,
            _ => self.length,
        }
    }
}

impl DayRule {
    #[cfg(test)]
    pub(super) const EVERY_DAY: Self = Self {
        month_days: MonthDays {
            plain: !1,
            from_last: 0,
            last_workday: false,
            nearest_workday: 0,
        },
        week_days: WeekDays {
            plain: 0x7f,
            last: 0,
            nth: [0; 5],
        },
        both: true,
    };

    /// The days of this month that the rule selects.
    pub(super) fn days(&self, month: Month) -> DayBits {
        let by_date = self.month_days.days(month);
        let by_weekday = self.week_days.days(month);
        if self.both {
            by_date & by_weekday
        } else {
            by_date | by_weekday
        }
    }
}

impl MonthDays {
    fn days(&self, month: Month) -> DayBits {
        let mut days = self.plain;
        for back in ones(self.from_last) {
            if back < month.length {
                days |= 1 << (month.length - back);
            }
        }
        if self.last_workday {
            days |= 1 << month.last_workday();
        }
        for day in ones(self.nearest_workday & month.all()) {
            days |= 1 << month.workday_near(day);
        }
        days & month.all()
    }
}

impl WeekDays {
    fn days(self, month: Month) -> DayBits {
        let mut days = 0;
        for weekday in ones(self.plain.into()) {
            days |= WEEKLY << (month.first_on(weekday) - 1);
        }
        for weekday in ones(self.last.into()) {
            let first = month.first_on(weekday);
            days |= 1 << (first + (month.length - first) / 7 * 7);
        }
        for (weeks, weekdays) in (0..).zip(self.nth) {
            for weekday in ones(weekdays.into()) {
                let day = month.first_on(weekday) + 7 * weeks;
                if day <= month.length {
                    days |= 1 << day;
                }
            }
        }
        days & month.all()
    }
}

/// The numbers of the set bits, rising.
pub(super) fn ones(mut bits: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(lowest)
    })
}
