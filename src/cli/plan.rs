//! A plan: what a file of jobs changes, field by field, as a value, as text and as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{Command, Job, Name, Options};

use super::admit::Definition;
use super::render::text;

/// What was, or would be, changed.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Plan {
    pub queues: Vec<ChangedQueue>,
    pub added: Vec<Added>,
    pub changed: Vec<Changed>,
    pub removed: Vec<Name>,
    pub unchanged: usize,
    /// No longer in the file, and left where they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Name>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ChangedQueue {
    pub name: Name,
    /// Null: bounded by the pool alone.
    pub from: Option<u32>,
    pub to: Option<u32>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Added {
    pub name: Name,
    pub when: String,
    pub line: usize,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Changed {
    pub name: Name,
    pub line: usize,
    pub fields: Vec<ChangedField>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ChangedField {
    pub field: String,
    /// Null: it had its default.
    pub from: Option<String>,
    pub to: Option<String>,
}

impl Plan {
    /// `3 added, 0 changed, 0 removed, 0 unchanged`
    pub(super) fn summary(&self) -> String {
        format!(
            "{} added, {} changed, {} removed, {} unchanged",
            self.added.len(),
            self.changed.len() + self.queues.len(),
            self.removed.len(),
            self.unchanged
        )
    }

    /// A line for each job and each changed field.
    pub(super) fn to_text(&self, unicode: bool) -> String {
        self.written(unicode, |_| String::new())
    }

    /// The same, with the line of the file that each job is.
    pub(super) fn to_text_with_lines(&self, unicode: bool) -> String {
        self.written(unicode, |line| format!("  (line {line})"))
    }

    fn written(&self, unicode: bool, place: impl Fn(usize) -> String) -> String {
        let arrow = if unicode { "→" } else { "->" };
        let mut out = String::new();
        let mut line = |line: &str| {
            out.push_str(&text::escape(line));
            out.push('\n');
        };
        for ChangedQueue { name, from, to } in &self.queues {
            let slots = |slots: &Option<u32>| slots.map_or("none".to_owned(), |n| n.to_string());
            line(&format!("~ queue {name}"));
            line(&format!("    slots: {} {arrow} {}", slots(from), slots(to)));
        }
        let widest =
            |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0).min(ALIGNED);
        let names = widest(&mut self.added.iter().map(|job| job.name.as_str().len()));
        let whens = widest(&mut self.added.iter().map(|job| text::width(&job.when)));
        for Added {
            name,
            when,
            line: at,
        } in &self.added
        {
            let name = name.as_str();
            let row = match place(*at) {
                place if place.is_empty() => format!("+ {name:names$}  {when}"),
                place => {
                    let gap = whens.saturating_sub(text::width(when));
                    format!("+ {name:names$}  {when}{:gap$}{place}", "")
                }
            };
            line(&row);
        }
        for Changed {
            name,
            fields,
            line: at,
        } in &self.changed
        {
            line(&format!("~ {name}{}", place(*at)));
            for ChangedField { field, from, to } in fields {
                let shown =
                    |value: &Option<String>| value.clone().unwrap_or_else(|| "default".to_owned());
                line(&format!(
                    "    {field}: {} {arrow} {}",
                    shown(from),
                    shown(to)
                ));
            }
        }
        for name in &self.removed {
            line(&format!("- {name}"));
        }
        out
    }
}

/// A longer name or WHEN stands out, and pushes nobody to the right.
const ALIGNED: usize = 32;

/// What stands for a value that is not shown.
pub(super) const MASK: &str = "***";

/// The fields in which a job is not what its file wants.
pub(super) fn differences(job: &Job, definition: &Definition) -> Vec<ChangedField> {
    let mut fields = Vec::new();
    let mut compare = |field: &str, from: Option<String>, to: Option<String>| {
        if from != to {
            fields.push(ChangedField {
                field: field.to_owned(),
                from,
                to,
            });
        }
    };
    let text = |text: &dyn ToString| Some(text.to_string());
    if let Some(name) = &definition.name {
        compare("name", text(&job.name), text(name));
    }
    compare("when", text(&job.when), text(&definition.when));
    compare(
        "command",
        command(&job.command),
        command(&definition.command),
    );
    compare("queue", text(&job.queue), text(&definition.queue));
    compare("priority", text(&job.priority), text(&definition.priority));
    let (old, new) = (map(&job.options), map(&definition.options));
    let keys: Vec<&String> = old
        .keys()
        .chain(new.keys().filter(|key| !old.contains_key(*key)))
        .collect();
    for key in keys {
        let shown = |value: Option<&Value>| match value? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        match key.as_str() {
            "env" => fields.extend(variables(&job.options, &definition.options)),
            _ if old.get(key) == new.get(key) => {}
            key => fields.push(ChangedField {
                field: key.to_owned(),
                from: shown(old.get(key)),
                to: shown(new.get(key)),
            }),
        }
    }
    fields
}

/// A string is not the array that looks like it.
fn command(command: &Command) -> Option<String> {
    match command {
        Command::Shell(line) => Some(line.clone()),
        Command::Argv(words) => serde_json::to_string(words).ok(),
    }
}

fn map(options: &Options) -> Map<String, Value> {
    match serde_json::to_value(options) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Variables that changed; what they hold is nobody's business.
fn variables(old: &Options, new: &Options) -> Vec<ChangedField> {
    let names = old
        .env
        .keys()
        .chain(new.env.keys().filter(|name| !old.env.contains_key(*name)));
    names
        .filter(|name| old.env.get(*name) != new.env.get(*name))
        .map(|name| ChangedField {
            field: format!("env.{name}"),
            from: old.env.get(name).map(|_| MASK.to_owned()),
            to: new.env.get(name).map(|_| MASK.to_owned()),
        })
        .collect()
}
