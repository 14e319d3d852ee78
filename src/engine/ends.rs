//! What follows from the end of a run, in the transaction that ends it.
//!
//! Hooks are recorded, the next run of the job comes forward, a job without a future is
//! done, and jobs that wait for this one fire or give up. Whoever ends a run (the ledger for
//! a result, a verb for a cancelled one) ends it through here, so that no end is without
//! its consequences.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::domain::{
    Intent, Job, JobId, JobState, Kind, MailOn, Options, Origin, Overlap, Reason, RunId, RunState,
};
use crate::schedule::{self, AfterMode, When};
use crate::store::{NewRun, Read, Stage, StoreError, Tx};

use super::hooks::MAIL;

/// The end of a run, final.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub run: RunId,
    pub job: JobId,
    pub stage: Stage,
    pub reason: Option<Reason>,
}

/// Ends a run that waits, with all that follows; `false` when it does not wait any more.
pub(crate) fn end_waiting(
    tx: &Tx<'_>,
    run: RunId,
    stage: Stage,
    reason: Option<Reason>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(job) = tx.end_waiting(run, stage, reason, now)? else {
        return Ok(false);
    };
    let end = End {
        run,
        job,
        stage,
        reason,
    };
    if let Some(job) = tx.job(job)? {
        run_ended(tx, end, &job.options, None, now)?;
    }
    Ok(true)
}

/// `fallback` is the runner's `--on-failure`, for jobs without their own.
pub(crate) fn run_ended(
    tx: &Tx<'_>,
    end: End,
    options: &Options,
    fallback: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let hopeless = one_ended(tx, end, options, fallback, now)?;
    give_up_all(tx, hopeless, now)
}

/// What follows from one end, but for the jobs that give up because of it: those are answered.
fn one_ended(
    tx: &Tx<'_>,
    end: End,
    options: &Options,
    fallback: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>, StoreError> {
    for (occasion, command) in hooks(options, end, fallback) {
        tx.record_hook(end.run, occasion, command, now)?;
    }
    if let Some(to) = &options.mail_to
        && wants_mail(tx, end, options.mail_on)?
    {
        tx.record_hook(end.run, MAIL, to.as_str(), now)?;
    }
    come_forward(tx, end.job)?;
    settle_dependants(tx, end, now)
}

fn wants_mail(tx: &Tx<'_>, end: End, on: MailOn) -> Result<bool, StoreError> {
    Ok(match on {
        MailOn::Failure => is_failure(end),
        MailOn::Always => is_failure(end) || end.stage != Stage::Skipped,
        MailOn::Output => {
            let attempts = tx.attempts(end.run)?;
            attempts.last().is_some_and(|last| last.output_bytes > 0)
        }
    })
}

/// What somebody should hear of.
fn is_failure(end: End) -> bool {
    match end.stage {
        Stage::Failed => true,
        Stage::Skipped => matches!(
            end.reason,
            Some(Reason::Missed | Reason::Expired | Reason::Dependency)
        ),
        _ => false,
    }
}

/// The hooks that an end calls for.
fn hooks<'a>(
    options: &'a Options,
    end: End,
    fallback: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let on_success = (end.stage == Stage::Succeeded).then_some(&options.on_success);
    let on_finish = (end.stage != Stage::Skipped).then_some(&options.on_finish);
    let wanted = |option: Option<&'a Option<String>>| option.and_then(Option::as_deref);
    let on_failure = is_failure(end)
        .then(|| options.on_failure.as_deref().or(fallback))
        .flatten();
    [
        ("on-success", wanted(on_success)),
        ("on-failure", on_failure),
        ("on-finish", wanted(on_finish)),
    ]
    .into_iter()
    .filter_map(|(occasion, command)| Some((occasion, command?)))
    .collect()
}

/// When nothing of a job is under way, its next waiting run comes forward, or the job is done.
pub(crate) fn come_forward(tx: &Tx<'_>, job: JobId) -> Result<(), StoreError> {
    let open = tx.open_runs(job)?;
    if open.is_empty() {
        return tx.end_job_without_future(job);
    }
    if !open.iter().any(|run| under_way(run.stage))
        && let Some(first) = open.iter().find(|run| run.stage == Stage::Held)
    {
        tx.move_run(first.id, Stage::Held, Stage::Ready)?;
    }
    Ok(())
}

/// Whether the next run of the same job has to wait for one at this stage.
pub(crate) fn under_way(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Ready | Stage::Retrying | Stage::Claimed | Stage::Running
    )
}

/// One more run of a job, outside its schedule.
pub(crate) fn extra_run(
    tx: &Tx<'_>,
    job: &Job,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<RunId, StoreError> {
    let open = tx.open_runs(job.id)?;
    let busy = open
        .iter()
        .any(|run| under_way(run.stage) || run.stage == Stage::Held);
    let lined_up = open.iter().any(|run| run.stage == Stage::Held);
    let (stage, reason) = match (origin, job.options.overlap) {
        (Origin::After, _) if job.state == JobState::Paused => (Stage::Parked, None),
        (_, Overlap::Allow) => (Stage::Ready, None),
        _ if !busy => (Stage::Ready, None),
        // An extra run that somebody asked for waits, whatever the policy.
        (Origin::Trigger | Origin::Retry, _) => (Stage::Held, None),
        (_, Overlap::Queue) if !lined_up => (Stage::Held, None),
        (_, Overlap::Replace) => {
            for run in open {
                match run.stage {
                    Stage::Claimed | Stage::Running => {
                        tx.set_intent(run.id, Intent::Cancel)?;
                    }
                    _ => {
                        tx.end_waiting(run.id, Stage::Cancelled, None, now)?;
                    }
                }
            }
            (Stage::Held, None)
        }
        _ => (Stage::Skipped, Some(Reason::Overlap)),
    };
    let (run, _) = tx.insert_run(&NewRun {
        job: job.id,
        origin,
        stage,
        reason,
        due: now,
        queue: tx.queue_of_job(job.id)?,
        priority: job.priority,
        missed: None,
        now,
    })?;
    // What it replaced may all have been waiting.
    come_forward(tx, job.id)?;
    Ok(run)
}

/// Jobs that wait for this one: their condition holds now, or never will. The latter are answered.
fn settle_dependants(tx: &Tx<'_>, end: End, now: DateTime<Utc>) -> Result<Vec<JobId>, StoreError> {
    let children = tx.dependants(end.job)?;
    if children.is_empty() {
        return Ok(Vec::new());
    }
    let Some(parent) = tx.job(end.job)? else {
        return Ok(Vec::new());
    };
    // Only a one-off gives up, and asking for more is a walk up the whole chain.
    let gave_up = end.reason == Some(Reason::Dependency);
    let once = || Ok::<_, StoreError>(gave_up || is_one_off(tx, &parent)?);
    // A due time that was skipped is no end of a recurring job.
    if end.stage == Stage::Skipped && !once()? {
        return Ok(Vec::new());
    }
    let mut hopeless = Vec::new();
    for child in children {
        let Some(child) = tx.job(child)? else {
            continue;
        };
        let Some(mode) = mode_of(&child) else {
            continue;
        };
        if holds(mode, end.stage) {
            tx.hold(child.id, parent.id)?;
            if tx.all_hold(child.id)? {
                fire(tx, &child, now)?;
            }
        } else if once()? {
            hopeless.push(child.id);
        }
    }
    Ok(hopeless)
}

pub(crate) fn holds(mode: AfterMode, stage: Stage) -> bool {
    match mode {
        AfterMode::All => stage == Stage::Succeeded,
        AfterMode::Any => true,
        AfterMode::Fail => stage == Stage::Failed,
    }
}

/// How an `after` job waits.
pub(crate) fn mode_of(job: &Job) -> Option<AfterMode> {
    match schedule::parse(&job.when) {
        Ok(When::After(after)) => Some(after.mode),
        _ => None,
    }
}

/// Whether the job runs once: by its own WHEN, or because all that it waits for does. Not by
/// recursion, here and below: a chain can be as long as a batch.
pub(crate) fn is_one_off(tx: &Read<'_>, job: &Job) -> Result<bool, StoreError> {
    let mut seen = HashSet::new();
    let mut ahead = Vec::new();
    let mut kind = job.kind;
    let mut id = job.id;
    loop {
        match kind {
            Kind::Once => {}
            Kind::After => {
                let parents = tx.parents(id)?.into_iter();
                ahead.extend(parents.filter(|parent| seen.insert(*parent)));
            }
            _ => return Ok(false),
        }
        let Some(next) = ahead.pop() else {
            return Ok(true);
        };
        id = next;
        kind = tx.kind_of_job(next)?.unwrap_or(Kind::Once);
    }
}

/// All that the job waits for has come: its blocked run may start, or a new one is made.
pub(crate) fn fire(tx: &Tx<'_>, job: &Job, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.reset_holds(job.id)?;
    let open = tx.open_runs(job.id)?;
    match open.iter().find(|run| run.stage == Stage::Blocked) {
        Some(blocked) => {
            let to = if job.state == JobState::Paused {
                Stage::Parked
            } else {
                Stage::Ready
            };
            tx.unblock_run(blocked.id, to, now)
        }
        None => extra_run(tx, job, Origin::After, now).map(drop),
    }
}

/// Jobs that gave up because this one failed wait for it again, and those behind them.
pub(crate) fn revive_dependants(
    tx: &Tx<'_>,
    parent: JobId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut parents = vec![parent];
    while let Some(parent) = parents.pop() {
        for child in tx.children(parent)? {
            let gave_up = tx.latest_run(child)?.is_some_and(|run| {
                run.state == RunState::Skipped && run.reason == Some(Reason::Dependency)
            });
            let Some(job) = tx.job(child)?.filter(|_| gave_up) else {
                continue;
            };
            tx.revive_job(child)?;
            tx.insert_run(&NewRun {
                job: child,
                origin: Origin::After,
                stage: Stage::Blocked,
                reason: None,
                due: now,
                queue: tx.queue_of_job(child)?,
                priority: job.priority,
                missed: None,
                now,
            })?;
            parents.push(child);
        }
    }
    Ok(())
}

/// What the job waits for can never come.
pub(crate) fn give_up(tx: &Tx<'_>, job: &Job, now: DateTime<Utc>) -> Result<(), StoreError> {
    give_up_all(tx, vec![job.id], now)
}

/// The same for several jobs, those that wait for them, and so on.
fn give_up_all(
    tx: &Tx<'_>,
    mut hopeless: Vec<JobId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    while let Some(job) = hopeless.pop() {
        for run in tx.open_runs(job)? {
            if run.stage != Stage::Blocked {
                continue;
            }
            let (stage, reason) = (Stage::Skipped, Some(Reason::Dependency));
            if tx.end_waiting(run.id, stage, reason, now)?.is_none() {
                continue;
            }
            let end = End {
                run: run.id,
                job,
                stage,
                reason,
            };
            if let Some(job) = tx.job(job)? {
                hopeless.extend(one_ended(tx, end, &job.options, None, now)?);
            }
        }
    }
    Ok(())
}
