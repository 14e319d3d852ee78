//! Job files: jobs and queues in TOML, or in JSON of the same shape.
//!
//! `[defaults]` holds options for every job of the file, `[queue.NAME]` the slots of a queue, and
//! `[job.NAME]` a job: its name is its key. What [`write`] writes, [`read`] reads back to the same
//! values.

mod visible;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use toml::de::{DeTable, DeValue};

use super::complaint::Complaint;
use super::fields::{self, FieldError, Fields, Laid, Place};
use super::{FileError, json};
use crate::domain::{Command, Name, Options, visible_json};
use visible::visible_toml;

/// An editor's byte-order mark is no part of the text.
const MARK: char = '\u{feff}';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Json,
}

/// What a job file says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Document {
    /// `None`: bounded by the pool alone.
    pub queues: Vec<(Name, Option<u32>)>,
    pub jobs: Vec<Entry>,
}

/// One job of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub name: Name,
    pub when: String,
    pub command: Command,
    pub queue: Name,
    pub priority: i64,
    /// How it begins its life; later the file does not touch this.
    pub paused: bool,
    pub options: Options,
}

/// A file as it is written.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    defaults: Fields,
    #[serde(default)]
    queue: BTreeMap<Name, Lane>,
    #[serde(default)]
    job: BTreeMap<JobName, Fields>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Lane {
    #[serde(deserialize_with = "slots")]
    slots: Option<u32>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct JobName(Name);

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        fields::named(&text).map(Self).map_err(de::Error::custom)
    }
}

/// A number, or `"none"`.
fn slots<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    struct Slots;

    impl Visitor<'_> for Slots {
        type Value = Option<u32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number from 1 to 100000, or \"none\"")
        }

        fn visit_i64<E: de::Error>(self, slots: i64) -> Result<Option<u32>, E> {
            match u32::try_from(slots) {
                Ok(slots @ 1..=100_000) => Ok(Some(slots)),
                _ => Err(E::invalid_value(de::Unexpected::Signed(slots), &self)),
            }
        }

        fn visit_u64<E: de::Error>(self, slots: u64) -> Result<Option<u32>, E> {
            self.visit_i64(i64::try_from(slots).unwrap_or(i64::MAX))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<u32>, E> {
            if text == "none" {
                Ok(None)
            } else {
                Err(E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
    }

    deserializer.deserialize_any(Slots)
}

/// Reads a whole file.
pub(crate) fn read(
    text: &[u8],
    format: Format,
    place: &Place<'_>,
) -> Result<Document, Box<FileError>> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let shown = String::from_utf8_lossy(text);
            let complaint = Complaint {
                at: error.valid_up_to(),
                message: "this is not UTF-8 text".to_owned(),
                hint: Some("convert the file, for example with iconv".to_owned()),
            };
            return Err(Box::new(complaint.in_text(&shown)));
        }
    };
    let text = text.strip_prefix(MARK).unwrap_or(text);
    understand(text, format, place).map_err(|complaint| Box::new(complaint.in_text(text)))
}

fn understand(text: &str, format: Format, place: &Place<'_>) -> Result<Document, Complaint> {
    let written: Written = match format {
        Format::Toml => toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Complaint::of_reader(error.message(), span, text)
        })?,
        Format::Json => serde_json::from_str(text).map_err(|error| of_json(&error, text))?,
    };
    for (key, is_written) in [
        ("name", written.defaults.name.is_some()),
        ("when", written.defaults.when.is_some()),
        ("command", written.defaults.command.is_some()),
        ("paused", written.defaults.paused.is_some()),
    ] {
        if is_written {
            return Err(Complaint {
                at: find(text, format, &["defaults", key]).start,
                message: format!("{key} belongs to a job, and [defaults] holds options"),
                hint: Some("write it below [job.NAME]".to_owned()),
            });
        }
    }
    let mut jobs = Vec::new();
    for (JobName(name), fields) in written.job {
        let entry = entry(name.clone(), fields, &written.defaults, place)
            .map_err(|wrong| of_field(&wrong, &name, text, format))?;
        jobs.push(entry);
    }
    // In the order of the file, so that its jobs are numbered as a reader expects.
    let places = places_of_jobs(text, format);
    jobs.sort_by_key(|job| places.get(&job.name).copied());
    let queues = written.queue.into_iter();
    Ok(Document {
        queues: queues.map(|(name, lane)| (name, lane.slots)).collect(),
        jobs,
    })
}

fn entry(
    name: Name,
    fields: Fields,
    defaults: &Fields,
    place: &Place<'_>,
) -> Result<Entry, FieldError> {
    let missing = |key, hint: &str| FieldError {
        key,
        message: format!("job {name} has no {key}"),
        hint: Some(hint.to_owned()),
    };
    if fields.name.is_some() {
        return Err(FieldError {
            key: "name",
            message: format!("the name of this job is its key, {name}"),
            hint: Some("leave name out".to_owned()),
        });
    }
    let mut laid = Laid::default();
    defaults.lay_on(&mut laid);
    fields.lay_on(&mut laid);
    let when = fields
        .when
        .ok_or_else(|| missing("when", "write when = \"0 3 * * *\", or \"now\" for once"))?;
    let command = fields
        .command
        .ok_or_else(|| missing("command", "write command = \"…\""))?;
    let mut options = laid.options(place)?;
    // Nothing is taken from the caller: a job is at home where its file is, if there is one.
    if options.cwd.is_none() && place.is_read_again {
        options.cwd = place.directory.to_str().map(str::to_owned);
    }
    let queue = fields.queue.or_else(|| defaults.queue.clone());
    Ok(Entry {
        name,
        when,
        command,
        queue: queue.unwrap_or_else(Name::default_queue),
        priority: fields.priority.or(defaults.priority).unwrap_or(0),
        paused: fields.paused.unwrap_or(false),
        options,
    })
}

fn of_field(wrong: &FieldError, job: &Name, text: &str, format: Format) -> Complaint {
    let range = [
        &["job", job.as_str(), wrong.key][..],
        &["defaults", wrong.key],
    ]
    .into_iter()
    .find_map(|path| look_up(text, format, path))
    .unwrap_or_else(|| find(text, format, &["job", job.as_str()]));
    Complaint {
        at: range.start,
        message: wrong.message.clone(),
        hint: wrong.hint.clone(),
    }
}

/// The line of each job, counted from 1.
pub(crate) fn lines_of_jobs(text: &[u8], format: Format) -> BTreeMap<Name, usize> {
    let text = str::from_utf8(text).unwrap_or_default();
    let bare = text.strip_prefix(MARK).unwrap_or(text);
    let mut places: Vec<(Name, usize)> = places_of_jobs(bare, format).into_iter().collect();
    places.sort_by_key(|(_, at)| *at);
    // Counted on from job to job: a file can have very many.
    let (mut line, mut counted) = (1, 0);
    let mut line_of = |at: usize| {
        line += bare
            .get(counted..at)
            .unwrap_or_default()
            .matches('\n')
            .count();
        counted = at;
        line
    };
    let lines = places.into_iter().map(|(name, at)| (name, line_of(at)));
    lines.collect()
}

/// Where each job begins, in bytes.
fn places_of_jobs(text: &str, format: Format) -> BTreeMap<Name, usize> {
    let keys = match format {
        Format::Json => json::keys(text, "job"),
        Format::Toml => keys_of_table(text, "job").unwrap_or_default(),
    };
    let named = |(key, at): (String, usize)| Some((Name::parse(&key).ok()?, at));
    keys.into_iter().filter_map(named).collect()
}

fn keys_of_table(text: &str, name: &str) -> Option<Vec<(String, usize)>> {
    let table = DeTable::parse(text).ok()?;
    let (_, inner) = table
        .get_ref()
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == name)?;
    let inner = inner.get_ref().as_table()?;
    let keys = inner.keys();
    Some(
        keys.map(|key| (key.get_ref().to_string(), key.span().start))
            .collect(),
    )
}

fn find(text: &str, format: Format, path: &[&str]) -> Range<usize> {
    look_up(text, format, path).unwrap_or(0..0)
}

/// The key at the end of a path of keys.
fn look_up(text: &str, format: Format, path: &[&str]) -> Option<Range<usize>> {
    match format {
        Format::Json => json::find(text, path).map(|entry| entry.key),
        Format::Toml => {
            let table = DeTable::parse(text).ok()?;
            let mut table = table.get_ref();
            let mut found = None;
            for (depth, wanted) in path.iter().enumerate() {
                let (key, value) = table
                    .iter()
                    .find(|(key, _)| key.get_ref().as_ref() == *wanted)?;
                found = Some(key.span());
                match value.get_ref() {
                    DeValue::Table(inner) => table = inner,
                    _ if depth + 1 < path.len() => return None,
                    _ => {}
                }
            }
            found
        }
    }
}

/// In which of the tables of a file something is wrong.
fn of_json(error: &serde_json::Error, text: &str) -> Complaint {
    let whole = serde_json::from_str::<serde_json::Value>(text).ok();
    let blamed = whole.filter(|_| error.is_data()).and_then(|whole| {
        let inner = |table: &str| whole.get(table).and_then(serde_json::Value::as_object);
        let defaults = whole
            .get("defaults")
            .and_then(|defaults| json::blame::<Fields>(defaults, text, &["defaults"]));
        let queue = || {
            inner("queue")?
                .iter()
                .find_map(|(name, lane)| json::blame::<Lane>(lane, text, &["queue", name]))
        };
        let job = || {
            inner("job")?
                .iter()
                .find_map(|(name, job)| json::blame::<Fields>(job, text, &["job", name]))
        };
        let names = || {
            let (name, sentence) = inner("job")?
                .keys()
                .find_map(|name| Some((name, fields::named(name).err()?)))?;
            let key = json::find(text, &["job", name])?.key;
            Some(Complaint::of_reader(&sentence, key, text))
        };
        defaults
            .or_else(queue)
            .or_else(job)
            .or_else(names)
            .or_else(|| json::blame::<Written>(&whole, text, &[]))
    });
    blamed.unwrap_or_else(|| json::of_grammar(error, text))
}

/// The text of a job file; a job at its defaults is two lines. It holds no sign that a terminal obeys.
pub(crate) fn write(document: &Document, format: Format) -> String {
    match format {
        Format::Toml => visible_toml(
            toml::to_string_pretty(document)
                .expect("a document has string keys and values that TOML knows"),
        ),
        Format::Json => {
            let text = serde_json::to_string_pretty(document)
                .expect("a document has string keys and values that JSON knows");
            visible_json(text + "\n")
        }
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.queues.is_empty() {
            map.serialize_entry("queue", &Lanes(&self.queues))?;
        }
        if !self.jobs.is_empty() {
            map.serialize_entry("job", &Jobs(&self.jobs))?;
        }
        map.end()
    }
}

struct Lanes<'a>(&'a [(Name, Option<u32>)]);

impl Serialize for Lanes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let out = |slots: Option<u32>| LaneOut {
            slots: slots.map_or(SlotsOut::Unlimited("none"), SlotsOut::Some),
        };
        serializer.collect_map(self.0.iter().map(|(name, slots)| (name, out(*slots))))
    }
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum SlotsOut {
    Some(u32),
    Unlimited(&'static str),
}

#[derive(serde::Serialize)]
struct LaneOut {
    slots: SlotsOut,
}

struct Jobs<'a>(&'a [Entry]);

impl Serialize for Jobs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|job| (&job.name, JobOut::of(job))))
    }
}

#[derive(serde::Serialize)]
struct JobOut<'a> {
    when: &'a str,
    command: &'a Command,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
    #[serde(flatten)]
    options: &'a Options,
}

impl<'a> JobOut<'a> {
    fn of(job: &'a Entry) -> Self {
        Self {
            when: &job.when,
            command: &job.command,
            queue: Some(&job.queue).filter(|queue| **queue != Name::default_queue()),
            priority: Some(job.priority).filter(|priority| *priority != 0),
            paused: job.paused.then_some(true),
            options: &job.options,
        }
    }
}

#[cfg(test)]
#[path = "document/tests.rs"]
mod tests;
