//! What no crate puts safely: a start in a directory of its own, how a child ended and what it used, asked by its
//! number, and how a stranger ended. The one address of `unsafe`: each call has a safe face, and nothing else is here.
//!
//! A start by way of the standard library costs a quarter more of our time: it builds two trees of the
//! environment and copies each variable three times, for each start.

#![expect(unsafe_code, reason = "no crate wraps these calls")]

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

/// A process to be. It leads a group of its own, no signal is blocked or ignored that we block or ignore, and it has
/// no descriptor but its streams.
pub(super) struct Start<'a> {
    /// With a slash: nothing is searched.
    pub(super) program: &'a CStr,
    pub(super) args: &'a [CString],
    pub(super) env: &'a [Cow<'a, CStr>],
    pub(super) cwd: &'a CStr,
    /// Input, output, errors.
    pub(super) streams: [BorrowedFd<'a>; 3],
}

/// Starts it, as `posix_spawn(3)` does: we sleep until it has become its program, or could not, and nothing of us is
/// copied however big we are. What the error is about, the directory or the program, it does not say.
pub(super) fn start(start: &Start<'_>) -> io::Result<i32> {
    let mut attributes = PosixSpawnAttr::init()?;
    let mut pipe = SigSet::empty();
    // Our own runtime ignores it.
    pipe.add(Signal::SIGPIPE);
    attributes.set_sigdefault(&pipe)?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETPGROUP,
    )?;
    let mut actions = PosixSpawnFileActions::init()?;
    for (number, stream) in (0..).zip(start.streams) {
        actions.add_dup2(stream.as_raw_fd(), number)?;
    }
    change_directory(&mut actions, start.cwd)?;
    let pid = posix_spawn(start.program, &actions, &attributes, start.args, start.env)?;
    Ok(pid.as_raw())
}

/// The standard library does it in the same way; it came with glibc 2.29 and musl 1.1.24.
fn change_directory(actions: &mut PosixSpawnFileActions, to: &CStr) -> io::Result<()> {
    let actions: *mut libc::posix_spawn_file_actions_t = std::ptr::from_mut(actions).cast();
    // SAFETY: the wrapper is `repr(transparent)` over this very type, initialised, and ours alone for the call; the
    // path is terminated, and copied by the callee.
    let result = unsafe { libc::posix_spawn_file_actions_addchdir_np(actions, to.as_ptr()) };
    match result {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// What wait4(2) tells of a child.
pub(super) struct Reaped {
    pub(super) status: i32,
    /// Of itself and of those of its descendants that were waited for, in both modes.
    pub(super) cpu: Duration,
    pub(super) max_rss_bytes: u64,
}

/// Waits for the end of this child, and reaps it.
pub(super) fn wait4(pid: i32) -> io::Result<Reaped> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both places are ours and outlive the call, which writes no more than one of each; all zeros are a valid
    // `rusage`, whatever the kernel wrote over them.
    let (answer, usage) = unsafe {
        let answer = libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr());
        (answer, usage.assume_init())
    };
    Errno::result(answer)?;
    Ok(Reaped {
        status,
        cpu: span(usage.ru_utime) + span(usage.ru_stime),
        // In KiB, getrusage(2).
        max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10,
    })
}

fn span(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

/// The beginning of the kernel's `struct pidfd_info`, as far as its first version reaches. The kernel
/// takes the size from the request's number and copies no more than that.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    /// pid, tgid, ppid; then real, effective, saved and file system uid and gid.
    ids: [u32; 11],
    exit_status: i32,
}

const _: () = assert!(size_of::<PidfdInfo>() == 64, "as the kernel has it");

/// Asks the pidfd itself: Linux 6.15 and later remember the exit status of a reaped process as long as
/// somebody holds a pidfd, and nothing else tells how a reaped stranger ended.
pub(super) fn reaped_exit_status(pidfd: BorrowedFd<'_>) -> Option<i32> {
    const WANT_EXIT: u64 = 1 << 3;
    const REQUEST: rustix::ioctl::Opcode = rustix::ioctl::opcode::read_write::<PidfdInfo>(0xff, 11);
    let mut info = PidfdInfo {
        mask: WANT_EXIT,
        ..PidfdInfo::default()
    };
    // SAFETY: the request is PIDFD_GET_INFO for a structure of exactly this size, all of whose bytes are
    // initialised and valid whatever the kernel writes there; the pidfd is borrowed for the call. A kernel
    // that does not know the request refuses it and writes nothing.
    let asked = unsafe {
        let request = rustix::ioctl::Updater::<REQUEST, PidfdInfo>::new(&mut info);
        rustix::ioctl::ioctl(pidfd, request)
    };
    (asked.is_ok() && info.mask & WANT_EXIT != 0).then_some(info.exit_status)
}
