//! The books of the due times: every one of them has a row of its own or is counted by one, in
//! order, and the next one is the first that has none. Kept beside the database from what was
//! promised when a job was added, and compared with it after every commit.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{JobId, JobState, Origin};
use crate::engine::timing::recurrence_of;
use crate::schedule::Recurrence;
use crate::store::{JobRow, Read, RunRow};

use super::invariants::{Audit, must};
use super::jobs::{SALT, zone};
use super::world::Broken;

/// The next due time at which a book was looked through last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checked {
    Never,
    At(Option<DateTime<Utc>>),
}

/// The due times of one job.
pub(super) struct Book {
    recurrence: Option<Recurrence>,
    /// Every due time up to here has its row.
    covered: DateTime<Utc>,
    /// Due times that have a row of their own.
    own: BTreeSet<DateTime<Utc>>,
    accounted: BTreeSet<DateTime<Utc>>,
    checked: Checked,
}

impl Book {
    /// The first time after `wall` without a row of its own.
    fn first_free(&self, recurrence: &Recurrence, wall: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut next = recurrence.next_after(wall);
        while let Some(at) = next.filter(|at| self.own.contains(at)) {
            next = recurrence.next_after(at);
        }
        next
    }
}

impl Audit {
    pub(super) fn promise(
        &mut self,
        job: JobId,
        recurrence: Option<Recurrence>,
        now: DateTime<Utc>,
    ) {
        self.books.insert(
            job,
            Book {
                recurrence,
                covered: now,
                own: BTreeSet::new(),
                accounted: BTreeSet::new(),
                checked: Checked::Never,
            },
        );
    }

    /// From here on the job has another schedule.
    pub(super) fn promise_anew(
        &mut self,
        job: JobId,
        recurrence: Option<Recurrence>,
        now: DateTime<Utc>,
    ) {
        if let Some(book) = self.books.get_mut(&job) {
            book.recurrence = recurrence;
            book.covered = now;
            book.checked = Checked::Never;
        }
    }

    /// Due times that have their row or are counted by one, for each job.
    pub(super) fn accounted(&self) -> BTreeMap<JobId, &BTreeSet<DateTime<Utc>>> {
        let books = self.books.iter();
        books
            .filter(|(_, book)| book.recurrence.is_some())
            .map(|(job, book)| (*job, &book.accounted))
            .collect()
    }

    /// A new row stands for the next due time of its job, or for the stretch that begins with it.
    pub(super) fn account(&mut self, row: &RunRow) -> Result<(), Broken> {
        let Some(book) = self.books.get_mut(&row.job) else {
            return Err(Broken(format!("run {} has no job", row.id.0)));
        };
        let Some(recurrence) = book
            .recurrence
            .as_ref()
            .filter(|_| row.origin == Origin::Schedule)
        else {
            return Ok(());
        };
        let first = row.missed.map_or(row.due, |missed| missed.first);
        // A time that was accounted for before the clock was set back needs no second row.
        let mut next = recurrence.next_after(book.covered);
        while let Some(at) = next.filter(|at| *at < first && book.accounted.contains(at)) {
            next = recurrence.next_after(at);
        }
        must!(
            next == Some(first),
            "run {} begins at {first}, but {next:?} of its job has no row",
            row.id.0
        );
        let (mut count, mut own) = (0, 0);
        while let Some(at) = next.filter(|at| *at <= row.due) {
            count += 1;
            own += u64::from(book.own.contains(&at));
            book.accounted.insert(at);
            next = recurrence.next_after(at);
        }
        let counted = row.missed.map_or(1, |missed| missed.count);
        must!(
            (count == counted || count - own == counted) && book.accounted.contains(&row.due),
            "run {} of {} counts {counted} due times, and there are {count}",
            row.id.0,
            row.due
        );
        book.covered = row.due;
        book.own.insert(row.due);
        Ok(())
    }

    /// Whether a job waits for the clock to be where it was before it was set back. Small
    /// steps repeat nothing, so a few of them together may cost minutes.
    pub(super) fn stands_still(&self, job: &JobRow, wall: DateTime<Utc>) -> bool {
        let Some(book) = self.books.get(&job.id).filter(|_| self.leapt_back) else {
            return false;
        };
        let Some(recurrence) = book.recurrence.as_ref() else {
            return false;
        };
        let free = book.first_free(recurrence, wall + TimeDelta::minutes(5));
        let waits = job
            .next_due
            .zip(free)
            .is_some_and(|(next, free)| next > free);
        job.state == JobState::Active && waits
    }

    /// The next due time is the first one without a row.
    pub(super) fn goes_on(&mut self, read: &Read<'_>, wall: DateTime<Utc>) -> Result<(), Broken> {
        for job in &self.jobs {
            let Some(book) = self.books.get_mut(&job.id) else {
                continue;
            };
            if self.leapt_back && book.recurrence.is_some() {
                // It may count from an earlier instant now.
                let Some(job) = read.job(job.id)? else {
                    continue;
                };
                book.recurrence = recurrence_of(&job, SALT, zone()).ok().flatten();
            }
            let Some(recurrence) = &book.recurrence else {
                continue;
            };
            if job.state == JobState::Removed || book.checked == Checked::At(job.next_due) {
                continue;
            }
            let mut next = recurrence.next_after(book.covered);
            while let Some(at) =
                next.filter(|at| Some(*at) != job.next_due && book.accounted.contains(at))
            {
                next = recurrence.next_after(at);
            }
            if self.leapt_back
                && let Some(due) = job
                    .next_due
                    .filter(|due| next.is_none_or(|next| *due < next))
            {
                next = book.first_free(recurrence, wall);
                book.covered = due - TimeDelta::microseconds(1);
            }
            must!(
                job.next_due == next,
                "job {} is next due at {:?}, but should be at {next:?}",
                job.id,
                job.next_due
            );
            book.checked = Checked::At(job.next_due);
        }
        Ok(())
    }
}
