//! A disk that forgets whatever was not synced, rebuilt from a trace.

#![expect(
    clippy::unwrap_used,
    reason = "a trace that cannot be read fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::sandbox::Sandbox;

/// All that changes a file of ours or its name, or makes it last, or orders a process.
pub(crate) const CALLS: [&str; 14] = [
    "openat",
    "pwrite64",
    "write",
    "writev",
    "pwritev",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "unlink",
    "exit_group",
    "sendto",
];

/// Paths for descriptors; whole texts as hexadecimal bytes.
pub(crate) const OPTIONS: [&str; 3] = ["-y", "-xx", "-s100000"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Just before the first process of a job is ordered from the one that makes them.
    FirstOrder,
    /// The call that ends it.
    End,
}

/// The database and its log. The index beside them is memory, and never counts.
const SUFFIXES: [&str; 2] = ["", "-wal"];

/// The files by their suffix.
#[derive(Clone, Default)]
pub(crate) struct Disk(BTreeMap<&'static str, Vec<u8>>);

impl Disk {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        let mut files = BTreeMap::new();
        for suffix in SUFFIXES {
            if let Ok(bytes) = fs::read(beside(sandbox, suffix)) {
                files.insert(suffix, bytes);
            }
        }
        Self(files)
    }

    /// A place where all that was synced by then has happened, and nothing else.
    pub(crate) fn replay(&self, trace: &str, moment: Moment) -> Sandbox {
        let mut cache = self.clone();
        let mut durable = self.clone();
        let mut named: BTreeSet<&str> = self.0.keys().copied().collect();
        let mut reached = false;
        for line in joined(trace) {
            let Some(call) = Call::read(&line) else {
                continue;
            };
            reached = match moment {
                Moment::FirstOrder => call.orders_a_process(),
                Moment::End => call.name == "exit_group",
            };
            if reached {
                break;
            }
            call.happen(&mut cache, &mut durable, &mut named);
        }
        assert!(reached, "the moment never came:\n{}", shortened(trace));
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.database().parent().unwrap()).unwrap();
        for (suffix, bytes) in &durable.0 {
            // A name that nobody synced may be gone with all that was in the file.
            if named.contains(suffix) {
                let path = beside(&sandbox, suffix);
                fs::write(&path, bytes).unwrap();
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                fs::set_permissions(&path, private).unwrap();
            }
        }
        let directory = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(sandbox.database().parent().unwrap(), directory).unwrap();
        sandbox
    }
}

fn beside(sandbox: &Sandbox, suffix: &str) -> std::path::PathBuf {
    let mut path = sandbox.database().into_os_string();
    path.push(suffix);
    path.into()
}

/// A trace without its bytes, for a message.
fn shortened(trace: &str) -> String {
    let lines = trace.lines().map(|line| {
        let end = line
            .char_indices()
            .nth(120)
            .map_or(line.len(), |(at, _)| at);
        &line[..end]
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Calls that were shown in two halves, made one where the second half stands; those that
/// order a process, or end one, where the first half stands.
fn joined(trace: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            if first.starts_with("sendto") || first.starts_with("exit") {
                lines.push(format!("{first})"));
            } else {
                begun.insert(thread, first.to_owned());
            }
        } else if rest.starts_with("<... ") {
            if let (Some(first), Some((_, second))) =
                (begun.remove(thread), rest.split_once(" resumed>"))
            {
                lines.push(first + second);
            }
        } else {
            lines.push(rest.to_owned());
        }
    }
    lines
}

/// One line: `pwrite64(7</a/b>, "\x01", 1, 4096) = 1`.
struct Call<'a> {
    name: &'a str,
    words: &'a str,
}

impl<'a> Call<'a> {
    /// A call that worked; one that did not changed nothing.
    fn read(line: &'a str) -> Option<Self> {
        let (name, words) = line.split_once('(')?;
        let failed = line
            .rsplit_once(" = ")
            .is_some_and(|(_, result)| result.starts_with('-'));
        (!failed).then_some(Self { name, words })
    }

    fn orders_a_process(&self) -> bool {
        // As strace writes it: {"Start":
        let order = r"\x7b\x22\x53\x74\x61\x72\x74\x22\x3a";
        self.name == "sendto" && self.words.contains(order)
    }

    /// The path of the descriptor that comes first.
    fn path(&self) -> Option<String> {
        let (_, rest) = self.words.split_once('<')?;
        let (path, _) = rest.split_once('>')?;
        // With -xx, paths are hexadecimal, too.
        let path = match path.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"'),
            None => path,
        };
        Some(if path.starts_with("\\x") {
            String::from_utf8(bytes_of(path)).ok()?
        } else {
            path.to_owned()
        })
    }

    fn suffix(&self) -> Option<&'static str> {
        let path = self.path()?;
        let rest = path.split_once("punctual.db")?.1;
        SUFFIXES.into_iter().find(|suffix| *suffix == rest)
    }

    fn happen(&self, cache: &mut Disk, durable: &mut Disk, named: &mut BTreeSet<&'static str>) {
        let is_directory = || {
            self.path()
                .is_some_and(|path| path.ends_with("/data/punctual"))
        };
        match self.name {
            "pwrite64" => {
                if let Some(suffix) = self.suffix() {
                    let (bytes, at) = self.written();
                    let file = cache.0.entry(suffix).or_default();
                    file.resize(file.len().max(at + bytes.len()), 0);
                    file[at..at + bytes.len()].copy_from_slice(&bytes);
                }
            }
            "ftruncate" => {
                if let Some(suffix) = self.suffix() {
                    let length = self.words.split_once(", ").unwrap().1;
                    let length = length.split(')').next().unwrap().parse().unwrap();
                    cache.0.entry(suffix).or_default().resize(length, 0);
                }
            }
            "fsync" | "fdatasync" => {
                if let Some(suffix) = self.suffix() {
                    let bytes = cache.0.entry(suffix).or_default().clone();
                    durable.0.insert(suffix, bytes);
                } else if is_directory() {
                    named.extend(cache.0.keys());
                }
            }
            "write" | "writev" | "pwritev" | "fallocate" => {
                assert_eq!(self.suffix(), None, "not expected: {}", self.name);
            }
            _ => {}
        }
    }

    /// The bytes of a `pwrite64`, and where they went.
    fn written(&self) -> (Vec<u8>, usize) {
        let (_, rest) = self.words.split_once(">, \"").unwrap();
        let (text, rest) = rest.split_once('"').unwrap();
        let numbers = rest.trim_start_matches(", ").split(')').next().unwrap();
        let (length, at) = numbers.split_once(", ").unwrap();
        let bytes = bytes_of(text);
        assert_eq!(bytes.len(), length.parse::<usize>().unwrap());
        (bytes, at.parse().unwrap())
    }
}

/// `\x70\x6e` → `pn`.
fn bytes_of(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits
        .map(|digits| u8::from_str_radix(digits, 16).unwrap())
        .collect()
}
