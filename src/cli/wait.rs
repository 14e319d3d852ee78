//! `wait`: until runs are final, and the exit code that says how they were.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::domain::{Reason, Run, RunId, RunState};
use crate::store::Store;

use super::args::WaitArgs;
use super::context::Context;
use super::failure::Failure;
use super::history::with_attempts;
use super::progress::{Amount, Progress};
use super::render::{json, run_words, text};
use super::select::{self, Named};

/// Without a runner nothing will ever become final: said after this long.
const NO_RUNNER: Duration = Duration::from_secs(5);

/// Commits of the runner raise no event that another process could sleep on (it keeps the file open), so
/// a wait looks; the look is one read of shared memory. Who has waited long is not in a hurry: a look is
/// late by a hundredth of the wait, within these bounds.
const LOOKS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

pub(super) fn wait(args: &WaitArgs, context: &Context) -> Result<ExitCode, Failure> {
    let limit = args.timeout.map(crate::domain::Span::as_duration);
    until_final(&args.runs, limit, args.any, context)
}

/// What is waited for: a run, or the first run of a job that has none yet.
enum Target {
    Run(RunId),
    FirstOf(crate::domain::JobId),
}

/// Waits for all of the runs, or for any, reports them, and exits as the contract says.
pub(super) fn until_final(
    words: &[String],
    limit: Option<Duration>,
    any: bool,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let ended = ended(words, limit, any, context)?;
    if context.json {
        let store = context.open_existing(&words[0])?;
        let runs = with_attempts(&store.read(), ended.runs)?;
        context.print_json(&json::runs(&runs, context.zone))?;
    } else if !context.quiet {
        let is_bad = |run: &&Run| run.state != RunState::Succeeded;
        for run in ended.runs.iter().filter(is_bad) {
            context.note(&format!("{} {}", run.name, run_words(run).0));
        }
    }
    Ok(ExitCode::from(ended.code))
}

/// Runs that are final, and the exit code they stand for.
pub(super) struct Ended {
    pub code: u8,
    pub runs: Vec<Run>,
}

/// Waits for all of the runs, or for any.
pub(super) fn ended(
    words: &[String],
    limit: Option<Duration>,
    any: bool,
    context: &Context,
) -> Result<Ended, Failure> {
    let store = context.open_existing(&words[0])?;
    let mut targets = words
        .iter()
        .map(|word| match select::job_or_run(&store.read(), word)? {
            Named::Run(run) => Ok(Target::Run(run.id)),
            Named::Job(job) => Ok(match store.read().latest_run(job.id)? {
                Some(run) => Target::Run(run.id),
                None => Target::FirstOf(job.id),
            }),
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let begun = Instant::now();
    let mut runner_seen = begun;
    let progress = Progress::begin("waiting", Amount::Told, context);
    let mut told = begun;
    loop {
        let runs = look(&store, &mut targets)?;
        let ended: Vec<&Run> = runs
            .iter()
            .flatten()
            .filter(|run| run.state.is_final())
            .collect();
        if (any && !ended.is_empty()) || ended.len() == words.len() {
            let counted = if any { &ended[..1] } else { &ended[..] };
            return Ok(Ended {
                code: code_of(counted),
                runs: counted.iter().copied().cloned().collect(),
            });
        }
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            let unfinished = runs.iter().zip(words).find_map(|(run, word)| match run {
                None => Some(word.clone()),
                Some(run) if run.state.is_final() => None,
                Some(run) => Some(run.name.to_string()),
            });
            let unfinished = unfinished.unwrap_or_default();
            return Err(Failure::exiting(
                123,
                &format!("{unfinished} has not ended in the time it was waited for"),
            )
            .hint(format!(
                "nothing was changed; see how it stands with: punctual show {unfinished}"
            )));
        }
        if context.runner_lives() {
            runner_seen = Instant::now();
        } else if runner_seen.elapsed() >= NO_RUNNER {
            return Err(no_runner());
        }
        // Nobody has read the line before it is drawn.
        if progress.is_seen() && told.elapsed() >= LOOKS[1] {
            told = Instant::now();
            progress.say(stand(&store, &targets, &runs)?);
        }
        std::thread::sleep((begun.elapsed() / 100).clamp(LOOKS[0], LOOKS[1]));
    }
}

/// The runs as they are now; `None` for a first run that has not come.
fn look(store: &Store, targets: &mut [Target]) -> Result<Vec<Option<Run>>, Failure> {
    targets
        .iter_mut()
        .map(|target| {
            if let Target::FirstOf(job) = target
                && let Some(run) = store.read().run_of_job(*job, 1)?
            {
                *target = Target::Run(run.id);
            }
            match target {
                Target::Run(id) => Ok(store.read().run(*id)?),
                Target::FirstOf(_) => Ok(None),
            }
        })
        .collect()
}

/// What the first of the unfinished is doing, and why it does not run.
fn stand(store: &Store, targets: &[Target], runs: &[Option<Run>]) -> Result<String, Failure> {
    let unfinished = |run: &Option<Run>| run.as_ref().is_none_or(|run| !run.state.is_final());
    let all = runs.iter().filter(|run| unfinished(run)).count();
    let first = targets.iter().zip(runs).find(|(_, run)| unfinished(run));
    let Some((target, run)) = first else {
        return Ok(String::new());
    };
    let job = match (target, run) {
        (Target::FirstOf(job), _) => *job,
        (Target::Run(_), Some(run)) => run.job,
        (Target::Run(_), None) => return Ok(String::new()),
    };
    let read = store.read();
    let Some(job) = read.job(job)? else {
        return Ok(String::new());
    };
    let view = read.job_view(job)?;
    let name = run
        .as_ref()
        .map_or_else(|| view.job.name.to_string(), |run| run.name.to_string());
    let is_newest = |run: &Run| view.last.as_ref().is_some_and(|last| last.id == run.id);
    let words = match (run, &view.waiting) {
        // Why a job waits is why its newest run does.
        (Some(run), _) if run.state == RunState::Running || !is_newest(run) => run_words(run).0,
        (_, Some(why)) => why.sentence(Utc::now()),
        (Some(run), None) => run_words(run).0,
        (None, None) => "not due yet".to_owned(),
    };
    let more = match all {
        1 => String::new(),
        all => format!(", and {} more", all - 1),
    };
    Ok(text::escape(&format!("{name}: {words}{more}")).into_owned())
}

/// Why waiting is in vain.
pub(super) fn no_runner() -> Failure {
    Failure::exiting(125, "no runner is alive, so nothing can end")
        .hint("start one with: punctual run")
}

/// One run: what its command would have answered. Several: 0 if all succeeded, else 1.
fn code_of(runs: &[&Run]) -> u8 {
    match runs {
        [run] => exit_code(run),
        _ => u8::from(runs.iter().any(|run| run.state != RunState::Succeeded)),
    }
}

fn exit_code(run: &Run) -> u8 {
    match (run.state, run.reason) {
        (RunState::Succeeded, _) => 0,
        (RunState::Cancelled, _) => 130,
        (RunState::Skipped, _) => 75,
        (_, Some(Reason::Timeout)) => 124,
        (_, Some(Reason::Lost | Reason::Shutdown)) => 125,
        (_, Some(Reason::Signal)) => 128 + run.signal.unwrap_or(0) as u8,
        (_, Some(Reason::Spawn)) => run.exit_code.unwrap_or(125) as u8,
        _ => match run.exit_code {
            Some(code) if code != 0 => code as u8,
            _ => 1,
        },
    }
}
