//! Why a schedule was not understood: a sentence, the bytes to put a caret under, and what to write instead.

use std::ops::Range;

/// A schedule that was refused. `span` counts bytes of the text given to the parser.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct WhenError {
    pub message: String,
    pub span: Range<usize>,
    pub hint: Option<String>,
}

impl WhenError {
    pub(super) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            message: message.into(),
            span,
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with a hint where there is one to give.
    pub(super) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}
