//! Looking: the verbs that answer, in a file with a long history.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::measure::{between, by_turns, now, time};
use crate::report::Table;
use crate::stand::Database;

const JOBS: usize = 100_000;

pub(crate) fn verbs(table: &Table, place: &Path) {
    const VERBS: [(&str, &[&str]); 6] = [
        ("list on a screen", &["list"]),
        ("status", &["status"]),
        ("next", &["next"]),
        ("history -n 20", &["history", "-n", "20"]),
        (
            "history --state failed -n 20",
            &["history", "--state", "failed", "-n", "20"],
        ),
        ("history JOB -n 20", &["history", "1", "-n", "20"]),
    ];
    let name = |verb: &str| format!("{verb}; 10^6 runs");
    if !table.wants(&VERBS.map(|(verb, _)| name(verb))) {
        return;
    }
    let database = Database::new(place, "looking.db");
    database.fill_future(JOBS);
    insert_runs(
        &database.open(),
        JOBS,
        1_000_000,
        Duration::from_secs(7 * 86_400),
    );
    table.settle();
    for (verb, words) in VERBS {
        let (bare, ours) = by_turns(
            30,
            || time(&mut Command::new("/bin/true")),
            || on_a_screen(&database, words),
        );
        table.beyond(&name(verb), bare, ours, "<= 5 ms");
    }
}

pub(crate) fn json(table: &Table, place: &Path) {
    const DOCUMENT: &str = "list --json of 10,000 jobs";
    const TEXT: &str = "list of 10,000 jobs, piped";
    if !table.wants(&[DOCUMENT, TEXT]) {
        return;
    }
    let database = Database::new(place, "json.db");
    database.fill_future(10_000);
    for (name, words, goal) in [
        (DOCUMENT, &["list", "--json"][..], "<= 30 ms"),
        (TEXT, &["list"], ""),
    ] {
        let (bare, ours) = by_turns(
            20,
            || time(&mut Command::new("/bin/true")),
            || time(&mut database.punctual(words)),
        );
        table.beyond(name, bare, ours, goal);
    }
}

/// Finished runs, ten thousand a job or ten, spread evenly over the time until now; one in a hundred failed.
pub(crate) fn insert_runs(conn: &Connection, jobs: usize, runs: usize, over: Duration) {
    let first = between(over, now()).as_micros() as i64;
    let apart = over.as_micros() as i64 / runs as i64;
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.pragma_update(None, "synchronous", "OFF").unwrap();
    let transaction = conn.unchecked_transaction().unwrap();
    for text in [
        "WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < ?2 - 1)
         INSERT INTO run(job, seq, origin, state, reason, due, not_before, queue, priority, attempts,
                         started, finished, exit_code)
         SELECT 1 + n % ?1, 1 + n / ?1, 0, iif(n % 100 = 0, 11, 10), iif(n % 100 = 0, 0, NULL),
                ?3 + n * ?4, ?3 + n * ?4, 1, 0, 1,
                ?3 + n * ?4 + 500, ?3 + n * ?4 + 2000, iif(n % 100 = 0, 1, 0)
         FROM counted",
        "INSERT INTO attempt(run, number, state, started, finished, exit_code, pid, cpu_ms, max_rss)
         SELECT id, 1, iif(state = 10, 2, 3), started, finished, exit_code, 4711, 1, 2000000
         FROM run
         WHERE ?1 + ?2 + ?3 + ?4 IS NOT NULL",
        "UPDATE job SET last_seq = ?2 / ?1 WHERE ?3 + ?4 IS NOT NULL",
    ] {
        let keys = (jobs as i64, runs as i64, first, apart);
        conn.execute(text, keys).unwrap();
    }
    transaction.commit().unwrap();
}

/// The time until a verb has shown its answer on a terminal of 80 by 24.
fn on_a_screen(database: &Database, words: &[&str]) -> Duration {
    let (mut screen, program) = terminal();
    let mut command = database.punctual(words);
    command
        .env("TERM", "xterm")
        .env("COLUMNS", "80")
        .env("LINES", "24");
    command.stdout(program);
    let reader = std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(1..) = screen.read(&mut some) {}
    });
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    assert!(child.wait().unwrap().success());
    let took = begun.elapsed();
    // It holds the program's end of the terminal.
    drop(command);
    reader.join().unwrap();
    took
}

/// The person's end and the program's.
fn terminal() -> (File, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let controller = openpt(flags).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let program = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    (File::from(controller), program)
}
