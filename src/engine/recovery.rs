//! What an earlier runner left: one pure judgement for each attempt without an end.

use crate::store::Process;

use super::witness::SeenEnd;

/// What the driver could find out about an open attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The very process lives, or has ended and its parent has not asked yet. Found by
    /// boot id, pid and start time, or by its mark.
    pub alive: Option<Process>,
    /// Its output file exists. The file is made before the process is, so without one
    /// there never was a process.
    pub has_output: bool,
    /// Its start is written down.
    pub recorded: bool,
    /// An earlier runner saw its end and came no further.
    pub end: Option<Box<SeenEnd>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    Adopt(Process),
    /// It ended so; only the commit was missing.
    Ended(Box<SeenEnd>),
    /// It certainly never started: the attempt is given back.
    NeverStarted,
    /// It may have run, and nobody saw its end.
    Lost,
}

pub(crate) fn judge(facts: Facts) -> Judgement {
    match facts {
        // A zombie that its parent is slow to reap. What its runner knew of it is more than it tells itself.
        Facts {
            alive: Some(process),
            end: Some(end),
            ..
        } if process.is(&end.process) => Judgement::Ended(end),
        Facts {
            alive: Some(process),
            ..
        } => Judgement::Adopt(process),
        // The file is there from before the start until the end is committed: the end is of this very attempt.
        Facts {
            end: Some(end),
            has_output: true,
            ..
        } => Judgement::Ended(end),
        Facts {
            recorded: false,
            has_output: false,
            ..
        } => Judgement::NeverStarted,
        _ => Judgement::Lost,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{Facts, Judgement, SeenEnd, judge};
    use crate::domain::{Exit, Reason};
    use crate::engine::policy::Outcome;
    use crate::store::Process;

    fn process(pid: i32) -> Process {
        Process {
            boot: "this".to_owned(),
            pid,
            ticks: 1,
            uptime_ms: 1,
            started: DateTime::UNIX_EPOCH,
            slot: 1,
        }
    }

    fn seen(outcome: Outcome) -> SeenEnd {
        SeenEnd {
            outcome,
            usage: None,
            finished: DateTime::UNIX_EPOCH,
            process: process(7),
        }
    }

    #[test]
    fn a_zombie_whose_end_was_seen_has_ended_for_the_reason_that_is_written_down() {
        let seen = seen(Outcome::Ended(Reason::Timeout, Exit::Signal(15)));
        let facts = |pid| Facts {
            alive: Some(process(pid)),
            has_output: true,
            recorded: true,
            end: Some(Box::new(seen.clone())),
        };
        let ended = Judgement::Ended(Box::new(seen.clone()));
        assert_eq!(judge(facts(7)), ended);
        // Another process of that number of attempt: an older database stands in the place of this one.
        assert_eq!(judge(facts(8)), Judgement::Adopt(process(8)));
    }

    #[test]
    fn a_seen_end_counts_as_long_as_its_output_is_there() {
        let seen = seen(Outcome::Exited(Exit::Code(0)));
        let facts = |has_output| Facts {
            alive: None,
            has_output,
            recorded: true,
            end: Some(Box::new(seen.clone())),
        };
        let ended = Judgement::Ended(Box::new(seen.clone()));
        assert_eq!(judge(facts(true)), ended);
        // The file of another attempt: an older database stands in the place of this one.
        assert_eq!(judge(facts(false)), Judgement::Lost);
    }

    #[test]
    fn only_a_claim_without_a_file_is_given_back() {
        let facts = |has_output, recorded| Facts {
            alive: None,
            has_output,
            recorded,
            end: None,
        };
        assert_eq!(judge(facts(false, false)), Judgement::NeverStarted);
        assert_eq!(judge(facts(true, false)), Judgement::Lost);
        assert_eq!(judge(facts(false, true)), Judgement::Lost);
        assert_eq!(judge(facts(true, true)), Judgement::Lost);
    }
}
