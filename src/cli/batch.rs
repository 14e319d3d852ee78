//! `add --batch`: many lines become jobs in one transaction.
//!
//! All lines are read and judged before the file is touched: a slow writer at the other end of a
//! pipe never holds the write lock, and a bad line changes nothing. Lines that are plain shell
//! strings for the same one-off WHEN, the bulk of every large batch, share all but their name and
//! command, and are inserted together.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::domain::{Command, JobId, Kind, Name};
use crate::jobfile::batch::{self, Entry, Job};
use crate::jobfile::{FieldError, Fields, Place};
use crate::store::{Alike, NewJob, OneOff, Stage, Tx};

use super::admit::{self, Admitted, Definition, Moment};
use super::args::{AddArgs, IfExists};
use super::context::Context;
use super::failure::{Code, Failure};
use super::progress::{Amount, Progress};
use super::series::{Series, Taken};
use super::{add, chain, file, options, user, warn};

/// Rows that are inserted together.
const TOGETHER: usize = 4_096;

pub(super) fn add_batch(
    args: &AddArgs,
    path: &Path,
    context: &Context,
) -> Result<ExitCode, Failure> {
    add::check_when(&args.when)?;
    if path == Path::new("-") && args.job.stdin.as_deref() == Some(path) {
        return Err(
            Failure::usage("--batch - and --stdin - both want standard input")
                .hint("give one of them a file"),
        );
    }
    let lines = Lines { path };
    let text = lines.load()?;
    let entries = batch::parse(&text).map_err(|error| lines.refused(&error))?;
    let template = Definition {
        name: None,
        when: args.when.clone(),
        command: Command::Shell(String::new()),
        queue: args.job.queue.clone().unwrap_or_else(Name::default_queue),
        priority: args.job.priority.unwrap_or(0),
        options: options::overlay(options::captured(&args.job)?, &args.job, context)?,
        source: None,
    };
    let directory = std::env::current_dir().unwrap_or_default();
    let place = Place {
        now: context.now,
        zone: context.zone,
        directory: &directory,
        is_read_again: false,
    };
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    warn::schedule(&args.when, template.options.tz.as_deref(), "", context);
    let mut store = context.open()?;
    let progress = Progress::begin("adding", Amount::Jobs(entries.len()), context);
    let added = store.write_many(|tx| {
        let mut batch = Batch {
            tx,
            lines: &lines,
            template: &template,
            place,
            moment,
            if_exists: args.if_exists,
            is_paused: args.paused,
            wants_names: context.quiet,
            series: Series::default(),
            twins: None,
            has_earlier_names: tx.has_earlier_names()?,
            alike: None,
            waiting: Vec::new(),
            chained: Vec::new(),
            outcome: Outcome::default(),
        };
        batch.add(&entries, &progress, context)?;
        Ok::<_, Failure>(batch.outcome)
    })?;
    drop(store);
    drop(progress);
    for warning in &added.warnings {
        context.note(warning);
    }
    added.print(context)?;
    context.note_missing_runner();
    Ok(Context::done())
}

/// Where the lines come from.
struct Lines<'a> {
    path: &'a Path,
}

impl Lines<'_> {
    fn load(&self) -> Result<Vec<u8>, Failure> {
        if self.path != Path::new("-") {
            return std::fs::read(self.path).map_err(|error| self.unreadable(&error));
        }
        let mut text = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut text)
            .map_err(|error| self.unreadable(&error))?;
        Ok(text)
    }

    fn unreadable(&self, error: &std::io::Error) -> Failure {
        Failure::new(Code::Failed, format!("{}: {error}", self.path.display()))
            .hint("check the path of the batch; - reads standard input")
    }

    fn refused(&self, error: &crate::jobfile::FileError) -> Failure {
        let failure = file::refused(self.path, std::slice::from_ref(error));
        if self.path == Path::new("-") {
            let message = format!("line {}: {}", error.line, error.message);
            return Failure { message, ..failure };
        }
        failure
    }

    fn at(&self, line: usize, failure: Failure) -> Failure {
        let message = if self.path == Path::new("-") {
            format!("line {line}: {}", failure.message)
        } else {
            format!("{}:{line}: {}", self.path.display(), failure.message)
        };
        Failure { message, ..failure }
    }
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    added: usize,
    #[serde(skip_serializing_if = "is_zero")]
    replaced: usize,
    #[serde(skip_serializing_if = "is_zero")]
    kept: usize,
    first: Option<Name>,
    last: Option<Name>,
    /// Only where they are asked for: a million names are a lot of memory.
    #[serde(skip)]
    names: Vec<Name>,
    #[serde(skip)]
    warnings: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde wants"
)]
fn is_zero(value: &usize) -> bool {
    *value == 0
}

impl Outcome {
    fn count(&mut self, name: &Name, wants_name: bool) {
        self.first.get_or_insert_with(|| name.clone());
        if wants_name {
            self.names.push(name.clone());
        }
    }

    fn print(&self, context: &Context) -> Result<(), Failure> {
        if context.json {
            return context.print_json(self);
        }
        if context.quiet {
            let mut names = String::new();
            for name in &self.names {
                names.push_str(name.as_str());
                names.push('\n');
            }
            return context.print(&names);
        }
        let mut answer = match self.added {
            1 => "1 job added".to_owned(),
            n => format!("{n} jobs added"),
        };
        for (count, word) in [(self.replaced, "replaced"), (self.kept, "kept as it was")] {
            if count > 0 {
                answer = format!("{answer}, {count} {word}");
            }
        }
        let names = match (&self.first, &self.last) {
            (Some(first), Some(last)) if first != last => format!(": {first} to {last}"),
            (Some(first), _) => format!(": {first}"),
            _ => String::new(),
        };
        context.print(&format!("{answer}{names}\n"))
    }
}

/// A schedule, a command and a directory: equal in all three, two jobs are probably one.
type Twin = (String, Command, Option<String>);

/// One-offs that are inserted with the next statement.
struct Pending<'a> {
    name: Name,
    command: &'a str,
}

/// The way of a batch into the file.
struct Batch<'a> {
    tx: &'a Tx<'a>,
    lines: &'a Lines<'a>,
    template: &'a Definition,
    place: Place<'a>,
    moment: Moment,
    if_exists: IfExists,
    is_paused: bool,
    wants_names: bool,
    series: Series,
    /// Looked up when the first line needs it.
    twins: Option<HashMap<Twin, Name>>,
    has_earlier_names: bool,
    /// What plain lines have in common, when they are one-offs.
    alike: Option<Alike>,
    waiting: Vec<Pending<'a>>,
    chained: Vec<(JobId, usize)>,
    outcome: Outcome,
}

impl Taken for Tx<'_> {
    type Error = Failure;

    fn is_free(&self, name: &Name) -> Result<bool, Failure> {
        Ok(self.name_is_free(name)?)
    }

    fn highest(&self, stem: &Name) -> Result<u64, Failure> {
        Ok(self.highest_of_series(stem)?)
    }
}

impl<'a> Batch<'a> {
    fn add(
        &mut self,
        entries: &'a [Entry<'a>],
        progress: &Progress,
        context: &Context,
    ) -> Result<(), Failure> {
        self.keep_names_apart(entries)?;
        self.alike = self.alike(entries)?;
        for (index, entry) in entries.iter().enumerate() {
            self.line(entry, context)
                .map_err(|failure| self.lines.at(entry.line, failure))?;
            progress.at(index);
        }
        self.flush()?;
        self.chain()
    }

    /// A name that a line gives itself is given to no other.
    fn keep_names_apart(&mut self, entries: &[Entry<'_>]) -> Result<(), Failure> {
        let mut lines: HashMap<&Name, usize> = HashMap::new();
        for entry in entries {
            let Job::Fields(fields) = &entry.job else {
                continue;
            };
            let Some(name) = &fields.name else {
                continue;
            };
            if let Some(other) = lines.insert(name, entry.line) {
                let failure = Failure::new(
                    Code::Conflict,
                    format!("{name} is the name of line {other} already"),
                )
                .hint("each job has a name of its own; nothing was added");
                return Err(self.lines.at(entry.line, failure));
            }
            self.series.keep_off(name);
        }
        Ok(())
    }

    /// What plain lines have in common; `None` when each has to be looked at.
    fn alike(&self, entries: &[Entry<'_>]) -> Result<Option<Alike>, Failure> {
        let is_plain = |entry: &Entry<'_>| matches!(entry.job, Job::Shell(_));
        let options = &self.template.options;
        if self.is_paused || options.unique.is_some() || !entries.iter().any(is_plain) {
            return Ok(None);
        }
        // A one-off is due at the same time whatever its name is.
        let name = Name::default_queue();
        let (row, due) = admit::row_of(self.tx, self.template, &name, self.moment)?;
        let Some(due) = due.filter(|_| row.kind == Kind::Once) else {
            return Ok(None);
        };
        Ok(Some(Alike {
            when: row.when,
            settings: self.tx.settings_id(&row.options)?,
            queue: self.tx.queue_id(&row.queue)?,
            priority: row.priority,
            due,
            stage: if due > self.moment.now {
                Stage::Timed
            } else {
                Stage::Ready
            },
            created: row.created,
        }))
    }

    fn line(&mut self, entry: &'a Entry<'a>, context: &Context) -> Result<(), Failure> {
        match &entry.job {
            Job::Shell(command) if self.alike.is_some() => self.one_off(command),
            Job::Shell(command) => {
                let definition = Definition {
                    command: Command::Shell((*command).to_owned()),
                    ..self.template.clone()
                };
                self.single(&definition, self.is_paused, entry.line)
            }
            Job::Fields(fields) => {
                let definition = self.definition(fields)?;
                if let Some(when) = &fields.when {
                    let zone = definition.options.tz.as_deref();
                    let about = format!("line {}: ", entry.line);
                    self.outcome
                        .warnings
                        .extend(warn::lines(when, zone, &about, context));
                }
                let is_paused = fields.paused.unwrap_or(self.is_paused);
                self.single(&definition, is_paused, entry.line)
            }
        }
    }

    fn definition(&self, fields: &Fields) -> Result<Definition, Failure> {
        let template = self.template;
        let mut options = fields
            .over(&template.options, &self.place)
            .map_err(of_field)?;
        if let Some(name) = fields.is_at_home_of() {
            options.cwd = user::home(name)?.to_str().map(str::to_owned);
        }
        Ok(Definition {
            name: fields.name.clone(),
            when: fields.when.clone().unwrap_or_else(|| template.when.clone()),
            command: fields
                .command
                .clone()
                .unwrap_or_else(|| template.command.clone()),
            queue: fields
                .queue
                .clone()
                .unwrap_or_else(|| template.queue.clone()),
            priority: fields.priority.unwrap_or(template.priority),
            options,
            source: None,
        })
    }

    fn one_off(&mut self, command: &'a str) -> Result<(), Failure> {
        let stem = admit::stem(command.split_whitespace());
        let name = self.series.name(&stem, self.tx)?;
        self.outcome.count(&name, self.wants_names);
        self.waiting.push(Pending { name, command });
        if self.waiting.len() == TOGETHER {
            self.flush()?;
        }
        Ok(())
    }

    /// Inserts what waits, so that numbers and names follow the order of the lines.
    fn flush(&mut self) -> Result<(), Failure> {
        let (Some(alike), Some(last)) = (&self.alike, self.waiting.last()) else {
            return Ok(());
        };
        self.outcome.last = Some(last.name.clone());
        let mut jobs = Vec::with_capacity(self.waiting.len());
        for Pending { name, command } in self.waiting.drain(..) {
            let seq = if self.has_earlier_names {
                self.tx.last_number_of(&name)? + 1
            } else {
                1
            };
            jobs.push(OneOff { name, command, seq });
        }
        self.outcome.added += jobs.len();
        self.tx.insert_one_offs(alike, &jobs)?;
        Ok(())
    }

    /// A line that has to be looked at.
    fn single(
        &mut self,
        definition: &Definition,
        is_paused: bool,
        line: usize,
    ) -> Result<(), Failure> {
        self.flush()?;
        let (tx, moment) = (self.tx, self.moment);
        let placed = if definition.name.is_some() {
            admit::place(tx, definition, self.if_exists, moment)?
        } else {
            admit::refuse_taken_key(tx, definition)?;
            let stem = admit::stem(definition.command.words());
            let name = self.series.name(&stem, tx)?;
            let (row, due) = admit::row_of(tx, definition, &name, moment)?;
            self.refuse_double(&row)?;
            admit::insert(tx, &row, due, moment)?
        };
        let id = placed.admitted.id();
        if placed.is_chained {
            self.chained.push((id, line));
        }
        if is_paused && matches!(placed.admitted, Admitted::Added(_)) {
            tx.pause_job(id, None, false)?;
        }
        match placed.admitted {
            Admitted::Added(_) => self.outcome.added += 1,
            Admitted::Replaced(_) => self.outcome.replaced += 1,
            Admitted::Kept(_) => self.outcome.kept += 1,
        }
        if let Some(name) = tx.name_of_job(id)? {
            self.outcome.count(&name, self.wants_names);
            self.outcome.last = Some(name);
        }
        Ok(())
    }

    fn refuse_double(&mut self, row: &NewJob) -> Result<(), Failure> {
        if row.kind == Kind::Once {
            return Ok(());
        }
        let twins = match &mut self.twins {
            Some(twins) => twins,
            none => {
                let jobs = self.tx.jobs_that_stay()?.into_iter();
                none.insert(
                    jobs.map(|job| ((job.when, job.command, job.options.cwd.clone()), job.name))
                        .collect(),
                )
            }
        };
        let twin = (
            row.when.clone(),
            row.command.clone(),
            row.options.cwd.clone(),
        );
        match twins.insert(twin, row.name.clone()) {
            Some(twin) => Err(admit::doubled(&twin)),
            None => Ok(()),
        }
    }

    fn chain(&self) -> Result<(), Failure> {
        let ids: Vec<JobId> = self.chained.iter().map(|(id, _)| *id).collect();
        chain::chain(self.tx, &ids, self.moment)
            .map_err(|(index, failure)| self.lines.at(self.chained[index].1, failure))
    }
}

fn of_field(error: FieldError) -> Failure {
    let failure = Failure::usage(format!("{}: {}", error.key, error.message));
    match error.hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
