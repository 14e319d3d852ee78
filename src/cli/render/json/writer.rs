//! A document as text that is safe to look at.
//!
//! JSON may carry C1 controls and bidi marks as they are, and a terminal would obey them.
//! They are written as `\uNNNN`, which every reader turns back into the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::super::text::is_dangerous;

/// One document and a line end; `pretty` is for people who look at it on a terminal.
pub(crate) fn text(document: &impl Serialize, pretty: bool) -> String {
    let bytes = if pretty {
        written(document, PrettyFormatter::new())
    } else {
        written(document, CompactFormatter)
    };
    String::from_utf8(bytes).expect("fragments are cut between characters")
}

fn written(document: &impl Serialize, layout: impl Formatter) -> Vec<u8> {
    let mut out = Vec::new();
    document
        .serialize(&mut Serializer::with_formatter(&mut out, Visible(layout)))
        .expect("documents have text keys and a Vec takes every write");
    out.push(b'\n');
    out
}

/// The layout of another formatter, with dangerous characters escaped.
struct Visible<F>(F);

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_dangerous) {
            let (safe, tail) = rest.split_at(at);
            self.0.write_string_fragment(writer, safe)?;
            let mut chars = tail.chars();
            for unit in chars.next().into_iter().flat_map(utf16) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

fn utf16(c: char) -> Vec<u16> {
    c.encode_utf16(&mut [0; 2]).to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::text;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_reads_back_the_same() {
        let odd = "a\x1b\u{9b}2J\u{202e}\u{2028}\u{7f}\"\\\n日🎉";
        let written = text(&odd, false);
        assert_eq!(
            written,
            "\"a\\u001b\\u009b2J\\u202e\\u2028\\u007f\\\"\\\\\\n日🎉\"\n"
        );
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), odd);
    }

    #[test]
    fn on_a_terminal_a_document_is_laid_out() {
        let document = BTreeMap::from([("a", vec![1, 2]), ("b", vec![])]);
        assert_eq!(
            text(&document, true),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}\n"
        );
    }
}
