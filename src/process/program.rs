//! Which file a command's first word means: the search that `execvp` does, done by us.
//!
//! Done here, because the job's PATH and directory are not ours, and `posix_spawnp` would search ours.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::launch::SpawnError;
use crate::os::fs::{self, Kind};

/// Where `execvp` looks when there is no PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Finds the program a job means, as a path that is right whatever our own directory is.
pub(super) fn find(name: &OsStr, cwd: &Path, path: Option<&OsStr>) -> Result<PathBuf, SpawnError> {
    if name.is_empty() {
        return Err(SpawnError::NotFound("the command is empty".to_owned()));
    }
    if name.as_bytes().contains(&b'/') {
        return Ok(cwd.join(name));
    }
    let path = path.unwrap_or(OsStr::new(DEFAULT_PATH));
    let mut forbidden = None;
    let entries = || path.as_bytes().split(|&byte| byte == b':');
    let mut candidate = PathBuf::new();
    for (number, entry) in entries().enumerate() {
        // Told twice, as many a PATH does, it is not looked at again: the search is a tenth of a start.
        if entries().take(number).any(|before| before == entry) {
            continue;
        }
        candidate.as_mut_os_string().clear();
        // A relative or empty entry means the job's directory, as it would for a shell there.
        candidate.extend([cwd.as_os_str(), OsStr::from_bytes(entry), name]);
        match access(&candidate, Access::EXEC_OK) {
            Ok(()) if !is_directory(&candidate) => return Ok(candidate),
            // Like execvp: go on looking, but remember that something was there.
            Ok(()) | Err(rustix::io::Errno::ACCESS) => {
                forbidden = forbidden.or_else(|| Some(candidate.clone()));
            }
            Err(_) => {}
        }
    }
    Err(match forbidden {
        Some(candidate) => {
            let denied = io::Error::from(rustix::io::Errno::ACCESS);
            SpawnError::NotExecutable(format!("{}: {denied}", candidate.display()))
        }
        None => SpawnError::NotFound(format!(
            "{}: not found in PATH ({})",
            name.display(),
            path.display()
        )),
    })
}

fn is_directory(path: &Path) -> bool {
    fs::stat(path).is_ok_and(|facts| facts.kind == Kind::Directory)
}

/// The first bytes of a program, to say why the kernel would not run it.
pub(super) enum Opening {
    /// `#!` and this interpreter.
    Interpreter(PathBuf),
    /// Text without `#!` (or nothing at all): for the shell to run, by an old custom.
    Text,
    Binary,
    Unreadable,
}

/// Looks at the first line of a program.
pub(super) fn opening(program: &Path) -> Opening {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(program).and_then(|file| file.take(256).read_to_end(&mut bytes));
    if read.is_err() {
        return Opening::Unreadable;
    }
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
    if let Some(interpreter) = line.strip_prefix(b"#!") {
        let word = interpreter
            .split(u8::is_ascii_whitespace)
            .find(|word| !word.is_empty());
        return Opening::Interpreter(OsStr::from_bytes(word.unwrap_or(&[])).into());
    }
    if line.contains(&0) {
        Opening::Binary
    } else {
        Opening::Text
    }
}
