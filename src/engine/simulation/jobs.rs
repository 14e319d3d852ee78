//! The jobs of a model world and what users do to them, drawn at random; and how the model
//! processes behave. Knows no clock but the one it is given.

use chrono::{DateTime, Utc};

use crate::domain::{Backoff, CodeSet, Missed, Options, Overlap, Span};
use crate::schedule::Zone;

use super::rng::Rng;

/// The salt of every model database: a seed must mean the same on every day.
pub(super) const SALT: &str = "salt";

/// The zone of the model machine.
pub(super) fn zone() -> Zone {
    Zone::UTC
}

/// A job as somebody adds it.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub name: String,
    pub when: String,
    pub queue: &'static str,
    pub priority: i64,
    pub options: Options,
    pub manner: Manner,
}

/// How the processes of a job behave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Shortest and longest life, in ms.
    pub life: (u64, u64),
    /// One in so many fails; 0: none.
    pub fails: u64,
    /// Takes no notice of TERM.
    pub deaf: bool,
    /// Never ends by itself.
    pub hangs: bool,
    /// Can never be started.
    pub unstartable: bool,
}

impl Spec {
    /// A plain job, to be adorned by the tests that tell one story.
    pub(super) fn new(name: &str, when: &str) -> Self {
        Self {
            name: name.to_owned(),
            when: when.to_owned(),
            queue: "default",
            priority: 0,
            options: Options::default(),
            manner: Manner {
                life: (100, 100),
                fails: 0,
                deaf: false,
                hangs: false,
                unstartable: false,
            },
        }
    }

    /// A job like people have, and like nobody has. `beat` is the pace of its world in ms.
    /// `earlier` jobs are there to be waited for.
    pub(super) fn drawn(rng: &mut Rng, earlier: u64, beat: u64, now: DateTime<Utc>) -> Self {
        let when = draw_when(rng, beat, earlier);
        let options = draw_options(rng, beat, &when, now);
        let manner = draw_manner(rng, beat, &options);
        Self {
            name: name_of(earlier),
            when,
            queue: *rng.pick(&["default", "default", "one", "two"]),
            priority: *rng.pick(&[0, 0, 0, 5, -5]),
            options,
            manner,
        }
    }
}

/// The name of the n-th job.
fn name_of(n: u64) -> String {
    format!("job{n}")
}

pub(super) fn draw_when(rng: &mut Rng, beat: u64, earlier: u64) -> String {
    if earlier > 0 && rng.once_in(6) {
        let form = *rng.pick(&["after", "after-any", "after-fail"]);
        let first = rng.between(0, earlier - 1);
        let second = rng.between(0, earlier - 1);
        return if rng.once_in(2) {
            format!("{form} {}", name_of(first))
        } else {
            format!("{form} {},{}", name_of(first), name_of(second))
        };
    }
    let times = |n: u64| Span::from_millis(n * beat);
    let n = rng.between(1, 9);
    match rng.between(0, 11) {
        0..=3 => format!("every {}", times(n)),
        4..=6 => draw_crontab(rng, beat),
        7 | 8 => "now".to_owned(),
        9 | 10 => format!("in {}", times(n)),
        _ => (*rng.pick(&["@start", "@reboot"])).to_owned(),
    }
}

fn draw_crontab(rng: &mut Rng, beat: u64) -> String {
    let lines: &[&str] = match beat {
        0..60_000 => &[
            "* * * * * *",
            "*/3 * * * * *",
            "*/7 * * * * *",
            "5,6,40 * * * * *",
        ],
        60_000..3_600_000 => &["* * * * *", "*/4 * * * *", "H/5 * * * *", "7,8,9 * * * *"],
        _ => &[
            "@hourly",
            "30 2 * * *",
            "H H * * *",
            "every 1d at 06:00",
            "0 */5 * * *",
        ],
    };
    (*rng.pick(lines)).to_owned()
}

fn draw_options(rng: &mut Rng, beat: u64, when: &str, now: DateTime<Utc>) -> Options {
    let times = |n: u64| Span::from_millis(n * beat);
    let timeless = ["in ", "@", "now", "after"]
        .iter()
        .any(|form| when.starts_with(form));
    let recurs = when == "@hourly" || !timeless;
    let mut options = Options {
        overlap: *rng.pick(&[
            Overlap::Skip,
            Overlap::Queue,
            Overlap::Replace,
            Overlap::Allow,
        ]),
        missed: *rng.pick(&[Missed::Once, Missed::Skip, Missed::All]),
        ..Options::default()
    };
    if rng.once_in(2) {
        options.retries = rng.between(1, 3) as u32;
        let base = rng.between(1, 3) * beat / 2;
        options.backoff = Some(Backoff {
            base: Span::from_millis(base),
            max: Span::from_millis(base * 2),
        });
        if rng.once_in(3) {
            options.retry_on = CodeSet::parse("75").ok();
        }
    }
    if rng.once_in(3) {
        options.timeout = Some(Span::from_millis(rng.between(1, 8) * beat / 2));
        options.kill_after = Some(Span::from_millis(rng.between(0, 3_000)));
    }
    if rng.once_in(5) {
        options.deadline = Some(Span::from_millis(rng.between(1, 6) * beat / 2));
    }
    if recurs && rng.once_in(5) {
        options.jitter = Some(times(rng.between(1, 3)));
    }
    if recurs && rng.once_in(6) {
        options.from = Some(now + times(rng.between(1, 9)).to_delta());
    }
    if recurs && rng.once_in(6) {
        let room = if beat >= 3_600_000 { 80 } else { 20 };
        options.until = Some(now + times(rng.between(room, 2 * room)).to_delta());
    }
    let hook = |rng: &mut Rng| rng.once_in(6).then(|| "tell".to_owned());
    options.on_success = hook(rng);
    options.on_failure = hook(rng);
    options.on_finish = hook(rng);
    if rng.once_in(4) {
        options.tz = Some((*rng.pick(&["Europe/Berlin", "Asia/Kathmandu"])).to_owned());
    }
    options
}

fn draw_manner(rng: &mut Rng, beat: u64, options: &Options) -> Manner {
    Manner {
        life: *rng.pick(&[(0, 3), (1, 500), (beat / 10, beat), (beat, beat * 4)]),
        fails: *rng.pick(&[0, 0, 4, 2, 1]),
        deaf: rng.once_in(4),
        hangs: options.timeout.is_some() && rng.once_in(3),
        unstartable: rng.once_in(20),
    }
}

/// What a user may do to a world that runs. A number chooses among what there is, counted round.
#[derive(Debug, Clone)]
pub(super) enum Verb {
    Add(Box<Spec>),
    Remove(u64),
    /// A new definition: its WHEN, queue and priority.
    Edit(u64, String, &'static str, i64),
    /// For so many ms, or until it is resumed.
    Pause(u64, Option<u64>),
    Resume(u64),
    Trigger(u64),
    /// An unfinished run.
    Cancel(u64),
    /// A run that ended.
    Retry(u64),
    Slots(&'static str, Option<u32>),
    PauseQueue(&'static str, Option<u64>),
    ResumeQueue(&'static str),
}

impl Verb {
    pub(super) fn drawn(rng: &mut Rng, beat: u64) -> Self {
        let n = rng.between(0, 999);
        let queue = *rng.pick(&["default", "one", "two"]);
        let span = rng.once_in(2).then(|| rng.between(1, 8 * beat));
        match rng.between(0, 10) {
            0 => Self::Remove(n),
            1 => Self::Edit(n, draw_when(rng, beat, 0), queue, *rng.pick(&[0, 7])),
            2 => Self::Pause(n, span),
            3 => Self::Resume(n),
            4 | 5 => Self::Trigger(n),
            6 => Self::Cancel(n),
            7 => Self::Retry(n),
            8 => Self::Slots(queue, *rng.pick(&[None, Some(1), Some(2)])),
            9 => Self::PauseQueue(queue, span),
            _ => Self::ResumeQueue(queue),
        }
    }
}

/// Longest time, in µs, in which nothing starts though something drawn here is yet to come: lives,
/// backoffs, times to come on a clock that was set back.
pub(super) fn patience(beat: u64) -> u64 {
    (beat * 400 + 600_000) * 1_000
}
