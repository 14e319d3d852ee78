//! `import crontab`: the lines of a crontab become jobs that keep cron's habits.
//!
//! The jobs belong to the file they came from, so importing it again changes nothing where nothing
//! changed, and takes along what is gone from it. Nothing is imported unless every line is good,
//! or --keep-going says so.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::domain::{Missed, Name, Options, Overlap};
use crate::engine::finds_mailer;
use crate::jobfile::crontab::{self, Crontab, Entry, Style};
use crate::jobfile::{FileError, Note};
use crate::os::{fs, users};

use super::admit::{Definition, Moment};
use super::args::{ImportArgs, ImportVerb};
use super::context::Context;
use super::failure::{Code, Failure};
use super::plan::Plan;
use super::progress::{Amount, Progress};
use super::reconcile::{Leftover, Wanted, WantedJob, reconcile};
use super::{file, paths, warn};

/// A file that is no crontab at all is wrong in each line; nobody reads them all.
const SHOWN: usize = 20;

pub(super) fn import(args: &ImportArgs, context: &Context) -> Result<ExitCode, Failure> {
    let ImportVerb::Crontab(args) = &args.what;
    let source = Source::of(args.file.as_deref())?;
    let text = source.load()?;
    let style = if args.system {
        Style::System
    } else {
        Style::User
    };
    let (crontab, mut errors) = crontab::parse_leniently(&text, style);
    let me = Me::find()?;
    let (entries, strangers) = me.take(&crontab, &text);
    errors.extend(strangers);
    errors.sort_by_key(|error| error.line);
    if !errors.is_empty() && !args.keep_going {
        return Err(source.refuse(&errors, context));
    }
    let wanted = Wanted {
        jobs: entries
            .iter()
            .map(|(key, entry)| WantedJob {
                key: key.clone(),
                definition: me.definition(entry),
                is_paused: args.paused,
                line: entry.line,
            })
            .collect(),
        queues: Vec::new(),
    };
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    // A line that was left out is still in the file, and its job still wanted.
    let leftover = if errors.is_empty() {
        Leftover::Prune
    } else {
        Leftover::Leave
    };
    let mut store = context.open()?;
    let progress = Progress::begin("importing", Amount::Jobs(wanted.jobs.len()), context);
    let plan = store.write(|tx| {
        let at = |line, failure| file::at_line(&source.path, line, failure);
        reconcile(
            tx,
            &source.identity(),
            &wanted,
            leftover,
            moment,
            &at,
            &|done| progress.at(done),
        )
    })?;
    drop(store);
    drop(progress);
    Report {
        source: &source,
        plan: &plan,
        wanted: &wanted,
        errors: &errors,
        notes: &crontab.notes,
        is_system: args.system,
    }
    .print(context)?;
    context.note_missing_runner();
    Ok(Context::done())
}

/// Where the lines come from: a file, or standard input, which is `-`.
struct Source {
    path: PathBuf,
}

impl Source {
    fn of(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) if path != Path::new("-") => std::path::absolute(path).map_err(|error| {
                Failure::new(Code::Failed, format!("{}: {error}", path.display()))
                    .hint("name the crontab by its whole path")
            })?,
            None if std::io::stdin().is_terminal() => {
                return Err(
                    Failure::usage("no crontab is named, and a terminal is none")
                        .hint("crontab -l | punctual import crontab -"),
                );
            }
            _ => PathBuf::from("-"),
        };
        Ok(Self { path })
    }

    fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Under which its jobs are known.
    fn identity(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    fn load(&self) -> Result<Vec<u8>, Failure> {
        if !self.is_stdin() {
            return file::load(&self.path);
        }
        let mut text = Vec::new();
        std::io::stdin()
            .lock()
            .take(file::LARGEST + 1)
            .read_to_end(&mut text)
            .map_err(|error| Failure::new(Code::Failed, format!("standard input: {error}")))?;
        if text.len() as u64 > file::LARGEST {
            return Err(file::too_large(&self.path, text.len() as u64));
        }
        Ok(text)
    }

    /// All that is wrong, in order; the last is the failure itself.
    fn refuse(&self, errors: &[FileError], context: &Context) -> Failure {
        let failure = |error: &FileError| file::refused(&self.path, std::slice::from_ref(error));
        let (shown, more) = errors.split_at(errors.len().min(SHOWN));
        let (last, others) = match shown.split_last() {
            Some(split) if !context.json => split,
            // A program reads one document.
            _ => return file::refused(&self.path, errors),
        };
        for error in others {
            failure(error).print(context.voice());
        }
        if !more.is_empty() {
            context.note(&format!("{} more errors are not shown", more.len()));
        }
        failure(last)
    }
}

/// Whose crontab it is, unless its lines say otherwise.
struct Me {
    is_root: bool,
    name: Option<String>,
    home: PathBuf,
}

/// An entry with its key.
type Keyed<'a> = (String, &'a Entry);

impl Me {
    fn find() -> Result<Self, Failure> {
        let id = fs::effective_uid();
        Ok(Self {
            is_root: id == 0,
            name: users::name_of(id),
            home: paths::home()?,
        })
    }

    /// The entries that can run from here, and complaints about the others.
    fn take<'a>(&self, crontab: &'a Crontab, text: &[u8]) -> (Vec<Keyed<'a>>, Vec<FileError>) {
        let mut taken = Vec::new();
        let mut refused = Vec::new();
        let keys = crontab::keys(&crontab.entries);
        for (key, entry) in keys.into_iter().zip(&crontab.entries) {
            match self.complaint(entry) {
                None => taken.push((key, entry)),
                Some((message, hint)) => {
                    refused.push(crontab::error_at_user(entry, text, message, hint));
                }
            }
        }
        (taken, refused)
    }

    /// Whether the user of a line is nobody we can become.
    fn complaint(&self, entry: &Entry) -> Option<(String, &'static str)> {
        let user = self.stranger(entry)?;
        match users::find(user) {
            Ok(Some(_)) if self.is_root => None,
            Ok(Some(_)) => Some((
                format!("this job is of user {user}, and only a runner of root can become {user}"),
                "import the file as root, or leave the line to cron with --keep-going",
            )),
            Ok(None) => Some((
                format!("this job is of user {user}, and there is no such user"),
                "correct the name, or leave the line out with --keep-going",
            )),
            Err(error) => Some((
                format!("user {user}: {error}"),
                "see the users of this machine with: getent passwd",
            )),
        }
    }

    /// The user of a line, who is somebody else.
    fn stranger<'a>(&self, entry: &'a Entry) -> Option<&'a str> {
        entry
            .user
            .as_deref()
            .filter(|user| Some(*user) != self.name.as_deref())
    }

    /// A job as cron runs it: its environment, its directory, and what it does when a run is still
    /// alive (start another) or a time was missed (nothing).
    fn definition(&self, entry: &Entry) -> Definition {
        let stranger = self.stranger(entry);
        let person = stranger.and_then(|user| users::find(user).ok().flatten());
        let home = person.map_or_else(|| self.home.clone(), |person| person.home);
        let mut definition = file::definition_of(entry);
        let options = &mut definition.options;
        // A runner may be started without these, and cron's jobs have them always.
        let shell = options.shell.as_deref().unwrap_or(Options::SHELL);
        let who = stranger.or(self.name.as_deref());
        for (key, value) in [
            ("LOGNAME", who),
            ("USER", who),
            ("HOME", home.to_str()),
            ("SHELL", Some(shell)),
        ] {
            if let Some(value) = value {
                options
                    .env
                    .entry(key.to_owned())
                    .or_insert_with(|| value.to_owned());
            }
        }
        options.cwd = options.env.get("HOME").cloned();
        options.user = stranger.map(str::to_owned);
        options.env_clean = true;
        options.overlap = Overlap::Allow;
        options.missed = Missed::Skip;
        definition
    }
}

/// What became of what.
struct Report<'a> {
    source: &'a Source,
    plan: &'a Plan,
    wanted: &'a Wanted,
    errors: &'a [FileError],
    notes: &'a [Note],
    is_system: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    refused: Vec<Remark<'a>>,
    notes: Vec<Remark<'a>>,
}

#[derive(Serialize)]
struct Remark<'a> {
    line: usize,
    message: &'a str,
}

impl Report<'_> {
    fn print(&self, context: &Context) -> Result<(), Failure> {
        if context.json {
            let refused = self.errors.iter().map(|error| Remark {
                line: error.line,
                message: &error.message,
            });
            let notes = self.notes.iter().map(|note| Remark {
                line: note.line,
                message: &note.message,
            });
            context.print_json(&Answer {
                plan: self.plan,
                refused: refused.collect(),
                notes: notes.collect(),
            })?;
        } else if !context.quiet {
            context.print(&self.plan.to_text_with_lines(context.style.unicode))?;
            context.print(&format!("{}\n", self.plan.summary()))?;
        }
        let shown = self.source.path.display();
        for error in self.errors {
            context.note(&format!("left out: {shown}:{error}"));
        }
        if context.quiet {
            return Ok(());
        }
        if !self.plan.left.is_empty() {
            let names: Vec<&str> = self.plan.left.iter().map(Name::as_str).collect();
            context.note(&format!(
                "not among the lines taken, and left as they are: {}",
                names.join(", ")
            ));
        }
        for note in self.notes {
            context.note(&format!("{shown}:{note}"));
        }
        for job in &self.wanted.jobs {
            let zone = job.definition.options.tz.as_deref();
            let about = format!("{shown}:{}: ", job.line);
            warn::schedule(&job.definition.when, zone, &about, context);
        }
        for difference in self.differences() {
            context.note(&difference);
        }
        Ok(())
    }

    /// What is not as it was with cron, each said once.
    fn differences(&self) -> Vec<String> {
        let options = || self.wanted.jobs.iter().map(|job| &job.definition.options);
        let mut said = Vec::new();
        if self.wanted.jobs.is_empty() {
            said.push("there is no job in it".to_owned());
            return said;
        }
        if options().any(|options| options.mail_to.is_none()) {
            said.push(
                "without MAILTO nothing is mailed, where cron mails to the owner; the output is \
                 kept, see: punctual logs"
                    .to_owned(),
            );
        }
        let path = std::env::var("PATH").unwrap_or_default();
        if options().any(|options| options.mail_to.is_some()) && !finds_mailer(&path) {
            said.push(
                "MAILTO needs a mailer, and there is no sendmail here; the output is kept, see: \
                 punctual logs"
                    .to_owned(),
            );
        }
        let users: BTreeSet<&str> = options()
            .filter_map(|options| options.user.as_deref())
            .collect();
        if !users.is_empty() {
            let users: Vec<&str> = users.into_iter().collect();
            said.push(format!(
                "the runner of root becomes {} for the jobs of that user",
                users.join(", ")
            ));
        }
        said.push(match (self.source.is_stdin(), self.is_system) {
            (true, _) => "cron still has these lines, and runs them too: take them out with \
                          crontab -e"
                .to_owned(),
            (false, true) => format!(
                "cron still has these lines, and runs them too: take them out of {}",
                self.source.path.display()
            ),
            (false, false) => format!(
                "if {} is installed as a crontab, cron still has these lines, and runs them too: \
                 take them out with crontab -e",
                self.source.path.display()
            ),
        });
        said
    }
}
