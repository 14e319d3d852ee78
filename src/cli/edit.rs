//! `edit`: a job gets a new definition in place.

mod revision;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use crate::domain::{Job, JobView, Options};
use crate::store::Tx;

use super::admit::{self, Definition, Moment};
use super::args::EditArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::last_attempts;
use super::render::{json, outlook};
use super::{add, command, options, select, warn};

pub(super) fn edit(args: &EditArgs, context: &Context) -> Result<ExitCode, Failure> {
    if let Some(when) = &args.when {
        add::check_when(when)?;
    }
    if let Some(name) = &args.name {
        add::check_name(name)?;
        if args.jobs.len() > 1 {
            return Err(Failure::usage("several jobs cannot have one name")
                .hint("give --name with one job only"));
        }
    }
    let mut store = context.open_to_change(&args.jobs[0])?;
    let changed = if args.is_bare() && context.terminal && io::stdin().is_terminal() {
        let jobs = select::each_once(&store.read(), &args.jobs)?;
        revision::revise(&mut store, &jobs, context)?
    } else {
        store.write(|tx| {
            select::each_once(tx, &args.jobs)?
                .iter()
                .map(|job| edit_one(tx, job, args, context))
                .collect::<Result<Vec<_>, Failure>>()
        })?
    };
    drop(store);
    // Said when the lock is free: a slow terminal keeps no other writer waiting.
    for changed in changed.iter().filter(|changed| changed.is_rescheduled) {
        let job = &changed.view.job;
        warn::schedule(&job.when, job.options.tz.as_deref(), "", context);
    }
    let views: Vec<JobView> = changed.into_iter().map(|changed| changed.view).collect();
    if context.json {
        let attempts = last_attempts(&context.open_existing("")?.read(), &views)?;
        if let ([view], [attempts]) = (views.as_slice(), attempts.as_slice()) {
            context.print_json(&json::job(view, attempts, context.now, context.zone))?;
        } else {
            let views = views.iter().zip(attempts.iter().map(Vec::as_slice));
            context.print_json(&json::jobs(views, context.now, context.zone))?;
        }
    } else if !context.quiet {
        for view in &views {
            let what = outlook(&view.job, view.next, &context.style);
            context.print(&format!("{}: {what}\n", view.job.name))?;
        }
    }
    Ok(Context::done())
}

/// A job that was edited, as it is now.
struct Changed {
    view: JobView,
    is_rescheduled: bool,
}

fn edit_one(
    tx: &Tx<'_>,
    job: &Job,
    args: &EditArgs,
    context: &Context,
) -> Result<Changed, Failure> {
    let mut base = Options::clone(&job.options);
    for name in &args.unset {
        base = options::unset(&base, name)?;
    }
    let definition = Definition {
        name: args.name.clone().or_else(|| Some(job.name.clone())),
        when: args.when.clone().unwrap_or_else(|| job.when.clone()),
        command: if args.command.is_empty() {
            job.command.clone()
        } else {
            command::of_words(&args.command, &args.job, true)?
        },
        queue: args.job.queue.clone().unwrap_or_else(|| job.queue.clone()),
        priority: args.job.priority.unwrap_or(job.priority),
        options: options::overlay(base, &args.job, context)?,
        source: None,
    };
    if definition.is(job) {
        return Err(
            Failure::new(Code::Failed, format!("nothing to change in {}", job.name))
                .hint("say what: see punctual edit --help"),
        );
    }
    change(tx, job, &definition, context)
}

fn change(
    tx: &Tx<'_>,
    job: &Job,
    definition: &Definition,
    context: &Context,
) -> Result<Changed, Failure> {
    if let Some(name) = &definition.name
        && *name != job.name
        && !tx.name_is_free(name)?
    {
        return Err(Failure::new(
            Code::Conflict,
            format!("there is a job named {name} already"),
        )
        .hint("choose another name"));
    }
    let is_rescheduled = definition.when != job.when || definition.options.tz != job.options.tz;
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    admit::redefine(tx, job, definition, moment)?;
    let job = tx
        .job(job.id)?
        .ok_or_else(|| Failure::new(Code::Failed, "the job was removed meanwhile"))?;
    Ok(Changed {
        view: tx.job_view(job)?,
        is_rescheduled,
    })
}
