//! A definition becomes rows: the one way in, for a command line and for a file.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::{Command, Job, JobId, JobState, Kind, Name, Options, Origin, Span};
use crate::engine::ends;
use crate::schedule::{self, Context as When, Seed, Timing};
use crate::store::{NewJob, NewRun, Stage, Tx};

use super::args::IfExists;
use super::failure::{Code, Failure};
use super::select;

/// A job as somebody wants it.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// Without one, a name is made from the command.
    pub name: Option<Name>,
    pub when: String,
    pub command: Command,
    pub queue: Name,
    pub priority: i64,
    pub options: Options,
    pub source: Option<(String, String)>,
}

/// The moment and the place of the admission.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub now: DateTime<Utc>,
    pub zone: Tz,
}

/// What became of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    Added(JobId),
    Replaced(JobId),
    /// It was there before.
    Kept(JobId),
}

impl Admitted {
    pub(super) fn id(self) -> JobId {
        match self {
            Self::Added(id) | Self::Replaced(id) | Self::Kept(id) => id,
        }
    }
}

/// Adds the job, or does what `if_exists` says when its name is taken.
pub(super) fn admit(
    tx: &Tx<'_>,
    definition: &Definition,
    if_exists: IfExists,
    moment: Moment,
) -> Result<Admitted, Failure> {
    let holder = match &definition.name {
        Some(name) => tx.job_named(name)?,
        None => None,
    };
    if let Some(holder) = holder {
        return match if_exists {
            IfExists::Error => Err(taken(&holder.name)),
            IfExists::Keep => Ok(Admitted::Kept(holder.id)),
            IfExists::Replace => {
                redefine(tx, &holder, definition, moment)?;
                Ok(Admitted::Replaced(holder.id))
            }
        };
    }
    refuse_taken_key(tx, definition)?;
    let name = match &definition.name {
        Some(name) => name.clone(),
        None => free_name(tx, &definition.command)?,
    };
    let (row, due) = row_of(tx, definition, &name, moment)?;
    if definition.name.is_none() && row.kind != Kind::Once {
        refuse_double(tx, &row)?;
    }
    let id = tx.insert_job(&row)?;
    match due {
        Some(due) => insert_only_run(tx, id, &row, due, moment.now)?,
        None if row.kind == Kind::After => chain(tx, id, &row, moment)?,
        None => {}
    }
    Ok(Admitted::Added(id))
}

/// Gives a living job a new definition. Its number and its history stay; what a change of WHEN
/// does not touch keeps its grid and its times.
pub(super) fn redefine(
    tx: &Tx<'_>,
    job: &Job,
    definition: &Definition,
    moment: Moment,
) -> Result<(), Failure> {
    let name = definition.name.as_ref().unwrap_or(&job.name);
    let (old, new) = (&job.options, &definition.options);
    let timing_changed = job.when != definition.when
        || (&old.tz, old.from, old.until, old.jitter) != (&new.tz, new.from, new.until, new.jitter)
        || job.name != *name;
    if !timing_changed {
        let row = NewJob {
            name: name.clone(),
            kind: job.kind,
            when: job.when.clone(),
            command: definition.command.clone(),
            queue: definition.queue.clone(),
            priority: definition.priority,
            options: new.clone(),
            anchor: job.anchor,
            created: job.created,
            next_due: job.next_due,
            source: None,
        };
        tx.redefine_job(job.id, &row)?;
        tx.flag_claims(job.id)?;
        return Ok(());
    }
    let (row, due) = row_of(tx, definition, name, moment)?;
    tx.redefine_job(job.id, &row)?;
    tx.flag_claims(job.id)?;
    tx.set_parents(job.id, &[])?;
    let waiting = tx.open_runs(job.id)?.into_iter().find(|run| {
        matches!(
            run.stage,
            Stage::Timed | Stage::Ready | Stage::Blocked | Stage::Parked
        )
    });
    match (due, waiting) {
        (Some(due), Some(run)) => tx.reschedule_run(run.id, due, moment.now)?,
        (Some(due), None) if !tx.has_due(job.id, due)? => {
            insert_only_run(tx, job.id, &row, due, moment.now)?;
        }
        (None, Some(run)) if job.kind == Kind::Once || job.kind == Kind::After => {
            tx.end_waiting(run.id, Stage::Cancelled, None, moment.now)?;
        }
        _ => {}
    }
    if row.kind == Kind::After {
        chain(tx, job.id, &row, moment)?;
    }
    Ok(())
}

/// Lets an `after` job wait for the jobs it names.
fn chain(tx: &Tx<'_>, id: JobId, row: &NewJob, moment: Moment) -> Result<(), Failure> {
    let Ok(schedule::When::After(after)) = schedule::parse(&row.when) else {
        return Ok(());
    };
    let parents = after
        .jobs
        .iter()
        .map(|word| select::job(tx, word))
        .collect::<Result<Vec<_>, _>>()?;
    for parent in &parents {
        if reaches(tx, parent.id, id)? {
            return Err(Failure::usage(format!(
                "{} would wait for itself through {}",
                row.name, parent.name
            ))
            .hint("break the circle: one of the jobs needs another WHEN"));
        }
    }
    let ids: Vec<JobId> = parents.iter().map(|parent| parent.id).collect();
    tx.set_parents(id, &ids)?;
    let Some(job) = tx.job(id)? else {
        return Ok(());
    };
    if ends::is_one_off(tx, &job)? {
        tx.insert_run(&NewRun {
            job: id,
            origin: Origin::After,
            stage: Stage::Blocked,
            reason: None,
            due: moment.now,
            queue: tx.queue_id(&row.queue)?,
            priority: row.priority,
            missed: None,
            now: moment.now,
        })?;
    }
    // One-offs that ended before count; a recurring job has to end once more.
    let mut hopeless = false;
    for parent in &parents {
        if parent.state != JobState::Done || !ends::is_one_off(tx, parent)? {
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

/// Whether `from` waits for `to`, directly or through others, or is it.
fn reaches(tx: &Tx<'_>, from: JobId, to: JobId) -> Result<bool, Failure> {
    let mut seen = vec![from];
    let mut next = 0;
    while next < seen.len() {
        if seen[next] == to {
            return Ok(true);
        }
        for parent in tx.parents(seen[next])? {
            if !seen.contains(&parent) {
                seen.push(parent);
            }
        }
        next += 1;
    }
    Ok(false)
}

fn insert_only_run(
    tx: &Tx<'_>,
    id: JobId,
    row: &NewJob,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    tx.insert_run(&NewRun {
        job: id,
        origin: Origin::Schedule,
        stage: if due > now {
            Stage::Timed
        } else {
            Stage::Ready
        },
        reason: None,
        due,
        queue: tx.queue_id(&row.queue)?,
        priority: row.priority,
        missed: None,
        now,
    })?;
    Ok(())
}

/// The row of a definition, and the due time of a one-off.
pub(super) fn row_of(
    tx: &Tx<'_>,
    definition: &Definition,
    name: &Name,
    moment: Moment,
) -> Result<(NewJob, Option<DateTime<Utc>>), Failure> {
    let text = &definition.when;
    let when = schedule::parse(text).map_err(|error| Failure::when(text, error))?;
    let options = &definition.options;
    let zone = match &options.tz {
        Some(zone) => zone_named(zone)?,
        None => moment.zone,
    };
    let salt = salt(tx)?;
    let anchor = options.from.unwrap_or(moment.now);
    let context = When {
        now: moment.now,
        zone,
        seed: Some(Seed {
            name: name.as_str(),
            salt: &salt,
        }),
        anchor,
        from: options.from,
        until: options.until,
        jitter: options.jitter.unwrap_or(Span::from_millis(0)),
    };
    let timing = when
        .timing(&context)
        .map_err(|error| Failure::when(text, error))?;
    let (kind, next_due, due) = match (&when, timing) {
        (schedule::When::After(_), _) => (Kind::After, None, None),
        (_, Timing::Once(at)) => (Kind::Once, None, Some(at)),
        (_, Timing::Recurring(recurrence)) => {
            let first = recurrence.next_after(moment.now).ok_or_else(|| {
                Failure::usage(format!("{text:?} has no time left before --until"))
                    .hint("give a later --until")
            })?;
            (Kind::Recurring, Some(first), None)
        }
        (schedule::When::Reboot, Timing::OnEvent) => (Kind::Reboot, None, None),
        (schedule::When::Start, Timing::OnEvent) => (Kind::Start, None, None),
        (_, Timing::OnEvent) => (Kind::Never, None, None),
    };
    let row = NewJob {
        name: name.clone(),
        kind,
        when: text.clone(),
        command: definition.command.clone(),
        queue: definition.queue.clone(),
        priority: definition.priority,
        options: options.clone(),
        anchor,
        created: moment.now,
        next_due,
        source: definition.source.clone(),
    };
    Ok((row, due))
}

/// The database's salt, which `PUNCTUAL_SALT` overrides (for a reproducible fleet).
pub(super) fn salt(read: &crate::store::Read<'_>) -> Result<String, Failure> {
    match std::env::var("PUNCTUAL_SALT") {
        Ok(salt) if !salt.is_empty() => Ok(salt),
        _ => Ok(read.meta("salt")?),
    }
}

pub(super) fn zone_named(name: &str) -> Result<Tz, Failure> {
    schedule::parse_zone(name).map_err(|error| Failure::when(name, error))
}

fn free_name(tx: &Tx<'_>, command: &Command) -> Result<Name, Failure> {
    let stem = Name::made_from(command.words());
    let stem = if schedule::is_form_word(stem.as_str()) {
        stem.numbered(1)
    } else {
        stem
    };
    if tx.name_is_free(&stem)? {
        return Ok(stem);
    }
    let next = tx.next_name_number(&stem)?;
    let mut numbers = next..;
    loop {
        let number = numbers.next().unwrap_or(next);
        let name = stem.numbered(number);
        if tx.name_is_free(&name)? {
            return Ok(name);
        }
    }
}

fn taken(name: &Name) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("there is a job named {name} already"),
    )
    .hint(format!(
        "choose another --name, or --if-exists keep or replace; see it with: punctual show {name}"
    ))
}

fn refuse_taken_key(tx: &Tx<'_>, definition: &Definition) -> Result<(), Failure> {
    if let Some(key) = &definition.options.unique
        && let Some(holder) = tx.job_with_key(key)?
    {
        return Err(Failure::new(
            Code::Conflict,
            format!("job {} has the key {key:?} and is not done", holder.name),
        )
        .hint(format!("wait for it with: punctual wait {}", holder.name)));
    }
    Ok(())
}

/// A setup script that is run twice must not double its jobs.
fn refuse_double(tx: &Tx<'_>, row: &NewJob) -> Result<(), Failure> {
    let twin = tx
        .jobs_like(&row.when, &row.command)?
        .into_iter()
        .find(|job| job.options.cwd == row.options.cwd);
    match twin {
        None => Ok(()),
        Some(twin) => Err(Failure::new(
            Code::Conflict,
            format!(
                "job {} has the same schedule, command and directory",
                twin.name
            ),
        )
        .hint("give this one a --name if you want both")),
    }
}
