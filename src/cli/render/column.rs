//! What a table is made of: columns, cells, and who gives way.
//!
//! What lives here: the parts a listing names. What never does: layout, which is the grid's.
//! Every cell is escaped as it is made, so no listing can forget it.

use std::borrow::Cow;

use super::{Tint, text};

/// A title and how its cells behave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// A column that says only this, or nothing, is left out on a terminal.
    pub(super) ordinary: &'static str,
    pub(super) is_number: bool,
    pub(super) cut: Cut,
}

/// How a cell gets shorter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    End,
    Middle,
    /// Before a word that does not fit: half a number would be another number.
    Word,
}

impl Column {
    pub(super) const fn text(title: &'static str) -> Self {
        Self {
            title,
            ordinary: "",
            is_number: false,
            cut: Cut::End,
        }
    }

    pub(super) const fn number(title: &'static str) -> Self {
        Self {
            is_number: true,
            ..Self::text(title)
        }
    }

    pub(super) const fn name(title: &'static str) -> Self {
        Self {
            cut: Cut::Middle,
            ..Self::text(title)
        }
    }

    pub(super) const fn words(title: &'static str) -> Self {
        Self {
            cut: Cut::Word,
            ..Self::text(title)
        }
    }

    pub(super) const fn unless(self, ordinary: &'static str) -> Self {
        Self { ordinary, ..self }
    }
}

impl Cut {
    pub(super) fn function(self) -> for<'t> fn(&'t str, usize, &str) -> Cow<'t, str> {
        match self {
            Self::End => text::fit,
            Self::Middle => text::fit_middle,
            Self::Word => text::fit_words,
        }
    }
}

/// A cell: escaped text and what its colour says.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tint: Tint,
}

impl Cell {
    pub(super) fn new(text: impl AsRef<str>, tint: Tint) -> Self {
        Self {
            text: text::escape(text.as_ref()).into_owned(),
            tint,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tint::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        let text = match text::escape(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(escaped) => escaped,
        };
        Self {
            text,
            tint: Tint::Plain,
        }
    }
}

impl From<(String, Tint)> for Cell {
    fn from((text, tint): (String, Tint)) -> Self {
        Self::new(text, tint)
    }
}

/// A column gives way down to so many columns of the terminal; 0: it is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Yield(pub(super) &'static str, pub(super) usize);
