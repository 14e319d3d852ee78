//! The writer's part in the model: requests wait, are committed as one batch a moment later, and
//! the answers come a moment after that. The runner may die on either side of a commit, and
//! loses what is not committed.

use crate::engine::core::Event;
use crate::engine::ledger::{Answer, Request};
use crate::engine::writer::drop_overtaken;

use super::fairness::{Place, fair};
use super::world::{Broken, Happening, MILLISECOND, SECOND, World};

impl World {
    /// The writer takes what has come, unless it is at work.
    pub(super) fn begin_batch(&mut self) {
        let slow = self.rng.once_in(self.faults.stuck);
        let Some(runner) = &mut self.runner else {
            return;
        };
        if runner.batch.is_some() || runner.inbox.is_empty() {
            return;
        }
        runner.batch = Some(std::mem::take(&mut runner.inbox));
        let number = runner.number;
        let delay = if slow {
            self.rng.between(SECOND, 20 * SECOND)
        } else {
            self.rng.between(100, 5 * MILLISECOND)
        };
        self.later(delay, Happening::Commit(number));
    }

    /// One transaction, then its answers; the runner may die on either side.
    pub(super) fn commit(&mut self) -> Result<(), Broken> {
        if self.rng.once_in(self.faults.crash_at_commit) {
            self.die();
            return Ok(());
        }
        let wall = self.wall();
        let joins = self.rng.once_in(2);
        let Some(runner) = &mut self.runner else {
            return Ok(());
        };
        let mut batch = runner.batch.take().unwrap_or_default();
        if joins {
            batch.append(&mut runner.inbox);
        }
        drop_overtaken(&mut batch);
        let ledger = &mut runner.ledger;
        let number = runner.number;
        let mut waiting = None;
        let answers: Vec<Answer> = self.store.write(|tx| {
            let mut answers = Vec::new();
            for request in &batch {
                let answer = ledger.apply(tx, request, wall)?;
                if let Answer::Dispatched(dispatched) = &answer {
                    waiting = fair(tx, dispatched)?;
                }
                answers.push(answer);
            }
            Ok::<_, Broken>(answers)
        })?;
        self.tally.commits += 1;
        self.note(|| format!("commits {}", batch.iter().map(brief).collect::<String>()));
        self.look()?;
        if self.rng.once_in(self.faults.crash_at_commit) {
            self.die();
            return Ok(());
        }
        let delay = self.rng.between(0, 300);
        self.later(delay, Happening::Answers(number, answers, waiting));
        self.begin_batch();
        Ok(())
    }

    pub(super) fn answers(
        &mut self,
        answers: Vec<Answer>,
        waiting: Option<Place>,
    ) -> Result<(), Broken> {
        if let Some(runner) = &mut self.runner {
            if runner.waiting != waiting {
                runner.waiting_since = self.now;
            }
            runner.waiting = waiting;
        }
        for answer in answers {
            self.feed(Event::Answered(answer))?;
        }
        Ok(())
    }
}

fn brief(request: &Request) -> String {
    match request {
        Request::Enter { .. } => "Enter ".to_owned(),
        Request::Dispatch(dispatch) => {
            format!("Dispatch({}+{}) ", dispatch.free, dispatch.ahead)
        }
        Request::Started { attempt, .. } => format!("Started({}) ", attempt.0),
        Request::Finish(finish) => format!("Finish({} {:?}) ", finish.attempt.0, finish.state),
        Request::GiveBack { attempt, .. } => format!("GiveBack({}) ", attempt.0),
        other => format!("{other:?} "),
    }
}
