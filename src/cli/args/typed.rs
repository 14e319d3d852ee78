//! The way from words to [`Args`] that builds only the verb that was typed.
//!
//! To build all of clap's tree, with five options of everywhere in each of its verbs, took twice the time of parsing
//! a line: a hundred KiB of memory that nobody had touched before, so a page fault every few microseconds.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args as _, Command, FromArgMatches as _, Parser as _};

use super::{
    AddArgs, ApplyArgs, Args, BackupArgs, CancelArgs, CheckArgs, CompletionsArgs, EditArgs,
    ExportArgs, Global, HelpArgs, HistoryArgs, ImportArgs, ListArgs, LogsArgs, NextArgs, PauseArgs,
    PruneArgs, QueueArgs, RemoveArgs, ResumeArgs, RetryArgs, RunArgs, ServiceArgs, ShowArgs,
    StatusArgs, TopArgs, TriggerArgs, Verb, WaitArgs,
};

impl Args {
    /// What one verb understands, the whole tree understands alike. What it does not (a slip, a plea for help) is for
    /// the whole one to answer, which knows what else could have been typed.
    pub(crate) fn of_words(words: &[OsString]) -> Result<Self, clap::Error> {
        match Self::of_one_verb(words) {
            Err(error) if error.kind() != ErrorKind::DisplayVersion => Self::try_parse_from(words),
            answer => answer,
        }
    }

    /// One command takes what the verb takes and what is taken everywhere: were the verb a command below the root, it
    /// would get options of everywhere of its own, and what they say would be copied up.
    fn of_one_verb(words: &[OsString]) -> Result<Self, clap::Error> {
        let root = Global::augment_args(Command::new("punctual").disable_help_subcommand(true));
        let before = before_verb(words);
        let verb_of = |word| VERBS.iter().find(|(name, ..)| word == name);
        let Some((_, taking, making)) = words.get(before).and_then(verb_of) else {
            let root = root.version(env!("CARGO_PKG_VERSION"));
            let mut matches = root.try_get_matches_from(words)?;
            return Ok(Self {
                global: Global::from_arg_matches_mut(&mut matches)?,
                verb: None,
            });
        };
        let words = words[..before].iter().chain(&words[before + 1..]);
        let mut matches = taking(root).try_get_matches_from(words)?;
        Ok(Self {
            global: Global::from_arg_matches_mut(&mut matches)?,
            verb: Some(making(&mut matches)?),
        })
    }
}

/// How many words stand before the first that is no option of everywhere.
fn before_verb(words: &[OsString]) -> usize {
    let mut before = 1;
    loop {
        before += match words.get(before).and_then(|word| word.to_str()) {
            Some("--json" | "-q" | "--quiet" | "-v" | "--verbose") => 1,
            Some("--db" | "--color") => 2,
            _ => return before,
        };
    }
}

/// What puts the options of a verb into a command, and what takes them out again.
type Taking = fn(Command) -> Command;
type Making = fn(&mut ArgMatches) -> Result<Verb, clap::Error>;

macro_rules! verbs {
    ($($name:literal $verb:ident $args:ident,)*) => {
        [$(($name, $args::augment_args, |matches| {
            Ok(Verb::$verb($args::from_arg_matches_mut(matches)?.into()))
        }),)*]
    };
}

const VERBS: [(&str, Taking, Making); 27] = verbs![
    "add" Add AddArgs,
    "list" List ListArgs,
    "top" Top TopArgs,
    "show" Show ShowArgs,
    "edit" Edit EditArgs,
    "remove" Remove RemoveArgs,
    "pause" Pause PauseArgs,
    "resume" Resume ResumeArgs,
    "trigger" Trigger TriggerArgs,
    "cancel" Cancel CancelArgs,
    "retry" Retry RetryArgs,
    "wait" Wait WaitArgs,
    "logs" Logs LogsArgs,
    "history" History HistoryArgs,
    "next" Next NextArgs,
    "queue" Queue QueueArgs,
    "run" Run RunArgs,
    "status" Status StatusArgs,
    "check" Check CheckArgs,
    "apply" Apply ApplyArgs,
    "import" Import ImportArgs,
    "export" Export ExportArgs,
    "prune" Prune PruneArgs,
    "backup" Backup BackupArgs,
    "service" Service ServiceArgs,
    "completions" Completions CompletionsArgs,
    "help" Help HelpArgs,
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
        assert_eq!(names, VERBS.map(|(name, ..)| name));
    }

    #[test]
    fn the_verb_alone_says_what_the_whole_tree_says() {
        let lines = [
            "",
            "-q",
            "--version",
            "add --version",
            "help",
            "--db list add now --json -- show x",
            "-v --color never --db x show y --json",
            "--db list",
            "--db",
            "-qv list",
            "-- list",
            "--db -- list",
            "-q list -q",
            "--name x add now true",
            "-q queue --json set big --slots 2 -v",
            "queue help",
            "add now --db",
            "-q lst",
            "add now --retries 2 --color never true",
            "ls -n 3",
            "queue set big --slots 2",
            "import crontab --paused",
            "add",
            "ad now true",
            "show --db",
            "run --help",
            "import --help",
        ];
        let each = VERBS.map(|(name, ..)| format!("{name} x"));
        for line in lines.into_iter().chain(each.iter().map(String::as_str)) {
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
