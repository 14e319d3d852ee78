//! The table: which rows are wanted, and how they stand.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::measure::busy_share;

/// How long, in all, the table waits for a machine without other work.
const PATIENCE: Duration = Duration::from_secs(150);

pub(crate) struct Table {
    /// Parts of names; none means all.
    words: Vec<String>,
    begun: Instant,
    waited: Cell<Duration>,
    is_noisy: Cell<bool>,
    has_noisy_rows: Cell<bool>,
}

impl Table {
    pub(crate) fn begin(words: Vec<String>) -> Self {
        let words = words.into_iter().filter(|word| !word.starts_with('-'));
        println!(
            "{:<49} {:>10} {:>13} {:>11}  goal",
            "what", "bare", "punctual", "ratio"
        );
        Self {
            words: words.collect(),
            begun: Instant::now(),
            waited: Cell::default(),
            is_noisy: Cell::default(),
            has_noisy_rows: Cell::default(),
        }
    }

    /// Whether any of these rows is wanted; waits then until the machine has nothing else to do.
    pub(crate) fn wants<T: AsRef<str>>(&self, rows: &[T]) -> bool {
        let wanted = rows.iter().any(|row| self.is_chosen(row.as_ref()));
        if wanted {
            self.settle();
        }
        wanted
    }

    fn is_chosen(&self, row: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| row.contains(word))
    }

    /// Waits for a second that nobody else uses. Ratios of a noisy row are still those of one run.
    pub(crate) fn settle(&self) {
        let begun = Instant::now();
        loop {
            let is_quiet = busy_share(Duration::from_secs(1)) < 0.06;
            if is_quiet || self.waited.get() + begun.elapsed() > PATIENCE {
                self.is_noisy.set(!is_quiet);
                break;
            }
        }
        // The look itself is no waiting.
        let waited = begun.elapsed().saturating_sub(Duration::from_secs(1));
        self.waited.set(self.waited.get() + waited);
    }

    pub(crate) fn row(&self, what: &str, bare: &str, ours: &str, ratio: &str, goal: &str) {
        if !self.is_chosen(what) {
            return;
        }
        let mark = if self.is_noisy.get() { "~" } else { "" };
        self.has_noisy_rows
            .set(self.has_noisy_rows.get() || self.is_noisy.get());
        let what = format!("{mark}{what}");
        println!("{what:<49} {bare:>10} {ours:>13} {ratio:>11}  {goal}");
    }

    /// Two times, and how much more ours is.
    pub(crate) fn beyond(&self, what: &str, bare: Duration, ours: Duration, goal: &str) {
        let more = ours.as_secs_f64() - bare.as_secs_f64();
        self.row(
            what,
            &time(bare),
            &time(ours),
            &format!("{:+.2} ms", more * 1e3),
            goal,
        );
    }

    /// Two times, and how often the bare one goes into ours.
    pub(crate) fn times(&self, what: &str, bare: Duration, ours: Duration, goal: &str) {
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        self.row(what, &time(bare), &time(ours), &format!("{ratio:.2}"), goal);
    }

    pub(crate) fn end(self) {
        if self.has_noisy_rows.get() {
            println!("~ others used the machine just before");
        }
        println!(
            "took {} s, {} of them waiting for a quiet machine",
            self.begun.elapsed().as_secs(),
            self.waited.get().as_secs()
        );
    }
}

/// In the unit that shows two or three digits of it.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s >= 10.0 => format!("{s:.1} s"),
        s if s >= 1e-4 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.2} us", s * 1e6),
    }
}

pub(crate) fn rate(jobs: usize, time: Duration) -> String {
    format!("{:.0}/s", jobs as f64 / time.as_secs_f64())
}

pub(crate) fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}
