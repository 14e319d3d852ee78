//! Ends that were seen and are not committed yet, in a file that outlives the runner.
//!
//! Results are committed a few milliseconds after the ends they tell of, many at once. A runner that is
//! killed in between would leave attempts that ended well as `lost`, and a retry would run them again.
//! So each end is written down as soon as it is seen: one write into the page cache, which survives us,
//! and no sync, which a power cut makes up for by ending everything else too. The file is a ring of cells,
//! far more than results can wait; a cell is read only for an attempt that has no end in the database,
//! and numbers of attempts are never used again, so nothing has to be cleaned up. Whatever goes wrong with
//! this file costs at worst what it is there to save.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, Exit, Reason, Usage};
use crate::os::fs;
use crate::store::Process;

use super::policy::{Outcome, Why};

/// Bytes of a cell. The longest line there can be is shorter.
const CELL: usize = 256;

/// The first cell names the database; results wait in the writer's backlog, which is a quarter of this.
const CELLS: u64 = 4_096;

/// The last word of a cell.
const LAST: &str = ".";

/// Said of an end that a user wanted.
const CANCELLED: &str = "cancelled";

/// Reasons that we have to end an attempt.
const OURS: [Reason; 2] = [Reason::Timeout, Reason::Shutdown];

/// An end as it was seen, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenEnd {
    pub outcome: Outcome,
    pub usage: Option<Usage>,
    pub finished: DateTime<Utc>,
    pub process: Process,
}

/// The file, written to by one runner at a time.
#[derive(Debug)]
pub(crate) struct Witness {
    path: PathBuf,
    file: Option<File>,
    /// Counts the ends that were written down, over all runners.
    count: u64,
}

impl Witness {
    /// Opens the file of this database, and reads what an earlier runner wrote there.
    pub(crate) fn open(path: PathBuf, database: &str) -> (Self, Vec<(AttemptId, SeenEnd)>) {
        let mut witness = Self {
            file: fs::open_private(&path).ok(),
            path,
            count: 0,
        };
        let cells = witness.read();
        let mut cells = cells.chunks(CELL).map(line_of);
        if cells.next().flatten() != Some(database) {
            witness.begin(database);
            return (witness, Vec::new());
        }
        let mut ends = Vec::new();
        for (count, attempt, end) in cells.flatten().filter_map(end_of) {
            witness.count = witness.count.max(count + 1);
            ends.push((attempt, end));
        }
        (witness, ends)
    }

    /// Writes down an end. One of which nobody knows anything is no news.
    pub(crate) fn saw(&mut self, attempt: AttemptId, end: &SeenEnd) {
        if let Some(line) = line(self.count, attempt, end) {
            self.put(1 + self.count % (CELLS - 1), &line);
            self.count += 1;
        }
    }

    /// All is committed: nothing has to be remembered.
    pub(crate) fn leave(self) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// A file of another database, or of nobody.
    fn begin(&mut self, database: &str) {
        let emptied = self.file.as_ref().map(|file| file.set_len(0));
        if !matches!(emptied, Some(Ok(()))) {
            self.file = None;
        }
        self.put(0, database);
    }

    fn read(&self) -> Vec<u8> {
        let Some(file) = &self.file else {
            return Vec::new();
        };
        let length = file.metadata().map_or(0, |facts| facts.len());
        let mut bytes = vec![0; length.min(CELLS * CELL as u64) as usize];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => bytes,
            Err(_) => Vec::new(),
        }
    }

    fn put(&self, cell: u64, line: &str) {
        let mut bytes = [b' '; CELL];
        let Some(place) = bytes.get_mut(..line.len()).filter(|_| line.len() < CELL) else {
            return;
        };
        place.copy_from_slice(line.as_bytes());
        bytes[CELL - 1] = b'\n';
        if let Some(file) = &self.file {
            let _ = file.write_all_at(&bytes, cell * CELL as u64);
        }
    }
}

/// A cell that was written whole.
fn line_of(cell: &[u8]) -> Option<&str> {
    let line = str::from_utf8(cell.strip_suffix(b"\n")?).ok()?;
    (line.len() == CELL - 1).then(|| line.trim_end())
}

fn line(count: u64, attempt: AttemptId, end: &SeenEnd) -> Option<String> {
    let (exit, why) = match end.outcome {
        Outcome::Exited(Exit::Unknown) | Outcome::Unstartable { .. } => return None,
        // As cells were before ends of our own making had one.
        Outcome::Exited(exit) => (exit, String::new()),
        Outcome::Ended(reason, exit) => (exit, format!("{} ", reason.as_str())),
        Outcome::Cancelled(exit) => (exit, format!("{CANCELLED} ")),
    };
    let (kind, value) = match exit {
        Exit::Code(code) => ("code", code),
        Exit::Signal(signal) => ("signal", signal),
        Exit::Unknown => ("unknown", 0),
    };
    let usage = end.usage.unwrap_or_default();
    let (finished, started) = (end.finished, end.process.started);
    let Process {
        boot,
        pid,
        ticks,
        uptime_ms,
        slot,
        ..
    } = &end.process;
    Some(format!(
        "{count} {} {kind} {value} {} {} {} {} {pid} {ticks} {uptime_ms} {slot} {boot} {why}{LAST}",
        attempt.0,
        usage.cpu_ms,
        usage.max_rss_bytes,
        finished.timestamp_micros(),
        started.timestamp_micros(),
    ))
}

fn end_of(line: &str) -> Option<(u64, AttemptId, SeenEnd)> {
    let mut words = line.split(' ');
    let mut next = || words.next();
    let count = next()?.parse().ok()?;
    let attempt = AttemptId(next()?.parse().ok()?);
    let (kind, value) = (next()?, next()?.parse().ok()?);
    let exit = match kind {
        "code" => Exit::Code(value),
        "signal" => Exit::Signal(value),
        "unknown" => Exit::Unknown,
        _ => return None,
    };
    let usage = Usage {
        cpu_ms: next()?.parse().ok()?,
        max_rss_bytes: next()?.parse().ok()?,
    };
    let finished = DateTime::from_timestamp_micros(next()?.parse().ok()?)?;
    let process = Process {
        started: DateTime::from_timestamp_micros(next()?.parse().ok()?)?,
        pid: next()?.parse().ok()?,
        ticks: next()?.parse().ok()?,
        uptime_ms: next()?.parse().ok()?,
        slot: next()?.parse().ok()?,
        boot: next()?.to_owned(),
    };
    let rest: Vec<&str> = words.collect();
    let why = match rest[..] {
        [LAST] => None,
        [CANCELLED, LAST] => Some(Why::Cancelled),
        [word, LAST] => {
            let reason = OURS.into_iter().find(|reason| reason.as_str() == word);
            Some(Why::Failed(reason?))
        }
        _ => return None,
    };
    let end = SeenEnd {
        outcome: Outcome::of(why, exit),
        usage: Some(usage).filter(|usage| *usage != Usage::default()),
        finished,
        process,
    };
    Some((count, attempt, end))
}

#[cfg(test)]
mod tests {
    use super::{CELL, CELLS, SeenEnd, Witness};
    use crate::domain::{AttemptId, Exit, Reason, Usage};
    use crate::engine::policy::Outcome;
    use crate::store::Process;
    use chrono::DateTime;

    fn end(exit: Exit) -> SeenEnd {
        meaning(Outcome::Exited(exit))
    }

    fn meaning(outcome: Outcome) -> SeenEnd {
        SeenEnd {
            outcome,
            usage: Some(Usage {
                cpu_ms: 3,
                max_rss_bytes: 1 << 20,
            }),
            finished: DateTime::from_timestamp_micros(1_795_000_000_000_001).unwrap(),
            process: Process {
                boot: "0b2c4f4e-2f6d-4d4f-9a36-0f3d7a9c1e55 18446744073709551615".replace(' ', ":"),
                pid: i32::MAX,
                ticks: u64::MAX,
                uptime_ms: u64::MAX,
                started: DateTime::from_timestamp_micros(1_794_999_999_000_000).unwrap(),
                slot: u32::MAX,
            },
        }
    }

    #[test]
    fn what_was_seen_is_read_by_the_next_runner() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let (mut witness, before) = Witness::open(path.clone(), "mine");
        assert_eq!(before, []);
        witness.saw(AttemptId(7), &end(Exit::Code(0)));
        witness.saw(AttemptId(8), &end(Exit::Unknown));
        witness.saw(AttemptId(i64::MAX), &end(Exit::Signal(9)));
        let (mut witness, ends) = Witness::open(path.clone(), "mine");
        let expected = [
            (AttemptId(7), end(Exit::Code(0))),
            (AttemptId(i64::MAX), end(Exit::Signal(9))),
        ];
        assert_eq!(ends, expected);
        witness.saw(AttemptId(9), &end(Exit::Code(1)));
        let (_, ends) = Witness::open(path.clone(), "mine");
        assert_eq!(ends.len(), 3);
        let (_, ends) = Witness::open(path, "another's");
        assert_eq!(ends, []);
    }

    #[test]
    fn what_the_end_means_is_read_too_and_where_nothing_is_said_it_means_itself() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let (mut witness, _) = Witness::open(path.clone(), "mine");
        let ends = [
            Outcome::Exited(Exit::Code(3)),
            Outcome::Ended(Reason::Timeout, Exit::Code(0)),
            Outcome::Ended(Reason::Shutdown, Exit::Signal(15)),
            Outcome::Cancelled(Exit::Signal(9)),
            // Nobody told how it ended, but we know why.
            Outcome::Ended(Reason::Timeout, Exit::Unknown),
        ];
        for (number, outcome) in ends.into_iter().enumerate() {
            witness.saw(AttemptId(number as i64), &meaning(outcome));
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (_, read) = Witness::open(path.clone(), "mine");
        let read: Vec<Outcome> = read.into_iter().map(|(_, end)| end.outcome).collect();
        assert_eq!(read, ends);
        // A reason that no runner has, and a word too many.
        for strange in [" overlap .  ", " timeout . ."] {
            let cells = text.replace(" timeout .  ", strange);
            std::fs::write(&path, cells).unwrap();
            let left = Witness::open(path.clone(), "mine").1;
            assert_eq!(left.len(), 3, "{strange}");
        }
    }

    #[test]
    fn a_cell_of_an_older_runner_is_an_end_by_itself() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let old = "0 7 code 0 3 1048576 1795000000000001 1794999999000000 41 5 6 0 boot:1 .";
        let cell = |line: &str| format!("{line:255}\n");
        // Made by us first, for only what is private is read.
        drop(Witness::open(path.clone(), "mine"));
        std::fs::write(&path, cell("mine") + &cell(old)).unwrap();
        let (_, ends) = Witness::open(path, "mine");
        let [(attempt, end)] = &ends[..] else {
            panic!("{ends:?}");
        };
        assert_eq!(*attempt, AttemptId(7));
        assert_eq!(end.outcome, Outcome::Exited(Exit::Code(0)));
        assert_eq!((end.process.pid, end.process.boot.as_str()), (41, "boot:1"));
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let (mut witness, _) = Witness::open(path.clone(), "mine");
        for attempt in 0..10_000 {
            witness.saw(AttemptId(attempt), &end(Exit::Code(0)));
        }
        assert_eq!(path.metadata().unwrap().len(), CELLS * CELL as u64);
        let (_, ends) = Witness::open(path.clone(), "mine");
        assert!((10_000 - 1_024..10_000).all(|n| ends.iter().any(|(id, _)| id.0 == n)));
        witness.leave();
        assert!(!path.exists());
    }

    #[test]
    fn a_cell_that_is_not_whole_is_no_end() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let (mut witness, _) = Witness::open(path.clone(), "mine");
        witness.saw(AttemptId(1), &end(Exit::Code(0)));
        let whole = std::fs::read(&path).unwrap();
        for length in CELL..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(Witness::open(path.clone(), "mine").1, [], "{length}");
        }
        for at in CELL..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] = 0xff;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(Witness::open(path.clone(), "mine").1, [], "{at}");
        }
    }
}
