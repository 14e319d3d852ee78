//! The binary: its size, and how fast it is there.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::measure::{by_turns, time};
use crate::report::Table;
use crate::stand::PUNCTUAL;

pub(crate) fn itself(table: &Table, _: &Path) {
    const SIZE: &str = "release binary";
    const START: &str = "punctual --version (bare: /bin/true)";
    if !table.wants(&[SIZE, START]) {
        return;
    }
    let bytes = std::fs::metadata(PUNCTUAL).unwrap().len();
    let size = format!("{:.2} MiB", bytes as f64 / 1_048_576.0);
    table.row(SIZE, "", &size, "", "<= 6 MiB");
    let (bare, ours) = by_turns(
        300,
        || time(&mut Command::new("/bin/true")),
        || {
            time(
                Command::new(PUNCTUAL)
                    .arg("--version")
                    .stdout(Stdio::null()),
            )
        },
    );
    table.times(START, bare, ours, "<= 1.5");
}
