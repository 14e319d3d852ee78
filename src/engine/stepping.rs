//! The wall clock was set: what is to come keeps its meaning.
//!
//! Retries keep their distance. After a step back by more than a correction, a schedule goes on
//! with its first time that has no row of its own, instead of standing still until the clock is
//! where it was; so times inside a stretch that was counted may run again, and no others.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Job, JobId, MissedStretch};
use crate::schedule::{self, Recurrence, When, Zone};
use crate::store::{StoreError, Tx};

use super::plan::Planned;
use super::timing::recurrence_of;

/// A step back by less than this repeats no due time.
const CORRECTION: TimeDelta = TimeDelta::minutes(1);

/// The clock was stepped while a runner looked.
pub(super) fn clock_stepped(
    tx: &Tx<'_>,
    by: TimeDelta,
    salt: &str,
    local: Zone,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.shift_retries(by.num_microseconds().unwrap_or(0))?;
    if by < -CORRECTION {
        rewind(tx, salt, local, now)?;
    }
    Ok(())
}

/// A runner begins, and what it finds was written by a clock far ahead of its own.
pub(super) fn clock_found(
    tx: &Tx<'_>,
    salt: &str,
    local: Zone,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    match tx.newest_stamp()? {
        Some(newest) if newest > now + CORRECTION => rewind(tx, salt, local, now),
        _ => Ok(()),
    }
}

/// A due time that has its row needs no second one. Only a clock that was set back and on again
/// comes by one; of a stretch, the last time without a row then stands for those like it.
pub(super) fn vacant(
    tx: &Tx<'_>,
    job: JobId,
    recurrence: &Recurrence,
    run: Planned,
) -> Result<Option<Planned>, StoreError> {
    if !tx.has_due(job, run.due)? {
        return Ok(Some(run));
    }
    let mut free: Option<(DateTime<Utc>, MissedStretch)> = None;
    let mut next = run.missed.map(|missed| missed.first);
    while let Some(at) = next.filter(|at| *at < run.due) {
        if !tx.has_due(job, at)? {
            let (_, stretch) = free.unwrap_or((
                at,
                MissedStretch {
                    count: 0,
                    first: at,
                },
            ));
            let count = stretch.count + 1;
            free = Some((at, MissedStretch { count, ..stretch }));
        }
        next = recurrence.next_after(at);
    }
    Ok(free.map(|(due, missed)| Planned {
        due,
        missed: Some(missed),
        ..run
    }))
}

fn rewind(tx: &Tx<'_>, salt: &str, local: Zone, now: DateTime<Utc>) -> Result<(), StoreError> {
    for mut job in tx.jobs_due_after(now)? {
        if let Some(anchor) = earlier_anchor(&job, now) {
            tx.anchor_job(job.id, anchor)?;
            job.anchor = anchor;
        }
        let (Ok(Some(recurrence)), Some(next)) = (recurrence_of(&job, salt, local), job.next_due)
        else {
            continue;
        };
        let mut coming = recurrence.next_after(now);
        while let Some(at) = coming.filter(|at| *at < next) {
            if !tx.has_due(job.id, at)? {
                tx.advance_job(job.id, Some(at))?;
                break;
            }
            coming = recurrence.next_after(at);
        }
    }
    Ok(())
}

/// A schedule that counts from an instant still to come counts from an earlier one: a grid by
/// whole steps, so that its times stay the same. A `--from` is what somebody wanted, and stays.
fn earlier_anchor(job: &Job, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if job.anchor <= now || job.options.from.is_some() {
        return None;
    }
    match schedule::parse(&job.when).ok()? {
        When::Every(step) => {
            let step = step.to_delta().num_milliseconds().max(1);
            let ahead = (job.anchor - now).num_milliseconds();
            Some(job.anchor - TimeDelta::milliseconds((ahead / step + 1) * step))
        }
        When::Calendar(_) => Some(now),
        _ => None,
    }
}
