//! The end of a pause: what fell due meanwhile is accounted for, and the job goes on.

use chrono::{DateTime, Utc};

use crate::domain::{Job, MissedStretch, Origin, Reason};
use crate::schedule::Zone;
use crate::store::{NewRun, Stage, StoreError, Tx};

use super::timing::recurrence_of;

/// Resumes a paused job; `false` when it was not paused. Due times of the pause become one
/// skipped row and are never caught up.
pub(crate) fn resume(
    tx: &Tx<'_>,
    job: &Job,
    salt: &str,
    local: Zone,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if !tx.unpause_job(job.id)? {
        return Ok(false);
    }
    let (Ok(Some(recurrence)), Some(first)) = (recurrence_of(job, salt, local), job.next_due)
    else {
        return Ok(true);
    };
    if let Some(stretch) = recurrence.stretch(first, now)
        && !tx.has_due(job.id, stretch.last)?
    {
        tx.insert_run(&NewRun {
            job: job.id,
            origin: Origin::Schedule,
            stage: Stage::Skipped,
            reason: Some(Reason::Paused),
            due: stretch.last,
            queue: tx.queue_of_job(job.id)?,
            priority: job.priority,
            missed: Some(MissedStretch {
                count: stretch.count,
                first: stretch.first,
            }),
            now,
        })?;
        tx.advance_job(job.id, recurrence.next_after(stretch.last))?;
    }
    Ok(true)
}
