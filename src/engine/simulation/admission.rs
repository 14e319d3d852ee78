//! How a job comes into the model's database: with the statements of `add`, which lives in a room
//! that this one may not look into.

use chrono::{DateTime, Utc};

use crate::domain::{Command, Job, JobId, JobState, Kind, Name, Origin, Span};
use crate::engine::ends;
use crate::schedule::{self, Context, Recurrence, Seed, Timing, When};
use crate::store::{NewJob, NewRun, Stage, Tx};

use super::jobs::{SALT, Spec, zone};
use super::world::Broken;

/// The row of a job, the due time of a one-off, and the recurrence that its rows are held
/// against.
pub(super) struct Admission {
    pub row: NewJob,
    pub due: Option<DateTime<Utc>>,
    pub recurrence: Option<Recurrence>,
}

/// What `add` makes of a spec; `None` for what it refuses.
pub(super) fn admission(spec: &Spec, now: DateTime<Utc>) -> Result<Option<Admission>, Broken> {
    let wrong = |error| Broken(format!("{:?} is no schedule: {error:?}", spec.when));
    let when = schedule::parse(&spec.when).map_err(wrong)?;
    let zone = match &spec.options.tz {
        Some(name) => schedule::parse_zone(name).map_err(wrong)?,
        None => zone(),
    };
    let anchor = spec.options.from.unwrap_or(now);
    let context = Context {
        now,
        zone,
        seed: Some(Seed {
            name: &spec.name,
            salt: SALT,
        }),
        anchor,
        from: spec.options.from,
        until: spec.options.until,
        jitter: spec.options.jitter.unwrap_or(Span::from_millis(0)),
    };
    let Ok(timing) = when.timing(&context) else {
        return Ok(None);
    };
    let (kind, due, recurrence) = match timing {
        Timing::Once(at) => (Kind::Once, Some(at), None),
        Timing::Recurring(recurrence) => (Kind::Recurring, None, Some(recurrence)),
        Timing::OnEvent => match when {
            When::Start => (Kind::Start, None, None),
            When::Reboot => (Kind::Reboot, None, None),
            _ => (Kind::After, None, None),
        },
    };
    let next_due = recurrence
        .as_ref()
        .and_then(|recurrence| recurrence.next_after(now));
    if recurrence.is_some() && next_due.is_none() {
        return Ok(None);
    }
    let name = |text: &str| Name::parse(text).map_err(|error| Broken(error.to_string()));
    let row = NewJob {
        name: name(&spec.name)?,
        kind,
        when: spec.when.clone(),
        command: Command::Shell("true".to_owned()),
        queue: name(spec.queue)?,
        priority: spec.priority,
        options: spec.options.clone(),
        anchor,
        created: now,
        next_due,
        source: None,
    };
    Ok(Some(Admission {
        row,
        due,
        recurrence,
    }))
}

/// What `add` does, in its own statements: the job, and the run of a one-off.
pub(super) fn admit(
    tx: &Tx<'_>,
    spec: &Spec,
    now: DateTime<Utc>,
) -> Result<Option<(JobId, Option<Recurrence>)>, Broken> {
    let Some(Admission {
        row,
        due,
        recurrence,
    }) = admission(spec, now)?
    else {
        return Ok(None);
    };
    let parents = parents_of(tx, &row)?;
    if row.kind == Kind::After && parents.is_empty() {
        return Ok(None);
    }
    let job = tx.insert_job(&row)?;
    let queue = tx.queue_id(&row.queue)?;
    let run = |origin, stage, due| NewRun {
        job,
        origin,
        stage,
        reason: None,
        due,
        queue,
        priority: row.priority,
        missed: None,
        now,
    };
    if let Some(due) = due {
        let stage = if due > now {
            Stage::Timed
        } else {
            Stage::Ready
        };
        tx.insert_run(&run(Origin::Schedule, stage, due))?;
    }
    if row.kind == Kind::After {
        let ids: Vec<JobId> = parents.iter().map(|parent| parent.id).collect();
        tx.set_parents(job, &ids)?;
        let Some(child) = tx.job(job)? else {
            return Ok(None);
        };
        if ends::is_one_off(tx, &child)? {
            tx.insert_run(&run(Origin::After, Stage::Blocked, now))?;
        }
        chain(tx, &child, &parents, now)?;
    }
    Ok(Some((job, recurrence)))
}

/// The jobs an `after` names; none when one of them is not there.
fn parents_of(tx: &Tx<'_>, row: &NewJob) -> Result<Vec<Job>, Broken> {
    let Ok(When::After(after)) = schedule::parse(&row.when) else {
        return Ok(Vec::new());
    };
    let mut parents = Vec::new();
    for name in &after.jobs {
        let name = Name::parse(name).map_err(|error| Broken(error.to_string()))?;
        match tx.job_named(&name)? {
            Some(parent) => parents.push(parent),
            None => return Ok(Vec::new()),
        }
    }
    Ok(parents)
}

/// One-offs that ended before count.
fn chain(tx: &Tx<'_>, child: &Job, parents: &[Job], now: DateTime<Utc>) -> Result<(), Broken> {
    let Some(mode) = ends::mode_of(child) else {
        return Ok(());
    };
    let mut hopeless = false;
    for parent in parents {
        if parent.state != JobState::Done || !ends::is_one_off(tx, parent)? {
            continue;
        }
        let last = tx.open_or_last_stage(parent.id)?;
        if last.is_some_and(|stage| ends::holds(mode, stage)) {
            tx.hold(child.id, parent.id)?;
        } else {
            hopeless = true;
        }
    }
    if hopeless {
        ends::give_up(tx, child, now)?;
    } else if tx.all_hold(child.id)? {
        ends::fire(tx, child, now)?;
    }
    Ok(())
}
