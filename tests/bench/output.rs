//! Jobs that print without measure, all at once, and one that is only to start on time.

use std::path::Path;
use std::time::Duration;

use crate::forgetting::{lateness_of, stream};
use crate::measure::{full_second_in, share, sleep_until, stamp};
use crate::report::{Table, mib};
use crate::stand::{Database, wait_for_end};

pub(crate) fn floods(table: &Table, place: &Path) {
    const MEMORY: &str = "64 MiB from each of 8 jobs: runner at most";
    const MIDDLE: &str = "64 MiB from each of 8 jobs: lateness, p50";
    const WORST: &str = "64 MiB from each of 8 jobs: worst lateness";
    const STARTS: usize = 30;
    if !table.wants(&[MEMORY, MIDDLE, WORST]) {
        return;
    }
    let run = |floods: usize| {
        let database = Database::new(place, "output.db");
        let at = full_second_in(Duration::from_secs(3));
        let job = "head -c 67108864 /dev/zero".to_owned();
        database.does(&["add", "never", "true"]);
        database.fill(&[&stamp(at)], std::iter::repeat_n(job, floods));
        let (marks, _) = stream(place, &database, STARTS, Duration::from_secs(2));
        let watch = database.open();
        let runner = database.run(&["-j", "9"]);
        let lateness = lateness_of(&marks.wait_for(STARTS));
        wait_for_end(&watch, "default");
        let peak = runner.peak_kib();
        (lateness, peak)
    };
    let (alone, _) = run(0);
    table.settle();
    // Eight writers on two processors: what a bare start loses beside them is not our loss.
    let beside = beside_floods(place, STARTS);
    table.settle();
    let (ours, peak) = run(8);
    table.row(MEMORY, "", &mib(peak), "", "<= 12 MiB");
    table.beyond(MIDDLE, share(&alone, 0.5), share(&ours, 0.5), "on time");
    table.beyond(WORST, share(&beside, 1.0), share(&ours, 1.0), "on time");
}

/// The lateness of a bare loop while as many write as much to files.
fn beside_floods(place: &Path, starts: usize) -> Vec<Duration> {
    let marks = crate::acts::Marks::new(place, "beside");
    let first = full_second_in(Duration::from_secs(1));
    let apart = Duration::from_millis(100);
    let floods: Vec<_> = (0..8)
        .map(|number| {
            let script = format!(
                "sleep 1.5; exec head -c 67108864 /dev/zero > {}/flood-{number}",
                place.display()
            );
            let mut shell = std::process::Command::new("/bin/sh");
            shell.args(["-c", &script]).spawn().unwrap()
        })
        .collect();
    let mut children = Vec::new();
    for number in 0..starts as u32 {
        sleep_until(first + apart * number);
        children.push(marks.command().spawn().unwrap());
    }
    for mut child in floods.into_iter().chain(children) {
        assert!(child.wait().unwrap().success());
    }
    for number in 0..8 {
        let _ = std::fs::remove_file(place.join(format!("flood-{number}")));
    }
    let starts = marks.read();
    (0..)
        .zip(starts)
        .map(|(number, mark)| mark.at.saturating_sub(first + apart * number))
        .collect()
}
