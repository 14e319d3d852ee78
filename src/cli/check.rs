//! `check`: what is wrong, said so that it can be mended; exit 1 when something is.

use std::process::ExitCode;

use chrono::TimeDelta;
use serde::Serialize;

use crate::domain::{JobState, RunState, Span};
use crate::store::{JobFilter, Read, RunFilter, Store};

use super::args::CheckArgs;
use super::context::Context;
use super::failure::Failure;
use super::progress::{Amount, Progress};
use super::render::{text, time};
use super::select;

/// A due time this old without its row means that nobody serves the schedule.
const LATE: TimeDelta = TimeDelta::seconds(60);
/// Lost runs are worth a word for this long.
const RECENT: TimeDelta = TimeDelta::hours(24);

#[derive(Serialize)]
struct Document {
    ok: bool,
    database: String,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    what: &'static str,
    message: String,
    hint: String,
}

pub(super) fn check(args: &CheckArgs, context: &Context) -> Result<ExitCode, Failure> {
    let mut problems = Vec::new();
    match context.open_read() {
        Err(failure) => problems.push(Problem {
            what: "database",
            message: failure.message,
            hint: failure.hint.unwrap_or_default(),
        }),
        Ok(None) => problems.push(Problem {
            what: "database",
            message: format!("there is no database at {}", context.database.display()),
            hint: "add a job first".to_owned(),
        }),
        Ok(Some(store)) => look(&store, args, context, &mut problems)?,
    }
    let ok = problems.is_empty();
    if context.json {
        context.print_json(&Document {
            ok,
            database: context.database.display().to_string(),
            problems,
        })?;
    } else if ok && !context.quiet {
        context.print("all is well\n")?;
    } else {
        for problem in &problems {
            let (message, hint) = (text::escape(&problem.message), text::escape(&problem.hint));
            context.print(&format!("{}: {message}\n  hint: {hint}\n", problem.what))?;
        }
    }
    Ok(ExitCode::from(u8::from(!ok)))
}

fn look(
    store: &Store,
    args: &CheckArgs,
    context: &Context,
    problems: &mut Vec<Problem>,
) -> Result<(), Failure> {
    if let Some(within) = args.within {
        for word in &args.jobs {
            problems.extend(not_within(&store.read(), word, within, context)?);
        }
        return Ok(());
    }
    let lives = context.runner_lives();
    if !lives {
        problems.push(Problem {
            what: "runner",
            message: "no runner is alive, so nothing will run".to_owned(),
            hint: "start one with: punctual run".to_owned(),
        });
    }
    if args.live {
        return Ok(());
    }
    let progress = Progress::begin("looking at each page", Amount::Unknown, context);
    let damage = store.damage()?;
    drop(progress);
    for damage in damage {
        problems.push(Problem {
            what: "damage",
            message: damage,
            hint: "stop the runner, keep the file, and restore a backup".to_owned(),
        });
    }
    problems.extend(store.read().file_problem()?.map(|message| Problem {
        what: "file",
        message,
        hint: "mend the file; the runner applies it as soon as it changes".to_owned(),
    }));
    problems.extend(late(&store.read(), context)?);
    problems.extend(lost(&store.read(), context)?);
    Ok(())
}

/// Due times that nobody served.
fn late(read: &Read<'_>, context: &Context) -> Result<Vec<Problem>, Failure> {
    let page = read.list(&JobFilter {
        state: Some(JobState::Active),
        ..JobFilter::default()
    })?;
    let overdue = page.jobs.into_iter().filter_map(|view| {
        let due = view.next?;
        (due < context.now - LATE).then(|| Problem {
            what: "late",
            message: format!(
                "{} was due {}",
                view.job.name,
                time::distance(due - context.now)
            ),
            hint: view.waiting.map_or_else(
                || "is the runner alive?".to_owned(),
                |waiting| format!("it waits: {}", waiting.sentence(context.now)),
            ),
        })
    });
    Ok(overdue.collect())
}

fn lost(read: &Read<'_>, context: &Context) -> Result<Vec<Problem>, Failure> {
    let runs = read.runs(&RunFilter {
        state: Some(RunState::Failed),
        since: Some(context.now - RECENT),
        ..RunFilter::default()
    })?;
    let lost = runs
        .into_iter()
        .filter(|run| run.reason == Some(crate::domain::Reason::Lost))
        .map(|run| Problem {
            what: "lost",
            message: format!(
                "{} was lost: punctual or the machine died while it ran",
                run.name
            ),
            hint: format!("run it again with: punctual retry {}", run.name),
        });
    Ok(lost.collect())
}

/// Whether the job's latest success is recent enough.
fn not_within(
    read: &Read<'_>,
    word: &str,
    within: Span,
    context: &Context,
) -> Result<Option<Problem>, Failure> {
    let job = select::job(read, word)?;
    let successes = read.runs(&RunFilter {
        job: Some(job.id),
        state: Some(RunState::Succeeded),
        limit: Some(1),
        ..RunFilter::default()
    })?;
    let last = successes.first().and_then(|run| run.finished);
    if last.is_some_and(|last| last >= context.now - within.to_delta()) {
        return Ok(None);
    }
    let message = match last {
        Some(last) => format!(
            "{} succeeded last {}, not within {within}",
            job.name,
            time::distance(last - context.now)
        ),
        None => format!("{} has never succeeded", job.name),
    };
    Ok(Some(Problem {
        what: "job",
        message,
        hint: format!("see its runs with: punctual history {}", job.name),
    }))
}
