//! Waiting jobs, worked off: the rate against a loop that spawns and waits, and what the runner itself costs.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{WaitOptions, wait};

use crate::report::{Table, rate};
use crate::stand::{Database, wait_for_end};

const JOBS: usize = 5_000;

/// What is drained, as a line of a batch, and the script of the bare loop's shell.
const DRAINS: [(&str, &str, &str); 3] = [
    ("sh -c true", r#"{"command":["sh","-c","true"]}"#, "true"),
    ("true", "true", "true"),
    ("/bin/true x", "/bin/true x", "/bin/true x"),
];

pub(crate) fn rates(table: &Table, place: &Path) {
    for pool in [8, 2] {
        for (what, line, script) in DRAINS {
            let name = format!("drain {JOBS} `{what}`, -j {pool}");
            if !table.wants(&[&name]) {
                continue;
            }
            let before = bare_loop(pool, JOBS, script);
            let ours = drain(place, pool, line);
            let bare = (before + bare_loop(pool, JOBS, script)) / 2;
            let goal = match (what, pool) {
                ("sh -c true", 8) => ">= 0.95",
                ("sh -c true", _) => ">= 0.90",
                _ => ">= 1.5",
            };
            table.row(
                &name,
                &rate(JOBS, bare),
                &rate(JOBS, ours),
                &format!("{:.2}", bare.as_secs_f64() / ours.as_secs_f64()),
                goal,
            );
        }
    }
}

fn drain(place: &Path, pool: usize, line: &str) -> Duration {
    let database = Database::new(place, "drain.db");
    database.fill(&["now"], (0..JOBS).map(|_| line.to_owned()));
    let begun = Instant::now();
    database
        .run(&["-j", &pool.to_string(), "--until-idle"])
        .wait();
    begun.elapsed()
}

/// Spawns `sh -c SCRIPT` and waits, as many at once; the time of it all.
fn bare_loop(pool: usize, jobs: usize, script: &str) -> Duration {
    let begun = Instant::now();
    spawn_and_wait(pool, jobs, script);
    begun.elapsed()
}

/// The same, and when the last was started.
pub(crate) fn spawn_and_wait(pool: usize, jobs: usize, script: &str) -> Instant {
    let (mut started, mut alive) = (0, 0);
    let mut last = Instant::now();
    while started < jobs || alive > 0 {
        if started < jobs && alive < pool {
            // Dropped unreaped on purpose: the loop below waits for whichever ends first.
            drop(
                Command::new("/bin/sh")
                    .args(["-c", script])
                    .spawn()
                    .unwrap(),
            );
            last = Instant::now();
            started += 1;
            alive += 1;
        } else {
            wait(WaitOptions::empty()).unwrap();
            alive -= 1;
        }
    }
    last
}

/// A runner that stays alive after the drain, so that the kernel can still say what it used.
pub(crate) fn cost(table: &Table, place: &Path) {
    let name = |what: &str| format!("runner's own CPU a job, `{what}`, -j 8");
    let wanted: Vec<_> = DRAINS
        .into_iter()
        .take(2)
        .filter(|(what, ..)| table.wants(&[name(what)]))
        .collect();
    for (what, line, _) in wanted {
        let database = Database::new(place, "cost.db");
        database.fill(&["now"], (0..JOBS).map(|_| line.to_owned()));
        let watch = database.open();
        let runner = database.run(&["-j", "8"]);
        wait_for_end(&watch, "default");
        let used = runner.whole_cpu() / JOBS as u32;
        let used = format!("{} us", used.as_micros());
        table.row(&name(what), "", &used, "", "<= 100 us");
    }
}
