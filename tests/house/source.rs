//! The sources as the rules look at them: code, strings and comments apart, tests left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::LEANS;

/// Runs in tests only.
const SIMULATION: &str = "engine/simulation";

/// A file of `src/`, and three views of it in which every byte keeps its place.
pub(crate) struct Source {
    /// Below `src/`.
    pub(crate) path: String,
    pub(crate) room: String,
    pub(crate) text: String,
    /// Without comments and without the insides of strings.
    pub(crate) code: String,
    /// The same without what only tests see.
    pub(crate) live: String,
    /// Only the insides of strings, without those of tests.
    pub(crate) strings: String,
}

impl Source {
    pub(crate) fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// Whole words of the live code, with their places.
    pub(crate) fn find_words<'a>(
        &'a self,
        words: &[&'a str],
    ) -> impl Iterator<Item = (usize, &'a str)> {
        self.words_of(&self.live, words).into_iter()
    }

    pub(crate) fn words_of<'a>(&self, view: &str, words: &[&'a str]) -> Vec<(usize, &'a str)> {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let mut found = Vec::new();
        for word in words {
            found.extend(
                view.match_indices(word)
                    .filter(|(at, _)| {
                        !is_part(view[..*at].chars().next_back())
                            && !is_part(view[at + word.len()..].chars().next())
                    })
                    .map(|(at, _)| (at, *word)),
            );
        }
        found
    }

    /// Rooms that the code names, by `crate::room`, by a group, or by `super::` from its edge.
    pub(crate) fn leans_on(&self) -> Vec<(usize, &'static str)> {
        let rooms = LEANS.map(|(room, _)| room);
        let mut found = Vec::new();
        for (at, word) in self.words_of(&self.code, &rooms) {
            let before = &self.code[..at];
            let outside = before.ends_with("crate::")
                || (before.ends_with("super::") && !self.has_sibling(word))
                || opening_brace(before).is_some_and(|at| before[..at].ends_with("crate::"));
            if outside {
                found.push((self.line(at), word));
            }
        }
        found
    }

    /// A module of this room may have the name of another room.
    pub(crate) fn has_sibling(&self, word: &str) -> bool {
        let top = top().join("src");
        let file = top.join(&self.path);
        let here = file.parent().unwrap();
        here != top && (here.join(word).is_dir() || here.join(format!("{word}.rs")).exists())
    }

    /// Places of SQL keywords in strings.
    pub(crate) fn sql(&self) -> impl Iterator<Item = usize> {
        let verbs = [
            "SELECT ",
            "INSERT INTO ",
            "INSERT OR ",
            "DELETE FROM ",
            "CREATE TABLE ",
            "CREATE INDEX ",
            "PRAGMA ",
            "BEGIN IMMEDIATE",
            "VACUUM INTO",
        ];
        verbs
            .into_iter()
            .flat_map(|verb| self.strings.match_indices(verb))
            .map(|(at, _)| at)
    }

    pub(crate) fn test_lines(&self) -> usize {
        let seen = |(all, live): &(&str, &str)| all.trim() != live.trim();
        self.code
            .lines()
            .zip(self.live.lines())
            .filter(seen)
            .count()
    }
}

/// Where the innermost group begins that is still open at the end.
pub(crate) fn opening_brace(before: &str) -> Option<usize> {
    let mut closed = 0;
    for (at, c) in before.char_indices().rev() {
        match c {
            ';' => return None,
            '}' => closed += 1,
            '{' if closed == 0 => return Some(at),
            '{' => closed -= 1,
            _ => {}
        }
    }
    None
}

pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `src/` that is more than tests.
pub(crate) fn sources() -> Vec<Source> {
    let source = top().join("src");
    let mut paths = Vec::new();
    collect(&source, &mut paths);
    paths.sort();
    let mut for_tests = BTreeSet::new();
    let mut all = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let (code, mut strings) = split(&text);
        let (live, modules) = without_tests(&code, &mut strings);
        let stem = path.with_extension("");
        let inside = if stem.ends_with("mod") || stem.ends_with("main") {
            path.parent().unwrap().to_owned()
        } else {
            stem
        };
        for module in modules {
            for_tests.insert(inside.join(module));
        }
        let below = path.strip_prefix(&source).unwrap().to_str().unwrap();
        let room = below.split('/').next().unwrap().trim_end_matches(".rs");
        all.push(Source {
            path: below.to_owned(),
            room: room.to_owned(),
            text,
            code,
            live,
            strings,
        });
    }
    all.retain(|file| {
        let path = source.join(&file.path).with_extension("");
        let simulated = file.path.starts_with(SIMULATION);
        !simulated && !for_tests.iter().any(|module| path.starts_with(module))
    });
    assert!(all.len() > 30, "{} files", all.len());
    all
}

pub(crate) fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The code without comments and strings, and the strings alone; the rest is blank.
pub(crate) fn split(text: &str) -> (String, String) {
    let (mut code, mut strings) = (String::new(), String::new());
    let mut rest = text;
    let mut take = |rest: &mut &str, bytes: usize, to_code: bool, to_strings: bool| {
        let (piece, left) = rest.split_at(bytes);
        code.push_str(&if to_code {
            piece.to_owned()
        } else {
            blank(piece)
        });
        strings.push_str(&if to_strings {
            piece.to_owned()
        } else {
            blank(piece)
        });
        *rest = left;
    };
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        let hashes = raw_hashes(rest).filter(|_| !after_word);
        if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            take(&mut rest, end, false, false);
        } else if let Some((opening, hashes)) = hashes {
            take(&mut rest, opening, true, false);
            let closing = format!("\"{}", "#".repeat(hashes));
            let end = rest.find(&closing).unwrap_or(rest.len());
            take(&mut rest, end, false, true);
            let closing = closing.len().min(rest.len());
            take(&mut rest, closing, true, false);
        } else if first == '"' {
            take(&mut rest, 1, true, false);
            let end = end_of_string(rest);
            take(&mut rest, end, false, true);
            let closing = rest.len().min(1);
            take(&mut rest, closing, true, false);
        } else if let Some(length) = char_literal(rest) {
            take(&mut rest, length, false, false);
        } else {
            take(&mut rest, first.len_utf8(), true, false);
        }
        after_word = first.is_alphanumeric() || first == '_';
    }
    (code, strings)
}

fn blank(text: &str) -> String {
    let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
    text.bytes().map(blank).collect()
}

/// The length of `r##"` and its count of hashes, if a raw string begins here.
fn raw_hashes(text: &str) -> Option<(usize, usize)> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        text.strip_prefix(prefix)
            .is_some_and(|r| r.starts_with(['"', '#']))
    })?;
    let rest = &text[prefix.len()..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..]
        .starts_with('"')
        .then_some((prefix.len() + hashes + 1, hashes))
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character in quotes, if that and no lifetime begins here.
fn char_literal(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let length = if first == '\\' {
        2 + inside[2..].find('\'')?
    } else {
        first.len_utf8()
    };
    inside[length..].starts_with('\'').then_some(length + 2)
}

/// The code without items under `#[cfg(test)]`, and the modules declared there.
fn without_tests(code: &str, strings: &mut String) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let mut live = code.to_owned();
    let mut modules = Vec::new();
    while let Some(start) = live.find(MARK) {
        let end = start + end_of_item(&live[start..]);
        let item = &live[start + MARK.len()..end];
        let declared = item
            .trim()
            .strip_suffix(';')
            .and_then(|item| item.rsplit_once("mod "));
        modules.extend(declared.map(|(_, name)| name.to_owned()));
        let gone = blank(&live[start..end]);
        live.replace_range(start..end, &gone);
        let gone = blank(&strings[start..end]);
        strings.replace_range(start..end, &gone);
    }
    (live, modules)
}

/// Up to the `;` or the closing brace that ends the item.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}
