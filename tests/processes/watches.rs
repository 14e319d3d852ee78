//! The watch of a killed runner is released by the kernel when it finds it, and it does.

use crate::sandbox::{Sandbox, skipped};

/// More runners, one after another, than a user may have watches at once: each finds room for its own.
#[test]
fn the_watches_of_killed_runners_are_given_back() {
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_instances");
    let limit: usize = limit
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0);
    if limit == 0 || limit > 200 {
        skipped(&format!("a user may have {limit} inotify instances"));
        return;
    }
    let sandbox = Sandbox::new();
    for number in 0..limit + 10 {
        let runner = sandbox.runner([""; 0]);
        let log = runner.log();
        runner.kill();
        assert!(!log.contains("no file watch"), "runner {number}: {log}");
    }
}
