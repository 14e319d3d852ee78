//! TOML in which no sign drives a terminal or turns the reading of a line: what could is written as an escape.
//!
//! A job file is looked at by people, in an editor or on a terminal, before a machine reads it: what they see has to
//! be what it says, and what it says has to stay what was meant.

use std::fmt::Write as _;

use crate::domain::is_dangerous;

/// The same values. Strings that hold nothing odd stay as they are, and so does all between them.
pub(super) fn visible_toml(text: String) -> String {
    if !text.chars().any(is_odd) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text.as_str();
    // A writer of TOML makes no comments, so each quote begins a string.
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, from) = rest.split_at(at);
        let (string, after) = from.split_at(length_of_string(from));
        out.push_str(before);
        if string.chars().any(is_odd) {
            push_basic(&mut out, string);
        } else {
            out.push_str(string);
        }
        rest = after;
    }
    out + rest
}

/// A line end is the one sign of them that lays a text out.
fn is_odd(c: char) -> bool {
    is_dangerous(c) && c != '\n'
}

/// How the string that the text begins with begins and ends.
fn quotes_of(text: &str) -> &'static str {
    ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quotes| text.starts_with(quotes))
        .unwrap_or_default()
}

/// Bytes of the string that the text begins with, its quotes among them.
fn length_of_string(text: &str) -> usize {
    let quotes = quotes_of(text);
    let escapes = quotes.starts_with('"');
    let mut at = quotes.len();
    while !text[at..].starts_with(quotes) {
        let mut signs = text[at..].chars();
        let Some(sign) = signs.next() else {
            return text.len();
        };
        at += sign.len_utf8();
        if escapes && sign == '\\' {
            at += signs.next().map_or(0, char::len_utf8);
        }
    }
    at += quotes.len();
    // Up to two quotes before the end of a long string are part of it.
    while quotes.len() == 3 && text[at..].starts_with(&quotes[..1]) {
        at += 1;
    }
    at
}

/// The same string between double quotes, with escapes.
fn push_basic(out: &mut String, string: &str) {
    let quotes = quotes_of(string);
    let is_literal = quotes.starts_with('\'');
    let double = &"\"\"\""[..quotes.len()];
    let inner = &string[quotes.len()..string.len() - quotes.len()];
    out.push_str(double);
    for c in inner.chars() {
        match c {
            '\\' | '"' if is_literal => {
                out.push('\\');
                out.push(c);
            }
            c if is_odd(c) => {
                write!(out, "\\u{:04X}", u32::from(c)).expect("a String takes every write");
            }
            c => out.push(c),
        }
    }
    out.push_str(double);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_odd, visible_toml};

    #[test]
    fn only_strings_with_something_odd_in_them_are_written_anew() {
        for (text, visible) in [
            ("a = 'x\\y'\nb = \"z\"\n", "a = 'x\\y'\nb = \"z\"\n"),
            (
                "a = 'x\\\"\u{9b}'\nb = 'y'\n",
                "a = \"x\\\\\\\"\\u009B\"\nb = 'y'\n",
            ),
            (
                "a = \"\"\nb = \"\u{202e}\"\n",
                "a = \"\"\nb = \"\\u202E\"\n",
            ),
            (
                "a = '''\none 'two'\u{2028}'''''\n",
                "a = \"\"\"\none 'two'\\u2028''\"\"\"\n",
            ),
            (
                "'k\u{200f}' = \"\"\"\n\\\"\u{85}\"\"\"\"\n",
                "\"k\\u200F\" = \"\"\"\n\\\"\\u0085\"\"\"\"\n",
            ),
        ] {
            assert_eq!(visible_toml(text.to_owned()), visible);
        }
    }

    proptest! {
        #[test]
        fn it_means_the_same_and_nothing_odd_is_in_it(
            values in proptest::collection::btree_map(
                "[a-z\u{9b}\u{202e}\"']{0,3}",
                "([a-z'\"\\\\\n\t \u{9b}\u{202e}\u{7f}]|'''|\"\"\"){0,12}",
                1..5,
            )
        ) {
            let text = toml::to_string_pretty(&values).unwrap();
            let visible = visible_toml(text.clone());
            prop_assert!(!visible.chars().any(is_odd), "{visible:?}");
            let back: std::collections::BTreeMap<String, String> =
                toml::from_str(&visible).map_err(|e| TestCaseError::fail(format!("{e} {text:?}")))?;
            prop_assert_eq!(back, values);
        }
    }
}
