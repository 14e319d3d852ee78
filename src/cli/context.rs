//! What every verb needs to know: the database, the moment, the terminal.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::Serialize;

use crate::engine::{LogFormat, log_line};
use crate::os::lock::lock_holder;
use crate::schedule::Zone;
use crate::store::{Store, lock_path, trusted_directory};

use super::args::{ColorChoice, Global};
use super::failure::{Code, Failure, Voice};
use super::paths;
use super::render::{Style, Tint, json, text};

pub(super) struct Context {
    pub database: PathBuf,
    pub json: bool,
    pub quiet: bool,
    /// Read once: everything a verb decides, it decides at this moment.
    pub now: DateTime<Utc>,
    pub zone: Zone,
    pub terminal: bool,
    pub style: Style,
    pub words: Vec<OsString>,
    /// Whether stderr has colours.
    paints: bool,
    notes: Cell<LogFormat>,
    warned: Cell<bool>,
    /// What would be printed, for a verb that draws it instead.
    kept: Option<RefCell<String>>,
}

impl Context {
    pub(super) fn new(global: &Global, words: &[OsString]) -> Result<Self, Failure> {
        let database = paths::database(global.db.as_deref())?;
        if crate::os::fs::at_secure() {
            return Err(Failure::new(
                Code::Failed,
                "punctual was started with more rights than its caller has (set-uid)",
            )
            .hint("take the set-uid bit off the binary"));
        }
        let terminal = io::stdout().is_terminal();
        // As fine as what is stored, so that "in 10m" is ten minutes away.
        let now = Utc::now().trunc_subsecs(6);
        let zone = paths::local_zone();
        let context = Self {
            style: Style {
                width: terminal.then(terminal_width),
                color: wants_color(global.color, terminal),
                unicode: speaks_unicode(),
                now,
                zone,
                long: false,
            },
            paints: wants_color(global.color, io::stderr().is_terminal()),
            json: global.json,
            quiet: global.quiet,
            now,
            zone,
            terminal,
            words: words.to_vec(),
            database,
            notes: Cell::new(LogFormat::Text),
            warned: Cell::new(false),
            kept: None,
        };
        if global.verbose {
            context.note(&format!("database {}", context.database.display()));
        }
        Ok(context)
    }

    /// For a verb that is carried out inside another: nothing is printed but [`Self::said`].
    pub(super) fn within(&self, now: DateTime<Utc>) -> Self {
        Self {
            database: self.database.clone(),
            style: Style {
                now,
                ..self.style.clone()
            },
            now,
            words: Vec::new(),
            json: false,
            paints: false,
            quiet: false,
            notes: Cell::new(LogFormat::Text),
            warned: Cell::new(true),
            kept: Some(RefCell::default()),
            ..*self
        }
    }

    /// What a verb [within](Self::within) this one answered, and had to say.
    pub(super) fn said(&self) -> String {
        self.kept
            .as_ref()
            .map_or_else(String::new, |kept| kept.borrow().clone())
    }

    /// The database for writing; made when it is missing.
    pub(super) fn open(&self) -> Result<Store, Failure> {
        let store = Store::open(&self.database)?;
        self.warn();
        Ok(store)
    }

    /// The database for reading, if there is one.
    pub(super) fn open_read(&self) -> Result<Option<Store>, Failure> {
        let store = Store::open_read(&self.database)?;
        self.warn();
        Ok(store)
    }

    /// Once: a verb may open the database several times.
    fn warn(&self) {
        if self.warned.replace(true) {
            return;
        }
        if let Some(word) = paths::strange_zone() {
            self.note(&format!(
                "warning: TZ={word} names no zone of the IANA; local times are those of {}",
                self.zone
            ));
        }
        if let Some(directory) = trusted_directory(&self.database) {
            self.note(&format!(
                "warning: others can write {}, and so run commands as you; PUNCTUAL_TRUST_DIR accepts that",
                directory.display()
            ));
        }
    }

    /// The database for reading; without one nothing that was named can exist.
    pub(super) fn open_existing(&self, what: &str) -> Result<Store, Failure> {
        self.open_read()?.ok_or_else(|| self.no_database(what))
    }

    fn no_database(&self, what: &str) -> Failure {
        let message = if what.is_empty() {
            "there are no jobs".to_owned()
        } else {
            format!("no such job: {what}")
        };
        Failure::new(Code::Absent, message).hint(format!(
            "there is no database at {} yet",
            self.database.display()
        ))
    }

    /// The database for changing what is there: where none is, none is made.
    pub(super) fn open_to_change(&self, what: &str) -> Result<Store, Failure> {
        if !Store::is_there(&self.database)? {
            return Err(self.no_database(what));
        }
        self.open()
    }

    pub(super) fn runner_lives(&self) -> bool {
        matches!(lock_holder(&lock_path(&self.database)), Ok(Some(_)))
    }

    /// Says how to start a runner, when there is none.
    pub(super) fn note_missing_runner(&self) {
        if !self.quiet && !self.runner_lives() {
            self.note("no runner is alive; start one with: punctual run");
        }
    }

    /// The answer, on stdout. A reader that has gone away is not an error, a full disk is.
    pub(super) fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(kept) = &self.kept {
            kept.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
                Code::Failed,
                format!("cannot write the answer: {error}"),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn print(&self, text: &str) -> Result<(), Failure> {
        self.print_bytes(text.as_bytes())
    }

    /// An answer that is a file: every byte as it is, but on a terminal nothing that it would obey.
    pub(super) fn print_file(&self, text: &str) -> Result<(), Failure> {
        if self.terminal {
            self.print(&text::escape_bytes(text.as_bytes()))
        } else {
            self.print(text)
        }
    }

    /// One document, laid out for people on a terminal.
    pub(super) fn print_json(&self, document: &impl Serialize) -> Result<(), Failure> {
        self.print(&json::text(document, self.terminal))
    }

    /// The conversation, on stderr.
    pub(super) fn note(&self, line: &str) {
        let line = match self.notes.get() {
            LogFormat::Text => self.spoken(line),
            format @ LogFormat::Json => log_line(line, self.now, self.zone, format),
        };
        match &self.kept {
            Some(kept) => kept.borrow_mut().push_str(&line),
            None => drop(io::stderr().write_all(line.as_bytes())),
        }
    }

    pub(super) fn voice(&self) -> Voice {
        Voice {
            json: self.json,
            color: self.paints,
        }
    }

    /// A warning has the colour of what is late: it may still turn out well.
    fn spoken(&self, line: &str) -> String {
        let line = text::escape(line);
        match line.strip_prefix(WARNING) {
            Some(rest) => self.voice().paint(WARNING, Tint::Late).into_owned() + rest + "\n",
            None => line.into_owned() + "\n",
        }
    }

    /// From here on stderr is the log of a runner.
    pub(super) fn note_in(&self, format: LogFormat) {
        self.notes.set(format);
    }

    pub(super) fn done() -> ExitCode {
        ExitCode::SUCCESS
    }
}

const WARNING: &str = "warning:";

fn terminal_width() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|n| n.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    named
        .or_else(asked)
        .filter(|width| *width > 0)
        .unwrap_or(80)
}

/// The rows of the terminal, for a list that fits the screen.
pub(super) fn terminal_height() -> usize {
    let named = std::env::var("LINES").ok().and_then(|n| n.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(_, height)| usize::from(height.0));
    named
        .or_else(asked)
        .filter(|height| *height > 0)
        .unwrap_or(24)
}

pub(super) fn wants_color(choice: ColorChoice, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            terminal && !set("NO_COLOR") && std::env::var("TERM").is_ok_and(|term| term != "dumb")
        }
    }
}

/// The character set of the locale: the first of these that is set decides (locale(7)).
fn speaks_unicode() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}
