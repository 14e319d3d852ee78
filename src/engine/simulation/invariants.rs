//! What must hold, whatever happens: checked after every commit, at every start of a process, and
//! whenever nothing is on its way. A check never mends anything; it says what it found.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::{AttemptId, AttemptState, JobId, JobState, Origin, Overlap, RunId, RunState};
use crate::engine::core::LEAD;
use crate::engine::ends;
use crate::engine::ledger::Claim;
use crate::engine::policy::Verdict;
use crate::store::{AttemptRow, JobRow, RunRow, Stage};

use super::books::Book;
use super::runner::Runner;
use super::world::{Broken, MILLISECOND, Process, SECOND, World};

macro_rules! must {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(Broken(format!($($words)+)));
        }
    };
}
pub(super) use must;

/// The books: what the database said when it was last looked at, and what was promised.
#[derive(Default)]
pub(super) struct Audit {
    pub books: BTreeMap<JobId, Book>,
    pub open: BTreeMap<RunId, RunRow>,
    ended: BTreeMap<RunId, RunRow>,
    attempts: Vec<AttemptRow>,
    pub jobs: Vec<JobRow>,
    lanes: Vec<Room>,
    newest: Option<RunId>,
    /// The clock was set back so far that due times may come again.
    pub leapt_back: bool,
    /// Processes that were really started, for each run.
    starts: BTreeMap<RunId, u32>,
    /// What is written down where it outlives the runner, until it is in the database.
    pub witnessed: BTreeMap<AttemptId, (RunId, Verdict)>,
}

struct Room {
    queue: i64,
    paused: bool,
    free: u64,
}

impl Audit {
    /// Whether a run waits for nothing but a place in the pool.
    pub(super) fn could_start(&self, id: RunId) -> bool {
        let Some(row) = self.open.get(&id).filter(|row| row.stage == Stage::Ready) else {
            return false;
        };
        let lane = self.lanes.iter().find(|lane| lane.queue == row.queue);
        lane.is_some_and(|lane| !lane.paused && lane.free > 0)
    }

    pub(super) fn living_jobs(&self) -> impl Iterator<Item = JobId> {
        let living = |job: &&JobRow| job.state != JobState::Removed;
        self.jobs.iter().filter(living).map(|job| job.id)
    }

    /// The job of the n-th run that ended.
    pub(super) fn ended_job(&self, n: u64) -> Option<JobId> {
        let nth = n as usize % self.ended.len().max(1);
        self.ended.values().nth(nth).map(|row| row.job)
    }

    /// A runner that ended by itself leaves nothing behind, unless it was asked to.
    pub(super) fn exited(
        &self,
        runner: &Runner,
        alive: &BTreeMap<i32, Process>,
    ) -> Result<(), Broken> {
        if runner.leaves {
            return Ok(());
        }
        must!(alive.is_empty(), "a runner ended and left processes");
        for row in self.open.values() {
            must!(
                !matches!(row.stage, Stage::Claimed | Stage::Running),
                "a runner ended and left run {} {:?}",
                row.id.0,
                row.stage
            );
            let waits = matches!(row.stage, Stage::Retrying)
                || row.stage == Stage::Timed && row.due < row.not_before;
            must!(
                !runner.until_idle || runner.stopping || !waits,
                "an idle runner ended though run {} waits for a retry",
                row.id.0
            );
        }
        Ok(())
    }

    fn moved(&mut self, row: &RunRow, spec: &super::jobs::Spec) -> Result<(), Broken> {
        let id = row.id.0;
        if let Some(before) = self.open.get(&row.id) {
            must!(row.attempts >= before.attempts, "attempts of run {id} fell");
        }
        must!(
            row.attempts <= spec.options.retries + 1,
            "run {id} has {} attempts, more than its retries allow",
            row.attempts
        );
        must!(
            !row.flagged || matches!(row.stage, Stage::Claimed | Stage::Running),
            "run {id} is {:?} and somebody still wants it ended",
            row.stage
        );
        if row.stage.is_final() {
            must!(row.finished.is_some(), "run {id} is final without an end");
            let needs_reason = matches!(row.stage, Stage::Failed | Stage::Skipped);
            must!(
                row.reason.is_some() == needs_reason,
                "run {id} is {:?} because {:?}",
                row.stage,
                row.reason
            );
        }
        Ok(())
    }
}

impl World {
    /// Looks at the database after a commit.
    pub(super) fn look(&mut self) -> Result<(), Broken> {
        let wall = self.wall();
        let read = self.store.read();
        let audit = &mut self.audit;
        let newest = audit.newest.unwrap_or(RunId(0));
        let mut rows = read.audit_moving(newest)?;
        let there: BTreeSet<RunId> = rows.iter().map(|row| row.id).collect();
        for id in audit.open.keys().filter(|id| !there.contains(id)) {
            if let Some(row) = read.audit_run(*id)? {
                rows.push(row);
                continue;
            }
            // Seen to end so long ago that retention forgets it in the commit that tells of it.
            let mut seen = audit.witnessed.values();
            must!(seen.any(|(run, _)| run == id), "open run {} is gone", id.0);
        }
        audit.attempts = read.audit_open_attempts()?;
        audit.jobs = read.audit_jobs()?;
        for row in &rows {
            let spec = &self.specs[&row.job];
            audit.moved(row, spec)?;
        }
        let mut fresh: Vec<&RunRow> = rows.iter().filter(|row| row.id > newest).collect();
        fresh.sort_by_key(|row| row.due);
        for row in fresh {
            self.tally.rows += 1;
            audit.account(row)?;
        }
        audit.newest = rows.iter().map(|row| row.id).max().max(audit.newest);
        audit.open.clear();
        for row in rows {
            if row.stage.is_final() {
                audit.ended.insert(row.id, row);
            } else {
                audit.open.insert(row.id, row);
            }
        }
        audit.goes_on(&read, wall)?;
        audit.lanes = read
            .lanes()?
            .into_iter()
            .map(|lane| Room {
                queue: lane.id,
                paused: lane.queue.paused,
                free: lane
                    .queue
                    .slots
                    .map_or(u64::MAX, |slots| u64::from(slots).saturating_sub(lane.live)),
            })
            .collect();
        self.as_it_was_seen()?;
        self.living_have_rows()?;
        self.no_overlap()
    }

    /// An end that was seen is in the database as what it was, whichever runner wrote it there.
    fn as_it_was_seen(&mut self) -> Result<(), Broken> {
        let read = self.store.read();
        let (audit, mut ended) = (&mut self.audit, Vec::new());
        let open: BTreeSet<_> = audit.attempts.iter().map(|attempt| attempt.id).collect();
        for (id, (run, verdict)) in &audit.witnessed {
            if open.contains(id) {
                continue;
            }
            ended.push(*id);
            // Retention may have forgotten it.
            let attempts = read.attempts(*run)?;
            let Some(attempt) = attempts.iter().find(|attempt| attempt.id == *id) else {
                continue;
            };
            let written = Verdict {
                state: attempt.state,
                reason: attempt.reason,
                exit_code: attempt.exit_code,
                signal: attempt.signal,
            };
            must!(
                written == *verdict,
                "attempt {} was seen to end as {verdict:?}, and is {written:?}",
                id.0
            );
        }
        audit.witnessed.retain(|id, _| !ended.contains(id));
        Ok(())
    }

    fn living_have_rows(&self) -> Result<(), Broken> {
        for process in self.alive.values() {
            let stage = self.audit.open.get(&process.run).map(|row| row.stage);
            let open = self
                .audit
                .attempts
                .iter()
                .any(|attempt| attempt.id == process.attempt);
            must!(
                open && matches!(stage, Some(Stage::Claimed | Stage::Running)),
                "process {} lives, but its run {} is {stage:?}",
                process.identity.pid,
                process.run.0
            );
        }
        Ok(())
    }

    fn no_overlap(&self) -> Result<(), Broken> {
        let mut busy = BTreeMap::new();
        for row in self.audit.open.values() {
            let held = matches!(row.stage, Stage::Claimed | Stage::Running);
            if held && self.specs[&row.job].options.overlap != Overlap::Allow {
                let other = busy.insert(row.job, row.id.0);
                must!(
                    other.is_none(),
                    "runs {other:?} and {} of job {} overlap",
                    row.id.0,
                    row.job
                );
            }
        }
        Ok(())
    }

    /// What must hold at the moment a process is started.
    pub(super) fn audit_start(
        &self,
        claim: &Claim,
        slot: u32,
        decided: DateTime<Utc>,
    ) -> Result<(), Broken> {
        self.audit_parents(claim)?;
        let name = &claim.row.name;
        // Set back since, the clock does not undo what was decided by it.
        let wall = self.wall().max(decided);
        let pool = self.runner.as_ref().map_or(0, |runner| runner.pool);
        must!(
            self.alive.len() < pool as usize,
            "{name} starts beside {} living ones in a pool of {pool}",
            self.alive.len()
        );
        must!(
            (claim.row.number > 1 || claim.row.due <= wall) && claim.row.not_before <= wall,
            "{name} starts before its time"
        );
        let options = &self.specs[&claim.row.job].options;
        let siblings = self
            .alive
            .values()
            .any(|process| process.job == claim.row.job);
        must!(
            options.overlap == Overlap::Allow || !siblings,
            "{name} starts beside another run of its job"
        );
        let taken = self.alive.values().any(|process| {
            !process.adopted && process.queue == claim.row.queue && process.identity.slot == slot
        });
        must!(!taken, "{name} starts in slot {slot}, which is taken");
        let stage = self.audit.open.get(&claim.row.run).map(|row| row.stage);
        must!(
            stage == Some(Stage::Claimed),
            "{name} starts though its run is {stage:?}"
        );
        Ok(())
    }

    /// A process is really there, and cannot be taken back.
    pub(super) fn audit_birth(&mut self, run: RunId, job: JobId) -> Result<(), Broken> {
        let retries = self.specs[&job].options.retries;
        let starts = self.audit.starts.entry(run).or_default();
        *starts += 1;
        must!(
            *starts <= retries + 1,
            "run {} is started for the {starts}th time with {retries} retries",
            run.0
        );
        Ok(())
    }

    /// What a run waited for has come, and is written down.
    fn audit_parents(&self, claim: &Claim) -> Result<(), Broken> {
        let read = self.store.read();
        let Some(job) = read.job(claim.row.job)? else {
            return Ok(());
        };
        let Some(mode) = ends::mode_of(&job) else {
            return Ok(());
        };
        let run = self.audit.open.get(&claim.row.run);
        for parent in read.parents(job.id)? {
            let fits = |row: &RunRow| row.job == parent && ends::holds(mode, row.stage);
            must!(
                run.is_none_or(|run| run.origin != Origin::After)
                    || self.audit.ended.values().any(fits),
                "{} starts before job {parent} ended as it should",
                claim.row.name
            );
        }
        Ok(())
    }

    /// When nothing is on its way, nothing may be left lying.
    pub(super) fn check_still(&self) -> Result<(), Broken> {
        let Some(runner) = &self.runner else {
            return Ok(());
        };
        let wall = self.wall();
        let busy = !runner.recovered
            || runner.stopping
            || runner.has_requests()
            || runner.frozen_until > self.now
            || runner.wake_at.is_some_and(|at| at <= wall)
            || self.expects(runner.number);
        if busy {
            return Ok(());
        }
        let living: BTreeSet<_> = runner.core.living().collect();
        let alive: BTreeSet<_> = self.alive.values().map(|process| process.attempt).collect();
        let waiting = runner.expected.iter().map(|one| one.claim.row.attempt);
        let ordered: BTreeSet<_> = alive.iter().copied().chain(waiting).collect();
        must!(
            living == ordered,
            "the runner thinks {living:?} live or wait, but {ordered:?} do"
        );
        for attempt in &self.audit.attempts {
            let runs = attempt.state == AttemptState::Running;
            must!(
                runs == alive.contains(&attempt.id),
                "attempt {} is {:?}, and {alive:?} are alive",
                attempt.id.0,
                attempt.state
            );
        }
        self.nothing_lies_about(runner, alive.len())
    }

    fn nothing_lies_about(&self, runner: &Runner, living: usize) -> Result<(), Broken> {
        let wall = self.wall();
        let starved = runner
            .no_room_at
            .is_some_and(|at| self.now < at + SECOND + 100 * MILLISECOND);
        let room = living < runner.pool as usize && !starved;
        let rows = || self.audit.open.values();
        let comes = |row: &RunRow| match row.attempts {
            0 => row.due.max(row.not_before),
            _ => row.not_before,
        };
        // A claim for a far time takes nobody's place.
        let claimed = rows()
            .filter(|row| row.stage == Stage::Claimed && comes(row) <= wall + LEAD)
            .count();
        for row in rows() {
            let comes = comes(row);
            let id = row.id.0;
            match row.stage {
                Stage::Claimed => must!(
                    !room || comes > wall,
                    "run {id} is claimed, due, and not started"
                ),
                Stage::Timed | Stage::Retrying => {
                    must!(
                        comes > wall,
                        "run {id} is due at {comes} and still {:?}",
                        row.stage
                    );
                }
                Stage::Ready if comes <= wall => {
                    let lane = self.audit.lanes.iter().find(|lane| lane.queue == row.queue);
                    let fits = lane.is_some_and(|lane| !lane.paused && lane.free > 0);
                    must!(
                        !room || !fits || claimed + living >= runner.pool as usize,
                        "run {id} could start, and nobody starts it"
                    );
                }
                Stage::Held => {
                    let ahead = rows().any(|other| {
                        // It was about to start, and found no room or a clock that was set back.
                        let back = other.stage == Stage::Timed
                            && (other.due < other.not_before || other.due <= row.due);
                        other.job == row.job && (back || ends::under_way(other.stage))
                    });
                    must!(ahead, "run {id} is held behind nothing");
                }
                _ => {}
            }
        }
        for job in &self.audit.jobs {
            must!(
                !self.audit.stands_still(job, wall),
                "job {} waits for {:?}, for the clock was set back",
                job.id,
                job.next_due
            );
            must!(
                job.state != JobState::Active || job.next_due.is_none_or(|next| next > wall),
                "job {} was due at {:?}",
                job.id,
                job.next_due
            );
            must!(
                job.state != JobState::Paused || job.resume_at.is_none_or(|at| at > wall),
                "job {} was to be resumed at {:?}",
                job.id,
                job.resume_at
            );
        }
        Ok(())
    }

    /// The whole history again, at the end: what was final has not changed.
    pub(super) fn audit_history(&self) -> Result<(), Broken> {
        let read = self.store.read();
        let found = read.audit_integrity()?;
        must!(found == "ok", "the database is damaged: {found}");
        for row in self.audit.ended.values() {
            // Retention may have forgotten it.
            let Some(now) = read.audit_run(row.id)? else {
                continue;
            };
            must!(
                now == *row,
                "run {} was final and has changed: {row:?} to {now:?}",
                row.id.0
            );
            let ran = matches!(now.stage.state(), RunState::Succeeded);
            must!(
                !ran || self.audit.starts.contains_key(&row.id),
                "run {} succeeded without a process",
                row.id.0
            );
        }
        Ok(())
    }
}
