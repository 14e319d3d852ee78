//! From what a user calls a job or a run to the thing itself.

use std::collections::HashSet;

use crate::domain::{Job, JobId, Name, Run, RunRef, begun, closest};
use crate::store::Read;

use super::args::Selector;
use super::failure::{Code, Failure};

/// What a word names.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Job(Box<Job>),
    Run(Box<Run>),
}

/// A living job, by name or id.
pub(super) fn job(read: &Read<'_>, word: &str) -> Result<Job, Failure> {
    find_job(read, word, false)?.ok_or_else(|| no_such_job(read, word))
}

/// A job, by name or id; one that was removed too, for its history.
pub(super) fn job_or_removed(read: &Read<'_>, word: &str) -> Result<Job, Failure> {
    find_job(read, word, true)?.ok_or_else(|| no_such_job(read, word))
}

/// `backup`, `12`, `backup.41` or `12.1`.
pub(super) fn job_or_run(read: &Read<'_>, word: &str) -> Result<Named, Failure> {
    let Some((stem, number)) = word.rsplit_once('.') else {
        return job_or_removed(read, word).map(|job| Named::Job(Box::new(job)));
    };
    let absent = || {
        Failure::new(Code::Absent, format!("no such run: {word}")).hint(format!(
            "see the runs there are with: punctual history {stem}"
        ))
    };
    let seq: i64 = number.parse().map_err(|_| absent())?;
    let run = match (Name::parse(stem), stem.parse()) {
        (Ok(name), _) => read.run_named(&RunRef { job: name, seq })?,
        (_, Ok(id)) => read.run_of_job(JobId(id), seq)?,
        _ => None,
    };
    run.map(|run| Named::Run(Box::new(run))).ok_or_else(absent)
}

/// A run, or the latest run of a job; `None` for a job that has none yet.
pub(super) fn run(read: &Read<'_>, word: &str) -> Result<Option<Run>, Failure> {
    match job_or_run(read, word)? {
        Named::Run(run) => Ok(Some(*run)),
        Named::Job(job) => Ok(read.latest_run(job.id)?),
    }
}

/// The jobs that words name, each once.
pub(super) fn each_once(read: &Read<'_>, words: &[String]) -> Result<Vec<Job>, Failure> {
    let mut seen = HashSet::new();
    let mut jobs = words
        .iter()
        .map(|word| job(read, word))
        .collect::<Result<Vec<_>, Failure>>()?;
    jobs.retain(|job| seen.insert(job.id));
    Ok(jobs)
}

/// The jobs that a selector means, each once.
pub(super) fn jobs(read: &Read<'_>, which: &Selector) -> Result<Vec<Job>, Failure> {
    if which.all || which.queue.is_some() {
        return Ok(read.jobs_of_queue(which.queue.as_ref())?);
    }
    each_once(read, &which.jobs)
}

/// What a selector names first, for a message.
pub(super) fn first_word(which: &Selector) -> &str {
    which.jobs.first().map_or("", String::as_str)
}

/// What [`job`] finds, where to find nothing is an answer.
pub(super) fn find_job(
    read: &Read<'_>,
    word: &str,
    removed_too: bool,
) -> Result<Option<Job>, Failure> {
    if let Ok(name) = Name::parse(word) {
        let living = read.job_named(&name)?;
        if living.is_some() || !removed_too {
            return Ok(living);
        }
        return Ok(read.removed_job_named(&name)?);
    }
    match word.parse() {
        Ok(id) => Ok(read
            .job(JobId(id))?
            .filter(|job| removed_too || job.state != crate::domain::JobState::Removed)),
        Err(_) => Ok(None),
    }
}

fn no_such_job(read: &Read<'_>, word: &str) -> Failure {
    let failure = Failure::new(Code::Absent, format!("no such job: {word}"));
    match meant(read, word) {
        Some(name) => failure.hint(format!("did you mean {name}?")),
        None => failure.hint("see the jobs there are with: punctual list --all"),
    }
}

/// The job that a word was probably meant to name, or the few that it begins.
pub(super) fn meant(read: &Read<'_>, word: &str) -> Option<String> {
    let names = read.job_names(1_000).unwrap_or_default();
    let names = || names.iter().map(Name::as_str);
    let near = closest(word, names()).map(str::to_owned);
    near.or_else(|| Some(begun(word, names()).join(" or ")).filter(|names| !names.is_empty()))
}
