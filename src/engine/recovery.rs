//! What an earlier runner left: one pure judgement for each attempt without an end.

use crate::store::Process;

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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judgement {
    Adopt(Process),
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
    use super::{Facts, Judgement, judge};

    #[test]
    fn only_a_claim_without_a_file_is_given_back() {
        let facts = |has_output, recorded| Facts {
            alive: None,
            has_output,
            recorded,
        };
        assert_eq!(judge(facts(false, false)), Judgement::NeverStarted);
        assert_eq!(judge(facts(true, false)), Judgement::Lost);
        assert_eq!(judge(facts(false, true)), Judgement::Lost);
        assert_eq!(judge(facts(true, true)), Judgement::Lost);
    }
}
