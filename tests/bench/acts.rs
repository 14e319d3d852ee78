//! What this program does when it is its own job: the smallest programs with which to compare.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::measure::now;

const MARK: &str = "--mark";
const COMMIT: &str = "--commit";

/// Plays a part when the words name one.
pub(crate) fn act(words: &[String]) -> bool {
    match words {
        [part, path] if part == MARK => mark(Path::new(path)),
        [part, path] if part == COMMIT => drop(commit(Path::new(path))),
        _ => return false,
    }
    true
}

/// Writes down when it was started, and when it should have been.
fn mark(path: &Path) {
    let now = now();
    let due = std::env::var("PUNCTUAL_DUE").unwrap_or_default();
    let line = format!("{} {due}\n", now.as_nanos());
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Opens a database and commits one row, durably: what no `add` can do without.
pub(crate) fn commit(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "synchronous", "FULL").unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    let text = "INSERT INTO line(text) VALUES ('true')";
    conn.execute(text, []).unwrap();
    conn
}

/// A database for [`commit`], and the command that does it.
pub(crate) fn committing(place: &Path) -> Command {
    let path = place.join("bare.db");
    let conn = Connection::open(&path).unwrap();
    let mode = "PRAGMA journal_mode = WAL";
    let mode: String = conn.query_row(mode, [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    conn.execute_batch("CREATE TABLE IF NOT EXISTS line(id INTEGER PRIMARY KEY, text TEXT)")
        .unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(COMMIT).arg(path);
    command
}

/// A job that writes down its starts, and what it wrote.
pub(crate) struct Marks(PathBuf);

/// One start, and the time it was due when its runner said so.
pub(crate) struct Mark {
    pub(crate) at: Duration,
    pub(crate) due: Option<Duration>,
}

impl Marks {
    pub(crate) fn new(place: &Path, name: &str) -> Self {
        let path = place.join(name);
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    pub(crate) fn words(&self) -> [String; 3] {
        let program = std::env::current_exe().unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        [text(&program), MARK.to_owned(), text(&self.0)]
    }

    pub(crate) fn command(&self) -> Command {
        let [program, rest @ ..] = self.words();
        let mut command = Command::new(program);
        command.args(rest);
        command
    }

    pub(crate) fn read(&self) -> Vec<Mark> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mark = |line: &str| {
            let (at, due) = line.split_once(' ').unwrap();
            let due = chrono::DateTime::parse_from_rfc3339(due).ok();
            Mark {
                at: Duration::from_nanos(at.parse().unwrap()),
                due: due.map(|due| Duration::from_micros(due.timestamp_micros() as u64)),
            }
        };
        whole.lines().map(mark).collect()
    }

    /// All of them, once there are so many.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Mark> {
        loop {
            let marks = self.read();
            if marks.len() >= count {
                return marks;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Mark {
    /// How late it was started; `None` when that was before its time.
    pub(crate) fn lateness(&self) -> Option<Duration> {
        self.at.checked_sub(self.due.unwrap())
    }
}
