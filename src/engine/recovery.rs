//! What an earlier runner left: one pure judgement for each attempt without an end.

use crate::domain::Output;
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
    pub end: Option<Box<(SeenEnd, Output)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    Adopt(Process),
    /// It ended so; only the commit was missing.
    Ended(Box<(SeenEnd, Output)>),
    /// It certainly never started: the attempt is given back.
    NeverStarted,
    /// It may have run, and nobody saw its end.
    Lost,
}

pub(crate) fn judge(facts: Facts) -> Judgement {
    match facts {
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
    use crate::domain::{Exit, Output};
    use crate::store::Process;

    #[test]
    fn a_seen_end_counts_as_long_as_its_output_is_there() {
        let seen = SeenEnd {
            exit: Exit::Code(0),
            usage: None,
            finished: DateTime::UNIX_EPOCH,
            process: Process {
                boot: "this".to_owned(),
                pid: 7,
                ticks: 1,
                uptime_ms: 1,
                started: DateTime::UNIX_EPOCH,
                slot: 1,
            },
        };
        let facts = |has_output| Facts {
            alive: None,
            has_output,
            recorded: true,
            end: Some(Box::new((seen.clone(), Output::default()))),
        };
        let ended = Judgement::Ended(Box::new((seen.clone(), Output::default())));
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
