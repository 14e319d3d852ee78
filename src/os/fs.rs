//! Files: facts about a path, private creation, and freeing the middle of a file.
//!
//! No policy: which owner or mode is acceptable is the store's to say.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;

/// What kind of thing a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink,
    /// A device, a pipe or a socket.
    Special,
}

/// The facts by which a file is recognised and trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Permission bits, sticky and set-id bits included.
    pub(crate) mode: u32,
    pub(crate) nlink: u64,
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    /// Bytes that really take space: less than `size` in a file with holes.
    pub(crate) allocated: u64,
    /// Time of the last write in nanoseconds: tells two versions of one file apart.
    pub(crate) modified: i128,
}

impl Facts {
    /// Whether both describe one file, under whatever names.
    pub(crate) fn same_file(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }

    fn new(stat: &rustix::fs::Stat) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            _ => Kind::Special,
        };
        Self {
            kind,
            uid: stat.st_uid,
            gid: stat.st_gid,
            mode: stat.st_mode & 0o7777,
            nlink: widen(stat.st_nlink),
            dev: stat.st_dev,
            ino: stat.st_ino,
            size: widen(stat.st_size),
            allocated: widen(stat.st_blocks).saturating_mul(512),
            modified: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
        }
    }
}

/// The width and sign of these fields differ between architectures; none is ever negative.
fn widen(value: impl TryInto<u64>) -> u64 {
    value.try_into().unwrap_or(0)
}

/// Facts about the path itself, a symlink included.
pub(crate) fn lstat(path: &Path) -> io::Result<Facts> {
    Ok(Facts::new(&rustix::fs::lstat(path)?))
}

/// Facts about what the path leads to.
pub(crate) fn stat(path: &Path) -> io::Result<Facts> {
    Ok(Facts::new(&rustix::fs::stat(path)?))
}

/// Facts about an open file.
pub(crate) fn fstat(file: impl AsFd) -> io::Result<Facts> {
    Ok(Facts::new(&rustix::fs::fstat(file)?))
}

/// Creates a file only we may read, whatever the umask; fails if anything of that name exists.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    create_with(path, OFlags::RDWR)
}

/// Opens a file of ours for reading and writing, or creates it. What is a link, somebody else's or open to
/// others is refused.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    match create_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => return other,
    }
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file: File = rustix::fs::open(path, flags, Mode::empty())?.into();
    let facts = fstat(&file)?;
    let is_ours = facts.kind == Kind::File
        && facts.nlink == 1
        && facts.uid == effective_uid()
        && facts.mode == PRIVATE.as_raw_mode();
    if is_ours {
        Ok(file)
    } else {
        Err(io::Error::from(io::ErrorKind::PermissionDenied))
    }
}

/// As `create_private`, for writing at the end only.
pub(crate) fn create_private_append(path: &Path) -> io::Result<File> {
    create_with(path, OFlags::WRONLY | OFlags::APPEND)
}

fn create_with(path: &Path, access: OFlags) -> io::Result<File> {
    let flags = access | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, PRIVATE)?;
    make_private(&file)?;
    Ok(file.into())
}

/// Makes a directory for its owner alone, whatever the umask takes from the mode given to mkdir(2).
/// One that somebody else has just made is left as it is.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) => Ok(rustix::fs::chmod(path, Mode::RWXU)?),
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Owner reads and writes, nobody else does anything.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The umask can only take from the mode given at creation, so usually nothing is left to do, and
/// looking costs a fraction of what a change costs the file system.
pub(crate) fn make_private(file: impl AsFd) -> io::Result<()> {
    if fstat(&file)?.mode != PRIVATE.as_raw_mode() {
        rustix::fs::fchmod(&file, PRIVATE)?;
    }
    Ok(())
}

/// Opens for reading; a symlink is refused, and a pipe does not make us wait.
pub(crate) fn open_nofollow(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Opens for writing at the end; a symlink is refused.
pub(crate) fn open_append_nofollow(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags | OFlags::NONBLOCK, Mode::empty())?.into())
}

/// Gives a file another name, unless something has that name already.
pub(crate) fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    Ok(rustix::fs::renameat_with(
        rustix::fs::CWD,
        from,
        rustix::fs::CWD,
        to,
        flags,
    )?)
}

/// Gives a stretch of a file back to the file system; it reads as zeros, the size stays.
pub(crate) fn punch_hole(file: impl AsFd, offset: u64, length: u64) -> io::Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(rustix::fs::fallocate(file, flags, offset, length)?)
}

/// The next stretch of the file that is not a hole, from this place on; `None` behind the last one.
pub(crate) fn data_behind(file: impl AsFd, from: u64) -> io::Result<Option<Range<u64>>> {
    let start = match rustix::fs::seek(&file, SeekFrom::Data(from)) {
        Ok(start) => start,
        Err(Errno::NXIO) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let end = rustix::fs::seek(&file, SeekFrom::Hole(start))?;
    Ok(Some(start..end))
}

/// Whether anything but this kernel may change files there, so that neither shared memory nor watches
/// can be trusted. FUSE counts: one cannot see from outside what is behind it.
pub(crate) fn is_network_fs(path: &Path) -> io::Result<bool> {
    const REMOTE: [u32; 16] = [
        0x6969,      // NFS
        0x517b,      // SMB
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB2
        0x0102_1997, // 9p
        0x6573_5546, // FUSE, virtiofs
        0x00c3_6400, // Ceph
        0x5346_414f, // AFS (kafs, OpenAFS)
        0x6b41_4653, // kAFS
        0x7375_7245, // Coda
        0x0116_1970, // GFS2
        0x7461_636f, // OCFS2
        0x0bd0_0bd0, // Lustre
        0x4750_4653, // GPFS
        0x1983_0326, // BeeGFS
        0x786f_4256, // VirtualBox shared folder
    ];
    // The field's width varies; a magic number is its lower 32 bits.
    let magic = rustix::fs::statfs(path)?.f_type as u32;
    Ok(REMOTE.contains(&magic))
}

/// The user whose rights we have.
pub(crate) fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The group whose rights we have.
pub(crate) fn effective_gid() -> u32 {
    rustix::process::getegid().as_raw()
}

/// Whether we were started with more rights than our starter has (set-uid, set-gid, file capabilities).
pub(crate) fn at_secure() -> bool {
    const AT_SECURE: usize = 23;
    const WORD: usize = size_of::<usize>();
    let ids_differ = rustix::process::getuid() != rustix::process::geteuid()
        || rustix::process::getgid() != rustix::process::getegid();
    let vector = match std::fs::read("/proc/self/auxv") {
        Ok(vector) => vector,
        // Our own /proc entries belong to root exactly when the kernel guards us from our starter.
        Err(error) => return ids_differ || error.kind() == io::ErrorKind::PermissionDenied,
    };
    let flagged = vector
        .chunks_exact(2 * WORD)
        .any(|pair| word(&pair[..WORD]) == AT_SECURE && word(&pair[WORD..]) != 0);
    ids_differ || flagged
}

fn word(bytes: &[u8]) -> usize {
    usize::from_ne_bytes(bytes.try_into().expect("chunks are two words long"))
}

/// The home directory our user has in passwd, for a start without HOME.
pub(crate) fn home_from_passwd() -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??;
    Some(user.dir).filter(|home| home.is_absolute())
}

/// Whether the error means that nothing of that name is there.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    let codes = [Errno::NOENT, Errno::NOTDIR].map(Errno::raw_os_error);
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_private_file_is_new_and_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        create_private(&path).unwrap();
        let facts = lstat(&path).unwrap();
        assert_eq!((facts.kind, facts.mode), (Kind::File, 0o600));
        assert_eq!((facts.uid, facts.gid), (effective_uid(), effective_gid()));
        assert_eq!(
            create_private(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }

    #[test]
    fn a_planted_symlink_is_neither_created_through_nor_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        symlink(&target, &link).unwrap();
        assert!(create_private(&link).is_err());
        assert!(is_absent(&lstat(&target).unwrap_err()));
        std::fs::write(&target, "x").unwrap();
        assert!(open_nofollow(&link).is_err());
        assert_eq!(lstat(&link).unwrap().kind, Kind::Symlink);
    }

    #[test]
    fn a_hole_frees_space_and_keeps_the_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let mut file = create_private(&path).unwrap();
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        let before = lstat(&path).unwrap();
        punch_hole(&file, 4096, (1 << 20) - 8192).unwrap();
        let after = lstat(&path).unwrap();
        assert_eq!(after.size, before.size);
        assert!(after.allocated < before.allocated);
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!((bytes[4095], bytes[4096]), (b'x', 0));
        let behind = |from| data_behind(&file, from).unwrap();
        assert_eq!(behind(0), Some(0..4096));
        assert_eq!(behind(5_000), Some((1 << 20) - 4096..1 << 20));
        assert_eq!(behind(1 << 20), None);
    }

    #[test]
    fn this_test_runs_on_local_files_without_extra_rights() {
        assert!(!is_network_fs(Path::new("/proc")).unwrap());
        assert!(!at_secure());
        assert!(home_from_passwd().is_some());
    }
}
