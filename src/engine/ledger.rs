//! The transactions of the runner: what the core asks for, said in statements of the store.
//!
//! The three laws are kept here. A claim is a committed row before anything is spawned. A
//! result is one transaction: it ends the attempt and the run, lets the next run of the
//! job come forward, and ends a job that has nothing more to do. A due time becomes a row in the
//! transaction that advances its job. Called by the writer thread with a real file and
//! by the simulation with one in memory; never knows which.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Attempt, AttemptId, AttemptState, Intent, Kind, Missed, Options, Origin, Output, Overlap,
    Reason, Run, RunId, Runner,
};
use crate::schedule::Zone;
use crate::store::{
    Candidate, Claimed, DueJob, Finish, Hook, NewRun, OpenAttempt, OpenRun, OptionsCache, Process,
    Stage, StoreError, TimedRun, Tx,
};

use super::core::LEAD;
use super::ends::{self, End};
use super::hooks::MAIL;
use super::pausing;
use super::plan::{Moment, plan};
use super::policy::{self, Verdict};
use super::retention::{self, Progress};
use super::stepping;
use super::timing::recurrence_of;

/// What the core asks of the file.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// A runner begins. `boot` names this boot of this container or machine.
    Enter {
        runner: Runner,
        boot: String,
    },
    /// What did an earlier runner leave without an end?
    Unfinished,
    /// Make due rows, and claim what can start.
    Dispatch(Dispatch),
    Started {
        attempt: AttemptId,
        process: Process,
    },
    Finish(Box<Finish>),
    /// The process certainly never existed; try again at the given time, or when there is room.
    GiveBack {
        attempt: AttemptId,
        again: Option<DateTime<Utc>>,
    },
    /// The claim was cancelled before its process existed.
    Drop {
        attempt: AttemptId,
        run: RunId,
    },
    /// What was asked of the run is done.
    ClearIntent {
        run: RunId,
    },
    HookEnded {
        hook: i64,
        message: Option<String>,
    },
    /// Forget a little of what is beyond keeping.
    Prune(Progress),
    /// The wall clock was stepped: coming retries keep their distance.
    ShiftRetries {
        by: TimeDelta,
    },
    /// The runner ends.
    Leave,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Dispatch {
    pub since: DateTime<Utc>,
    pub horizon: DateTime<Utc>,
    /// Runs that could start at once.
    pub free: usize,
    /// Runs to claim beyond that, so that the next start need not wait for a commit.
    pub ahead: usize,
    /// Hooks that could start at once.
    pub hooks: usize,
}

#[derive(Debug)]
pub(crate) enum Answer {
    /// Written, and nothing follows from it.
    Noted,
    HookEnded,
    Pruned(Progress),
    Unfinished(Vec<(OpenAttempt, Claim)>),
    Dispatched(Dispatched),
    /// The start or the end of an attempt is on disk.
    Recorded(AttemptId, Record),
    Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    Started,
    /// Ended for good, or with another attempt to come at the given time.
    Ended(Verdict, Option<DateTime<Utc>>),
    GivenBack,
    Dropped,
    /// The file knew better: the attempt had ended already.
    Refused,
}

#[derive(Debug, Default)]
pub(crate) struct Dispatched {
    pub claims: Vec<Claim>,
    /// Runs in the runner's hands that somebody wants ended or back.
    pub flagged: Vec<(RunId, Intent)>,
    pub hooks: Vec<HookStart>,
    /// The order of the first run that waits for a slot.
    pub first_waiting: Option<Place>,
    /// When the file next has something due.
    pub next: Option<DateTime<Utc>>,
    /// Whether anything waits that `--until-idle` waits for.
    pub busy: bool,
    /// Rows were left for another round.
    pub more: bool,
}

/// Where a run stands in the order of starts: priority, due time, number.
pub(crate) type Place = (i64, DateTime<Utc>, RunId);

/// A claimed run with its options.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub row: Claimed,
    pub options: Arc<Options>,
}

/// A hook with what it is told.
#[derive(Debug, Clone)]
pub(crate) struct HookStart {
    pub hook: Hook,
    pub run: Run,
    pub attempts: Vec<Attempt>,
    pub options: Arc<Options>,
    /// What only a mail says.
    pub mail: Option<Mail>,
}

#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub command: String,
    /// Of the last attempt.
    pub output: Option<Output>,
}

fn mail_of(tx: &Tx<'_>, run: &Run, attempts: &[Attempt]) -> Result<Mail, StoreError> {
    let job = tx.job(run.job)?;
    let output = match attempts.last() {
        Some(last) => tx.output(last.id)?,
        None => None,
    };
    Ok(Mail {
        command: job.map_or_else(String::new, |job| job.command.to_line()),
        output,
    })
}

/// Jobs and runs made due in one transaction: a bound, so that no lock is held long.
const ROUND: usize = 500;

/// What an attempt printed, at most so many bytes of it. It is asked for in the transaction that keeps
/// it, so that however many jobs print and end at once, one output is in memory.
pub(crate) type Printed = Box<dyn Fn(AttemptId, u64) -> Output + Send>;

pub(crate) struct Ledger {
    salt: String,
    zone: fn() -> Zone,
    /// `run --on-failure`: for jobs without their own.
    on_failure: Option<String>,
    printed: Printed,
    cache: OptionsCache,
}

impl Ledger {
    /// `zone` tells the machine's zone; it is asked whenever a job without a zone of its
    /// own is evaluated.
    pub(crate) fn new(
        salt: String,
        zone: fn() -> Zone,
        on_failure: Option<String>,
        printed: Printed,
    ) -> Self {
        Self {
            salt,
            zone,
            on_failure,
            printed,
            cache: OptionsCache::default(),
        }
    }

    pub(crate) fn apply(
        &mut self,
        tx: &Tx<'_>,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Answer, StoreError> {
        match request {
            Request::Enter { runner, boot } => {
                self.enter(tx, runner, boot, now)?;
                Ok(Answer::Noted)
            }
            Request::Unfinished => self.unfinished(tx).map(Answer::Unfinished),
            Request::Dispatch(dispatch) => {
                self.dispatch(tx, *dispatch, now).map(Answer::Dispatched)
            }
            Request::Started { attempt, process } => {
                let started = tx.start_attempt(*attempt, process)?;
                let record = if started {
                    Record::Started
                } else {
                    Record::Refused
                };
                Ok(Answer::Recorded(*attempt, record))
            }
            Request::Finish(finish) => {
                let record = self.finish(tx, finish)?;
                Ok(Answer::Recorded(finish.attempt, record))
            }
            Request::GiveBack { attempt, again } => {
                let claim = tx.claimed(*attempt)?;
                tx.unclaim(*attempt, *again)?;
                if claim.due > now + LEAD {
                    // Back to its time, which the clock has yet to reach: nobody waits for it.
                    ends::come_forward(tx, claim.job)?;
                }
                Ok(Answer::Recorded(*attempt, Record::GivenBack))
            }
            Request::Drop { attempt, run } => {
                tx.unclaim(*attempt, None)?;
                ends::end_waiting(tx, *run, Stage::Cancelled, None, now)?;
                Ok(Answer::Recorded(*attempt, Record::Dropped))
            }
            Request::Prune(progress) => retention::step(tx, *progress, now).map(Answer::Pruned),
            Request::ClearIntent { run } => {
                tx.clear_intent(*run)?;
                Ok(Answer::Noted)
            }
            Request::HookEnded { hook, message } => {
                tx.end_hook(*hook, message.as_deref())?;
                Ok(Answer::HookEnded)
            }
            Request::ShiftRetries { by } => {
                stepping::clock_stepped(tx, *by, &self.salt, (self.zone)(), now)?;
                Ok(Answer::Noted)
            }
            Request::Leave => {
                tx.leave_runner()?;
                Ok(Answer::Left)
            }
        }
    }

    /// Runs of `@start` jobs, and of `@reboot` jobs when this boot has not been seen.
    fn enter(
        &mut self,
        tx: &Tx<'_>,
        runner: &Runner,
        boot: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        stepping::clock_found(tx, &self.salt, (self.zone)(), now)?;
        let before = tx.enter_runner(runner, boot)?;
        tx.lose_hooks()?;
        let mut jobs = tx.event_jobs(Kind::Start)?;
        if before.as_deref() != Some(boot) {
            jobs.extend(tx.event_jobs(Kind::Reboot)?);
        }
        for due in jobs {
            if tx.open_runs(due.job.id)?.is_empty() {
                tx.insert_run(&NewRun {
                    job: due.job.id,
                    origin: Origin::Schedule,
                    stage: Stage::Ready,
                    reason: None,
                    due: now,
                    queue: due.queue_id,
                    priority: due.job.priority,
                    missed: None,
                    now,
                })?;
            }
        }
        Ok(())
    }

    fn unfinished(&mut self, tx: &Tx<'_>) -> Result<Vec<(OpenAttempt, Claim)>, StoreError> {
        tx.open_attempts()?
            .into_iter()
            .map(|open| {
                let claim = self.claim_of(tx, tx.claimed(open.attempt)?)?;
                Ok((open, claim))
            })
            .collect()
    }

    fn claim_of(&mut self, tx: &Tx<'_>, row: Claimed) -> Result<Claim, StoreError> {
        let options = tx.options(row.settings, &mut self.cache)?;
        Ok(Claim { row, options })
    }

    fn dispatch(
        &mut self,
        tx: &Tx<'_>,
        dispatch: Dispatch,
        now: DateTime<Utc>,
    ) -> Result<Dispatched, StoreError> {
        let moment = Moment {
            now,
            since: dispatch.since,
            horizon: dispatch.horizon,
        };
        for (job, at) in tx.jobs_to_resume(now)? {
            if let Some(job) = tx.job(job)? {
                // What is due at the very end of the pause, or later, is not skipped for it.
                let meanwhile = at - TimeDelta::microseconds(1);
                pausing::resume(tx, &job, &self.salt, (self.zone)(), meanwhile)?;
            }
        }
        tx.resume_queues(now)?;
        let due = tx.due_jobs(dispatch.horizon, ROUND)?;
        for job in &due {
            self.fall_due(tx, job, moment)?;
        }
        let timed = tx.timed_runs(dispatch.horizon, ROUND)?;
        for run in &timed {
            self.come_forward(tx, run, moment)?;
        }
        let flagged = tx.flagged_runs()?;
        let (claims, first_waiting, expired) = self.claim(tx, dispatch, now)?;
        // A pause ends at its time; only what is due is looked at ahead of time.
        let resume = tx.first_resume()?.map(|at| at + LEAD);
        let next = [tx.first_due()?, tx.first_timed()?, resume];
        let hooks = self.take_hooks(tx, dispatch.hooks)?;
        Ok(Dispatched {
            claims,
            flagged,
            busy: first_waiting.is_some() || tx.has_unfinished_work()? || tx.has_open_hooks()?,
            hooks,
            first_waiting,
            next: next.into_iter().flatten().min(),
            // What expired made room for runs that were not looked at.
            more: due.len() == ROUND || timed.len() == ROUND || expired,
        })
    }

    fn take_hooks(&mut self, tx: &Tx<'_>, free: usize) -> Result<Vec<HookStart>, StoreError> {
        let mut starts = Vec::new();
        for hook in tx.take_hooks(free)? {
            let Some(run) = tx.run(hook.run)? else {
                tx.end_hook(hook.id, Some("its run is gone"))?;
                continue;
            };
            let attempts = tx.attempts(run.id)?;
            let mail = if hook.occasion == MAIL {
                Some(mail_of(tx, &run, &attempts)?)
            } else {
                None
            };
            starts.push(HookStart {
                attempts,
                mail,
                options: tx.options_of_job(run.job, &mut self.cache)?,
                hook,
                run,
            });
        }
        Ok(starts)
    }

    /// The third law: the rows of a due job, and its next due time.
    fn fall_due(&self, tx: &Tx<'_>, due: &DueJob, moment: Moment) -> Result<(), StoreError> {
        let job = &due.job;
        let Ok(Some(recurrence)) = recurrence_of(job, &self.salt, (self.zone)()) else {
            // Its words were good when it was added; they are not any more (a zone that
            // is gone). The job waits for an edit, and the others go on.
            return tx.advance_job(job.id, None);
        };
        let open = tx.open_runs(job.id)?;
        let plan = plan(job, &recurrence, &open, moment);
        for run in &plan.replaced {
            let stage = open
                .iter()
                .find(|open| open.id == *run)
                .map(|open| open.stage);
            if matches!(stage, Some(Stage::Claimed | Stage::Running)) {
                tx.set_intent(*run, Intent::Cancel)?;
            } else {
                ends::end_waiting(tx, *run, Stage::Cancelled, None, moment.now)?;
            }
        }
        for run in plan.runs {
            let Some(run) = stepping::vacant(tx, job.id, &recurrence, run)? else {
                continue;
            };
            let (id, _) = tx.insert_run(&NewRun {
                job: job.id,
                origin: Origin::Schedule,
                stage: run.stage,
                reason: run.reason,
                due: run.due,
                queue: due.queue_id,
                priority: job.priority,
                missed: run.missed,
                now: moment.now,
            })?;
            if run.stage.is_final() {
                let end = End {
                    run: id,
                    job: job.id,
                    stage: run.stage,
                    reason: run.reason,
                };
                ends::run_ended(
                    tx,
                    end,
                    &job.options,
                    self.on_failure.as_deref(),
                    moment.now,
                )?;
            }
        }
        tx.advance_job(job.id, plan.next)?;
        ends::come_forward(tx, job.id)
    }

    /// A one-off whose time has come, or a retry.
    fn come_forward(
        &mut self,
        tx: &Tx<'_>,
        timed: &TimedRun,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let &TimedRun {
            id: run,
            job,
            stage,
            due,
            not_before,
        } = timed;
        let options = tx.options_of_job(job, &mut self.cache)?;
        // What was to start already, and found no room, is late and not missed.
        let missed = stage == Stage::Timed && not_before == due && due < moment.since;
        if missed && options.missed == Missed::Skip {
            ends::end_waiting(tx, run, Stage::Skipped, Some(Reason::Missed), moment.now)?;
            return Ok(());
        }
        // After a pause several runs of a job may come at once.
        let sibling = |other: &OpenRun| other.id != run && ends::under_way(other.stage);
        let to = if options.overlap != Overlap::Allow && tx.open_runs(job)?.iter().any(sibling) {
            Stage::Held
        } else {
            Stage::Ready
        };
        tx.move_run(run, stage, to)?;
        Ok(())
    }

    /// Claims the first runs in the order priority, due time, number, as far as slots go.
    /// Answers them, the first that waits, and whether any had expired.
    fn claim(
        &mut self,
        tx: &Tx<'_>,
        dispatch: Dispatch,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Claim>, Option<Place>, bool), StoreError> {
        let want = dispatch.free + dispatch.ahead;
        let lanes = tx.lanes()?;
        let mut candidates: Vec<(Candidate, bool)> = Vec::new();
        for lane in lanes.iter().filter(|lane| !lane.queue.paused) {
            let room = lane.queue.slots.map_or(want + 1, |slots| {
                (u64::from(slots).saturating_sub(lane.live) as usize).min(want + 1)
            });
            if room > 0 {
                let limited = lane.queue.slots.is_some();
                let ready = tx.ready(lane.id, room)?;
                candidates.extend(ready.into_iter().map(|candidate| (candidate, limited)));
            }
        }
        candidates
            .sort_by_key(|(candidate, _)| (-candidate.priority, candidate.due, candidate.run));
        let mut claims = Vec::new();
        let mut waiting = None;
        let mut expired = false;
        for (candidate, limited) in candidates {
            let ahead = claims.len() >= dispatch.free;
            if claims.len() >= want || (ahead && limited) {
                waiting = Some((candidate.priority, candidate.due, candidate.run));
                break;
            }
            let Some(row) = tx.claim(candidate.run)? else {
                continue;
            };
            let claim = self.claim_of(tx, row)?;
            let too_late = claim.options.deadline.is_some_and(|deadline| {
                claim.row.number == 1 && now > claim.row.due + deadline.to_delta()
            });
            if too_late {
                expired = true;
                tx.unclaim(claim.row.attempt, None)?;
                ends::end_waiting(
                    tx,
                    claim.row.run,
                    Stage::Skipped,
                    Some(Reason::Expired),
                    now,
                )?;
                continue;
            }
            claims.push(claim);
        }
        Ok((claims, waiting, expired))
    }

    /// The second law: a result and all that follows from it.
    fn finish(&mut self, tx: &Tx<'_>, finish: &Finish) -> Result<Record, StoreError> {
        let run = tx.ending_run(finish.attempt)?;
        let options = tx.options(run.settings, &mut self.cache)?;
        let output = (self.printed)(finish.attempt, options.output_limit().bytes());
        if !tx.finish_attempt(finish, &output)? {
            return Ok(Record::Refused);
        }
        let verdict = Verdict {
            state: finish.state,
            reason: finish.reason,
            exit_code: finish.exit_code,
            signal: finish.signal,
        };
        let chance = policy::chance_of(finish.attempt.0);
        let again = policy::retry_at(&options, &verdict, run.attempts, chance, finish.finished);
        let cancelled = run.intent == Some(Intent::Cancel);
        if let Some(at) = again.filter(|_| !cancelled) {
            tx.retry_run(&run, at, finish)?;
            // A retry of a paused job waits with it, and what was to wait for the run does not.
            ends::come_forward(tx, run.job)?;
            return Ok(Record::Ended(verdict, Some(at)));
        }
        let stage = match finish.state {
            AttemptState::Succeeded => Stage::Succeeded,
            AttemptState::Cancelled => Stage::Cancelled,
            // Cancelled while its attempt failed by itself: there is no next one.
            _ if again.is_some() => Stage::Cancelled,
            _ => Stage::Failed,
        };
        tx.end_run(&run, stage, finish)?;
        let end = End {
            run: run.id,
            job: run.job,
            stage,
            reason: finish.reason,
        };
        ends::run_ended(
            tx,
            end,
            &options,
            self.on_failure.as_deref(),
            finish.finished,
        )?;
        Ok(Record::Ended(verdict, None))
    }
}
