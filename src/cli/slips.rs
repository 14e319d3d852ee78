//! Words that could not be understood: clap's errors in our own words, each with a way on.

use std::error::Error;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::num::{IntErrorKind, ParseIntError};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};

use crate::domain::closest;
use crate::schedule;

use super::args::Args;
use super::failure::{Code, Failure, Voice};
use super::neighbours::our_word;

/// Help and the version come as errors, too.
pub(super) fn answer(error: &clap::Error, words: &[OsString]) -> ExitCode {
    let voice = Voice::of_words(words);
    if !error.use_stderr()
        || error.kind() == ClapKind::DisplayHelpOnMissingArgumentOrSubcommand && !voice.json
    {
        return match error.print() {
            // Help for a closed pipe is no error.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Failure::new(Code::Failed, format!("cannot write the answer: {error}")).print(voice)
            }
            _ => ExitCode::from(error.exit_code() as u8),
        };
    }
    Failure::usage(message(error, words))
        .hint(hint(error, words))
        .print(voice)
}

fn message(error: &clap::Error, words: &[OsString]) -> String {
    let told = |kind| told(error, kind).join(" ");
    match error.kind() {
        ClapKind::MissingRequiredArgument => {
            format!("{} needs {}", verb(words), told(ContextKind::InvalidArg))
        }
        ClapKind::InvalidSubcommand => {
            let word = told(ContextKind::InvalidSubcommand);
            format!("there is no verb called {word}")
        }
        ClapKind::UnknownArgument => match told(ContextKind::InvalidArg) {
            option if option.starts_with('-') => {
                format!("{} has no option {option}", verb(words))
            }
            word => format!("{word} is one word too many"),
        },
        ClapKind::ValueValidation => {
            let value = told(ContextKind::InvalidValue);
            let why = error.source().map(|why| in_words(why, &value));
            let why = why.unwrap_or_default();
            let of = told(ContextKind::InvalidArg);
            // Most of our own words name the value already.
            if why.contains(&value) {
                format!("{of}: {why}")
            } else {
                format!("{of}: {value}: {why}")
            }
        }
        _ => first_sentence(error),
    }
}

/// What a value is not. Rust says of a number only which digit it stumbled over.
fn in_words(why: &(dyn Error + 'static), value: &str) -> String {
    match why.downcast_ref::<ParseIntError>().map(ParseIntError::kind) {
        Some(IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => {
            format!("{value} is too far from 0")
        }
        Some(_) => format!("{value} is not a whole number"),
        None => why.to_string(),
    }
}

/// clap's own words, up to the blank line behind them.
fn first_sentence(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    // What it is about may stand on lines of its own.
    let lines: Vec<&str> = rendered
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty() && !line.starts_with('['))
        .collect();
    let sentence = lines.join(" ");
    sentence
        .strip_prefix("error: ")
        .unwrap_or(&sentence)
        .to_owned()
}

fn hint(error: &clap::Error, words: &[OsString]) -> String {
    let values = told(error, ContextKind::ValidValue);
    if error.kind() == ClapKind::InvalidValue && !values.is_empty() {
        return format!("one of: {}", values.join(", "));
    }
    let words = before_unknown(error, words);
    add_without_when(error, words)
        .or_else(|| Some(format!("did you mean {}?", meant(error, words)?)))
        .unwrap_or_else(|| format!("see: {} --help", asked(words)))
}

/// The words before a verb that does not exist: what follows it may be called like one that does.
fn before_unknown<'w>(error: &clap::Error, words: &'w [OsString]) -> &'w [OsString] {
    let unknown = told(error, ContextKind::InvalidSubcommand).concat();
    let at = words.iter().position(|word| *word == *unknown);
    &words[..at.unwrap_or(words.len())]
}

/// The verb or option that was probably meant.
fn meant(error: &clap::Error, words: &[OsString]) -> Option<String> {
    if error.kind() == ClapKind::InvalidSubcommand {
        let suggested = told(error, ContextKind::SuggestedSubcommand);
        let word = told(error, ContextKind::InvalidSubcommand).concat();
        // Not inside `queue`, whose verbs are others.
        if verb(words) == "punctual"
            && let Some(ours) = our_word(&word)
        {
            return Some(ours.to_owned());
        }
        let near = closest(&word, suggested.iter().map(String::as_str)).map(str::to_owned);
        return near.or_else(|| suggested.into_iter().next_back());
    }
    told(error, ContextKind::SuggestedArg).into_iter().next()
}

/// What an error is about.
fn told(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        _ => Vec::new(),
    }
}

/// `punctual add ls -la`: the command stands where the schedule belongs.
fn add_without_when(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let at = words.iter().position(|word| *word == "add")? + 1;
    let (program, rest) = words.get(at..)?.split_first()?;
    let is_program = !program.starts_with('-') && schedule::parse(program).is_err();
    let command = || format!("{program} {}", rest.join(" "));
    (error.kind() == ClapKind::UnknownArgument && is_program).then(|| {
        format!(
            "WHEN comes first; to run it once: punctual add now -- {}",
            command()
        )
    })
}

/// `punctual queue set`, from words of which some are wrong.
fn asked(words: &[OsString]) -> String {
    let mut names = vec!["punctual"];
    let mut tree = Args::command();
    tree.build();
    let mut tree = &tree;
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(verb) = tree.find_subcommand(word) {
            names.push(verb.get_name());
            tree = verb;
        }
    }
    names.join(" ")
}

/// The same without our name, unless nothing else is left.
fn verb(words: &[OsString]) -> String {
    let asked = asked(words);
    asked.strip_prefix("punctual ").unwrap_or(&asked).to_owned()
}
