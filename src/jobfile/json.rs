//! Places in JSON: `serde_json` knows those of its grammar, but not where a value of ours went wrong.
//!
//! So when the fields of a job are refused, each is tried alone, and the one to blame is looked
//! up in the text by its path.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::complaint::Complaint;

/// Where a key and its value stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: Range<usize>,
    pub value: Range<usize>,
}

/// Reads a text, whose object at `path` is to blame when it is not a `T`.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Complaint> {
    serde_json::from_str(text).map_err(|error| {
        if error.is_data()
            && let Ok(value) = serde_json::from_str::<Value>(text)
            && let Some(complaint) = blame::<T>(&value, text, &[])
        {
            return complaint;
        }
        of_grammar(&error, text)
    })
}

/// Which key of the object at `path` is no part of a `T`.
pub(super) fn blame<T: DeserializeOwned>(
    value: &Value,
    text: &str,
    path: &[&str],
) -> Option<Complaint> {
    let error = T::deserialize(value).err()?.to_string();
    let at = |key: &str| {
        let path: Vec<&str> = path.iter().copied().chain([key]).collect();
        find(text, &path)
    };
    if let Some(key) = unknown_key(&error)
        && let Some(entry) = at(key)
    {
        return Some(Complaint::of_reader(&error, entry.key, text));
    }
    let alone = |(key, value): (&String, &Value)| {
        let mut map = Map::new();
        map.insert(key.clone(), value.clone());
        let error = T::deserialize(&Value::Object(map)).err()?.to_string();
        Some(Complaint::of_reader(&error, at(key)?.value, text))
    };
    let guilty = value.as_object()?.iter().find_map(alone);
    guilty.or_else(|| {
        let whole = find(text, path).map_or(0..0, |entry| entry.value);
        Some(Complaint::of_reader(&error, whole, text))
    })
}

fn unknown_key(message: &str) -> Option<&str> {
    let (key, _) = message.strip_prefix("unknown field `")?.split_once('`')?;
    Some(key)
}

pub(super) fn of_grammar(error: &serde_json::Error, text: &str) -> Complaint {
    let shown = error.to_string();
    let message = shown
        .rsplit_once(" at line ")
        .map_or(shown.as_str(), |(message, _)| message);
    let lines = text.split_inclusive('\n').take(error.line().max(1) - 1);
    let begin: usize = lines.map(str::len).sum();
    let at = begin + error.column().saturating_sub(1);
    Complaint {
        at,
        message: message.to_owned(),
        hint: None,
    }
}

/// The key and the value at a path of keys, in a text that is JSON.
pub(super) fn find(text: &str, path: &[&str]) -> Option<Entry> {
    let mut at = 0;
    let mut found = None;
    for key in path {
        let entry = member(text, at, key)?;
        at = entry.value.start;
        found = Some(entry);
    }
    found
}

/// The keys of the object that the whole has under a name, with their places.
pub(super) fn keys(text: &str, name: &str) -> Vec<(String, usize)> {
    let mut keys = Vec::new();
    if let Some(entry) = find(text, &[name]) {
        members(text, entry.value.start, &mut |entry| {
            // What has no quotes is no key: the text may be none of ours.
            let key = text.get(entry.key.start + 1..entry.key.end - 1);
            keys.extend(key.map(|key| (key.to_owned(), entry.key.start)));
            false
        });
    }
    keys
}

/// A member of the object that begins at or behind a byte.
fn member(text: &str, at: usize, wanted: &str) -> Option<Entry> {
    members(text, at, &mut |entry| {
        text.get(entry.key.start + 1..entry.key.end - 1) == Some(wanted)
    })
}

/// The first member that is wanted.
fn members(text: &str, at: usize, is_wanted: &mut dyn FnMut(&Entry) -> bool) -> Option<Entry> {
    let mut at = blanks(text, at);
    if text.as_bytes().get(at) != Some(&b'{') {
        return None;
    }
    at += 1;
    loop {
        at = blanks(text, at);
        let key = at..value_end(text, at)?;
        at = blanks(text, key.end);
        // Past the colon.
        let value = blanks(text, at + 1);
        let value = value..value_end(text, value)?;
        let entry = Entry { key, value };
        if is_wanted(&entry) {
            return Some(entry);
        }
        at = blanks(text, entry.value.end);
        if text.as_bytes().get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
}

fn blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start().len())
}

fn value_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            _ if depth > 0 => {
                at += 1;
                continue;
            }
            b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' => return (at > start).then_some(at),
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{find, keys};

    #[test]
    fn a_text_that_is_no_json_has_no_keys() {
        // Found by tests/fuzz.
        for text in [
            "{\"job\":{\u{feff}\"a\":1}}",
            "{\"job\":{x:1}}",
            "{\"job\":{é:1}}",
        ] {
            assert_eq!(keys(text, "job"), [], "{text}");
        }
        assert_eq!(keys("{\"job\":{\"a\":1}}", "job"), [("a".to_owned(), 8)]);
    }

    #[test]
    fn a_path_leads_to_its_value() {
        let text = r#" { "a" : 1 ,"b\"":[{"c":2}], "d":{"e":"x\"}","f" :  -1.5e3 } }"#;
        let value = |path: &[&str]| find(text, path).map(|entry| &text[entry.value]);
        assert_eq!(value(&["a"]), Some("1"));
        assert_eq!(value(&["d", "e"]), Some(r#""x\"}""#));
        assert_eq!(value(&["d", "f"]), Some("-1.5e3"));
        assert_eq!(value(&["d", "g"]), None);
        assert_eq!(value(&["c"]), None);
        assert_eq!(value(&["a", "c"]), None);
    }
}
