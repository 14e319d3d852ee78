//! The lock that makes a runner the only one of its database.
//!
//! A POSIX record lock on a file beside the database, never on the database itself: closing any other
//! descriptor of a file drops every POSIX lock the process has on it, those of the database too. POSIX and not
//! `flock`, because only a POSIX lock tells who holds it, and because no child inherits it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType};

use super::fs::{self, Kind};

/// Another process has the lock. Its pid is missing when it lives in another pid namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) pid: Option<i32>,
}

/// Holding it means: this process is the runner. Given back when dropped, and by the kernel at death.
///
/// A process that holds it must never open the file again, nor call `lock_holder` on it.
#[derive(Debug)]
pub(crate) struct RunnerLock {
    file: File,
    path: PathBuf,
}

impl RunnerLock {
    /// Takes the lock, creating its file if need be; never waits.
    pub(crate) fn acquire(path: &Path) -> io::Result<Result<Self, Held>> {
        loop {
            let lock = Self {
                file: open(path)?,
                path: path.to_owned(),
            };
            match rustix::fs::fcntl_lock(&lock.file, FlockOperation::NonBlockingLockExclusive) {
                // The file may have been unlinked between open and lock; then we hold a lock that
                // nobody will ever meet.
                Ok(()) if lock.is_in_place() => return Ok(Ok(lock)),
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::ACCESS) => {
                    // Nobody there any more means that the holder just left.
                    if let Some(held) = holder(&lock.file)? {
                        return Ok(Err(held));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the name still leads to the file we hold: if not, a second runner could start.
    pub(crate) fn is_in_place(&self) -> bool {
        let (ours, there) = (fs::fstat(&self.file), fs::lstat(&self.path));
        matches!((ours, there), (Ok(ours), Ok(there)) if ours.same_file(&there))
    }
}

/// How a file is locked by [`flock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Shared,
    Alone,
}

/// Takes a lock of flock(2) without waiting; `false` when somebody else is in the way. It belongs to the open
/// file, and so to every copy of the descriptor, that of a child between fork and exec included.
pub(crate) fn flock(file: &File, how: Sharing) -> io::Result<bool> {
    let operation = match how {
        Sharing::Shared => FlockOperation::NonBlockingLockShared,
        Sharing::Alone => FlockOperation::NonBlockingLockExclusive,
    };
    match rustix::fs::flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Gives it back, for all copies of the descriptor.
pub(crate) fn unlock(file: &File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, FlockOperation::Unlock)?)
}

fn open(path: &Path) -> io::Result<File> {
    let flags =
        OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let facts = fs::fstat(&file)?;
    if facts.kind != Kind::File {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{}: not a regular file", path.display()),
        ));
    }
    if facts.uid == fs::effective_uid() {
        fs::make_private(&file)?;
    }
    Ok(file)
}

/// Who is the runner, if any. Creates nothing; must not be asked by the runner itself.
pub(crate) fn lock_holder(path: &Path) -> io::Result<Option<Held>> {
    match fs::open_nofollow(path) {
        Ok(file) => holder(&file),
        Err(error) if fs::is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn holder(file: &File) -> io::Result<Option<Held>> {
    let lock = rustix::process::fcntl_getlk(file, &Flock::from(FlockType::WriteLock))?;
    Ok(lock.map(|lock| Held {
        pid: lock.pid.map(|pid| pid.as_raw_nonzero().get()),
    }))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn without_a_runner_nobody_holds_it_and_nothing_is_created() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert_eq!(lock_holder(&path).unwrap(), None);
        assert!(!path.exists());
    }

    /// POSIX locks never collide within one process, so a second one of this binary has to hold it.
    #[test]
    fn a_second_runner_learns_the_pid_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut first = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture"])
            .arg("os::lock::tests::inner_first_runner")
            .env("LOCK", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(first.stdout.take().unwrap()).lines();
        assert!(told.any(|line| line.unwrap().contains("it is held")));
        let held = Held {
            pid: i32::try_from(first.id()).ok(),
        };
        assert_eq!(lock_holder(&path).unwrap(), Some(held));
        assert_eq!(RunnerLock::acquire(&path).unwrap().unwrap_err(), held);
        first.kill().unwrap();
        first.wait().unwrap();
        assert!(RunnerLock::acquire(&path).unwrap().is_ok());
    }

    #[test]
    #[ignore = "run by a_second_runner_learns_the_pid_of_the_first, as another process"]
    fn inner_first_runner() {
        let path = std::env::var_os("LOCK").unwrap();
        let _lock = RunnerLock::acquire(Path::new(&path)).unwrap().unwrap();
        println!("it is held");
        let _ = std::io::stdin().read_line(&mut String::new());
    }

    #[test]
    fn a_deleted_lock_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = RunnerLock::acquire(&path).unwrap().unwrap();
        assert!(lock.is_in_place());
        std::fs::remove_file(&path).unwrap();
        assert!(!lock.is_in_place());
        std::fs::write(&path, "").unwrap();
        assert!(!lock.is_in_place());
    }

    #[test]
    fn a_symlink_or_a_directory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/nonexistent", &link).unwrap();
        assert!(RunnerLock::acquire(&link).is_err());
        assert!(RunnerLock::acquire(dir.path()).is_err());
    }
}
