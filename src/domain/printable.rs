//! Text from users made safe to look at: what could drive a terminal, reorder a line or begin
//! another is shown instead of obeyed.
//!
//! A backslash that was typed is not doubled: these forms are for reading. JSON stays exact.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Controls (C0, DEL, C1), line and paragraph separators, and the marks that change the
/// direction of what follows.
pub(crate) fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// One value on one line.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_dangerous(c) {
            push_escaped(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

pub(crate) fn push_escaped(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_ascii() => push_hex(out, u32::from(c)),
        c => write!(out, "{}", c.escape_unicode()).expect("a String takes every write"),
    }
}

pub(crate) fn push_hex(out: &mut String, byte: u32) {
    write!(out, "\\x{byte:02x}").expect("a String takes every write");
}

/// JSON may carry C1 controls and bidi marks as they are, and a terminal would obey them. They
/// stand in strings only, and every reader turns `\uNNNN` back into the same text.
pub(crate) fn visible_json(document: String) -> String {
    // A writer of JSON breaks lines between values, never within one.
    let is_raw = |c: char| is_dangerous(c) && c != '\n';
    if is_plain(document.as_bytes()) || !document.chars().any(is_raw) {
        return document;
    }
    let mut out = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if is_raw(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a String takes every write");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether all of it is printable ASCII or line ends, as nearly every document is. Eight bytes at a time: one by
/// one, this was a seventh of the time of a long `list --json`.
fn is_plain(bytes: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const TOP: u64 = EACH * 0x80;
    let is_plain = |byte: &u8| *byte == b'\n' || matches!(byte, b' '..=b'~');
    let (words, rest) = bytes.as_chunks::<8>();
    let all_printable = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        // The top bit of a byte is set by one that is below a space, and by one that is above a tilde.
        let low = word.wrapping_sub(EACH * 0x20) & !word;
        let high = word | word.wrapping_add(EACH);
        (low | high) & TOP == 0
    };
    words
        .iter()
        .all(|word| all_printable(word) || word.iter().all(is_plain))
        && rest.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_plain_at_every_place() {
        for place in 0..24 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'x'; 24];
                bytes[place] = byte;
                let expected = byte == b'\n' || matches!(byte, b' '..=b'~');
                assert_eq!(is_plain(&bytes), expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn what_could_drive_a_terminal_is_shown_instead() {
        for (text, shown) in [
            ("plain äöü 日本 🎉 שלום", "plain äöü 日本 🎉 שלום"),
            ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
            ("a\nb\tc\rd\0", r"a\nb\tc\rd\x00"),
            ("\u{9b}2J\u{7f}", r"\u{9b}2J\x7f"),
            ("\u{202e}exe.txt\u{2066}", r"\u{202e}exe.txt\u{2066}"),
            ("a\u{2028}b\u{200f}\u{61c}", r"a\u{2028}b\u{200f}\u{61c}"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            (r"sed 's/\n//'", r"sed 's/\n//'"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert!(matches!(escape("as it is"), Cow::Borrowed(_)));
    }
}
