//! From a schedule to rows: which due times of one recurring job become runs now, which
//! are accounted for as missed, and when the job is due next. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Job, Missed, MissedStretch, Overlap, Reason, RunId};
use crate::schedule::Recurrence;
use crate::store::{OpenRun, Stage};

/// A wake after sleep or a stall that finds a due time older than this calls it missed.
const STALL: TimeDelta = TimeDelta::seconds(5);

/// `--missed all` makes up at most this many.
const MADE_UP: usize = 100;

/// What happens to one job at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    pub runs: Vec<Planned>,
    /// `--overlap replace`: the runs that make room.
    pub replaced: Vec<RunId>,
    pub next: Option<DateTime<Utc>>,
}

/// One row to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub due: DateTime<Utc>,
    pub stage: Stage,
    pub reason: Option<Reason>,
    pub missed: Option<MissedStretch>,
}

/// The moment at which a job is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub now: DateTime<Utc>,
    /// Start of this runner: whatever was due before it was missed.
    pub since: DateTime<Utc>,
    /// Due times up to here get their rows now, a little ahead of time.
    pub horizon: DateTime<Utc>,
}

/// Accounts for every due time of `job` up to the horizon, each exactly once.
pub(crate) fn plan(job: &Job, recurrence: &Recurrence, open: &[OpenRun], moment: Moment) -> Plan {
    let mut plan = Plan::default();
    let Some(first) = job.next_due else {
        return plan;
    };
    let mut siblings = Siblings::of(open);
    let just_before = |at: DateTime<Utc>| at - TimeDelta::microseconds(1);
    let missed_until = just_before(moment.since).max(just_before(moment.now - STALL));

    let mut due = Some(first);
    if let Some(stretch) = recurrence.stretch(first, missed_until) {
        let whole = MissedStretch {
            count: stretch.count,
            first: stretch.first,
        };
        match job.options.missed {
            Missed::Skip => plan.runs.push(Planned {
                due: stretch.last,
                stage: Stage::Skipped,
                reason: Some(Reason::Missed),
                missed: Some(whole),
            }),
            Missed::Once => {
                let run = siblings.admit(job.options.overlap, stretch.last, &mut plan.replaced);
                plan.runs.push(Planned {
                    missed: Some(whole),
                    ..run
                });
            }
            Missed::All => {
                make_up(
                    &mut plan,
                    &mut siblings,
                    recurrence,
                    first,
                    missed_until,
                    whole,
                );
            }
        }
        due = recurrence.next_after(stretch.last);
    }
    while let Some(at) = due.filter(|at| *at <= moment.horizon) {
        plan.runs
            .push(siblings.admit(job.options.overlap, at, &mut plan.replaced));
        due = recurrence.next_after(at);
    }
    plan.next = due;
    plan
}

/// A row for each of the last due times; what is older is one row that counts them.
fn make_up(
    plan: &mut Plan,
    siblings: &mut Siblings,
    recurrence: &Recurrence,
    first: DateTime<Utc>,
    until: DateTime<Utc>,
    whole: MissedStretch,
) {
    let last = recurrence.last_n(first, until, MADE_UP);
    let older = whole.count.saturating_sub(last.len() as u64);
    if older > 0
        && let Some(oldest) = last.first()
        && let Some(before) = recurrence.stretch(first, *oldest - TimeDelta::microseconds(1))
    {
        plan.runs.push(Planned {
            due: before.last,
            stage: Stage::Skipped,
            reason: Some(Reason::Missed),
            missed: Some(MissedStretch {
                count: older,
                first: before.first,
            }),
        });
    }
    for due in last {
        plan.runs.push(siblings.line_up(due));
    }
}

/// The unfinished runs of the job, those planned a moment ago included.
struct Siblings {
    /// With a process, or about to have one.
    active: Vec<RunId>,
    planned: bool,
    waiting: Vec<RunId>,
    planned_waiting: bool,
}

impl Siblings {
    fn of(open: &[OpenRun]) -> Self {
        let is_behind = |run: &&OpenRun| matches!(run.stage, Stage::Held | Stage::Parked);
        let (waiting, active): (Vec<&OpenRun>, Vec<&OpenRun>) = open.iter().partition(is_behind);
        Self {
            active: active.iter().map(|run| run.id).collect(),
            planned: false,
            waiting: waiting.iter().map(|run| run.id).collect(),
            planned_waiting: false,
        }
    }

    fn any(&self) -> bool {
        self.planned || self.planned_waiting || !self.active.is_empty() || !self.waiting.is_empty()
    }

    /// What the overlap policy makes of a due time.
    fn admit(
        &mut self,
        overlap: Overlap,
        due: DateTime<Utc>,
        replaced: &mut Vec<RunId>,
    ) -> Planned {
        let row = |stage, reason| Planned {
            due,
            stage,
            reason,
            missed: None,
        };
        let unfinished = self.any();
        match overlap {
            Overlap::Allow => row(Stage::Ready, None),
            _ if !unfinished => {
                self.planned = true;
                row(Stage::Ready, None)
            }
            Overlap::Queue if self.waiting.is_empty() && !self.planned_waiting => {
                self.planned_waiting = true;
                row(Stage::Held, None)
            }
            Overlap::Skip | Overlap::Queue => row(Stage::Skipped, Some(Reason::Overlap)),
            // Two due times of one moment: the first of them has not even begun.
            Overlap::Replace if self.planned || self.planned_waiting => {
                row(Stage::Skipped, Some(Reason::Overlap))
            }
            Overlap::Replace => {
                replaced.append(&mut self.active);
                replaced.append(&mut self.waiting);
                self.planned_waiting = true;
                row(Stage::Held, None)
            }
        }
    }

    /// One after another, whatever the overlap policy.
    fn line_up(&mut self, due: DateTime<Utc>) -> Planned {
        let first = !self.any();
        self.planned = true;
        Planned {
            due,
            stage: if first { Stage::Ready } else { Stage::Held },
            reason: None,
            missed: None,
        }
    }
}
