//! `apply`: the database takes the jobs of a file, and says what that changes.

use std::process::ExitCode;

use serde::Serialize;

use crate::domain::Name;
use crate::store::{Store, StoreError};

use super::admit::Moment;
use super::args::ApplyArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::file;
use super::plan::Plan;
use super::progress::{Amount, Progress};
use super::reconcile::{Leftover, Wanted, reconcile};

pub(super) fn apply(args: &ApplyArgs, context: &Context) -> Result<ExitCode, Failure> {
    let path = std::path::absolute(&args.file).map_err(|error| {
        Failure::new(Code::Failed, format!("{}: {error}", args.file.display()))
            .hint("name the job file by its whole path")
    })?;
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    let reading = Progress::begin("reading", Amount::Unknown, context);
    let wanted = file::wanted(&path, moment, &mut |line| {
        if !context.quiet {
            context.note(line);
        }
    })?;
    drop(reading);
    file::warn_of(&path, &wanted, context);
    let leftover = if args.prune {
        Leftover::Prune
    } else {
        Leftover::Leave
    };
    let source = path.to_string_lossy();
    let progress = Progress::begin("applying", Amount::Jobs(wanted.jobs.len()), context);
    let change = |store: &mut Store, wanted: &Wanted| {
        store.write(|tx| {
            let at = |line, failure| file::at_line(&path, line, failure);
            let plan = reconcile(tx, &source, wanted, leftover, moment, &at, &|n| {
                progress.at(n);
            })?;
            if args.dry_run {
                return Err(Undone::Plan(Box::new(plan)));
            }
            Ok(plan)
        })
    };
    let done = if args.dry_run && context.open_read()?.is_none() {
        change(&mut Store::in_memory(), &wanted)
    } else {
        change(&mut context.open()?, &wanted)
    };
    drop(progress);
    let plan = match done {
        Ok(plan) => plan,
        Err(Undone::Plan(plan)) => *plan,
        Err(Undone::Failed(failure)) => return Err(*failure),
    };
    answer(&plan, args, context)?;
    if !args.dry_run {
        context.note_missing_runner();
    }
    Ok(Context::done())
}

/// Why a transaction is rolled back.
enum Undone {
    Failed(Box<Failure>),
    /// It was only to be known what it would do.
    Plan(Box<Plan>),
}

impl From<Failure> for Undone {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    dry_run: bool,
    #[serde(flatten)]
    plan: &'a Plan,
}

fn answer(plan: &Plan, args: &ApplyArgs, context: &Context) -> Result<(), Failure> {
    if context.json {
        return context.print_json(&Answer {
            dry_run: args.dry_run,
            plan,
        });
    }
    if !context.quiet {
        context.print(&plan.to_text(context.style.unicode))?;
        let summary = plan.summary();
        if args.dry_run {
            context.print(&format!("dry run, nothing was changed: {summary}\n"))?;
        } else {
            context.print(&format!("{summary}\n"))?;
        }
        if !plan.left.is_empty() {
            let names: Vec<&str> = plan.left.iter().map(Name::as_str).collect();
            context.note(&format!(
                "gone from the file, and still here: {}; --prune removes such jobs",
                names.join(", ")
            ));
        }
    }
    Ok(())
}
