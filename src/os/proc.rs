//! `/proc` as values: a process's line in `stat`, its environment, the list of processes.
//!
//! Reading and parsing, and our own name there; whether a process is ours is judged in `process`.

use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// What we need of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// `R`, `S`, `Z` and so on.
    pub(crate) state: u8,
    /// The process group.
    pub(crate) group: i32,
    pub(crate) session: i32,
    /// Start time in clock ticks since boot.
    pub(crate) start: u64,
    /// A wait status, meaningful only for a zombie and only where we may look (else 0).
    pub(crate) exit_status: i32,
}

impl Stat {
    /// Ended, and waiting for its parent to ask.
    pub(crate) fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

/// What `ps` and `top` call this process: at most 15 bytes of it.
pub(crate) fn be_called(name: &std::ffi::CStr) {
    let _ = rustix::thread::set_name(name);
}

/// The state of a process; `NotFound` when there is none of that pid.
pub(crate) fn stat(pid: i32) -> io::Result<Stat> {
    // Three system calls and no allocation: this is on the path of every start.
    let file = rustix::fs::open(
        format!("/proc/{pid}/stat"),
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut line = [0_u8; 1024];
    let length = match rustix::io::read(&file, &mut line) {
        // It ended between open and read.
        Err(rustix::io::Errno::SRCH) => return Err(io::ErrorKind::NotFound.into()),
        other => other?,
    };
    parse(&line[..length]).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The command's name may hold blanks and parentheses, so fields are counted from the last `)`.
fn parse(line: &[u8]) -> Option<Stat> {
    let name_end = line.iter().rposition(|&byte| byte == b')')?;
    let text = std::str::from_utf8(line.get(name_end + 1..)?).ok()?;
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    // proc(5) counts from 1 and the first field after the name is its third.
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Stat {
        state: *field(3)?.as_bytes().first()?,
        group: field(5)?.parse().ok()?,
        session: field(6)?.parse().ok()?,
        start: field(22)?.parse().ok()?,
        exit_status: field(52).and_then(|code| code.parse().ok()).unwrap_or(0),
    })
}

/// Every process visible here, in no order.
pub(crate) fn pids() -> io::Result<impl Iterator<Item = i32>> {
    let entries = std::fs::read_dir("/proc")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

/// Every child of ours, unreaped ones included. New children belong to the thread that started them, and
/// orphans go to whichever thread the kernel picks, so all threads are asked.
pub(crate) fn children() -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile; its children then move to another one.
        let pids = std::fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        found.extend(pids.split_ascii_whitespace().flat_map(str::parse::<i32>));
    }
    Ok(found)
}

/// Whether the environment a process was started with holds this exact `K=V`. A process we may not look
/// into, or a zombie, holds nothing.
pub(crate) fn environment_holds(pid: i32, pair: &[u8]) -> bool {
    std::fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|&byte| byte == 0).any(|entry| entry == pair))
}

/// The user a process runs as.
pub(crate) fn owner(pid: i32) -> io::Result<u32> {
    super::fs::lstat(Path::new(&format!("/proc/{pid}"))).map(|facts| facts.uid)
}

/// The value of one line of `/proc/self/status`, such as `SigIgn`.
pub(crate) fn own_status(key: &str) -> io::Result<Option<String>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    Ok(status
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .map(|value| value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_moves_no_field() {
        let fields = (5..=52).map(|n| n.to_string()).collect::<Vec<_>>();
        let line = format!("77 (a) R 1 (b) ) Z 4 {}\n", fields.join(" "));
        let stat = parse(line.as_bytes()).unwrap();
        assert_eq!(
            stat,
            Stat {
                state: b'Z',
                group: 5,
                session: 6,
                start: 22,
                exit_status: 52
            }
        );
    }

    #[test]
    fn nonsense_is_no_state() {
        for line in ["", "1 (x", "1 (x) R", "1 (x) R 1 2 3"] {
            assert_eq!(parse(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn we_find_ourselves() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(pids().unwrap().any(|pid| pid == me));
        assert!(!stat(me).unwrap().is_zombie());
        assert_eq!(owner(me).unwrap(), crate::os::fs::effective_uid());
        assert!(own_status("SigIgn").unwrap().is_some());
        assert_eq!(stat(i32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
