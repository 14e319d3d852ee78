//! The words of a command: a string for the shell, or a program and its arguments.

use crate::domain::Command;
use crate::schedule;

use super::args::JobArgs;
use super::failure::Failure;

/// The words after the options, as what they are: a shell string or an argument vector.
pub(super) fn of_words(
    words: &[String],
    args: &JobArgs,
    separated: bool,
) -> Result<Command, Failure> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    if words.iter().all(|word| word.trim().is_empty()) {
        return Err(Failure::usage("the command is empty").hint("write what to run after WHEN"));
    }
    if !separated && words.len() > 1 && schedule::reads_as_time(first) {
        return Err(Failure::usage(format!(
            "the command begins with {first:?}, which reads as a part of WHEN"
        ))
        .hint("quote WHEN as one argument, such as '0 3 * * *'; if it is the command, write -- before it"));
    }
    let command = if args.sh {
        Command::Shell(words.join(" "))
    } else if words.len() > 1 || args.exec {
        if !args.exec {
            refuse_shell_words(words)?;
        }
        if !args.exec && !separated {
            refuse_late_option(words)?;
        }
        Command::Argv(words.to_vec())
    } else {
        Command::Shell(first.to_owned())
    };
    match command.too_long() {
        None => Ok(command),
        Some(sentence) => {
            Err(Failure::usage(sentence).hint("put it into a script, or pass data with --stdin"))
        }
    }
}

/// A program whose name has blanks, with an option behind it, is a shell string with an option
/// of `add` in the wrong place.
fn refuse_late_option(words: &[String]) -> Result<(), Failure> {
    let blank = words[0].contains(char::is_whitespace);
    match words.iter().find(|word| word.starts_with("--")) {
        Some(option) if blank => Err(Failure::usage(format!(
            "{option} stands behind the command, so it would be an argument of it"
        ))
        .hint("put options before the command; if you mean it, write -- before the command")),
        _ => Ok(()),
    }
}

/// Words that only a shell understands, handed to a program as arguments, are a mistake.
fn refuse_shell_words(words: &[String]) -> Result<(), Failure> {
    let operator = words
        .iter()
        .find(|word| matches!(word.as_str(), "|" | "||" | "&&" | ";" | ">" | "<"));
    if let Some(operator) = operator {
        return Err(Failure::usage(format!(
            "{operator:?} means something to a shell only, and several words are run without one"
        ))
        .hint("add --sh, or write the command as one quoted word"));
    }
    let first = &words[0];
    let assigns = first.split_once('=').is_some_and(|(key, _)| {
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    if assigns {
        return Err(Failure::usage(format!(
            "{first:?} sets a variable in a shell only, and several words are run without one"
        ))
        .hint("use --env, or add --sh"));
    }
    Ok(())
}
