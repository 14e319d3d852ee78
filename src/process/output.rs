//! The output file of an attempt: what is kept of it, how it stays bounded, and its end.
//!
//! The child writes it and we never do. It may still grow while it is read, since a descendant may hold
//! it; what counts is its size at the first look. A symlink in its place is never followed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::domain::Output;
use crate::os::fs::{self, Kind};

/// Bytes written to it so far; none where there is no file.
pub(crate) fn length(path: &Path) -> u64 {
    fs::lstat(path).map_or(0, |facts| facts.size)
}

/// What is kept of it, at most `limit` bytes: everything in `head`, or its two ends and a gap between them.
pub(crate) fn collect(path: &Path, limit: u64) -> io::Result<Output> {
    // Most jobs say nothing, and then one look is all.
    let facts = fs::lstat(path)?;
    if facts.kind == Kind::File && (facts.size == 0 || limit == 0) {
        return Ok(Output {
            head: Vec::new(),
            tail: Vec::new(),
            total: facts.size,
        });
    }
    let (file, total) = open(path)?;
    let (head, tail) = if total <= limit {
        (read(&file, 0, total)?, Vec::new())
    } else {
        let half = limit / 2;
        let head = read(&file, 0, limit - half)?;
        (head, read(&file, total - half, half)?)
    };
    Ok(Output { head, tail, total })
}

/// An output file that nobody wrote to and nobody holds: locked by us, ready for the next attempt.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Spare {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Keeps the file of an ended attempt for another one, if it is as good as new. Making and removing an
/// inode is the dearest part of a short job: a file system with a memory (ext4 looks through what was
/// deleted lately) spends more on it than the kernel on the process.
pub(crate) fn recycle(path: &Path) -> Option<Spare> {
    let file = fs::open_append_nofollow(path).ok()?;
    // A descendant that still holds it may write later: then it stays what it was.
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    let facts = fs::fstat(&file).ok()?;
    let as_new = facts.kind == Kind::File && facts.size == 0 && facts.nlink == 1;
    as_new.then(|| Spare {
        file,
        path: path.to_owned(),
    })
}

/// Frees the middle of a file that takes more than 16 times the limit, leaving `limit` at each end. The
/// file keeps its size, so what is collected later does not change.
pub(crate) fn trim(path: &Path, limit: u64) -> io::Result<()> {
    /// Of the file systems' blocks; a hole that ends inside one frees nothing there.
    const BLOCK: u64 = 4096;
    // Space and not size is compared, so that a file is trimmed again only after it has grown again.
    let facts = fs::lstat(path)?;
    if facts.allocated <= limit.max(BLOCK).saturating_mul(16) {
        return Ok(());
    }
    let begin = limit.div_ceil(BLOCK).saturating_mul(BLOCK);
    let end = facts.size.saturating_sub(limit) / BLOCK * BLOCK;
    if begin >= end {
        return Ok(());
    }
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, rustix::fs::Mode::empty())?;
    fs::punch_hole(file, begin, end - begin)
}

/// Whether a process has it that was started with it, or a descendant of one.
pub(super) fn is_held(path: &Path) -> bool {
    fs::open_nofollow(path)
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
}

/// Removes the file; that there is none is fine.
pub(crate) fn discard(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Opens it for reading, with the size it has now.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = fs::open_nofollow(path)?;
    let facts = fs::fstat(&file)?;
    if facts.kind != Kind::File {
        let told = format!("{}: not a regular file", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    Ok((file, facts.size))
}

/// Reads a stretch, or what is left of it: a job may truncate its own output.
fn read(file: &File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let length =
        usize::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
