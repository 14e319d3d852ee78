//! A definition becomes rows: the one way in, for a command line and for a file.

use chrono::{DateTime, Utc};

use crate::domain::{Command, Job, JobId, Kind, Name, Options, Origin, Span};
use crate::jobfile::document::Entry;
use crate::schedule::{self, Context as When, Seed, Timing, Zone};
use crate::store::{NewJob, NewRun, Stage, Tx};

use super::args::IfExists;
use super::chain;
use super::failure::{Code, Failure};
use super::user;

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

impl From<Entry> for Definition {
    fn from(entry: Entry) -> Self {
        Self {
            name: Some(entry.name),
            when: entry.when,
            command: entry.command,
            queue: entry.queue,
            priority: entry.priority,
            options: entry.options,
            source: None,
        }
    }
}

impl Definition {
    /// Whether the job is this already.
    pub(super) fn is(&self, job: &Job) -> bool {
        self.name.as_ref().is_none_or(|name| *name == job.name)
            && self.when == job.when
            && self.command == job.command
            && self.queue == job.queue
            && self.priority == job.priority
            && self.options == *job.options
    }
}

/// The moment and the place of the admission.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub now: DateTime<Utc>,
    pub zone: Zone,
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
    let placed = place(tx, definition, if_exists, moment)?;
    placed.chain(tx, moment)?;
    Ok(placed.admitted)
}

/// A job that is in its place, but does not wait for others yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub admitted: Admitted,
    /// It waits for others: the caller has to see to that when all of them are there.
    pub is_chained: bool,
}

impl Placed {
    fn chain(self, tx: &Tx<'_>, moment: Moment) -> Result<(), Failure> {
        if self.is_chained {
            chain::chain(tx, &[self.admitted.id()], moment).map_err(|(_, failure)| failure)?;
        }
        Ok(())
    }
}

/// As [`admit`], for one of several jobs that may name each other.
pub(super) fn place(
    tx: &Tx<'_>,
    definition: &Definition,
    if_exists: IfExists,
    moment: Moment,
) -> Result<Placed, Failure> {
    let holder = match &definition.name {
        Some(name) => tx.job_named(name)?,
        None => None,
    };
    if let Some(holder) = holder {
        return match if_exists {
            IfExists::Error => Err(taken(&holder.name)),
            IfExists::Keep => Ok(Placed {
                admitted: Admitted::Kept(holder.id),
                is_chained: false,
            }),
            IfExists::Replace => Ok(Placed {
                is_chained: replace(tx, &holder, definition, moment)?,
                admitted: Admitted::Replaced(holder.id),
            }),
        };
    }
    refuse_taken_key(tx, definition)?;
    let name = match &definition.name {
        Some(name) => name.clone(),
        None => free_name(tx, &definition.command)?,
    };
    let (row, due) = row_of(tx, definition, &name, moment)?;
    // A file tells equal lines apart by their keys.
    if definition.name.is_none() && definition.source.is_none() && row.kind != Kind::Once {
        refuse_double(tx, &row)?;
    }
    insert(tx, &row, due, moment)
}

/// Inserts a job under a name that is free.
pub(super) fn insert(
    tx: &Tx<'_>,
    row: &NewJob,
    due: Option<DateTime<Utc>>,
    moment: Moment,
) -> Result<Placed, Failure> {
    let id = tx.insert_job(row)?;
    if let Some(due) = due {
        insert_only_run(tx, id, row, due, moment.now)?;
    }
    Ok(Placed {
        admitted: Admitted::Added(id),
        is_chained: row.kind == Kind::After,
    })
}

/// Gives a living job a new definition. Its number and its history stay; what a change of WHEN
/// does not touch keeps its grid and its times.
pub(super) fn redefine(
    tx: &Tx<'_>,
    job: &Job,
    definition: &Definition,
    moment: Moment,
) -> Result<(), Failure> {
    let placed = Placed {
        is_chained: replace(tx, job, definition, moment)?,
        admitted: Admitted::Replaced(job.id),
    };
    placed.chain(tx, moment)
}

/// As [`redefine`], for one of several jobs that may name each other: whether it waits for others.
pub(super) fn replace(
    tx: &Tx<'_>,
    job: &Job,
    definition: &Definition,
    moment: Moment,
) -> Result<bool, Failure> {
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
        return Ok(false);
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
    Ok(row.kind == Kind::After)
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
    user::check(options)?;
    let zone = match &options.tz {
        Some(zone) => zone_named(zone)?,
        None => moment.zone,
    };
    let salt = match when {
        // What happens once draws nothing.
        schedule::When::Now | schedule::When::In(_) | schedule::When::At(_) => String::new(),
        _ => salt(tx)?,
    };
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

pub(super) fn zone_named(name: &str) -> Result<Zone, Failure> {
    schedule::parse_zone(name).map_err(|error| Failure::when(name, error))
}

/// The name that a command makes, or the beginning of it where that is taken.
pub(super) fn stem<'a>(words: impl IntoIterator<Item = &'a str>) -> Name {
    let stem = Name::made_from(words);
    if schedule::is_form_word(stem.as_str()) {
        stem.numbered(1)
    } else {
        stem
    }
}

fn free_name(tx: &Tx<'_>, command: &Command) -> Result<Name, Failure> {
    let stem = stem(command.words());
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

pub(super) fn taken(name: &Name) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("there is a job named {name} already"),
    )
    .hint(format!(
        "choose another --name, or --if-exists keep or replace; see it with: punctual show {name}"
    ))
}

pub(super) fn refuse_taken_key(tx: &Tx<'_>, definition: &Definition) -> Result<(), Failure> {
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
        Some(twin) => Err(doubled(&twin.name)),
    }
}

pub(super) fn doubled(twin: &Name) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("job {twin} has the same schedule, command and directory"),
    )
    .hint("give this one a --name if you want both")
}
