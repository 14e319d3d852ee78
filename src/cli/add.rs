//! `add`: a command line becomes a job.

use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};

use crate::domain::{Job, JobId, JobView, Name};
use crate::schedule::{self, WhenError};
use crate::store::Tx;

use super::admit::{self, Admitted, Definition, Moment};
use super::args::AddArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::history::last_attempts;
use super::render::{json, outlook};
use super::{batch, command, logs, options, wait, warn};

pub(super) fn add(args: &AddArgs, context: &Context) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.batch {
        return batch::add_batch(args, path, context);
    }
    check_when(&args.when)?;
    let separated = has_separator(args, context);
    let command = command::of_words(&args.command, &args.job, separated)?;
    if let Some(name) = &args.name {
        check_name(name)?;
    }
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    let definition = Definition {
        name: args.name.clone(),
        when: args.when.clone(),
        command,
        queue: args.job.queue.clone().unwrap_or_else(Name::default_queue),
        priority: args.job.priority.unwrap_or(0),
        options: options::overlay(options::captured(&args.job)?, &args.job, context)?,
        source: None,
    };
    warn::schedule(&args.when, definition.options.tz.as_deref(), "", context);
    let mut store = context.open()?;
    let (admitted, told) = store.write(|tx| {
        let admitted = admit::admit(tx, &definition, args.if_exists, moment)?;
        if args.paused && matches!(admitted, Admitted::Added(_)) {
            tx.pause_job(admitted.id(), None, false)?;
        }
        // Asked before the commit, so that nothing stands between that and the close.
        Ok::<_, Failure>((admitted, told(tx, admitted.id(), context)?))
    })?;
    // Closed before anything is said or waits: the runner's file watch sees a commit at the close.
    drop(store);
    let waits = args.wait || args.follow;
    let name = told.name().to_string();
    if waits && context.json {
        // One document: the job as it is in the end.
        let ended = wait::ended(&[name], None, false, context)?;
        let store = context.open_existing("")?;
        let job = store.read().job(admitted.id())?.ok_or_else(gone)?;
        let view = [store.read().job_view(job)?];
        let attempts = last_attempts(&store.read(), &view)?;
        context.print_json(&json::job(
            &view[0],
            &attempts[0],
            context.now,
            context.zone,
        ))?;
        return Ok(ExitCode::from(ended.code));
    }
    answer(&told, admitted, context)?;
    if !waits {
        context.note_missing_runner();
        return Ok(Context::done());
    }
    if args.follow {
        logs::follow_one(&name, context)?;
    }
    wait::until_final(&[name], None, false, context)
}

/// What the answer says of the job.
enum Told {
    Name(Name),
    Next(Box<Job>, Option<DateTime<Utc>>),
    View(Box<JobView>),
}

impl Told {
    fn name(&self) -> &Name {
        match self {
            Self::Name(name) => name,
            Self::Next(job, _) => &job.name,
            Self::View(view) => &view.job.name,
        }
    }
}

fn told(tx: &Tx<'_>, id: JobId, context: &Context) -> Result<Told, Failure> {
    if context.quiet && !context.json {
        return Ok(Told::Name(tx.name_of_job(id)?.ok_or_else(gone)?));
    }
    let job = tx.job(id)?.ok_or_else(gone)?;
    if context.json {
        return Ok(Told::View(Box::new(tx.job_view(job)?)));
    }
    let next = tx.next_of(&job)?;
    Ok(Told::Next(Box::new(job), next))
}

fn gone() -> Failure {
    Failure::new(Code::Failed, "the job was removed meanwhile")
}

fn answer(told: &Told, admitted: Admitted, context: &Context) -> Result<(), Failure> {
    let (job, next) = match told {
        Told::Name(name) => return context.print(&format!("{name}\n")),
        Told::View(view) => {
            return context.print_json(&json::job(view, &[], context.now, context.zone));
        }
        Told::Next(job, next) => (job, *next),
    };
    let what = match admitted {
        Admitted::Kept(_) => "kept as it was".to_owned(),
        _ => outlook(job, next, &context.style),
    };
    context.print(&format!("{}: {what}\n", job.name))
}

/// Errors of WHEN before the file is touched, with the hints that need to know the caller's words.
pub(super) fn check_when(text: &str) -> Result<(), Failure> {
    let Err(error) = schedule::parse(text) else {
        return Ok(());
    };
    let word = text.trim();
    let is_program = !word.is_empty()
        && !word.contains(char::is_whitespace)
        && !schedule::is_form_word(word)
        && is_program(word);
    Err(if is_program {
        Failure::when(
            text,
            WhenError {
                hint: Some(format!("to run it once: punctual add now -- {word} …")),
                ..error
            },
        )
    } else {
        Failure::when(text, error)
    })
}

fn is_program(word: &str) -> bool {
    if word.contains('/') {
        return Path::new(word).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(word).is_file())
}

pub(super) fn check_name(name: &Name) -> Result<(), Failure> {
    if schedule::is_form_word(name.as_str()) {
        return Err(Failure::usage(format!(
            "{name} cannot be a name: it is the first word of a WHEN"
        ))
        .hint(format!("choose another, such as {name}-job")));
    }
    Ok(())
}

/// Whether `--` stood right before the command: then its first word is meant as it is.
fn has_separator(args: &AddArgs, context: &Context) -> bool {
    let before = context.words.len().checked_sub(args.command.len() + 1);
    before.is_some_and(|index| context.words[index] == "--")
}
