//! The first thing a runner does: judge what an earlier one left.

use std::time::Duration;

use crate::domain::Exit;
use crate::store::Process;

use super::super::ledger::{Claim, Request};
use super::super::policy::Outcome;
use super::super::recovery::{Facts, Judgement, judge};
use super::{Core, Effect, End, Line, Living, Now, Phase, time_limit};

impl Core {
    pub(super) fn examined(&mut self, found: Vec<(Claim, Facts)>, now: Now) {
        for (claim, facts) in found {
            let attempt = claim.row.attempt;
            let recorded = facts.recorded;
            match judge(facts) {
                Judgement::Adopt(process) => self.adopt(claim, process, recorded, now),
                Judgement::Ended(seen) => {
                    let end = End {
                        process: Some(seen.process).filter(|_| !recorded),
                        usage: seen.usage,
                        ..End::of(seen.outcome, seen.finished)
                    };
                    self.settle(claim, end, now);
                }
                Judgement::NeverStarted => {
                    self.out.push(Effect::Log(Line::GivenBack {
                        run: claim.row.name.to_string(),
                    }));
                    self.give_back(attempt, None);
                }
                Judgement::Lost => {
                    let outcome = Outcome::Exited(Exit::Unknown);
                    self.settle(claim, End::of(outcome, now.wall), now);
                }
            }
        }
        self.recovered = true;
        self.phase = match self.phase {
            Phase::Recovering => Phase::Working,
            other => other,
        };
        self.leave_living();
        self.dispatch(now);
        self.prune_from_time_to_time(now);
    }

    pub(super) fn adopt(&mut self, claim: Claim, process: Process, recorded: bool, now: Now) {
        let attempt = claim.row.attempt;
        self.out.push(Effect::Log(Line::Adopted {
            run: claim.row.name.to_string(),
            pid: process.pid,
        }));
        if !recorded {
            self.ask(Request::Started {
                attempt,
                process: process.clone(),
            });
        }
        self.out
            .push(Effect::Adopt(Box::new(claim.clone()), process.clone()));
        // The time it has run already was counted by the same clock, in the same boot.
        let ran = now
            .mono
            .saturating_sub(Duration::from_millis(process.uptime_ms));
        let time_limit = time_limit(&claim, now.mono.saturating_sub(ran));
        let slot = Some(process.slot);
        self.living.insert(
            attempt,
            Living {
                process: Some(process),
                time_limit,
                ..Living::new(claim, slot)
            },
        );
    }
}
