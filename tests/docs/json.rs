//! `punctual-json`: what the page shows is what `--json` prints, field by field.
//!
//! Its commands run one after another. A shape is a heading with an example below; a verb names the
//! shape of its document. `UPDATE=1` writes the examples whose fields are others now.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{Stage, read, top};
use crate::sandbox::Answer;

const PAGE: &str = "man/punctual-json.7.md";

/// Behind this field of a job stand the options that are set.
const LAST_FIXED: &str = "waiting_for";

#[test]
fn every_document_has_the_fields_that_the_page_shows() {
    let stage = Stage::new();
    let sandbox = &stage.sandbox;
    let runner = sandbox.runner(["-j", "2"]);
    let page = read(PAGE);
    let mut written = String::new();
    let mut shapes: BTreeMap<String, Value> = BTreeMap::new();
    let (mut shape, mut wrong) = (String::new(), Vec::new());
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        written.extend([line, "\n"]);
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut shape);
        } else if let Some(command) = line.strip_prefix("$ ") {
            let mut shown = String::new();
            while let Some(more) = lines.next_if(|line| *line != "```") {
                shown.extend([more, "\n"]);
            }
            let printed = stage.on_terminal(&format!("{command} 2> /dev/null"));
            let document: Value =
                serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{command}: {printed}"));
            let told = serde_json::from_str(&shown).unwrap_or(Value::Null);
            if let Some(why) = difference(&told, &document, "") {
                wrong.push(format!("{command}: {why}"));
                shown = anywhere(&stage, &printed);
            }
            written.push_str(&shown);
            let one = match document {
                Value::Array(mut all) if shape != "Times" && shape != "Agenda" => all.remove(0),
                document => document,
            };
            shapes.insert(shape.clone(), one);
        } else if let Some(command) = verb(line)
            && let Some(said) = lines.peek().and_then(|next| next.strip_prefix(": "))
        {
            let name = said.split([',', ';']).next().unwrap();
            let document = document(&stage, command);
            let told = match name.strip_prefix('[') {
                Some(name) => Value::Array(vec![shapes[name.trim_end_matches(']')].clone()]),
                None => shapes[name].clone(),
            };
            wrong.extend(difference(&told, &document, "").map(|why| format!("{command}: {why}")));
        }
    }
    runner.stop();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(top().join(PAGE), written).unwrap();
    } else {
        assert_eq!(wrong, [""; 0], "UPDATE=1 writes the examples");
    }
    assert!(shapes.len() > 12, "{:?}", shapes.keys());
}

#[test]
fn every_verb_that_answers_has_its_document() {
    let page = read(PAGE);
    let unsaid: Vec<&str> = super::verbs(&[])
        .into_iter()
        .filter(|verb| !["queue", "import", "top"].contains(&verb.as_str()))
        .filter(|verb| {
            let said = [format!("--json {verb}"), format!("`{verb}")];
            !said.iter().any(|said| page.contains(said.as_str()))
        })
        .map(|verb| &*verb.leak())
        .collect();
    assert_eq!(unsaid, [""; 0]);
}

fn verb(line: &str) -> Option<&str> {
    line.strip_prefix('`')?
        .strip_suffix('`')
        .filter(|command| command.starts_with("punctual --json "))
}

fn document(stage: &Stage, command: &str) -> Value {
    let answer = Answer::of(&mut stage.shell(command));
    serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{command}: {answer:?}"))
}

/// What was printed, without what is of this machine alone.
fn anywhere(stage: &Stage, printed: &str) -> String {
    let sandbox = &stage.sandbox;
    let shown = |path: &std::path::Path| path.display().to_string();
    printed
        .replace(&shown(&stage.bin()), "/usr/local/bin")
        .replace(&shown(&sandbox.work()), "/home/ann")
        .replace(&shown(&sandbox.home()), "/home/ann")
        .replace(&shown(&sandbox.data()), "/home/ann/.local/share")
}

/// Where two documents have other fields, or values of another kind. Null is of any kind.
fn difference(told: &Value, seen: &Value, at: &str) -> Option<String> {
    match (told, seen) {
        (Value::Object(told), Value::Object(seen)) => {
            let is_job = told.contains_key(LAST_FIXED);
            let fixed = |key: &str| !is_job || !is_option(key);
            let missing = told
                .keys()
                .find(|key| fixed(key) && !seen.contains_key(*key));
            let new = seen
                .keys()
                .find(|key| fixed(key) && !told.contains_key(*key));
            if let Some(key) = missing.or(new) {
                return Some(format!("{at}.{key} is in one of them only"));
            }
            // A command is a string or an array.
            let compared = told.iter().filter(|(key, _)| *key != "command");
            compared
                .filter_map(|(key, told)| Some((key, told, seen.get(key)?)))
                .find_map(|(key, told, seen)| difference(told, seen, &format!("{at}.{key}")))
        }
        (Value::Array(told), Value::Array(seen)) => {
            let first = told.first()?;
            seen.iter()
                .find_map(|seen| difference(first, seen, &format!("{at}[]")))
        }
        (Value::Null, _) | (_, Value::Null) if !at.is_empty() => None,
        _ => (std::mem::discriminant(told) != std::mem::discriminant(seen))
            .then(|| format!("{at} is {told} here and {seen} there")),
    }
}

/// Whether a field of a job is one of its options.
fn is_option(key: &str) -> bool {
    let fixed = "id name when tz command state next last queue priority waiting_for runs";
    !fixed.split(' ').any(|name| name == key)
}
