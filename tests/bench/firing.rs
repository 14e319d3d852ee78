//! The next fire time, by the pure room alone.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::domain::Span;
use crate::report::{Table, time};
use crate::schedule::{Context, Recurrence, Timing, Zone, parse};

const COMMON: [&str; 6] = [
    "* * * * *",
    "*/5 * * * *",
    "30 9-17 * * MON-FRI",
    "0 3 * * *",
    "@monthly",
    "every 15m",
];

pub(crate) fn next_times(table: &Table, _: &Path) {
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    for (row, texts, zone, goal) in [
        (
            "next fire time, slowest of 6 common, UTC",
            &COMMON[..],
            Zone::UTC,
            "<= 1 us",
        ),
        (
            "next fire time, slowest of 6 common, Berlin",
            &COMMON,
            berlin,
            "<= 2 us",
        ),
        (
            "next fire time, 29 Feb on a Monday",
            &["0 0 29 2 +MON"],
            Zone::UTC,
            "<= 50 us",
        ),
    ] {
        if table.wants(&[row]) {
            let slowest = texts.iter().map(|text| time_of(&recurrence(text, zone)));
            table.row(row, "", &time(slowest.max().unwrap()), "", goal);
        }
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-10T10:07:30Z".parse().unwrap()
}

fn recurrence(text: &str, zone: Zone) -> Recurrence {
    let context = Context {
        now: start(),
        zone,
        seed: None,
        anchor: start(),
        from: None,
        until: None,
        jitter: Span::from_millis(0),
    };
    match parse(text).unwrap().timing(&context).unwrap() {
        Timing::Recurring(recurrence) => recurrence,
        other => panic!("{text} is {other:?}"),
    }
}

/// One answer, of two thousand that follow each other; from the start again when there are no more.
fn time_of(recurrence: &Recurrence) -> Duration {
    const ANSWERS: u32 = 2_000;
    let round = || {
        let begun = Instant::now();
        let mut last = start();
        for _ in 0..ANSWERS {
            last = black_box(recurrence.next_after(black_box(last))).unwrap_or_else(start);
        }
        begun.elapsed() / ANSWERS
    };
    (0..5).map(|_| round()).min().unwrap()
}
