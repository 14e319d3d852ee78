//! THE FRONT DOOR: from words on a command line to an answer and an exit code.
//!
//! What lives here: the clap types (`args`), one file for each verb, the way a definition becomes rows
//! (`admit`), where the database is (`paths`), how a report becomes bytes (`render`) and how an
//! error becomes a sentence, a hint and a code (`failure`). What never does: SQL, scheduling
//! decisions, processes. A verb opens the file, does one transaction or one query, prints, and is gone;
//! only `run` stays.

mod add;
mod admit;
mod apply;
pub(crate) mod args;
mod backup;
mod batch;
mod cancel;
mod chain;
mod check;
mod command;
mod completions;
mod context;
mod day;
mod edit;
mod editor;
mod exec_as;
mod export;
mod failure;
mod file;
mod help;
mod history;
mod import;
mod list;
mod logs;
#[cfg(test)]
mod manual;
mod neighbours;
mod next;
mod offers;
mod options;
mod paths;
mod pause;
mod plan;
mod progress;
mod prune;
mod queue;
mod reconcile;
mod remove;
mod render;
mod retry;
mod run;
mod select;
mod series;
mod service;
mod show;
mod slips;
mod status;
mod top;
mod trigger;
mod user;
mod wait;
mod warn;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::engine;
use crate::os;

use args::{Args, Verb};
use context::Context;
use failure::{Failure, Voice};

/// Parse, do the verb, print the failure.
pub(crate) fn main(words: &[OsString]) -> ExitCode {
    os::signals::outlive_file_size_limit();
    if let [_, first, rest @ ..] = words
        && first == exec_as::WORD
    {
        return exec_as::exec_as(rest);
    }
    if let [_, first, rest @ ..] = words
        && first == engine::PARENT
    {
        return engine::parent(rest);
    }
    if let Some(code) = offers::answer(words) {
        return code;
    }
    let args = match Args::of_words(words) {
        Ok(args) => args,
        Err(error) => return slips::answer(&error, words),
    };
    let context = match Context::new(&args.global, words) {
        Ok(context) => context,
        Err(failure) => return failure.print(Voice::of_words(words)),
    };
    match verb(args.verb, &context) {
        Ok(code) => code,
        Err(failure) => failure.about(&context.database).print(context.voice()),
    }
}

fn verb(verb: Option<Verb>, context: &Context) -> Result<ExitCode, Failure> {
    match verb.unwrap_or_default() {
        Verb::Add(args) => add::add(&args, context),
        Verb::List(args) => list::list(&args, context),
        Verb::Top(args) => top::top(&args.which, context),
        Verb::Show(args) => show::show(&args, context),
        Verb::Edit(args) => edit::edit(&args, context),
        Verb::Remove(args) => remove::remove(&args, context),
        Verb::Pause(args) => pause::pause(&args, context),
        Verb::Resume(args) => pause::resume(&args, context),
        Verb::Trigger(args) => trigger::trigger(&args, context),
        Verb::Cancel(args) => cancel::cancel(&args, context),
        Verb::Retry(args) => retry::retry(&args, context),
        Verb::Wait(args) => wait::wait(&args, context),
        Verb::Logs(args) => logs::logs(&args, context),
        Verb::History(args) => history::history(&args, context),
        Verb::Next(args) => next::next(&args, context),
        Verb::Queue(args) => queue::queue(&args, context),
        Verb::Run(args) => run::run(&args, context),
        Verb::Status(args) => status::status(&args, context),
        Verb::Check(args) => check::check(&args, context),
        Verb::Apply(args) => apply::apply(&args, context),
        Verb::Import(args) => import::import(&args, context),
        Verb::Export(args) => export::export(&args, context),
        Verb::Prune(_) => prune::prune(context),
        Verb::Backup(args) => backup::backup(&args, context),
        Verb::Service(args) => service::service(&args, context),
        Verb::Completions(args) => completions::completions(&args, context),
        Verb::Help(args) => help::help(&args, context),
    }
}
