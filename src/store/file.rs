//! The database file and its neighbours: whose they are, who may write them, what they
//! are called. Whoever can write the database decides which commands run as us, so the
//! rules are those of ssh's StrictModes.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::AttemptId;
use crate::os;

use super::StoreError;

/// `punctual.db` → `punctual.db-lock`: the runner's lock. Never the database itself, for
/// closing any other descriptor of it would drop SQLite's own locks.
pub(crate) fn lock_path(database: &Path) -> PathBuf {
    beside(database, "-lock")
}

/// What an upgrade keeps of a file with this version of the schema, and where it makes it.
pub(super) fn copy_paths(database: &Path, version: usize) -> [PathBuf; 2] {
    ["", ".half"].map(|end| beside(database, &format!("-schema-{version}{end}")))
}

/// Where a living attempt writes.
pub(crate) fn output_path(database: &Path, attempt: AttemptId) -> PathBuf {
    beside(database, &format!("-out-{}", attempt.0))
}

/// Where a runner writes down the ends it has seen.
pub(crate) fn ends_path(database: &Path) -> PathBuf {
    beside(database, "-ends")
}

/// Where a hook writes while it lives.
pub(crate) fn hook_output_path(database: &Path, hook: i64) -> PathBuf {
    beside(database, &format!("-hook-{hook}"))
}

/// The attempts that have an output file beside the database.
pub(crate) fn outputs_beside(database: &Path) -> io::Result<Vec<AttemptId>> {
    let mut prefix = database.file_name().unwrap_or_default().to_os_string();
    prefix.push("-out-");
    let prefix = prefix.to_string_lossy().into_owned();
    let directory = database.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name
            .to_string_lossy()
            .strip_prefix(&prefix)
            .and_then(|number| number.parse().ok());
        found.extend(number.map(AttemptId));
    }
    Ok(found)
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether the log has more pages (of 4 KiB and a header each).
pub(super) fn log_is_longer(database: &Path, pages: u64) -> bool {
    os::fs::lstat(&beside(database, "-wal")).is_ok_and(|facts| facts.size > pages * (4_096 + 24))
}

/// SQLite keeps one only until the file is a WAL database.
pub(super) fn has_journal(database: &Path) -> bool {
    beside(database, "-journal").exists()
}

/// What stands at the database's path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Absent,
    /// A file of ours without a byte in it: made by an `add` that was killed before its first write.
    Empty,
    File,
}

/// SQLite's smallest page. It takes a file of a single byte for an empty one, which we must not.
const SMALLEST: u64 = 512;

/// Looks at the file without opening it, and refuses what must not be trusted.
pub(super) fn standing(path: &Path) -> Result<Standing, StoreError> {
    for suffix in ["-wal", "-shm", "-journal", "-lock"] {
        let neighbour = beside(path, suffix);
        if let Ok(facts) = os::fs::lstat(&neighbour) {
            must_be_plain(&neighbour, &facts)?;
        }
    }
    let facts = match os::fs::lstat(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Absent),
        Err(source) => {
            return Err(StoreError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    must_be_plain(path, &facts)?;
    if facts.size >= SMALLEST {
        return Ok(Standing::File);
    }
    if facts.size > 0 {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail: format!("{} bytes are no database", facts.size),
        });
    }
    if beside(path, "-wal").exists() {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail: "it is empty, but its write-ahead log is not gone".to_owned(),
        });
    }
    Ok(Standing::Empty)
}

fn must_be_plain(path: &Path, facts: &os::fs::Facts) -> Result<(), StoreError> {
    let shown = path.display();
    if facts.kind == os::fs::Kind::Symlink {
        return Err(unsafe_path(
            format!("{shown} is a symbolic link"),
            "name the file it points to, or move the link away",
        ));
    }
    if facts.kind != os::fs::Kind::File {
        return Err(unsafe_path(
            format!("{shown} is not a regular file"),
            "name another file with --db",
        ));
    }
    if facts.uid != os::fs::effective_uid() {
        return Err(unsafe_path(
            format!("{shown} belongs to user {}, not to us", facts.uid),
            "run punctual as that user, or name another file with --db",
        ));
    }
    if facts.mode & 0o022 != 0 {
        return Err(unsafe_path(
            format!(
                "{shown} can be written by others (mode {:04o})",
                facts.mode & 0o7777
            ),
            &format!("chmod 600 {shown}"),
        ));
    }
    if facts.nlink > 1 {
        return Err(unsafe_path(
            format!("{shown} has {} names (hard links)", facts.nlink),
            "remove the other names, or copy the file",
        ));
    }
    Ok(())
}

fn unsafe_path(message: String, hint: &str) -> StoreError {
    StoreError::Unsafe {
        message,
        hint: hint.to_owned(),
    }
}

/// Makes the database's directory when it is missing (0700), and checks who may write it
/// and the directories above it.
pub(super) fn prepare_directory(database: &Path) -> Result<(), StoreError> {
    let directory = database.parent().unwrap_or(Path::new("/"));
    let missing: Vec<&Path> = directory
        .ancestors()
        .take_while(|place| !place.exists())
        .collect();
    for place in missing.into_iter().rev() {
        os::fs::create_private_directory(place).map_err(|source| StoreError::Io {
            path: place.to_owned(),
            source,
        })?;
    }
    check_directories(directory)
}

fn trusts_directory() -> bool {
    std::env::var_os("PUNCTUAL_TRUST_DIR").is_some_and(|value| value == "1")
}

/// The database's directory, if others can write it and only our user's word makes us trust it.
pub(crate) fn trusted_directory(database: &Path) -> Option<&Path> {
    let directory = database.parent().filter(|_| trusts_directory())?;
    let facts = os::fs::stat(directory).ok()?;
    let by_group = facts.mode & 0o020 != 0 && facts.gid != os::fs::effective_gid();
    let by_others = facts.uid != os::fs::effective_uid() || facts.mode & 0o002 != 0;
    (by_group || by_others).then_some(directory)
}

/// The database's directory is ours and nobody else's to write; each one above belongs to
/// root or us and cannot be written by others, unless it is sticky and what we
/// use in it is ours.
pub(super) fn check_directories(directory: &Path) -> Result<(), StoreError> {
    let io_error = |path: &Path| {
        let path = path.to_owned();
        |source| StoreError::Io { path, source }
    };
    let directory = directory.canonicalize().map_err(io_error(directory))?;
    let trusted = trusts_directory();
    let (me, my_group) = (os::fs::effective_uid(), os::fs::effective_gid());
    let mut below_is_ours = true;
    for (height, place) in directory.ancestors().enumerate() {
        let facts = os::fs::lstat(place).map_err(io_error(place))?;
        let shown = place.display();
        let mode = facts.mode;
        let ours = facts.uid == me;
        if !(ours || (height > 0 && facts.uid == 0)) {
            if height == 0 && trusted {
                below_is_ours = false;
                continue;
            }
            return Err(unsafe_path(
                format!(
                    "the directory {shown} belongs to user {}, not to us",
                    facts.uid
                ),
                "choose a directory of your own with --db",
            ));
        }
        let by_world = mode & 0o002 != 0;
        let by_group = mode & 0o020 != 0
            && if height == 0 {
                // A private directory may be group-writable only where the group is the user's own (umask 002).
                facts.gid != my_group
            } else {
                facts.gid != my_group && facts.gid != 0
            };
        let sticky = height > 0 && mode & 0o1000 != 0 && below_is_ours;
        if (by_world || by_group) && !sticky && !(trusted && height == 0) {
            return Err(unsafe_path(
                format!(
                    "the directory {shown} can be written by others (mode {:04o}): they could replace the database and so run commands as you",
                    mode & 0o7777
                ),
                &format!(
                    "chmod go-w {shown}, choose another with --db, or accept it with PUNCTUAL_TRUST_DIR=1"
                ),
            ));
        }
        below_is_ours = ours;
    }
    Ok(())
}
