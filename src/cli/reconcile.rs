//! The database takes the jobs of a file, and only those, from that file.
//!
//! A job's identity is the path of the file and its key there, so applying the same file again
//! changes nothing. All of it is one transaction of the caller: rows first, then who waits for
//! whom, since a job may name another one below it.

use std::collections::{HashMap, HashSet};

use crate::domain::{Job, JobId, Name};
use crate::engine::ends;
use crate::store::{Stage, Tx};

use super::admit::{self, Definition, Moment};
use super::args::IfExists;
use super::chain;
use super::failure::{Code, Failure};
use super::plan::{Added, Changed, ChangedQueue, Plan, differences};

/// What a file wants to be there.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub queues: Vec<(Name, Option<u32>)>,
    pub jobs: Vec<WantedJob>,
}

#[derive(Debug, Clone)]
pub(super) struct WantedJob {
    pub key: String,
    pub definition: Definition,
    /// How it begins its life; a job that is there is not paused by its file.
    pub is_paused: bool,
    /// Its place in the file, for an error.
    pub line: usize,
}

/// Whether the jobs that are gone from the file go, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftover {
    Prune,
    Leave,
}

/// Makes the database match the file. `at` puts the place of a line before a failure, `done` hears how
/// many jobs are in their place.
pub(super) fn reconcile(
    tx: &Tx<'_>,
    source: &str,
    wanted: &Wanted,
    leftover: Leftover,
    moment: Moment,
    at: &dyn Fn(usize, Failure) -> Failure,
    done: &dyn Fn(usize),
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    set_queues(tx, &wanted.queues, &mut plan)?;
    let mut before: HashMap<String, Job> = tx.jobs_of_source(source)?.into_iter().collect();
    let mut new: Vec<&WantedJob> = Vec::new();
    let mut chained: Vec<(JobId, usize)> = Vec::new();
    for (index, job) in wanted.jobs.iter().enumerate() {
        // What is new is only looked at here.
        done(index - new.len());
        match before.remove(&job.key) {
            None => new.push(job),
            Some(known) => {
                let is_chained = keep(tx, &known, job, moment, &mut plan)
                    .map_err(|failure| at(job.line, failure))?;
                if is_chained {
                    chained.push((known.id, job.line));
                }
            }
        }
    }
    // What goes makes room for what comes: a key of --unique may change hands.
    let mut gone: Vec<Job> = before.into_values().collect();
    gone.sort_by_key(|job| job.id);
    match leftover {
        Leftover::Leave => plan.left = gone.into_iter().map(|job| job.name).collect(),
        Leftover::Prune => prune(tx, gone, moment, &mut plan)?,
    }
    let known = wanted.jobs.len() - new.len();
    for (index, job) in new.into_iter().enumerate() {
        done(known + index);
        let placed = place(tx, source, job, moment).map_err(|failure| at(job.line, failure))?;
        let id = placed.admitted.id();
        if job.is_paused {
            tx.pause_job(id, None, false)?;
        }
        if placed.is_chained {
            chained.push((id, job.line));
        }
        if let Some(name) = tx.name_of_job(id)? {
            plan.added.push(Added {
                name,
                when: job.definition.when.clone(),
                line: job.line,
            });
        }
    }
    let ids: Vec<JobId> = chained.iter().map(|(id, _)| *id).collect();
    chain::chain(tx, &ids, moment).map_err(|(index, failure)| at(chained[index].1, failure))?;
    Ok(plan)
}

fn set_queues(tx: &Tx<'_>, queues: &[(Name, Option<u32>)], plan: &mut Plan) -> Result<(), Failure> {
    if queues.is_empty() {
        return Ok(());
    }
    let lanes = tx.lanes()?;
    for (name, to) in queues {
        let lane = lanes.iter().find(|lane| lane.queue.name == *name);
        let from = lane.and_then(|lane| lane.queue.slots);
        if lane.is_some() && from == *to {
            continue;
        }
        tx.set_queue_slots(tx.queue_id(name)?, *to)?;
        plan.queues.push(ChangedQueue {
            name: name.clone(),
            from,
            to: *to,
        });
    }
    Ok(())
}

/// A job that the file had before: whether it waits for others anew.
fn keep(
    tx: &Tx<'_>,
    known: &Job,
    job: &WantedJob,
    moment: Moment,
    plan: &mut Plan,
) -> Result<bool, Failure> {
    let definition = &job.definition;
    if definition.is(known) {
        plan.unchanged += 1;
        return Ok(false);
    }
    let fields = differences(known, definition);
    let name = definition.name.as_ref().unwrap_or(&known.name);
    if *name != known.name && !tx.name_is_free(name)? {
        return Err(elsewhere(name));
    }
    if definition.options.unique != known.options.unique {
        admit::refuse_taken_key(tx, definition)?;
    }
    plan.changed.push(Changed {
        name: name.clone(),
        line: job.line,
        fields,
    });
    admit::replace(tx, known, definition, moment)
}

fn place(
    tx: &Tx<'_>,
    source: &str,
    job: &WantedJob,
    moment: Moment,
) -> Result<admit::Placed, Failure> {
    let definition = Definition {
        source: Some((source.to_owned(), job.key.clone())),
        ..job.definition.clone()
    };
    if let Some(name) = &definition.name
        && !tx.name_is_free(name)?
    {
        return Err(elsewhere(name));
    }
    admit::place(tx, &definition, IfExists::Error, moment)
}

fn elsewhere(name: &Name) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("there is a job named {name} already, and it is not from this file"),
    )
    .hint(format!(
        "choose another name, or take that job away first with: punctual remove {name}"
    ))
}

/// A living run of a job that is gone from the file may finish.
fn prune(tx: &Tx<'_>, gone: Vec<Job>, moment: Moment, plan: &mut Plan) -> Result<(), Failure> {
    let all: HashSet<JobId> = gone.iter().map(|job| job.id).collect();
    for job in gone {
        for child in tx.dependants(job.id)? {
            if !all.contains(&child)
                && let Some(child) = tx.job(child)?
            {
                return Err(Failure::new(
                    Code::Conflict,
                    format!(
                        "{} is gone from the file, and job {} waits for it",
                        job.name, child.name
                    ),
                )
                .hint(format!("remove or edit {} first", child.name)));
            }
        }
        for run in tx.open_runs(job.id)? {
            if !matches!(run.stage, Stage::Claimed | Stage::Running) {
                ends::end_waiting(tx, run.id, Stage::Cancelled, None, moment.now)?;
            }
        }
        tx.remove_job(job.id)?;
        plan.removed.push(job.name);
    }
    Ok(())
}
