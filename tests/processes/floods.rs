//! More output than anybody wants; `PUNCTUAL_FLOOD=1024` is so many MiB of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::chance::setting;
use crate::sandbox::{PATIENCE, Sandbox, skipped, until};

/// Bytes on disk and bytes written, of the one output file there is.
fn output_file(sandbox: &Sandbox) -> (u64, u64) {
    let directory = sandbox.database().parent().unwrap().to_owned();
    let sizes = fs::read_dir(directory)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("-out-"))
        .filter_map(|entry| entry.metadata().ok())
        .map(|facts| (facts.blocks() * 512, facts.len()));
    sizes.max_by_key(|(_, length)| *length).unwrap_or_default()
}

#[test]
fn a_flood_without_a_newline_costs_neither_memory_nor_disk() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j2"]);
    sandbox.write("gate", "");
    let size: u64 = setting("PUNCTUAL_FLOOD", 128) << 20;
    let flood = format!(
        "head -c {size} /dev/zero | tr '\\0' x; while [ -e gate ]; do sleep 0.01; done; exit 3"
    );
    let add = ["add", "now", "--name", "flood", "--output-limit", "64KiB"];
    sandbox.ok([&add[..], &[&flood]].concat());
    // Others are on time meanwhile.
    sandbox.ok(["add", "now", "--name", "other", "echo x"]);
    sandbox.until_state("other", "succeeded");
    until(PATIENCE, "all is written", || {
        output_file(&sandbox).1 >= size
    });
    let bound = 16 * (64 << 10);
    let may_punch = fs::File::create(sandbox.database().with_file_name("probe"))
        .is_ok_and(|file| punches(&file));
    if may_punch {
        until(PATIENCE, "its middle is freed", || {
            output_file(&sandbox).0 <= bound + (64 << 10)
        });
        // Whoever looks meanwhile is shown both ends, and not the zeros between.
        for words in [&["logs", "flood"][..], &["logs", "flood.1", "other"]] {
            let shown = sandbox.ok(words);
            assert!((shown.len() as u64) < 2 * bound, "{} bytes", shown.len());
            assert!(shown.contains(" bytes cut ...]") && !shown.contains('\0'));
        }
    } else {
        skipped("this file system frees no part of a file");
    }
    fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_state("flood", "failed(exit)");
    let run = sandbox.json(["show", "flood"])["last"].clone();
    assert_eq!(run["attempts"][0]["output_bytes"], size, "{run}");
    let kept = sandbox.ok(["logs", "flood"]);
    assert!(kept.len() < 66 << 10, "{} bytes", kept.len());
    let status = fs::read_to_string(format!("/proc/{}/status", runner.pid().as_raw_nonzero()));
    let status = status.unwrap();
    let peak = status.lines().find_map(|line| {
        let peak = line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?;
        peak.parse::<u64>().ok()
    });
    assert!(peak.unwrap() < 64 << 10, "{peak:?} kB");
}

/// Whether the middle of a file can be given back here.
fn punches(file: &fs::File) -> bool {
    use rustix::fs::{FallocateFlags, fallocate};
    file.set_len(1 << 16).unwrap();
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(file, flags, 0, 1 << 15).is_ok()
}
