//! A job's schedule as times: the one place that puts a stored WHEN back into its context. Pure.

use crate::domain::{Job, Span};
use crate::schedule::{self, Context, Recurrence, Seed, WhenError, Zone};

/// The recurrence of a job; `None` for a job that does not recur by time.
///
/// `local` is the machine's zone, for jobs without one of their own.
pub(crate) fn recurrence_of(
    job: &Job,
    salt: &str,
    local: Zone,
) -> Result<Option<Recurrence>, WhenError> {
    let zone = match &job.options.tz {
        Some(name) => schedule::parse_zone(name)?,
        None => local,
    };
    schedule::parse(&job.when)?.recurrence(&Context {
        now: job.created,
        zone,
        seed: Some(Seed {
            name: job.name.as_str(),
            salt,
        }),
        anchor: job.anchor,
        from: job.options.from,
        until: job.options.until,
        jitter: job.options.jitter.unwrap_or(Span::from_millis(0)),
    })
}
