//! The pure rooms of punctual, taken in by path, and the laws they are held to.

#![allow(
    dead_code,
    unused_imports,
    reason = "the rooms say more than their readers need"
)]

#[path = "../../../src/domain/mod.rs"]
mod domain;
#[path = "../../../src/jobfile/mod.rs"]
mod jobfile;
mod laws;
mod mutation;
#[path = "../../../src/schedule/mod.rs"]
mod schedule;

use std::io;
use std::path::Path;

/// What an input is fed to.
pub const TARGETS: [&str; 5] = laws::names();

/// One input for one target; panics when a law is broken.
pub fn feed(target: &str, input: &[u8]) {
    laws::hold(target, input);
}

/// Inputs without end, made from the good ones of a directory; the same for a seed.
pub fn inputs(seeds: &Path, seed: u64) -> io::Result<impl Iterator<Item = Vec<u8>>> {
    mutation::Mutator::new(seeds, seed)
}
