//! Ends that were seen and are not committed yet, in a file that outlives the runner.
//!
//! Results are committed a few milliseconds after the ends they tell of, many at once. A runner that is
//! killed in between, or is dead when a process ends, would leave attempts that ended well as `lost`, and a
//! retry would run them again. So each end is written down as soon as it is seen, by the process that sees it:
//! one write into the page cache, which survives whoever wrote, and no sync, which a power cut makes up for by
//! ending everything else too. The file is a table of cells in which each attempt has its place, as have others
//! thousands of attempts before and after it, far more than results can wait; a cell is read only for an
//! attempt that has no end in the database, and numbers of attempts are never used again, so nothing has to be
//! cleaned up. Whatever goes wrong with this file costs at worst what it is there to save.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, Exit, Reason, Usage};
use crate::os::fs;
use crate::os::lock::{self, Sharing};
use crate::store::Process;

use super::policy::{Outcome, Why};

/// Bytes of a cell. The longest line there can be is shorter.
const CELL: usize = 256;

/// The first cell names the database; results wait in the writer's backlog, which is a quarter of this.
const CELLS: u64 = 4_096;

/// How often, and how long apart, it is looked whether a process is still coming into being: two seconds, on
/// a machine that is busy.
const BIRTH_LOOKS: u32 = 1_000;
const BIRTH_PAUSE: Duration = Duration::from_millis(2);

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

/// The file. A runner makes it, and it is written to by that and by the parents of processes.
#[derive(Debug)]
pub(crate) struct Witness {
    path: PathBuf,
    file: Option<File>,
}

impl Witness {
    /// Opens the file of this database. Waits for whoever may still start a process, for a while.
    pub(crate) fn open(path: PathBuf, database: &str) -> Self {
        let witness = Self::join(path);
        witness.wait_for_births();
        let first = witness.read(0, CELL);
        if line_of(&first) == Some(database) {
            witness
        } else {
            witness.begun(database)
        }
    }

    /// Opens the file to write down what is seen.
    pub(crate) fn join(path: PathBuf) -> Self {
        Self {
            file: fs::open_private(&path).ok(),
            path,
        }
    }

    /// From now on this process may start others. What is coming into being holds on to it, too.
    pub(crate) fn hold(&self) {
        if let Some(file) = &self.file {
            let _ = lock::flock(file, Sharing::Shared);
        }
    }

    /// Never again.
    pub(crate) fn let_go(&self) {
        if let Some(file) = &self.file {
            let _ = lock::unlock(file);
        }
    }

    /// Waits until nobody is about to start a process any more, for a while.
    fn wait_for_births(&self) {
        let Some(file) = &self.file else {
            return;
        };
        for _ in 0..BIRTH_LOOKS {
            // Where nothing can be locked there is nothing to wait for.
            if lock::flock(file, Sharing::Alone).unwrap_or(true) {
                break;
            }
            std::thread::sleep(BIRTH_PAUSE);
        }
        self.let_go();
    }

    /// Writes down an end. One of which nobody knows anything is no news.
    pub(crate) fn saw(&self, attempt: AttemptId, end: &SeenEnd) {
        if let Some(line) = line(attempt, end) {
            self.put(cell_of(attempt), &line);
        }
    }

    /// The end of this attempt, if somebody saw it.
    pub(crate) fn find(&self, attempt: AttemptId) -> Option<SeenEnd> {
        let bytes = self.read(cell_of(attempt) * CELL as u64, CELL);
        let (found, end) = end_of(line_of(&bytes)?)?;
        (found == attempt).then_some(end)
    }

    /// All is committed: nothing has to be remembered.
    pub(crate) fn leave(self) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// The file of another database, or of nobody, made ours.
    fn begun(mut self, database: &str) -> Self {
        let emptied = self.file.as_ref().map(|file| file.set_len(0));
        if !matches!(emptied, Some(Ok(()))) {
            self.file = None;
        }
        self.put(0, database);
        self
    }

    /// What there is of so many bytes.
    fn read(&self, from: u64, most: usize) -> Vec<u8> {
        let Some(file) = &self.file else {
            return Vec::new();
        };
        let length = file.metadata().map_or(0, |facts| facts.len());
        let mut bytes = vec![0; length.saturating_sub(from).min(most as u64) as usize];
        match file.read_exact_at(&mut bytes, from) {
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

fn cell_of(attempt: AttemptId) -> u64 {
    1 + attempt.0.unsigned_abs() % (CELLS - 1)
}

/// A cell that was written whole.
fn line_of(cell: &[u8]) -> Option<&str> {
    let line = str::from_utf8(cell.strip_suffix(b"\n")?).ok()?;
    (line.len() == CELL - 1).then(|| line.trim_end())
}

fn line(attempt: AttemptId, end: &SeenEnd) -> Option<String> {
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
        // Older runners counted in the first word.
        "0 {} {kind} {value} {} {} {} {} {pid} {ticks} {uptime_ms} {slot} {boot} {why}{LAST}",
        attempt.0,
        usage.cpu_ms,
        usage.max_rss_bytes,
        finished.timestamp_micros(),
        started.timestamp_micros(),
    ))
}

fn end_of(line: &str) -> Option<(AttemptId, SeenEnd)> {
    let mut words = line.split(' ');
    let mut next = || words.next();
    let _count: u64 = next()?.parse().ok()?;
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
    Some((attempt, end))
}

#[cfg(test)]
mod tests {
    use super::{CELL, CELLS, SeenEnd, Witness};
    use crate::domain::{AttemptId, Exit, Reason, Usage};
    use crate::engine::policy::Outcome;
    use crate::store::Process;
    use chrono::DateTime;
    use std::path::Path;

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

    /// What the next runner reads of these attempts.
    fn read(path: &Path, attempts: impl IntoIterator<Item = i64>) -> Vec<(i64, SeenEnd)> {
        let witness = Witness::open(path.to_owned(), "mine");
        let seen = |attempt| Some((attempt, witness.find(AttemptId(attempt))?));
        attempts.into_iter().filter_map(seen).collect()
    }

    #[test]
    fn what_was_seen_is_read_by_the_next_runner() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let witness = Witness::open(path.clone(), "mine");
        witness.saw(AttemptId(6), &end(Exit::Code(0)));
        witness.saw(AttemptId(8), &end(Exit::Unknown));
        // By a parent of the jobs.
        let parent = Witness::join(path.clone());
        parent.saw(AttemptId(i64::MAX), &end(Exit::Signal(9)));
        let expected = [(6, end(Exit::Code(0))), (i64::MAX, end(Exit::Signal(9)))];
        assert_eq!(read(&path, [6, 7, 8, i64::MAX]), expected);
        let another = Witness::open(path.clone(), "another's");
        assert_eq!(another.find(AttemptId(6)), None);
        assert_eq!(read(&path, [6, i64::MAX]), []);
    }

    #[test]
    fn what_the_end_means_is_read_too_and_where_nothing_is_said_it_means_itself() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let witness = Witness::open(path.clone(), "mine");
        let ends = [
            Outcome::Exited(Exit::Code(3)),
            Outcome::Ended(Reason::Timeout, Exit::Code(0)),
            Outcome::Ended(Reason::Shutdown, Exit::Signal(15)),
            Outcome::Cancelled(Exit::Signal(9)),
            // Nobody told how it ended, but we know why.
            Outcome::Ended(Reason::Timeout, Exit::Unknown),
        ];
        for (number, outcome) in (0..).zip(ends) {
            witness.saw(AttemptId(number), &meaning(outcome));
        }
        let found = read(&path, 0..9).into_iter();
        let found: Vec<Outcome> = found.map(|(_, end)| end.outcome).collect();
        assert_eq!(found, ends);
        // A reason that no runner has, and a word too many.
        let text = std::fs::read_to_string(&path).unwrap();
        for strange in [" overlap .  ", " timeout . ."] {
            let cells = text.replace(" timeout .  ", strange);
            std::fs::write(&path, cells).unwrap();
            assert_eq!(read(&path, 0..9).len(), 3, "{strange}");
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
        let cells = [cell("mine"), cell("").repeat(7), cell(old)].concat();
        std::fs::write(&path, cells).unwrap();
        let found = read(&path, 0..9);
        let [(7, end)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(end.outcome, Outcome::Exited(Exit::Code(0)));
        assert_eq!((end.process.pid, end.process.boot.as_str()), (41, "boot:1"));
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let witness = Witness::open(path.clone(), "mine");
        for attempt in 0..10_000 {
            witness.saw(AttemptId(attempt), &end(Exit::Code(0)));
        }
        assert_eq!(path.metadata().unwrap().len(), CELLS * CELL as u64);
        assert_eq!(read(&path, 10_000 - 1_024..10_000).len(), 1_024);
        assert_eq!(read(&path, 0..1_024), []);
        witness.leave();
        assert!(!path.exists());
    }

    #[test]
    fn a_cell_that_is_not_whole_is_no_end() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        let witness = Witness::open(path.clone(), "mine");
        witness.saw(AttemptId(0), &end(Exit::Code(0)));
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(read(&path, [0]).len(), 1);
        for length in CELL..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(read(&path, [0]), [], "{length}");
        }
        for at in CELL..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] = 0xff;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path, [0]), [], "{at}");
        }
    }

    /// A parent that may still start something holds the next runner up; one that may not does not.
    #[test]
    fn whoever_may_start_a_process_is_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ends");
        drop(Witness::open(path.clone(), "mine"));
        let (parent, another) = (Witness::join(path.clone()), Witness::join(path.clone()));
        parent.hold();
        another.hold();
        let waiting = std::thread::spawn(move || Witness::open(path, "mine"));
        parent.let_go();
        assert!(!waiting.is_finished());
        another.let_go();
        waiting.join().unwrap();
    }
}
