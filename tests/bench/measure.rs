//! Clocks and numbers: the wall clock as the kernel has it, the load of the machine, percentiles.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The wall clock, since the epoch.
pub(crate) fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Realtime)).unwrap()
}

/// Sleeps to an instant of the wall clock, as exactly as the kernel can.
pub(crate) fn sleep_until(at: Duration) {
    let at = Timespec::try_from(at).unwrap();
    while clock_nanosleep_absolute(ClockId::Realtime, &at).is_err() {}
}

/// The full second that is at least so far away.
pub(crate) fn full_second_in(distance: Duration) -> Duration {
    Duration::from_secs((now() + distance).as_secs() + 1)
}

/// For a WHEN.
pub(crate) fn stamp(at: Duration) -> String {
    let at = chrono::DateTime::from_timestamp(at.as_secs() as i64, at.subsec_nanos()).unwrap();
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// What part of all processors was in use for a while.
pub(crate) fn busy_share(during: Duration) -> f64 {
    let ticks = || {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let first = stat.lines().next().unwrap();
        let ticks: Vec<u64> = first
            .split_whitespace()
            .skip(1)
            .map(|word| word.parse().unwrap())
            .collect();
        // Guests are counted as users already.
        let all: u64 = ticks.iter().take(8).sum();
        (all, ticks[3] + ticks[4])
    };
    let before = ticks();
    std::thread::sleep(during);
    let after = ticks();
    1.0 - (after.1 - before.1) as f64 / (after.0 - before.0).max(1) as f64
}

/// How long it takes from here to its end.
pub(crate) fn time(command: &mut Command) -> Duration {
    let begun = Instant::now();
    assert!(command.status().unwrap().success());
    begun.elapsed()
}

/// Two commands by turns, and the median time of each.
pub(crate) fn by_turns(
    rounds: usize,
    mut bare: impl FnMut() -> Duration,
    mut ours: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let times: Vec<_> = (0..rounds).map(|_| (bare(), ours())).collect();
    let (bare, ours): (Vec<_>, Vec<_>) = times.into_iter().unzip();
    (share(&bare, 0.5), share(&ours, 0.5))
}

/// The time that so large a share of them does not exceed.
pub(crate) fn share(times: &[Duration], of: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    let last = times.len().saturating_sub(1);
    times[(last as f64 * of).round() as usize]
}

/// From one instant to a later one.
pub(crate) fn between(from: Duration, to: Duration) -> Duration {
    to.checked_sub(from).unwrap()
}
