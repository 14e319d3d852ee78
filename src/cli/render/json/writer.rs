//! A document as text that is safe to look at.

use serde::Serialize;

use crate::domain::visible_json;

/// One document and a line end; `pretty` is for people who look at it on a terminal.
pub(crate) fn text(document: &impl Serialize, pretty: bool) -> String {
    let written = if pretty {
        serde_json::to_string_pretty(document)
    } else {
        serde_json::to_string(document)
    };
    let mut text = visible_json(written.expect("documents have text keys"));
    text.push('\n');
    text
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
