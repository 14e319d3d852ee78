//! The other processes of the model: verbs that change the database beside the runner, in the
//! statements that the verbs themselves use. To add one: a variant of `Verb`, an arm here.

use chrono::TimeDelta;

use crate::domain::{Intent, JobId, JobState, Kind, Name, Origin, RunId};
use crate::engine::{ends, pausing};
use crate::store::{Stage, Tx};

use super::admission::{Admission, admission, admit};
use super::jobs::{SALT, Spec, Verb, zone};
use super::world::{Broken, Happening, MILLISECOND, World};

fn held(stage: Stage) -> bool {
    matches!(stage, Stage::Claimed | Stage::Running)
}

impl World {
    pub(super) fn verb(&mut self, verb: Verb) -> Result<(), Broken> {
        self.note(|| format!("verb {verb:?}"));
        let changed = match verb {
            Verb::Add(spec) => self.add(*spec)?,
            Verb::Remove(n) => self.remove(n)?,
            Verb::Edit(n, when, queue, priority) => self.edit(n, when, queue, priority)?,
            Verb::Pause(n, span) => self.pause(n, span)?,
            Verb::Resume(n) => self.resume(n)?,
            Verb::Trigger(n) => match self.job(n) {
                Some(job) => self.extra_run(job, Origin::Trigger)?,
                None => false,
            },
            Verb::Cancel(n) => self.cancel(n)?,
            Verb::Retry(n) => match self.audit.ended_job(n) {
                Some(job) => self.extra_run(job, Origin::Retry)?,
                None => false,
            },
            Verb::Slots(queue, slots) => {
                self.change_queue(queue, |tx, id| Ok(tx.set_queue_slots(id, slots)?))?
            }
            Verb::PauseQueue(queue, span) => {
                let until = span.map(|ms| self.wall() + TimeDelta::milliseconds(ms as i64));
                self.change_queue(queue, |tx, id| {
                    tx.set_queue_paused(id, true, until)?;
                    Ok(())
                })?
            }
            Verb::ResumeQueue(queue) => self.change_queue(queue, |tx, id| {
                tx.set_queue_paused(id, false, None)?;
                Ok(())
            })?,
        };
        if changed {
            self.committed()?;
        }
        Ok(())
    }

    /// The runner's watch tells it a moment later.
    fn committed(&mut self) -> Result<(), Broken> {
        self.look()?;
        if let Some(number) = self.runner.as_ref().map(|runner| runner.number) {
            let delay = self.rng.between(0, 5 * MILLISECOND);
            self.later(delay, Happening::Changed(number));
        }
        Ok(())
    }

    /// The n-th job that is not removed.
    fn job(&self, n: u64) -> Option<JobId> {
        let living: Vec<JobId> = self.audit.living_jobs().collect();
        (!living.is_empty()).then(|| living[n as usize % living.len()])
    }

    fn add(&mut self, spec: Spec) -> Result<bool, Broken> {
        let now = self.wall();
        let added = self.store.write(|tx| admit(tx, &spec, now))?;
        let Some((job, recurrence)) = added else {
            return Ok(false);
        };
        self.audit.promise(job, recurrence, now);
        self.specs.insert(job, spec);
        Ok(true)
    }

    fn remove(&mut self, n: u64) -> Result<bool, Broken> {
        let Some(job) = self.job(n) else {
            return Ok(false);
        };
        let now = self.wall();
        self.store.write(|tx| {
            let open = tx.open_runs(job)?;
            if open.iter().any(|run| held(run.stage)) || !tx.dependants(job)?.is_empty() {
                return Ok::<_, Broken>(false);
            }
            for run in &open {
                tx.end_waiting(run.id, Stage::Cancelled, None, now)?;
            }
            Ok(tx.remove_job(job)?)
        })
    }

    /// Recurring jobs only: the one kind whose WHEN may change without moving a run.
    fn edit(
        &mut self,
        n: u64,
        when: String,
        queue: &'static str,
        priority: i64,
    ) -> Result<bool, Broken> {
        let Some(job) = self.job(n) else {
            return Ok(false);
        };
        let now = self.wall();
        let mut spec = self.specs[&job].clone();
        let timed = spec.when != when;
        (spec.when, spec.queue, spec.priority) = (when, queue, priority);
        let Some(Admission {
            mut row,
            recurrence,
            ..
        }) = admission(&spec, now)?
        else {
            return Ok(false);
        };
        let edited = self.store.write(|tx| {
            let Some(old) = tx.job(job)? else {
                return Ok::<_, Broken>(false);
            };
            if old.kind != Kind::Recurring || row.kind != Kind::Recurring {
                return Ok(false);
            }
            if !timed {
                (row.anchor, row.created, row.next_due) = (old.anchor, old.created, old.next_due);
            }
            tx.redefine_job(job, &row)?;
            tx.flag_claims(job)?;
            Ok(true)
        })?;
        if edited {
            self.specs.insert(job, spec);
            if timed {
                self.audit.promise_anew(job, recurrence, now);
            }
        }
        Ok(edited)
    }

    fn pause(&mut self, n: u64, span: Option<u64>) -> Result<bool, Broken> {
        let Some(job) = self.job(n) else {
            return Ok(false);
        };
        let until = span.map(|ms| self.wall() + TimeDelta::milliseconds(ms as i64));
        Ok(self.store.write(|tx| tx.pause_job(job, until, false))?)
    }

    fn resume(&mut self, n: u64) -> Result<bool, Broken> {
        match self.job(n) {
            Some(job) => self.resume_job(job),
            None => Ok(false),
        }
    }

    fn resume_job(&mut self, job: JobId) -> Result<bool, Broken> {
        let now = self.wall();
        self.store.write(|tx| match tx.job(job)? {
            Some(job) if job.state == JobState::Paused => {
                Ok(pausing::resume(tx, &job, SALT, zone(), now)?)
            }
            _ => Ok(false),
        })
    }

    fn extra_run(&mut self, job: JobId, origin: Origin) -> Result<bool, Broken> {
        let now = self.wall();
        self.store.write(|tx| match tx.job(job)? {
            Some(job) if job.state != JobState::Removed => {
                ends::extra_run(tx, &job, origin, now)?;
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    fn cancel(&mut self, n: u64) -> Result<bool, Broken> {
        let runs: Vec<RunId> = self.audit.open.keys().copied().collect();
        if runs.is_empty() {
            return Ok(false);
        }
        let run = runs[n as usize % runs.len()];
        self.note(|| format!("cancels run {}", run.0));
        let now = self.wall();
        self.store.write(|tx| {
            Ok(ends::end_waiting(tx, run, Stage::Cancelled, None, now)?
                || tx.set_intent(run, Intent::Cancel)?)
        })
    }

    fn change_queue(
        &mut self,
        queue: &str,
        change: impl FnOnce(&Tx<'_>, i64) -> Result<(), Broken>,
    ) -> Result<bool, Broken> {
        let name = Name::parse(queue).map_err(|error| Broken(error.to_string()))?;
        self.store.write(|tx| change(tx, tx.queue_id(&name)?))?;
        Ok(true)
    }

    /// Every pause and every schedule ends here; what waits or runs goes on, as after
    /// `apply --prune`.
    pub(super) fn retire(&mut self) -> Result<(), Broken> {
        self.note(|| "no pause and no schedule any more".to_owned());
        for queue in ["default", "one", "two"] {
            self.change_queue(queue, |tx, id| {
                tx.set_queue_paused(id, false, None)?;
                Ok(())
            })?;
        }
        for job in self.audit.living_jobs().collect::<Vec<_>>() {
            self.resume_job(job)?;
            self.store.write(|tx| {
                let timeless = |kind| matches!(kind, Kind::Once | Kind::After);
                if tx.job(job)?.is_some_and(|job| !timeless(job.kind)) {
                    tx.remove_job(job)?;
                }
                Ok::<_, Broken>(())
            })?;
        }
        self.committed()
    }
}
