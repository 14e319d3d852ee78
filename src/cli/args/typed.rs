//! The way from words to [`Args`] that builds only the verb that was typed.
//!
//! To build all of clap's tree, with five options of everywhere in each of its verbs, took twice the time of parsing
//! a line: a hundred KiB of memory that nobody had touched before, so a page fault every few microseconds.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args as _, Command, FromArgMatches as _, Parser as _};

use super::{
    AddArgs, ApplyArgs, Args, BackupArgs, CancelArgs, CheckArgs, CompletionsArgs, EditArgs,
    ExportArgs, Global, HelpArgs, HistoryArgs, ImportArgs, ListArgs, LogsArgs, NextArgs, PauseArgs,
    PruneArgs, QueueArgs, RemoveArgs, ResumeArgs, RetryArgs, RunArgs, ServiceArgs, ShowArgs,
    StatusArgs, TopArgs, TriggerArgs, WaitArgs,
};

impl Args {
    /// What a tree of one verb understands, the whole one understands alike. What it does not (a slip, a plea for
    /// help) is for the whole one to answer, which knows what else could have been typed.
    pub(crate) fn of_words(words: &[OsString]) -> Result<Self, clap::Error> {
        let parsed = tree_of(words)
            .try_get_matches_from(words)
            .and_then(|matches| Self::from_arg_matches(&matches));
        match parsed {
            Err(error) if error.kind() != ErrorKind::DisplayVersion => Self::try_parse_from(words),
            answer => answer,
        }
    }
}

/// The root, and the first word that names a verb. Should that be the value of an option, nothing is understood.
fn tree_of(words: &[OsString]) -> Command {
    let root = Command::new("punctual")
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .disable_help_subcommand(true);
    let root = Global::augment_args(root);
    let verb_of = |word: &OsString| VERBS.iter().find(|(name, _)| word == name);
    match words.iter().skip(1).find_map(verb_of) {
        Some((name, taking)) => root.subcommand(taking(Command::new(*name))),
        None => root,
    }
}

/// What puts the options of a verb into its command.
type Taking = fn(Command) -> Command;

const VERBS: [(&str, Taking); 27] = [
    ("add", AddArgs::augment_args),
    ("list", ListArgs::augment_args),
    ("top", TopArgs::augment_args),
    ("show", ShowArgs::augment_args),
    ("edit", EditArgs::augment_args),
    ("remove", RemoveArgs::augment_args),
    ("pause", PauseArgs::augment_args),
    ("resume", ResumeArgs::augment_args),
    ("trigger", TriggerArgs::augment_args),
    ("cancel", CancelArgs::augment_args),
    ("retry", RetryArgs::augment_args),
    ("wait", WaitArgs::augment_args),
    ("logs", LogsArgs::augment_args),
    ("history", HistoryArgs::augment_args),
    ("next", NextArgs::augment_args),
    ("queue", QueueArgs::augment_args),
    ("run", RunArgs::augment_args),
    ("status", StatusArgs::augment_args),
    ("check", CheckArgs::augment_args),
    ("apply", ApplyArgs::augment_args),
    ("import", ImportArgs::augment_args),
    ("export", ExportArgs::augment_args),
    ("prune", PruneArgs::augment_args),
    ("backup", BackupArgs::augment_args),
    ("service", ServiceArgs::augment_args),
    ("completions", CompletionsArgs::augment_args),
    ("help", HelpArgs::augment_args),
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        let words = ["punctual"].into_iter().chain(line.split_whitespace());
        words.map(OsString::from).collect()
    }

    #[test]
    fn every_verb_can_be_built_alone() {
        let tree = Args::command();
        let names: Vec<&str> = tree.get_subcommands().map(Command::get_name).collect();
        assert_eq!(names, VERBS.map(|(name, _)| name));
    }

    #[test]
    fn the_verb_alone_says_what_the_whole_tree_says() {
        for line in [
            "",
            "-q",
            "--version",
            "add --version",
            "help",
            "--db list add now --json -- show x",
            "add now --retries 2 --color never true",
            "ls -n 3",
            "queue set big --slots 2",
            "import crontab --paused",
            "add",
            "ad now true",
            "show --db",
            "run --help",
            "import --help",
        ] {
            let words = words(line);
            let [small, whole] =
                [Args::of_words(&words), Args::try_parse_from(&words)].map(|answer| {
                    answer.map_or_else(
                        |error| error.render().to_string(),
                        |args| format!("{args:?}"),
                    )
                });
            assert_eq!(small, whole, "{line}");
        }
    }
}
