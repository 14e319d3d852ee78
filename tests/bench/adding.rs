//! Adding: one job, and a million.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::acts::committing;
use crate::measure::{by_turns, time};
use crate::report::{Table, rate};
use crate::stand::Database;

pub(crate) fn one(table: &Table, place: &Path) {
    const NAME: &str = "add (bare: open, commit one row, close)";
    if !table.wants(&[NAME]) {
        return;
    }
    let database = Database::new(place, "add.db");
    database.does(&["add", "now", "true"]);
    let mut committing = committing(place);
    committing.stdout(Stdio::null());
    assert!(committing.status().unwrap().success());
    let (bare, ours) = by_turns(
        100,
        || time(&mut committing),
        || time(&mut database.punctual(&["add", "now", "true"])),
    );
    table.times(NAME, bare, ours, "<= 1.3");
}

pub(crate) fn many(table: &Table, place: &Path) {
    const JOBS: usize = 1_000_000;
    const RATE: &str = "add now --batch -, 1,000,000 lines";
    const SIZE: &str = "  bytes of file for each";
    if !table.wants(&[RATE, SIZE]) {
        return;
    }
    let database = Database::new(place, "batch.db");
    database.does(&["add", "never", "true"]);
    let begun = Instant::now();
    database.fill(&["now"], std::iter::repeat_n("true".to_owned(), JOBS));
    table.row(RATE, "", &rate(JOBS, begun.elapsed()), "", ">= 200k/s");
    // What the log still holds goes into the file before it is weighed.
    let text = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = database
        .open()
        .query_row(text, [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0);
    let bytes = fs::metadata(database.path()).unwrap().len() / JOBS as u64;
    table.row(SIZE, "", &bytes.to_string(), "", "<= 200");
}
