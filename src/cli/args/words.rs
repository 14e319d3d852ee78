//! Domain words that stand on the command line: clap lists them in help, completions and errors.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::domain::{JobState, MailOn, Missed, Overlap, RunState};
use crate::engine::{Form, LogFormat};

/// A word for each variant that may be typed.
macro_rules! words {
    ($($kind:ident: $($variant:ident $word:literal)*;)*) => {$(
        impl ValueEnum for $kind {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),*]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(match self {
                    $(Self::$variant => $word,)*
                }))
            }
        }
    )*};
}

words! {
    Overlap: Skip "skip" Queue "queue" Replace "replace" Allow "allow";
    Missed: Once "once" Skip "skip" All "all";
    MailOn: Failure "failure" Output "output" Always "always";
    Form: Prefix "prefix" Raw "raw" Json "json";
    LogFormat: Text "text" Json "json";
}

/// Removed jobs are not listed.
impl ValueEnum for JobState {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Active, Self::Paused, Self::Done]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Active => Some(PossibleValue::new("active")),
            Self::Paused => Some(PossibleValue::new("paused")),
            Self::Done => Some(PossibleValue::new("done")),
            Self::Removed => None,
        }
    }
}

impl ValueEnum for RunState {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}
