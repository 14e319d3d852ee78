//! What can follow at a shell's prompt: verbs, options, and the names that are in the database.
//!
//! The scripts in `completions/` call us with the words typed so far, and `PUNCTUAL_COMPLETE` names
//! their shell. clap's engine knows which argument is asked for; what that may be stands here, by
//! the name of its value. Somebody waits between two key strokes: the database is read at most
//! once, nothing is made, nothing is said on stderr, and what goes wrong is no offer.
//!
//! Files, directories, programs and users are offered by the shells themselves, which know how to
//! quote them. All that we offer is plain: names, numbers, zones and words of ours.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, ValueCompleter, complete};

use crate::domain::{Job, JobState, Name};
use crate::os;
use crate::schedule::Zone;
use crate::store::{RunFilter, Store};

use super::args::{Args, SIGNALS};
use super::help::TOPICS;
use super::options::KEYS;
use super::paths;
use super::render::text;

/// Set by the scripts: the shell that asks, and behind a colon the word that is asked for where
/// that is not the last one.
const ASKING: &str = "PUNCTUAL_COMPLETE";

/// More than anybody reads; a longer beginning brings the others.
const MOST: usize = 200;

/// Columns of a remark beside a name.
const REMARK: usize = 60;

/// WHENs of one word. Those of several need quotes, which no offer can open.
const WHENS: [(&str, &str); 11] = [
    ("now", "once, due at once"),
    ("never", "only trigger starts it"),
    ("@hourly", "every hour"),
    ("@daily", "every day at 00:00"),
    ("@midnight", "every day at 00:00"),
    ("@weekly", "every Sunday at 00:00"),
    ("@monthly", "every 1st at 00:00"),
    ("@yearly", "every 1 January at 00:00"),
    ("@annually", "every 1 January at 00:00"),
    ("@reboot", "once for each boot"),
    ("@start", "once for each start of a runner"),
];

/// Answers a shell that asks; anything else is none of our business.
pub(super) fn answer(words: &[OsString]) -> Option<ExitCode> {
    let asking = std::env::var(ASKING).ok()?;
    let [_, mark, typed @ ..] = words else {
        return None;
    };
    if mark != "--" || typed.is_empty() {
        return None;
    }
    let (shell, at) = match asking.split_once(':') {
        Some((shell, at)) => (shell, at.parse().ok()),
        None => (asking.as_str(), None),
    };
    if let Ok(shell) = shell.parse() {
        let last = typed.len() - 1;
        let lines = offers(shell, typed, at.unwrap_or(last).min(typed.len()));
        // A shell that no longer listens has nothing to complete.
        let _ = std::io::stdout().write_all(lines.as_bytes());
    }
    Some(ExitCode::SUCCESS)
}

fn offers(shell: Shell, typed: &[OsString], at: usize) -> String {
    let mut words: Vec<OsString> = typed.to_vec();
    words.resize_with(at + 1, OsString::new);
    for (index, word) in words.iter_mut().enumerate() {
        // fish gives finished words without their quotes.
        if index == at || shell != Shell::Fish {
            *word = unquoted(word);
        }
    }
    let mut tree = Args::command();
    tree.build();
    let mut tree = taught(tree, database(&words).as_deref(), &mut Vec::new());
    let last = words[at].to_string_lossy().into_owned();
    let mut found = complete(&mut tree, words.clone(), at, None).unwrap_or_default();
    found.retain(|offer| !offer.is_hide_set());
    let is_option = |offer: &CompletionCandidate| starts_with(offer, "-");
    // Who has typed nothing yet is not asking for options, unless there is nothing else.
    if last.is_empty() && !found.iter().all(is_option) {
        found.retain(|offer| !is_option(offer));
    }
    let kind = found.iter().find_map(Kind::of);
    let is_plain = |offer: &CompletionCandidate| Kind::of(offer).is_none();
    match kind {
        Some(kind) if !last.starts_with('-') || !found.iter().any(is_plain) => {
            let kind = match kind {
                Kind::Programs if goes_on(&mut tree, words, at) => Kind::Files,
                kind => kind,
            };
            format!("{}\n", kind.word())
        }
        _ => {
            found.retain(is_plain);
            found.iter().map(|offer| line(shell, offer)).collect()
        }
    }
}

/// Whether the word before belongs to the command too: only the first one is a program.
fn goes_on(tree: &mut Command, mut words: Vec<OsString>, at: usize) -> bool {
    words.truncate(at);
    let Some(last) = at.checked_sub(1) else {
        return false;
    };
    let is_word = words
        .last()
        .is_some_and(|word| !word.to_string_lossy().starts_with('-'));
    let before = complete(tree, words, last, None).unwrap_or_default();
    is_word && before.iter().find_map(Kind::of) == Some(Kind::Programs)
}

fn starts_with(offer: &CompletionCandidate, beginning: &str) -> bool {
    offer.get_value().to_string_lossy().starts_with(beginning)
}

/// The database that the words name, for whoever completes behind `--db`.
fn database(words: &[OsString]) -> Option<PathBuf> {
    let mut named = None;
    for (index, word) in words.iter().enumerate() {
        let word = word.to_string_lossy();
        match word.strip_prefix("--db") {
            Some("") => named = words.get(index + 1).map(PathBuf::from),
            Some(rest) => named = rest.strip_prefix('=').map(PathBuf::from).or(named),
            None if word == "--" => break,
            None => {}
        }
    }
    paths::database(named.as_deref()).ok()
}

/// The tree, in which arguments know what they may be.
fn taught(tree: Command, database: Option<&Path>, above: &mut Vec<String>) -> Command {
    let verb = above.join(" ");
    let verbs: Vec<String> = tree
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let mut tree = tree.mut_args(|arg| match Kind::for_arg(&arg, &verb) {
        Some(kind) => arg.add(ArgValueCompleter::new(Source {
            kind,
            database: database.map(Path::to_owned),
        })),
        None => arg,
    });
    for name in verbs {
        above.push(name.clone());
        tree = tree.mut_subcommand(name, |verb| taught(verb, database, above));
        above.pop();
    }
    tree
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jobs(Option<JobState>),
    Runs,
    JobsOrWhen,
    When,
    Queues,
    Zones,
    Options,
    Signals,
    Help,
    // From here on the shells know more than we do.
    Files,
    Directories,
    Programs,
    Users,
}

impl Kind {
    fn for_arg(arg: &Arg, verb: &str) -> Option<Self> {
        if !arg.get_action().takes_values() {
            return None;
        }
        let name = arg.get_value_names()?.first()?.as_str();
        Some(match (name, verb) {
            ("JOB", "resume") => Self::Jobs(Some(JobState::Paused)),
            ("JOB", "pause") => Self::Jobs(Some(JobState::Active)),
            ("JOB", _) => Self::Jobs(None),
            ("JOB|RUN" | "RUN", _) => Self::Runs,
            ("JOB|WHEN", _) => Self::JobsOrWhen,
            ("QUEUE", _) => Self::Queues,
            ("NAME", verb) if verb.starts_with("queue ") => Self::Queues,
            ("WHEN", _) if arg.get_possible_values().is_empty() => Self::When,
            ("ZONE", _) => Self::Zones,
            ("OPTION", _) => Self::Options,
            ("SIGNAL", _) => Self::Signals,
            ("VERB|TOPIC", _) => Self::Help,
            ("FILE" | "PATH", _) => Self::Files,
            ("DIR", _) => Self::Directories,
            ("COMMAND", _) => Self::Programs,
            ("NAME", _) if arg.get_id() == "user" => Self::Users,
            _ => return None,
        })
    }

    /// By which word a script is told to look itself. No value of ours begins with this sign.
    fn word(self) -> &'static str {
        match self {
            Self::Directories => ">directories",
            Self::Programs => ">programs",
            Self::Users => ">users",
            _ => ">files",
        }
    }

    fn of(offer: &CompletionCandidate) -> Option<Self> {
        let value = offer.get_value().to_string_lossy();
        [Self::Files, Self::Directories, Self::Programs, Self::Users]
            .into_iter()
            .find(|kind| value.ends_with(kind.word()))
    }
}

/// The values of one argument.
struct Source {
    kind: Kind,
    database: Option<PathBuf>,
}

impl ValueCompleter for Source {
    fn complete(&self, begun: &OsStr) -> Vec<CompletionCandidate> {
        let Some(begun) = begun.to_str() else {
            return Vec::new();
        };
        let remarked = |offers: &[(&str, &str)]| {
            let fitting = offers.iter().filter(|(value, _)| value.starts_with(begun));
            fitting
                .map(|(value, remark)| offer(*value).help(Some(remark.to_string().into())))
                .collect()
        };
        let plain = |values: &mut dyn Iterator<Item = String>| {
            values
                .filter(|value| value.starts_with(begun))
                .map(offer)
                .collect()
        };
        match self.kind {
            Kind::Jobs(state) => self.jobs(begun, state),
            Kind::Runs => self.runs(begun),
            Kind::JobsOrWhen => {
                let mut offers: Vec<_> = remarked(&WHENS);
                offers.extend(self.jobs(begun, None));
                offers
            }
            Kind::When => remarked(&WHENS),
            Kind::Queues => self.queues(begun),
            Kind::Zones => plain(&mut Zone::names().map(str::to_owned)),
            Kind::Options => plain(&mut KEYS.iter().map(|key| key.replace('_', "-"))),
            Kind::Signals => plain(&mut SIGNALS.iter().map(|(name, _)| (*name).to_owned())),
            Kind::Help => {
                let tree = Args::command();
                let verbs = tree.get_subcommands().map(Command::get_name);
                let topics = TOPICS.iter().map(|(topic, _)| *topic);
                plain(&mut verbs.chain(topics).map(str::to_owned))
            }
            kind => vec![offer(kind.word())],
        }
    }
}

impl Source {
    fn store(&self) -> Option<Store> {
        if os::fs::at_secure() {
            return None;
        }
        Store::open_read(self.database.as_deref()?).ok()?
    }

    fn jobs(&self, begun: &str, state: Option<JobState>) -> Vec<CompletionCandidate> {
        let found = self.store().and_then(|store| {
            let jobs = store.read().jobs_beginning(begun, state, MOST);
            jobs.ok()
        });
        let named = |job: Job| offer(job.name.as_str()).help(Some(remark(&job).into()));
        found.unwrap_or_default().into_iter().map(named).collect()
    }

    /// Jobs, and behind a dot the runs of one, newest first.
    fn runs(&self, begun: &str) -> Vec<CompletionCandidate> {
        let Some((stem, number)) = begun.split_once('.') else {
            return self.jobs(begun, None);
        };
        let found = self.store().and_then(|store| {
            let read = store.read();
            let name = Name::parse(stem).ok()?;
            let job = read.job_named(&name).ok()?;
            let job = job.or_else(|| read.removed_job_named(&name).ok()?)?;
            let filter = RunFilter {
                job: Some(job.id),
                limit: Some(MOST),
                ..RunFilter::default()
            };
            read.runs(&filter).ok()
        });
        found
            .unwrap_or_default()
            .into_iter()
            .filter(|run| run.name.seq.to_string().starts_with(number))
            .map(|run| {
                let state = run.state.as_str().to_owned();
                offer(format!("{stem}.{}", run.name.seq)).help(Some(state.into()))
            })
            .collect()
    }

    fn queues(&self, begun: &str) -> Vec<CompletionCandidate> {
        let found = self
            .store()
            .and_then(|store| store.read().queues_beginning(begun, MOST).ok());
        let queues = found.unwrap_or_default();
        queues.iter().map(|name| offer(name.as_str())).collect()
    }
}

fn offer(value: impl Into<OsString>) -> CompletionCandidate {
    CompletionCandidate::new(value)
}

/// `0 3 * * *  restic backup /data`, on one line and harmless.
fn remark(job: &Job) -> String {
    let paused = if job.state == JobState::Paused {
        "paused, "
    } else {
        ""
    };
    let all = format!("{paused}{}  {}", job.when, job.command.to_line());
    text::fit(&text::escape(&all), REMARK, "…").into_owned()
}

/// One offer, as the scripts read it.
fn line(shell: Shell, offer: &CompletionCandidate) -> String {
    let value = offer.get_value().to_string_lossy();
    let help = offer.get_help().map(ToString::to_string);
    let help = help.as_deref().unwrap_or_default();
    let help = text::escape(help.lines().next().unwrap_or_default());
    match shell {
        Shell::Bash => format!("{value}\n"),
        Shell::Zsh if help.is_empty() => format!("{}\n", for_zsh(&value)),
        // _describe ends the value at the first colon.
        Shell::Zsh => format!("{}:{}\n", for_zsh(&value), help.replace('\\', "\\\\")),
        _ if help.is_empty() => format!("{value}\n"),
        _ => format!("{value}\t{help}\n"),
    }
}

fn for_zsh(value: &str) -> String {
    value.replace('\\', "\\\\").replace(':', "\\:")
}

/// A word as the shell would pass it on, as far as that needs no expansion but of `~/`.
fn unquoted(word: &OsStr) -> OsString {
    let Some(word) = word.to_str() else {
        return word.to_owned();
    };
    let home = word
        .strip_prefix("~/")
        .and_then(|rest| Some(paths::home().ok()?.join(rest)));
    let word = match home.as_deref().map(Path::to_str) {
        Some(Some(path)) => path,
        _ => word,
    };
    let mut plain = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;
    use proptest::prelude::*;

    use super::{Kind, offer, offers, unquoted};

    #[test]
    fn words_lose_their_quotes() {
        for (word, plain) in [
            ("backup", "backup"),
            ("'my file'", "my file"),
            ("\"my file", "my file"),
            (r"my\ file", "my file"),
            (r#"'a\b'"c\"d""#, r#"a\bc"d"#),
            ("$(true)", "$(true)"),
            ("", ""),
        ] {
            assert_eq!(unquoted(word.as_ref()), plain, "{word}");
        }
    }

    fn word() -> impl Strategy<Value = String> {
        let known = "add now list -- - --db --db= --name=x -n5 -qv --priority -1 queue set --slots help \
                     run -j4 --for logs -f next @da edit --unset = -= --= --env A=b show x.1 >files";
        let known: Vec<&str> = known.split_whitespace().collect();
        prop_oneof![
            prop::sample::select(known).prop_map(str::to_owned),
            "\\PC{0,4}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_words_can_be_completed(words in prop::collection::vec(word(), 0..6)) {
            let begin = ["punctual", "--db=/nonexistent/none.db"].map(str::to_owned);
            let typed: Vec<_> = begin.into_iter().chain(words).map(Into::into).collect();
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                for line in offers(shell, &typed, typed.len() - 1).lines() {
                    let is_raw = |c: char| c.is_control() && c != '\t';
                    prop_assert!(!line.is_empty() && !line.contains(is_raw), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn a_kind_is_known_behind_an_option_too() {
        assert_eq!(Kind::of(&offer("--db=>files")), Some(Kind::Files));
        assert_eq!(Kind::of(&offer("now")), None);
    }
}
