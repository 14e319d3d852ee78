//! The keys of a job: one table for TOML files, JSON files and the JSON lines of a batch.
//!
//! The keys are the option words of `add` with `_` for `-`. A value is checked while it is read, so
//! that the reader of the format knows its place. What depends on the moment or on a directory
//! (`from`, `until`, relative paths) is only text here; [`Fields::lay_on`] and
//! [`Laid::options`] make the options of a job out of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::domain::{
    Backoff, CodeSet, Command, MailOn, MailTo, Missed, Name, Options, Overlap, Size, Span,
};
use crate::schedule::{self, WhenError, Zone};

/// What is written of a job; a key that is not there is `None`.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fields {
    #[serde(deserialize_with = "job_name")]
    pub name: Option<Name>,
    #[serde(deserialize_with = "when")]
    pub when: Option<String>,
    #[serde(deserialize_with = "command")]
    pub command: Option<Command>,
    pub queue: Option<Name>,
    pub priority: Option<i64>,
    pub paused: Option<bool>,
    #[serde(deserialize_with = "zone")]
    tz: Option<String>,
    #[serde(deserialize_with = "path")]
    cwd: Option<String>,
    #[serde(deserialize_with = "env")]
    env: BTreeMap<String, String>,
    #[serde(deserialize_with = "plain")]
    path: Option<String>,
    #[serde(deserialize_with = "path")]
    env_file: Option<String>,
    env_clean: Option<bool>,
    #[serde(deserialize_with = "path")]
    shell: Option<String>,
    #[serde(deserialize_with = "plain")]
    user: Option<String>,
    #[serde(deserialize_with = "umask")]
    umask: Option<String>,
    #[serde(deserialize_with = "nice")]
    nice: Option<i32>,
    #[serde(deserialize_with = "plain")]
    stdin: Option<String>,
    timeout: Option<Span>,
    kill_after: Option<Span>,
    #[serde(deserialize_with = "retries")]
    retries: Option<u32>,
    backoff: Option<Backoff>,
    retry_on: Option<CodeSet>,
    success_codes: Option<CodeSet>,
    overlap: Option<Overlap>,
    missed: Option<Missed>,
    deadline: Option<Span>,
    jitter: Option<Span>,
    #[serde(deserialize_with = "time")]
    from: Option<String>,
    #[serde(deserialize_with = "time")]
    until: Option<String>,
    #[serde(deserialize_with = "plain")]
    unique: Option<String>,
    output_limit: Option<Size>,
    #[serde(deserialize_with = "plain")]
    on_success: Option<String>,
    #[serde(deserialize_with = "plain")]
    on_failure: Option<String>,
    #[serde(deserialize_with = "plain")]
    on_finish: Option<String>,
    mail_to: Option<MailTo>,
    mail_on: Option<MailOn>,
}

/// The moment and the directory in which a text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub now: DateTime<Utc>,
    pub zone: Zone,
    /// Relative paths begin here.
    pub directory: &'a Path,
    /// A file is the home of its jobs, is read again and again, and must mean the same each time.
    pub is_read_again: bool,
}

/// A value that is wrong only where and when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    pub key: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

/// Options laid over others, with the times that are still text.
#[derive(Debug, Clone, Default)]
pub(super) struct Laid {
    options: Options,
    from: Option<String>,
    until: Option<String>,
}

impl Laid {
    pub(super) fn over(options: Options) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    pub(super) fn options(self, place: &Place<'_>) -> Result<Options, FieldError> {
        let mut options = self.options;
        let zone = match &options.tz {
            Some(zone) => schedule::parse_zone(zone).map_err(|error| wrong("tz", error))?,
            None => place.zone,
        };
        for (key, text, slot) in [
            ("from", self.from, &mut options.from),
            ("until", self.until, &mut options.until),
        ] {
            if let Some(text) = text {
                *slot = Some(place.time(key, &text, zone)?);
            }
        }
        for path in [&mut options.cwd, &mut options.env_file]
            .into_iter()
            .flatten()
        {
            let absolute = place.directory.join(&*path);
            if let Some(absolute) = absolute.to_str() {
                absolute.clone_into(path);
            }
        }
        if options.env_clean || options.env.contains_key("PATH") {
            options.path = None;
        }
        Ok(options)
    }
}

impl Place<'_> {
    fn time(&self, key: &'static str, text: &str, zone: Zone) -> Result<DateTime<Utc>, FieldError> {
        // As `export` writes it, to the microsecond.
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(time.to_utc());
        }
        let at = |now| schedule::parse_time(text, now, zone).map_err(|error| wrong(key, error));
        let time = at(self.now)?;
        // Another weekday, another time of day: only a time that is written out stays the same.
        let elsewhen = self.now + TimeDelta::days(3) + TimeDelta::minutes(307);
        if self.is_read_again && at(elsewhen)? != time {
            return Err(FieldError {
                key,
                message: format!("{text:?} is another time at each reading of this file"),
                hint: Some("write a date, such as \"2026-12-01 09:00\"".to_owned()),
            });
        }
        Ok(time)
    }
}

fn wrong(key: &'static str, error: WhenError) -> FieldError {
    FieldError {
        key,
        message: error.message,
        hint: error.hint,
    }
}

impl Fields {
    /// Every option that is written takes the place of the one below it; variables are merged.
    pub(super) fn lay_on(&self, laid: &mut Laid) {
        let options = &mut laid.options;
        let own = self.clone();
        options.env.extend(own.env);
        options.env_clean = own.env_clean.unwrap_or(options.env_clean);
        options.retries = own.retries.unwrap_or(options.retries);
        options.overlap = own.overlap.unwrap_or(options.overlap);
        options.missed = own.missed.unwrap_or(options.missed);
        put(&mut options.tz, own.tz);
        put(&mut options.cwd, own.cwd);
        put(&mut options.path, own.path);
        put(&mut options.env_file, own.env_file);
        put(&mut options.shell, own.shell);
        put(&mut options.user, own.user);
        put(&mut options.umask, own.umask);
        put(&mut options.nice, own.nice);
        put(&mut options.stdin, own.stdin);
        put(&mut options.timeout, own.timeout);
        put(&mut options.kill_after, own.kill_after);
        put(&mut options.backoff, own.backoff);
        put(&mut options.retry_on, own.retry_on);
        put(&mut options.success_codes, own.success_codes);
        put(&mut options.deadline, own.deadline);
        put(&mut options.jitter, own.jitter);
        put(&mut options.unique, own.unique);
        put(&mut options.output_limit, own.output_limit);
        put(&mut options.on_success, own.on_success);
        put(&mut options.on_failure, own.on_failure);
        put(&mut options.on_finish, own.on_finish);
        put(&mut options.mail_to, own.mail_to);
        options.mail_on = own.mail_on.unwrap_or(options.mail_on);
        put(&mut laid.from, own.from);
        put(&mut laid.until, own.until);
    }

    /// Whether it wants another user and says nothing of a directory.
    pub(crate) fn is_at_home_of(&self) -> Option<&str> {
        self.user.as_deref().filter(|_| self.cwd.is_none())
    }

    /// The options of a job that writes these on top of others.
    pub(crate) fn over(&self, base: &Options, place: &Place<'_>) -> Result<Options, FieldError> {
        let mut laid = Laid::over(base.clone());
        self.lay_on(&mut laid);
        laid.options(place)
    }
}

fn put<T>(slot: &mut Option<T>, written: Option<T>) {
    if written.is_some() {
        *slot = written;
    }
}

/// A text that `read` takes or refuses with a sentence.
fn checked<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(String) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.contains('\0') {
        return Err(de::Error::custom("a NUL character cannot be part of a job"));
    }
    read(text).map(Some).map_err(de::Error::custom)
}

fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, Ok)
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| {
        if text.is_empty() {
            Err("a path is missing".to_owned())
        } else {
            Ok(text)
        }
    })
}

fn job_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Name>, D::Error> {
    checked(deserializer, |text| named(&text))
}

/// A name that a job may have.
pub(super) fn named(text: &str) -> Result<Name, String> {
    if schedule::is_form_word(text) {
        return Err(format!(
            "{text} cannot be a name: it is the first word of a WHEN"
        ));
    }
    Name::parse(text).map_err(|error| error.to_string())
}

fn when<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| match schedule::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(error.message),
    })
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| match schedule::parse_zone(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(error.message),
    })
}

fn umask<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| match u32::from_str_radix(&text, 8) {
        Ok(mask) if mask <= 0o777 => Ok(text),
        _ => Err("write an octal mask from 0 to 0777, such as \"022\"".to_owned()),
    })
}

fn nice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    match i32::deserialize(deserializer)? {
        nice @ -20..=19 => Ok(Some(nice)),
        nice => Err(de::Error::custom(format!(
            "nice is {nice}, it goes from -20 to 19"
        ))),
    }
}

fn retries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(deserializer)? {
        retries @ 0..=1_000 => Ok(Some(retries)),
        retries => Err(de::Error::custom(format!(
            "retries is {retries}, 1000 are the limit"
        ))),
    }
}

fn env<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let env = BTreeMap::<String, String>::deserialize(deserializer)?;
    for (key, value) in &env {
        if key.is_empty() || key.contains(['=', '\0']) {
            return Err(de::Error::custom(format!(
                "{key:?} cannot be the name of a variable"
            )));
        }
        if value.contains('\0') {
            return Err(de::Error::custom(format!(
                "the value of {key} has a NUL character"
            )));
        }
    }
    Ok(env)
}

/// A time as text; TOML has times of its own, which are taken too.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Time;

    impl<'de> Visitor<'de> for Time {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time such as \"2026-12-01 09:00\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
            let time = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
            Ok(time.to_string())
        }
    }

    deserializer.deserialize_any(Time).map(Some)
}

/// A string for the shell, or an array of a program and its arguments.
fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Command>, D::Error> {
    struct Words;

    impl<'de> Visitor<'de> for Words {
        type Value = Command;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string for the shell, or an array of a program and its arguments")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Command, E> {
            Ok(Command::Shell(text.to_owned()))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Command, A::Error> {
            let mut argv = Vec::new();
            while let Some(word) = words.next_element()? {
                argv.push(word);
            }
            Ok(Command::Argv(argv))
        }
    }

    let command = deserializer.deserialize_any(Words)?;
    check_command(&command).map_err(de::Error::custom)?;
    Ok(Some(command))
}

pub(super) fn check_command(command: &Command) -> Result<(), String> {
    let is_empty = match command {
        Command::Shell(line) => line.trim().is_empty(),
        Command::Argv(words) => words.first().is_none_or(|word| word.trim().is_empty()),
    };
    let has_nul = match command {
        Command::Shell(line) => line.contains('\0'),
        Command::Argv(words) => words.iter().any(|word| word.contains('\0')),
    };
    if is_empty {
        return Err("the command is empty".to_owned());
    }
    if has_nul {
        return Err("a NUL character cannot be part of a job".to_owned());
    }
    command.too_long().map_or(Ok(()), Err)
}
