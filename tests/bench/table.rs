//! Benchmarks: the bare limit of this machine and punctual in the same run, with the ratio.
//!
//! `cargo bench --bench table` prints one table; words behind `--` choose the rows whose names have one of them
//! (`cargo bench --bench table -- lateness`). Numbers of different runs are not comparable, since machines are
//! shared and noisy; ratios of one run are. Nothing here asserts a time.
//!
//! `PUNCTUAL_SECONDS=60` watches the idle runner and the job of each second for so long.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for the workshop: it stops at the first surprise"
)]

mod acts;
mod adding;
mod binary;
mod crowd;
mod drain;
mod firing;
mod forgetting;
mod idle;
mod lateness;
mod looking;
mod measure;
mod output;
mod report;
mod stand;

/// The pure rooms, taken in by path: there is no library crate.
#[path = "../../src/domain/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the room says more than this reader needs"
)]
mod domain;
#[path = "../../src/schedule/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the room says more than this reader needs"
)]
mod schedule;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if acts::act(&words) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let table = report::Table::begin(words);
    for measure in [
        drain::rates,
        drain::cost,
        crowd::beside_many_waiting,
        lateness::each_second,
        lateness::thousand_at_once,
        lateness::add_now,
        idle::runners,
        adding::one,
        adding::many,
        looking::verbs,
        looking::json,
        firing::next_times,
        forgetting::beside_jobs,
        output::floods,
        binary::itself,
    ] {
        measure(&table, place.path());
    }
    table.end();
}
