//! `run`: the runner, in the foreground.

use std::process::ExitCode;
use std::time::Duration;

use crate::domain::{Attempt, Run};
use crate::engine::{self, Form, Forward, Grace, JobFile, LogFormat, RunnerOptions};

use super::args::{GraceArg, RunArgs};
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::json;
use super::render::text;
use super::{admit, file, paths};

/// What running work has after the first signal.
const GRACE: Duration = Duration::from_secs(25);

pub(super) fn run(args: &RunArgs, context: &Context) -> Result<ExitCode, Failure> {
    let log_format = args.log_format.unwrap_or(LogFormat::Text);
    context.note_in(log_format);
    let job_file = match &args.file {
        None => None,
        Some(given) => {
            let path = std::path::absolute(given).map_err(|error| {
                Failure::new(Code::Failed, format!("{}: {error}", given.display()))
            })?;
            if context.runner_lives() {
                // Its jobs are not ours to change: the lock below says so in its own words.
                None
            } else {
                let summary = file::apply(&path, context)?;
                if !context.quiet {
                    context.note(&summary);
                }
                let (database, path_again) = (context.database.clone(), path.clone());
                Some(JobFile {
                    path,
                    apply: Box::new(move || {
                        file::apply_again(&path_again, &database).map_err(|failure| failure.message)
                    }),
                })
            }
        }
    };
    let mut store = context.open()?;
    if args.file.is_none() && !context.runner_lives() && store.read().file_problem()?.is_some() {
        store.write(|tx| {
            tx.clear_file_problem()?;
            Ok::<_, Failure>(())
        })?;
    }
    let salt = admit::salt(&store.read())?;
    engine::run(
        store,
        RunnerOptions {
            pool: args.j.unwrap_or_else(cpus),
            until_idle: args.until_idle,
            run_for: args.run_for.map(crate::domain::Span::as_duration),
            grace: match args.grace {
                Some(GraceArg::Forever) => Grace::Forever,
                Some(GraceArg::For(span)) => Grace::For(span.as_duration()),
                None => Grace::For(GRACE),
            },
            leave_running: args.leave_running,
            on_failure: args.on_failure.clone(),
            describe,
            salt,
            zone: paths::local_zone,
            file: job_file,
            forward: args.forward_output.map(|form| Forward {
                form,
                // As `logs` does it: a terminal obeys what a job wrote.
                printable: (context.terminal && form == Form::Prefix).then_some(printable),
            }),
            log_format,
        },
    )?;
    Ok(Context::done())
}

/// What hooks read on their standard input.
fn describe(run: &Run, attempts: &[Attempt]) -> String {
    json::text(&json::run(run, attempts, paths::local_zone()), false)
}

fn printable(line: &[u8]) -> Vec<u8> {
    text::escape_bytes(line).into_owned().into_bytes()
}

fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}
