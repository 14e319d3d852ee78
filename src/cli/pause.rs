//! `pause` and `resume`: start nothing new of a job, and go on.

use std::process::ExitCode;

use crate::domain::{Job, JobState};
use crate::engine::pausing;
use crate::schedule;
use crate::store::Tx;

use super::admit;
use super::args::{PauseArgs, ResumeArgs, Selector};
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::last_attempts;
use super::render::{self, json, time};
use super::select;

pub(super) fn pause(args: &PauseArgs, context: &Context) -> Result<ExitCode, Failure> {
    let until = args
        .until
        .as_ref()
        .map(|text| {
            schedule::parse_time(text, context.now, context.zone)
                .map_err(|error| Failure::when(text, error))
        })
        .transpose()?;
    if until.is_some_and(|until| until <= context.now) {
        return Err(Failure::usage("--until lies in the past").hint("give a time to come"));
    }
    let mut store = context.open_to_change(select::first_word(&args.which))?;
    let paused = store.write(|tx| {
        let jobs = chosen(tx, &args.which, |job| job.state == JobState::Active)?;
        for job in &jobs {
            tx.pause_job(job.id, until, args.which.all)?;
        }
        nothing_done(tx, &jobs, &args.which, "active")?;
        again(tx, jobs)
    })?;
    drop(store);
    let also = match until {
        Some(until) => format!(" until {}", time::short(until, context.now, context.zone)),
        None => String::new(),
    };
    report("paused", &also, &paused, context)
}

pub(super) fn resume(args: &ResumeArgs, context: &Context) -> Result<ExitCode, Failure> {
    let mut store = context.open_to_change(select::first_word(&args.which))?;
    let resumed = store.write(|tx| {
        let salt = admit::salt(tx)?;
        let mut jobs = chosen(tx, &args.which, |job| job.state == JobState::Paused)?;
        if args.which.all {
            let mut kept = Vec::new();
            for job in jobs {
                if tx.was_paused_with_all(job.id)? {
                    kept.push(job);
                }
            }
            jobs = kept;
        }
        for job in &jobs {
            pausing::resume(tx, job, &salt, context.zone, context.now)?;
        }
        nothing_done(tx, &jobs, &args.which, "paused")?;
        again(tx, jobs)
    })?;
    drop(store);
    report("resumed", "", &resumed, context)
}

/// The jobs a selector names; of several, those that the verb can change.
fn chosen(tx: &Tx<'_>, which: &Selector, fits: impl Fn(&Job) -> bool) -> Result<Vec<Job>, Failure> {
    Ok(select::jobs(tx, which)?
        .into_iter()
        .filter(|job| fits(job))
        .collect())
}

/// A verb that changed nothing though asked to says so, and fails.
fn nothing_done(tx: &Tx<'_>, jobs: &[Job], which: &Selector, wanted: &str) -> Result<(), Failure> {
    if !jobs.is_empty() {
        return Ok(());
    }
    let message = match which.jobs.as_slice() {
        [one] => {
            let state = render::state_word(select::job(tx, one)?.state);
            format!("{one} is {state}, not {wanted}")
        }
        _ => format!("no such job is {wanted}"),
    };
    Err(Failure::new(Code::Failed, message).hint("nothing was changed; see: punctual list"))
}

fn again(tx: &Tx<'_>, jobs: Vec<Job>) -> Result<Vec<Job>, Failure> {
    jobs.into_iter()
        .map(|job| Ok(tx.job(job.id)?.unwrap_or(job)))
        .collect()
}

fn report(did: &str, also: &str, jobs: &[Job], context: &Context) -> Result<ExitCode, Failure> {
    if context.json {
        let store = context.open_existing("")?;
        let read = store.read();
        let views = jobs
            .iter()
            .map(|job| read.job_view(job.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let attempts = last_attempts(&read, &views)?;
        let views = views.iter().zip(attempts.iter().map(Vec::as_slice));
        context.print_json(&json::jobs(views, context.now, context.zone))?;
    } else if !context.quiet {
        for job in jobs {
            context.print(&format!("{did} {}{also}\n", job.name))?;
        }
    }
    Ok(Context::done())
}
