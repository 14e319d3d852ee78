//! `next`: the coming times of a job, of any WHEN, or of everything.

use std::process::ExitCode;

use chrono::{DateTime, Utc};

use crate::domain::{Job, JobState, JobView, Kind, Name, Span};
use crate::engine::timing::recurrence_of;
use crate::schedule::{self, Context as When, Recurrence, Seed, Timing, Zone};
use crate::store::{Read, Store};

use super::admit;
use super::args::NextArgs;
use super::context::Context;
use super::failure::Failure;
use super::render::{Style, agenda_table, json, later_jobs, outlook, times_table};
use super::{day, select};

/// Jobs that are named when none of their times is shown.
const LATER: usize = 3;

/// Times shown unless `-n` says otherwise.
const SHOWN: usize = 5;

pub(super) fn next(args: &NextArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.chart && context.json {
        return Err(day::no_json());
    }
    let store = context.open_read()?;
    let n = args.n.unwrap_or(SHOWN);
    if args.chart && args.what.is_none() {
        let from = from(args, context.zone, context)?;
        day::of_all(store.as_ref(), args.n, from, context)?;
        return Ok(Context::done());
    }
    let Some(what) = &args.what else {
        let of_one = [
            ("--from", args.from.is_some()),
            ("--tz", args.tz.is_some()),
            ("--name", args.name.is_some()),
        ];
        if let Some((option, _)) = of_one.iter().find(|(_, is_given)| *is_given) {
            return Err(Failure::usage(format!(
                "{option} asks about one job or WHEN, and none is named"
            ))
            .hint("name it: punctual next JOB|WHEN"));
        }
        agenda(store.as_ref(), n, context)?;
        return Ok(Context::done());
    };
    let job = match &store {
        Some(store) => select::find_job(&store.read(), what, false)?,
        None => None,
    };
    let zone = match (&args.tz, &job) {
        (Some(zone), _) => admit::zone_named(zone)?,
        (None, Some(job)) => match &job.options.tz {
            Some(zone) => admit::zone_named(zone)?,
            None => context.zone,
        },
        (None, None) => context.zone,
    };
    let from = from(args, zone, context)?;
    match (job, &store) {
        (Some(job), Some(store)) if args.chart => {
            let fires = fires_of(&store.read(), &job, context)?;
            day::of_one(job.name.as_str(), fires, from, zone, context)?;
        }
        (Some(job), Some(store)) => {
            let read = store.read();
            let times = times_after(&read, &job, from, n, context)?;
            let view = read.job_view(job)?;
            print(&view.job.when, &times, zone, false, context)?;
            say_what_holds(&view, &times, context);
        }
        _ => next_of_when(what, args, from, zone, n, store.as_ref(), context)?,
    }
    Ok(Context::done())
}

fn from(args: &NextArgs, zone: Zone, context: &Context) -> Result<DateTime<Utc>, Failure> {
    args.from.as_ref().map_or(Ok(context.now), |text| {
        schedule::parse_time(text, context.now, zone).map_err(|error| Failure::when(text, error))
    })
}

fn next_of_when(
    text: &str,
    args: &NextArgs,
    from: DateTime<Utc>,
    zone: Zone,
    n: usize,
    store: Option<&Store>,
    context: &Context,
) -> Result<(), Failure> {
    let wrong = |error| Failure::when(text, error);
    let when = schedule::parse(text).map_err(|error| {
        // One word that no schedule begins with may be a job's name.
        let hint = error.hint.as_deref().unwrap_or_default();
        let is_name = Name::parse(text).is_ok()
            && !schedule::is_form_word(text)
            && !hint.starts_with("did you mean");
        let job = store.filter(|_| is_name);
        match job.and_then(|store| select::meant(&store.read(), text)) {
            Some(job) => wrong(error).hint(format!("did you mean the job {job}?")),
            None => wrong(error),
        }
    })?;
    let salt = match store {
        Some(store) => admit::salt(&store.read())?,
        None => std::env::var("PUNCTUAL_SALT").unwrap_or_default(),
    };
    let when_context = When {
        now: from,
        zone,
        seed: args.name.as_ref().map(|name| Seed {
            name: name.as_str(),
            salt: &salt,
        }),
        anchor: from,
        from: None,
        until: None,
        jitter: Span::from_millis(0),
    };
    let fires = match when.recurrence(&when_context).map_err(wrong)? {
        Some(recurrence) => Fires::Again(recurrence),
        None => match when.timing(&when_context).map_err(wrong)? {
            Timing::Once(at) => Fires::Once(at),
            _ => Fires::Never,
        },
    };
    let zone = when.zone().unwrap_or(zone);
    if args.chart {
        return day::of_one(text, fires, from, zone, context);
    }
    let times = match fires {
        Fires::Again(recurrence) => coming(&recurrence, from, n),
        Fires::Once(at) => vec![at],
        Fires::Never => Vec::new(),
    };
    print(text, &times, zone, true, context)
}

fn print(
    when: &str,
    times: &[DateTime<Utc>],
    zone: Zone,
    explain: bool,
    context: &Context,
) -> Result<(), Failure> {
    if context.json {
        return context.print_json(&json::times(times, zone));
    }
    let style = Style {
        zone,
        ..context.style.clone()
    };
    if explain && !context.quiet {
        if let Some(words) = in_words(when, zone) {
            context.print(&format!("{words}\n"))?;
        }
        if let Ok(parsed) = schedule::parse(when) {
            for warning in schedule::warnings(&parsed, zone, context.now) {
                context.note(&format!("warning: {warning}"));
            }
        }
    }
    context.print(&times_table(times, &style))
}

/// Why a job has no time to come, or why it will let one pass.
fn say_what_holds(view: &JobView, times: &[DateTime<Utc>], context: &Context) {
    let passes = times.is_empty() || view.job.state != JobState::Active;
    if passes && !context.quiet && !context.json {
        let name = &view.job.name;
        context.note(&format!(
            "{name}: {}",
            outlook(&view.job, view.next, &context.style)
        ));
    }
}

/// The schedule as a sentence, for people.
pub(super) fn in_words(when: &str, zone: Zone) -> Option<String> {
    let when = schedule::parse(when).ok()?;
    Some(schedule::describe(&when, zone)).filter(|words| !words.is_empty())
}

pub(super) fn times_after(
    read: &Read<'_>,
    job: &Job,
    from: DateTime<Utc>,
    n: usize,
    context: &Context,
) -> Result<Vec<DateTime<Utc>>, Failure> {
    Ok(match fires_of(read, job, context)? {
        Fires::Again(recurrence) => coming(&recurrence, from, n),
        Fires::Once(at) => Some(at).filter(|at| *at > from).into_iter().collect(),
        Fires::Never => Vec::new(),
    })
}

/// When a job starts by the clock.
pub(super) enum Fires {
    Again(Recurrence),
    Once(DateTime<Utc>),
    Never,
}

pub(super) fn fires_of(read: &Read<'_>, job: &Job, context: &Context) -> Result<Fires, Failure> {
    match job.kind {
        Kind::Recurring => {}
        Kind::Once => {
            let next = read.next_of(job)?;
            return Ok(next.map_or(Fires::Never, Fires::Once));
        }
        _ => return Ok(Fires::Never),
    }
    let recurrence = recurrence_of(job, &admit::salt(read)?, context.zone)
        .map_err(|error| Failure::when(&job.when, error))?;
    Ok(recurrence.map_or(Fires::Never, Fires::Again))
}

fn coming(recurrence: &Recurrence, from: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
    let mut times = Vec::new();
    let mut last = from;
    while times.len() < n
        && let Some(next) = recurrence.next_after(last)
    {
        times.push(next);
        last = next;
    }
    times
}

/// At least the first n times of all jobs, in no order.
fn merged(
    read: &Read<'_>,
    n: usize,
    context: &Context,
) -> Result<Vec<(Name, DateTime<Utc>)>, Failure> {
    let mut times = Vec::new();
    // The first n of all times belong to the n jobs that come first.
    for job in read.due_jobs(DateTime::<Utc>::MAX_UTC, n)? {
        let job = job.job;
        let coming = times_after(read, &job, context.now, n, context)?;
        times.extend(coming.into_iter().map(|at| (job.name.clone(), at)));
    }
    for timed in read.timed_runs(DateTime::<Utc>::MAX_UTC, n)? {
        if let (Some(run), Some(job)) = (read.run(timed.id)?, read.job(timed.job)?) {
            times.push((job.name, run.not_before));
        }
    }
    Ok(times)
}

/// The next runs of all jobs, merged.
fn agenda(store: Option<&Store>, n: usize, context: &Context) -> Result<(), Failure> {
    let tells_later = context.terminal && !context.quiet && !context.json;
    let wanted = if tells_later {
        n.saturating_add(LATER + 1)
    } else {
        n
    };
    let mut times = match store {
        Some(store) => store.snapshot(|read| merged(read, wanted, context))?,
        None => Vec::new(),
    };
    times.sort_by(|(a, at), (b, bt)| (at, a).cmp(&(bt, b)));
    let later = times.split_off(n.min(times.len()));
    if context.json {
        return context.print_json(&json::agenda(&times, context.zone));
    }
    if times.is_empty() {
        if !context.quiet {
            context.note("nothing is scheduled");
        }
        return Ok(());
    }
    context.print(&agenda_table(&times, &context.style))?;
    if tells_later && let Some(line) = later_jobs(&times, &later, LATER, &context.style) {
        context.note(&line);
    }
    Ok(())
}
