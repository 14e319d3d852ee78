//! The strings, and what may never arrive on a terminal.

/// Each with a word for where a test fails.
pub(crate) const STRINGS: [(&str, &str); 9] = [
    (
        "controls",
        "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{8}\u{7f}\r\u{c}b",
    ),
    ("C1", "a\u{9b}2J\u{90}x\u{9c}\u{85}b"),
    (
        "bidi",
        "a\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{2028}f\u{2029}g",
    ),
    ("breaks", "a\nb\tc\u{b}d"),
    ("SQL", "x'); DROP TABLE job; --"),
    ("path", "../../x"),
    ("option", "-rf"),
    ("format", "%s%n%99999d{}{0}\\x1b[2J"),
    ("wide", "日本🎉e\u{301}👩‍👩‍👧\u{feff}ﷺ"),
];

/// What a terminal would obey in these bytes, if anything.
pub(crate) fn obeyed(bytes: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Some("bytes that are no UTF-8".to_owned());
    };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        // The terminal itself makes two of a line end.
        let ends_line = c == '\n' || (c == '\r' && matches!(chars.peek(), Some('\n' | '\r')));
        let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (c.is_control() && !ends_line) {
            return Some(format!("{c:?}"));
        }
    }
    None
}

/// What was drawn, without the moves and colours of who drew it. A sequence that is made otherwise stays.
pub(crate) fn without_drawing(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(length) = drawing(rest) {
            rest = &rest[length..];
        } else {
            plain.push(first);
            rest = after;
        }
    }
    plain
}

/// The length of the move, mode, clearing or colour that begins here.
fn drawing(bytes: &[u8]) -> Option<usize> {
    let inner = bytes.strip_prefix(b"\x1b[")?;
    let is_parameter = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b';' | b'?');
    let parameters = inner.iter().take_while(|byte| is_parameter(byte)).count();
    matches!(inner.get(parameters)?, b'H' | b'J' | b'h' | b'l' | b'm').then_some(parameters + 3)
}

#[test]
fn what_a_terminal_obeys_is_seen() {
    assert_eq!(obeyed("täglich 日本\r\n".as_bytes()), None);
    for bytes in [
        &b"\x1b[2J"[..],
        b"\x9b",
        b"a\rb",
        b"\xc2\x9b",
        b"\x07",
        b"\t",
    ] {
        assert!(obeyed(bytes).is_some(), "{bytes:?}");
    }
    assert!(obeyed("\u{202e}".as_bytes()).is_some());
    let drawn = without_drawing(b"\x1b[?25l\x1b[3;1Ha\x1b[1mb\x1b]0;c\x07\x1b[6n\x1b");
    assert_eq!(drawn, b"ab\x1b]0;c\x07\x1b[6n\x1b");
}
