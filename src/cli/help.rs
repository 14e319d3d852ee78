//! `help`: a verb's own help, or a topic on one page.

use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use serde::Serialize;

use crate::domain::closest;

use super::args::{Args, HelpArgs};
use super::context::Context;
use super::failure::Failure;
use super::neighbours::our_word;
use super::render::markdown;

/// Topics, and the files that the man pages are made of, too.
pub(super) const TOPICS: [(&str, &str); 3] = [
    (
        "schedules",
        include_str!("../../man/punctual-schedules.7.md"),
    ),
    ("policies", include_str!("../../man/punctual-policies.7.md")),
    ("json", include_str!("../../man/punctual-json.7.md")),
];

#[derive(Serialize)]
struct Answer<'a> {
    help: &'a str,
}

pub(super) fn help(args: &HelpArgs, context: &Context) -> Result<ExitCode, Failure> {
    let topic = match &args.about[..] {
        [word] => TOPICS.iter().find(|(topic, _)| topic == word),
        _ => None,
    };
    let text = match topic {
        Some((_, page)) => markdown::page(page, &context.style),
        None => of_verb(&args.about, context)?,
    };
    if context.json {
        context.print_json(&Answer { help: &text })?;
    } else {
        context.print(&text)?;
    }
    Ok(Context::done())
}

fn of_verb(words: &[String], context: &Context) -> Result<String, Failure> {
    let mut tree = Args::command();
    tree.build();
    let mut verb = &tree;
    for word in words {
        verb = verb
            .find_subcommand(word)
            .ok_or_else(|| unknown(verb, word))?;
    }
    let help = verb.clone().render_long_help();
    Ok(if context.style.color {
        help.ansi().to_string()
    } else {
        help.to_string()
    })
}

fn unknown(verb: &Command, word: &str) -> Failure {
    let verbs = verb.get_subcommands().map(Command::get_name);
    let topics = TOPICS.iter().map(|(topic, _)| *topic);
    let failure = Failure::usage(format!("there is no verb or topic called {word}"));
    failure.hint(
        match our_word(word).or_else(|| closest(word, verbs.chain(topics))) {
            Some(near) => format!("did you mean {near}?"),
            None => "see the verbs with: punctual --help".to_owned(),
        },
    )
}
