//! The jobs of a model world: drawn at random, added with the statements of `add`, and how
//! their model processes behave. Knows no clock but the one it is given.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::{
    Backoff, CodeSet, Command, JobId, Kind, Missed, Name, Options, Origin, Overlap, Span,
};
use crate::schedule::{self, Context, Recurrence, Seed, Timing, When};
use crate::store::{NewJob, NewRun, Stage, Tx};

use super::rng::Rng;
use super::world::Broken;

/// The salt of every model database: a seed must mean the same on every day.
pub(super) const SALT: &str = "salt";

/// The zone of the model machine.
pub(super) fn zone() -> Tz {
    Tz::UTC
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
    pub(super) fn drawn(rng: &mut Rng, name: String, beat: u64, now: DateTime<Utc>) -> Self {
        let when = draw_when(rng, beat);
        let options = draw_options(rng, beat, &when, now);
        let manner = draw_manner(rng, beat, &options);
        Self {
            name,
            when,
            queue: *rng.pick(&["default", "default", "one", "two"]),
            priority: *rng.pick(&[0, 0, 0, 5, -5]),
            options,
            manner,
        }
    }
}

fn draw_when(rng: &mut Rng, beat: u64) -> String {
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
    let recurs =
        !when.starts_with("in ") && !when.starts_with('@') && when != "now" || when == "@hourly";
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

/// What `add` does, in its own statements: the job, and the run of a one-off. The recurrence is
/// what the job's rows are held against.
pub(super) fn admit(
    tx: &Tx<'_>,
    spec: &Spec,
    now: DateTime<Utc>,
) -> Result<Option<(JobId, Option<Recurrence>)>, Broken> {
    let wrong = |error| Broken(format!("{:?} is no schedule: {error:?}", spec.when));
    let when = schedule::parse(&spec.when).map_err(wrong)?;
    let zone = match &spec.options.tz {
        Some(name) => schedule::parse_zone(name).map_err(wrong)?,
        None => zone(),
    };
    let anchor = spec.options.from.unwrap_or(now);
    let context = Context {
        now,
        zone,
        seed: Some(Seed {
            name: &spec.name,
            salt: SALT,
        }),
        anchor,
        from: spec.options.from,
        until: spec.options.until,
        jitter: spec.options.jitter.unwrap_or(Span::from_millis(0)),
    };
    // A schedule without a time before its --until is refused by `add`.
    let Ok(timing) = when.timing(&context) else {
        return Ok(None);
    };
    let (kind, due, recurrence) = match timing {
        Timing::Once(at) => (Kind::Once, Some(at), None),
        Timing::Recurring(recurrence) => (Kind::Recurring, None, Some(recurrence)),
        Timing::OnEvent if matches!(when, When::Start) => (Kind::Start, None, None),
        Timing::OnEvent => (Kind::Reboot, None, None),
    };
    let next_due = recurrence
        .as_ref()
        .and_then(|recurrence| recurrence.next_after(now));
    if recurrence.is_some() && next_due.is_none() {
        return Ok(None);
    }
    let name = |text: &str| Name::parse(text).map_err(|error| Broken(error.to_string()));
    let queue = name(spec.queue)?;
    let id = tx.insert_job(&NewJob {
        name: name(&spec.name)?,
        kind,
        when: spec.when.clone(),
        command: Command::Shell("true".to_owned()),
        queue: queue.clone(),
        priority: spec.priority,
        options: spec.options.clone(),
        anchor,
        created: now,
        next_due,
        source: None,
    })?;
    if let Some(due) = due {
        tx.insert_run(&NewRun {
            job: id,
            origin: Origin::Schedule,
            stage: if due > now {
                Stage::Timed
            } else {
                Stage::Ready
            },
            reason: None,
            due,
            queue: tx.queue_id(&queue)?,
            priority: spec.priority,
            missed: None,
            now,
        })?;
    }
    Ok(Some((id, recurrence)))
}

/// What a user may do to a world that runs.
#[derive(Debug, Clone)]
pub(super) enum Verb {
    Add(Box<Spec>),
    /// `remove` of the n-th job, counted round.
    Remove(u64),
    Slots(&'static str, Option<u32>),
    /// `cancel` of the n-th living run, counted round.
    Cancel(u64),
}

/// Longest time that anything drawn here needs to end, in ms: lives, backoffs and deadlines.
pub(super) fn patience(beat: u64) -> TimeDelta {
    TimeDelta::milliseconds((beat * 400 + 600_000) as i64)
}
