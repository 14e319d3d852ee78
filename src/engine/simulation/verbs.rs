//! The other processes of the model: verbs that change the database beside the runner, in the
//! statements that the verbs themselves use. To add one: a variant of `Verb`, an arm here.

use crate::domain::{Intent, Name};
use crate::engine::ends;
use crate::store::Stage;

use super::jobs::{Spec, Verb, admit};
use super::world::{Broken, Happening, MILLISECOND, World};

impl World {
    pub(super) fn verb(&mut self, verb: Verb) -> Result<(), Broken> {
        let changed = match verb {
            Verb::Add(spec) => self.add(*spec)?,
            Verb::Remove(n) => self.remove(n)?,
            Verb::Slots(queue, slots) => self.set_slots(queue, slots)?,
            Verb::Cancel(n) => self.cancel(n)?,
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

    pub(super) fn add(&mut self, spec: Spec) -> Result<bool, Broken> {
        let now = self.wall();
        let added = self.store.write(|tx| admit(tx, &spec, now))?;
        let Some((job, recurrence)) = added else {
            return Ok(false);
        };
        self.note(|| {
            format!(
                "add {} = job {job}: {:?} in {} at {}, {}, {:?}",
                spec.name,
                spec.when,
                spec.queue,
                spec.priority,
                serde_json::to_string(&spec.options).unwrap_or_default(),
                spec.manner
            )
        });
        self.audit.promise(job, recurrence, now);
        self.specs.insert(job, spec);
        Ok(true)
    }

    fn remove(&mut self, n: u64) -> Result<bool, Broken> {
        if self.specs.is_empty() {
            return Ok(false);
        }
        let nth = n as usize % self.specs.len();
        let Some(job) = self.specs.keys().nth(nth).copied() else {
            return Ok(false);
        };
        let now = self.wall();
        let gone = self.store.write(|tx| {
            let open = tx.open_runs(job)?;
            let held = |stage| matches!(stage, Stage::Claimed | Stage::Running);
            if open.iter().any(|run| held(run.stage)) {
                return Ok::<_, Broken>(false);
            }
            for run in &open {
                ends::end_waiting(tx, run.id, Stage::Cancelled, None, now)?;
            }
            Ok(tx.remove_job(job)?)
        })?;
        self.note(|| format!("remove job {job}: {gone}"));
        Ok(gone)
    }

    pub(super) fn set_slots(&mut self, queue: &str, slots: Option<u32>) -> Result<bool, Broken> {
        let name = Name::parse(queue).map_err(|error| Broken(error.to_string()))?;
        self.store
            .write(|tx| tx.set_queue_slots(tx.queue_id(&name)?, slots))?;
        self.note(|| format!("queue {queue}: {slots:?} slots"));
        Ok(true)
    }

    fn cancel(&mut self, n: u64) -> Result<bool, Broken> {
        let held = |stage| matches!(stage, Stage::Claimed | Stage::Running);
        let runs: Vec<_> = self
            .audit
            .open
            .values()
            .filter(|row| held(row.stage))
            .map(|row| row.id)
            .collect();
        if runs.is_empty() {
            return Ok(false);
        }
        let run = runs[n as usize % runs.len()];
        self.note(|| format!("cancel run {}", run.0));
        Ok(self.store.write(|tx| tx.set_intent(run, Intent::Cancel))?)
    }

    /// Every schedule ends here; what waits or runs goes on, as after `apply --prune`.
    pub(super) fn retire(&mut self) -> Result<(), Broken> {
        self.note(|| "no job has a schedule any more".to_owned());
        let jobs: Vec<_> = self.specs.keys().copied().collect();
        self.store.write(|tx| {
            for job in jobs {
                tx.remove_job(job)?;
            }
            Ok::<_, Broken>(())
        })?;
        self.committed()
    }
}
