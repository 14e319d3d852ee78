//! Watches: being told that a file changed, instead of asking.
//!
//! `FileWatch` follows one file that stays itself (the database); `PathWatch` follows a name, whatever it
//! leads to (a job file that editors rename over and deployments swap by symlink). Both only say *that*
//! something changed. Where there is no watch (network file systems, no instance left) the constructor
//! fails and the caller looks from time to time.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    sendmsg, socketpair,
};
use tokio::io::Ready;
use tokio::io::unix::AsyncFd;

use super::fs::{self, Facts, Kind};

/// What happened to a watched file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileEvent {
    /// Somebody wrote it; perhaps several times.
    Written,
    /// The name no longer leads to the file.
    Gone,
}

/// Says when somebody closed a file after writing, and when the file is deleted or replaced.
#[derive(Debug)]
pub(crate) struct FileWatch {
    queue: Queue,
    path: PathBuf,
    watched: Facts,
}

impl FileWatch {
    /// Watches an existing file, not a symlink. Needs the runtime that will wait for it.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let queue = Queue::new()?;
        let mut before = fs::lstat(path)?;
        loop {
            // Attributes change when the last name of an open file goes, long before the file itself does.
            let events = WatchFlags::CLOSE_WRITE
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF
                | WatchFlags::ATTRIB
                | WatchFlags::DONT_FOLLOW;
            let watch = queue.watch(path, events)?;
            let after = fs::lstat(path)?;
            if after.same_file(&before) {
                return Ok(Self {
                    queue,
                    path: path.to_owned(),
                    watched: after,
                });
            }
            queue.forget(watch);
            before = after;
        }
    }

    /// Waits for the next change; many changes are one event. Dropping the wait loses nothing.
    pub(crate) async fn changed(&self) -> io::Result<FileEvent> {
        loop {
            let seen = self.queue.drain().await?;
            if !self.is_in_place() {
                return Ok(FileEvent::Gone);
            }
            if seen.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::QUEUE_OVERFLOW) {
                return Ok(FileEvent::Written);
            }
        }
    }

    fn is_in_place(&self) -> bool {
        fs::lstat(&self.path).is_ok_and(|there| there.same_file(&self.watched))
    }
}

/// Says when the content behind a path may have changed, by whatever way: written, renamed over, or a
/// symlink on the way to it replaced.
#[derive(Debug)]
pub(crate) struct PathWatch {
    path: PathBuf,
    queue: Queue,
    seen: Option<Version>,
}

/// What a file's new content cannot fail to change.
type Version = (u64, u64, u64, i128);

impl PathWatch {
    /// Watches a path that may not exist yet; its directory has to.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let queue = Queue::new()?;
        arm(&queue, &path)?;
        Ok(Self {
            seen: version(&path),
            queue,
            path,
        })
    }

    /// Waits until the path leads to another content than when last told. Dropping the wait loses nothing.
    pub(crate) async fn changed(&mut self) -> io::Result<FileEvent> {
        loop {
            self.queue.drain().await?;
            // The way may lead through other directories now. Setting a watch anew is harmless, and the
            // look comes after it, so that no change falls in between.
            let _ = arm(&self.queue, &self.path);
            let now = version(&self.path);
            if now != self.seen {
                self.seen = now;
                return Ok(now.map_or(FileEvent::Gone, |_| FileEvent::Written));
            }
        }
    }
}

fn version(path: &Path) -> Option<Version> {
    let facts = fs::stat(path).ok()?;
    Some((facts.dev, facts.ino, facts.size, facts.modified))
}

/// Watches every directory that holds a symlink on the way to the file, and the file's own.
fn arm(queue: &Queue, path: &Path) -> io::Result<()> {
    let events = WatchFlags::CLOSE_WRITE
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::ONLYDIR;
    for directory in deciding_directories(path) {
        queue.watch(&directory, events)?;
    }
    // A hard link elsewhere may be the one that is written through. Absent is fine.
    let _ = queue.watch(path, WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB);
    Ok(())
}

/// The directories in which a change of an entry can change what `path` leads to.
fn deciding_directories(path: &Path) -> Vec<PathBuf> {
    /// The kernel gives up at this many, too.
    const MOST_LINKS: usize = 40;
    let mut found = Vec::new();
    let mut here = PathBuf::from("/");
    let mut ahead: Vec<PathBuf> = components(path);
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part.as_os_str() == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&part);
        let is_link = fs::lstat(&next).is_ok_and(|facts| facts.kind == Kind::Symlink);
        if (is_link || ahead.is_empty()) && !found.contains(&here) {
            found.push(here.clone());
        }
        match std::fs::read_link(&next) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                ahead.extend(components(&target));
            }
            _ => here = next,
        }
    }
    found
}

/// The names of a path, last first: a stack of what is still ahead.
fn components(path: &Path) -> Vec<PathBuf> {
    let named = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    named
        .rev()
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect()
}

/// An inotify instance, read without waiting.
#[derive(Debug)]
struct Queue {
    events: AsyncFd<OwnedFd>,
    _bequest: Option<[OwnedFd; 2]>,
}

/// Leaves the end of a descriptor to the kernel: two sockets, which are to be kept as long as it is used.
///
/// To release an inotify instance, the kernel waits until nobody can be looking at its watches any more (an
/// SRCU grace period): 7 to 10 ms in which a runner that is killed is not dead yet, holds its lock, and
/// sees no child end. So the last reference to it is not ours. It is in a message, in the queue of a socket that
/// has its own last reference in the same message; what refers to itself only is found and released by the
/// kernel's collector of sockets (unix(7), `SCM_RIGHTS`), on a thread of its own, after we are gone.
fn bequeath(descriptor: &OwnedFd) -> io::Result<[OwnedFd; 2]> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (sender, receiver) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let rights = [descriptor.as_fd(), receiver.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&rights));
    sendmsg(
        &sender,
        &[IoSlice::new(b".")],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok([sender, receiver])
}

impl Queue {
    fn new() -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Self {
            _bequest: bequeath(&queue).ok(),
            events: super::ready::readable(queue)?,
        })
    }

    fn watch(&self, path: &Path, events: WatchFlags) -> io::Result<i32> {
        Ok(inotify::add_watch(self.events.get_ref(), path, events)?)
    }

    fn forget(&self, watch: i32) {
        // Already gone with its file is as good.
        let _ = inotify::remove_watch(self.events.get_ref(), watch);
    }

    /// Waits for events and takes all there are, as the union of their kinds.
    async fn drain(&self) -> io::Result<ReadFlags> {
        loop {
            let mut guard = self.events.readable().await?;
            let mut seen = ReadFlags::empty();
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = inotify::Reader::new(self.events.get_ref(), &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => seen |= event.events(),
                    Err(Errno::AGAIN) => break,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            guard.clear_ready_matching(Ready::READABLE);
            if !seen.is_empty() {
                return Ok(seen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;

    async fn is_silent<T>(wait: impl Future<Output = T>) -> bool {
        tokio::time::timeout(Duration::from_millis(30), wait)
            .await
            .is_err()
    }

    #[tokio::test]
    async fn writes_are_told_once_and_reads_never() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        std::fs::write(&path, "").unwrap();
        let watch = FileWatch::new(&path).unwrap();
        assert!(is_silent(watch.changed()).await);
        std::fs::write(&path, "one").unwrap();
        std::fs::write(&path, "two").unwrap();
        assert_eq!(watch.changed().await.unwrap(), FileEvent::Written);
        std::fs::read(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        assert!(is_silent(watch.changed()).await);
    }

    #[tokio::test]
    async fn a_deleted_replaced_or_moved_file_is_gone_even_while_open() {
        for change in [
            |path: &Path| std::fs::remove_file(path),
            |path: &Path| std::fs::rename(path, path.with_extension("old")),
            |path: &Path| {
                std::fs::write(path.with_extension("new"), "")?;
                std::fs::rename(path.with_extension("new"), path)
            },
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("db");
            let _open = std::fs::File::create(&path).unwrap();
            let watch = FileWatch::new(&path).unwrap();
            change(&path).unwrap();
            assert_eq!(watch.changed().await.unwrap(), FileEvent::Gone);
        }
    }

    #[tokio::test]
    async fn a_missing_file_cannot_be_watched() {
        assert!(FileWatch::new(Path::new("/nonexistent/db")).is_err());
    }

    #[tokio::test]
    async fn a_path_is_followed_through_renames_and_removal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs");
        let mut watch = PathWatch::new(&path).unwrap();
        std::fs::write(&path, "one").unwrap();
        assert_eq!(watch.changed().await.unwrap(), FileEvent::Written);
        std::fs::write(dir.path().join("other"), "").unwrap();
        assert!(is_silent(watch.changed()).await);
        std::fs::write(path.with_extension("new"), "two").unwrap();
        std::fs::rename(path.with_extension("new"), &path).unwrap();
        assert_eq!(watch.changed().await.unwrap(), FileEvent::Written);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(watch.changed().await.unwrap(), FileEvent::Gone);
        std::fs::write(&path, "three").unwrap();
        assert_eq!(watch.changed().await.unwrap(), FileEvent::Written);
    }

    /// As a deployment does it: jobs -> current/jobs, current -> release-1, then current is swapped.
    #[tokio::test]
    async fn a_symlink_swapped_far_from_the_file_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("etc")).unwrap();
        for release in ["release-1", "release-2", "release-3"] {
            std::fs::create_dir(at(release)).unwrap();
            std::fs::write(at(release).join("jobs"), release).unwrap();
        }
        symlink("release-1", at("current")).unwrap();
        symlink("../current/jobs", at("etc").join("jobs")).unwrap();
        let mut watch = PathWatch::new(&at("etc").join("jobs")).unwrap();
        for release in ["release-2", "release-3"] {
            symlink(release, at("swap")).unwrap();
            std::fs::rename(at("swap"), at("current")).unwrap();
            assert_eq!(watch.changed().await.unwrap(), FileEvent::Written);
        }
        std::fs::write(at("release-3").join("jobs"), "edited").unwrap();
        assert_eq!(watch.changed().await.unwrap(), FileEvent::Written);
    }
}
