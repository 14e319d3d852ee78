//! `after`: jobs that wait for others, wherever in the same transaction those were made.
//!
//! A line of a batch and a table of a job file may name jobs below it. So all rows are there
//! before the first name is looked up, and a circle is found by one walk over all of them.

use std::collections::HashMap;

use crate::domain::{Job, JobId, JobState, Kind, Origin};
use crate::engine::ends;
use crate::schedule::{self, When};
use crate::store::{NewRun, Stage, Tx};

use super::admit::Moment;
use super::failure::Failure;
use super::select;

/// A failure of one of several jobs, by its place among them.
pub(super) type FailureAt = (usize, Failure);

/// Lets each of these jobs wait for the jobs it names; those that wait for nobody are left alone.
pub(super) fn chain(tx: &Tx<'_>, ids: &[JobId], moment: Moment) -> Result<(), FailureAt> {
    let index: HashMap<JobId, usize> = ids.iter().copied().zip(0..).collect();
    for (at, id) in ids.iter().enumerate() {
        link(tx, *id).map_err(|failure| (at, failure))?;
    }
    let mut walk = Walk {
        tx,
        index: &index,
        colours: HashMap::new(),
        parents_first: Vec::new(),
    };
    for id in ids {
        walk.from(*id)?;
    }
    let mut one_offs = HashMap::new();
    for id in walk.parents_first {
        settle(tx, id, &mut one_offs, moment).map_err(|failure| (index[&id], failure))?;
    }
    Ok(())
}

/// Looks the names up.
fn link(tx: &Tx<'_>, id: JobId) -> Result<(), Failure> {
    let Some(after) = tx.job(id)?.as_ref().and_then(after_of) else {
        return Ok(());
    };
    let parents = after
        .jobs
        .iter()
        .map(|word| Ok(select::job(tx, word)?.id))
        .collect::<Result<Vec<_>, Failure>>()?;
    tx.set_parents(id, &parents)?;
    Ok(())
}

fn after_of(job: &Job) -> Option<schedule::After> {
    if job.kind != Kind::After {
        return None;
    }
    match schedule::parse(&job.when) {
        Ok(When::After(after)) => Some(after),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    /// On the way from where the walk began.
    Open,
    Done,
}

/// A walk against the arrows, parents before those that wait for them.
struct Walk<'a> {
    tx: &'a Tx<'a>,
    index: &'a HashMap<JobId, usize>,
    colours: HashMap<JobId, Colour>,
    parents_first: Vec<JobId>,
}

impl Walk<'_> {
    /// Not by recursion: a chain can be as long as the batch.
    fn from(&mut self, id: JobId) -> Result<(), FailureAt> {
        let mut way: Vec<(JobId, std::vec::IntoIter<JobId>)> = Vec::new();
        self.enter(id, &mut way)?;
        while let Some((id, parents)) = way.last_mut() {
            let id = *id;
            let Some(parent) = parents.next() else {
                self.leave(id);
                way.pop();
                continue;
            };
            match self.colours.get(&parent) {
                Some(Colour::Done) => {}
                Some(Colour::Open) => return Err(self.circle(parent, &way)),
                None => self.enter(parent, &mut way)?,
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        id: JobId,
        way: &mut Vec<(JobId, std::vec::IntoIter<JobId>)>,
    ) -> Result<(), FailureAt> {
        if self.colours.contains_key(&id) {
            return Ok(());
        }
        let parents = self
            .tx
            .parents(id)
            .map_err(|error| (self.place(id), error.into()))?;
        self.colours.insert(id, Colour::Open);
        way.push((id, parents.into_iter()));
        Ok(())
    }

    fn leave(&mut self, id: JobId) {
        self.colours.insert(id, Colour::Done);
        if self.index.contains_key(&id) {
            self.parents_first.push(id);
        }
    }

    fn place(&self, id: JobId) -> usize {
        self.index.get(&id).copied().unwrap_or(0)
    }

    /// The way leads from `first` back to itself.
    fn circle(&self, first: JobId, way: &[(JobId, std::vec::IntoIter<JobId>)]) -> FailureAt {
        let name = |id: JobId| match self.tx.job(id) {
            Ok(Some(job)) => job.name.to_string(),
            _ => id.to_string(),
        };
        let begin = way.iter().position(|(id, _)| *id == first).unwrap_or(0);
        let through = way.get(begin + 1).map_or(first, |(id, _)| *id);
        let sentence = format!(
            "{} would wait for itself through {}",
            name(first),
            name(through)
        );
        let failure =
            Failure::usage(sentence).hint("break the circle: one of the jobs needs another WHEN");
        (self.place(first), failure)
    }
}

/// Makes the run of a one-off that waits, and counts the parents that ended before.
fn settle(
    tx: &Tx<'_>,
    id: JobId,
    one_offs: &mut HashMap<JobId, bool>,
    moment: Moment,
) -> Result<(), Failure> {
    let Some(job) = tx.job(id)? else {
        return Ok(());
    };
    let Some(after) = after_of(&job) else {
        one_offs.insert(id, job.kind == Kind::Once);
        return Ok(());
    };
    let mut parents = Vec::new();
    for parent in tx.parents(id)? {
        parents.extend(tx.job(parent)?);
    }
    let mut all_once = true;
    for parent in &parents {
        all_once &= is_one_off(tx, parent, one_offs)?;
    }
    one_offs.insert(id, all_once);
    if all_once {
        tx.insert_run(&NewRun {
            job: id,
            origin: Origin::After,
            stage: Stage::Blocked,
            reason: None,
            due: moment.now,
            queue: tx.queue_of_job(id)?,
            priority: job.priority,
            missed: None,
            now: moment.now,
        })?;
    }
    // One-offs that ended before count; a recurring job has to end once more.
    let mut hopeless = false;
    for parent in &parents {
        if parent.state != JobState::Done || !is_one_off(tx, parent, one_offs)? {
            continue;
        }
        let last = tx.open_or_last_stage(parent.id)?;
        if last.is_some_and(|stage| ends::holds(after.mode, stage)) {
            tx.hold(id, parent.id)?;
        } else {
            hopeless = true;
        }
    }
    if hopeless {
        ends::give_up(tx, &job, moment.now)?;
    } else if tx.all_hold(id)? {
        ends::fire(tx, &job, moment.now)?;
    }
    Ok(())
}

fn is_one_off(tx: &Tx<'_>, job: &Job, known: &mut HashMap<JobId, bool>) -> Result<bool, Failure> {
    if let Some(answer) = known.get(&job.id) {
        return Ok(*answer);
    }
    let answer = ends::is_one_off(tx, job)?;
    known.insert(job.id, answer);
    Ok(answer)
}
