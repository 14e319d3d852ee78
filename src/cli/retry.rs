//! `retry`: a new run of the same job; the old one stays as it is.

use std::process::ExitCode;

use chrono::{DateTime, Utc};

use crate::domain::{JobState, Origin, Run};
use crate::engine::ends;
use crate::schedule;
use crate::store::Tx;

use super::args::RetryArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::{select, trigger};

pub(super) fn retry(args: &RetryArgs, context: &Context) -> Result<ExitCode, Failure> {
    let since = args
        .since
        .as_ref()
        .map(|text| {
            schedule::parse_past_time(text, context.now, context.zone)
                .map_err(|error| Failure::when(text, error))
        })
        .transpose()?
        .unwrap_or(DateTime::UNIX_EPOCH);
    let first = args.runs.first().map_or("", String::as_str);
    let mut store = context.open_to_change(first)?;
    if args.dry_run {
        let runs = store.write(|tx| chosen(tx, args, since))?;
        trigger::report("would retry", runs, context)?;
        return Ok(Context::done());
    }
    let runs = store.write(|tx| {
        chosen(tx, args, since)?
            .iter()
            .map(|run| {
                if args.cascade {
                    ends::revive_dependants(tx, run.job, context.now)?;
                }
                again(tx, run, context.now)
            })
            .collect::<Result<Vec<_>, Failure>>()
    })?;
    drop(store);
    trigger::report("retrying as", runs, context)?;
    context.note_missing_runner();
    Ok(Context::done())
}

/// The ended runs that are meant.
fn chosen(tx: &Tx<'_>, args: &RetryArgs, since: DateTime<Utc>) -> Result<Vec<Run>, Failure> {
    if args.failed {
        let runs = tx.latest_failures(since)?;
        if runs.is_empty() {
            return Err(
                Failure::new(Code::Failed, "nothing to retry: no job's latest run failed")
                    .hint("see the runs with: punctual history"),
            );
        }
        return Ok(runs);
    }
    args.runs
        .iter()
        .map(|word| {
            let run = select::run(tx, word)?.ok_or_else(|| {
                Failure::new(Code::Absent, format!("{word} has not run yet"))
                    .hint(format!("run it with: punctual trigger {word}"))
            })?;
            if run.state.is_final() {
                Ok(run)
            } else {
                Err(Failure::new(
                    Code::Conflict,
                    format!("{} has not ended: {}", run.name, run.state.as_str()),
                )
                .hint(format!("wait for it with: punctual wait {}", run.name)))
            }
        })
        .collect()
}

fn again(tx: &Tx<'_>, run: &Run, now: DateTime<Utc>) -> Result<Run, Failure> {
    let job = tx
        .job(run.job)?
        .filter(|job| job.state != JobState::Removed)
        .ok_or_else(|| {
            Failure::new(Code::Absent, format!("the job of {} was removed", run.name))
                .hint("add it again")
        })?;
    let id = ends::extra_run(tx, &job, Origin::Retry, now)?;
    tx.run(id)?
        .ok_or_else(|| Failure::new(Code::Failed, "the run was not kept"))
}
