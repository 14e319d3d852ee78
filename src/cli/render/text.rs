//! Text from users made safe to print, and cut to a width.
//!
//! What lives here: escaping of bytes that may be no text, and cutting by display width. What
//! never does: a decision about where such text goes. Which signs are shown and not printed is
//! the domain's word.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(crate) use crate::domain::escape;
use crate::domain::{is_dangerous, push_escaped, push_hex};

/// Bytes a program wrote, with their lines: line ends and tabs stay, a CR only in front of a LF;
/// bytes that are not UTF-8 are shown as `\xNN`.
pub(crate) fn escape_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(is_dangerous)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            let kept = c == '\n' || c == '\t' || (c == '\r' && chars.peek() == Some(&'\n'));
            if kept || !is_dangerous(c) {
                out.push(c);
            } else {
                push_escaped(&mut out, c);
            }
        }
        for byte in chunk.invalid() {
            push_hex(&mut out, u32::from(*byte));
        }
    }
    Cow::Owned(out)
}

/// How many of these bytes can be shown before more are read: an unfinished character and
/// a last CR wait for what follows them.
pub(crate) fn settled(bytes: &[u8]) -> usize {
    let unfinished = bytes
        .utf8_chunks()
        .last()
        .map(|last| last.invalid())
        .filter(|rest| could_continue(rest))
        .map_or(0, <[u8]>::len);
    let end = bytes.len() - unfinished;
    end - usize::from(bytes[..end].ends_with(b"\r"))
}

/// Whether an invalid tail of a buffer may be the beginning of a character.
fn could_continue(rest: &[u8]) -> bool {
    std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none())
}

/// Columns a terminal needs.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text without a width can still be long: marks stack on one letter without end. No
/// honest cluster needs this many bytes for one column.
const BYTES_PER_COLUMN: usize = 32;

fn fits(text: &str, columns: usize) -> bool {
    text.len() <= columns.saturating_mul(BYTES_PER_COLUMN) && width(text) <= columns
}

/// The beginning of a text, with the ellipsis when it does not fit whole.
pub(crate) fn fit<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if fits(text, columns) {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(ellipsis)) else {
        return Cow::Owned(".".repeat(columns));
    };
    let end = taken(clusters(text), room);
    Cow::Owned(format!("{}{ellipsis}", &text[..end]))
}

/// Whole words from the beginning of a text, if one fits.
pub(crate) fn fit_words<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    let Cow::Owned(cut) = fit(text, columns, ellipsis) else {
        return Cow::Borrowed(text);
    };
    let before = |text: &'a str| text.rsplit_once(' ').map(|(words, _)| words);
    let whole = cut.rsplit_once(' ').map(|(words, _)| &text[..words.len()]);
    // A distance without its direction would be another one.
    let words = match whole {
        Some(words) if text[words.len()..] == *" ago" => before(words),
        whole => whole,
    };
    match words {
        Some(words) => Cow::Owned(format!("{words} {ellipsis}")),
        None => Cow::Owned(cut),
    }
}

/// Both ends of a text, for names: their ends tell them apart.
pub(crate) fn fit_middle<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if fits(text, columns) {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(width(ellipsis)) else {
        return Cow::Owned(".".repeat(columns));
    };
    let head = taken(clusters(text), room - room / 2);
    let parts: Vec<&str> = clusters(&text[head..]).collect();
    let tail = text.len() - taken(parts.into_iter().rev(), room / 2);
    Cow::Owned(format!("{}{ellipsis}{}", &text[..head], &text[tail..]))
}

/// A text in pieces that fit into so many columns; at least one, perhaps empty.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !fits(rest, columns) {
        // A sign wider than the screen has a line for itself.
        let end = taken(clusters(rest), columns).max(cluster_end(rest).unwrap_or(0));
        let (piece, tail) = rest.split_at(end);
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

/// Bytes of the clusters that fit into so many columns.
fn taken<'a>(clusters: impl Iterator<Item = &'a str>, columns: usize) -> usize {
    let mut bytes = 0;
    let mut used = 0;
    for cluster in clusters {
        used += width(cluster);
        if used > columns || bytes + cluster.len() > columns * BYTES_PER_COLUMN {
            break;
        }
        bytes += cluster.len();
    }
    bytes
}

/// A text in pieces that must not be cut: a letter with its marks, a joined emoji, a flag.
fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (cluster, tail) = rest.split_at(cluster_end(rest)?);
        rest = tail;
        Some(cluster)
    })
}

fn cluster_end(text: &str) -> Option<usize> {
    const JOINER: char = '\u{200d}';
    let is_flag_letter = |c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    let mut before = first;
    for (at, c) in chars {
        let belongs = before == JOINER
            || c.width().unwrap_or(0) == 0
            || matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
            || (at == first.len_utf8() && is_flag_letter(first) && is_flag_letter(c));
        if !belongs {
            return Some(at);
        }
        before = c;
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::{escape_bytes, fit, fit_middle, fit_words, settled, width, wrapped};

    #[test]
    fn output_keeps_its_lines_and_shows_bytes_that_are_no_text() {
        assert_eq!(
            escape_bytes(b"a\tb\r\nc\rd\n\xff\xc3(\x1b]0;x\x07\n"),
            "a\tb\r\nc\\rd\n\\xff\\xc3(\\x1b]0;x\\x07\n"
        );
    }

    #[test]
    fn a_character_split_between_two_reads_waits() {
        let word = "aé日🎉".as_bytes();
        let ready: Vec<usize> = (0..=word.len()).map(|n| settled(&word[..n])).collect();
        assert_eq!(ready, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10]);
        assert_eq!(settled(b"ab\r"), 2);
        assert_eq!(settled(b"ab\xff"), 3);
    }

    #[test]
    fn a_text_is_cut_by_the_columns_it_takes() {
        for (text, columns, cut) in [
            ("restic backup", 13, "restic backup"),
            ("restic backup", 8, "restic …"),
            ("日本語テキスト", 7, "日本語…"),
            ("日本語テキスト", 6, "日本…"),
            ("ok 👩\u{200d}🚀👩\u{200d}🚀", 6, "ok 👩\u{200d}🚀…"),
            ("❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}", 4, "❤\u{fe0f}…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("🇩🇪🇫🇷🇮🇹", 4, "🇩🇪…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(fit(text, columns, "…"), cut, "{text:?} in {columns}");
        }
        assert_eq!(fit("restic backup", 8, "..."), "resti...");
        assert_eq!(fit("restic backup", 2, "..."), "..");
        assert_eq!(
            fit_words("failed(exit 2) 61m ago", 16, "…"),
            "failed(exit 2) …"
        );
        assert_eq!(
            fit_words("failed(exit 2) 61m ago", 17, "…"),
            "failed(exit 2) …"
        );
        assert_eq!(fit_words("failed(exit 2) 61m ago", 5, "…"), "fail…");
        assert_eq!(fit_middle("nightly-report-3", 9, "…"), "nigh…rt-3");
        assert_eq!(fit_middle("nightly-report-3", 8, "..."), "nig...-3");
    }

    #[test]
    fn a_cut_text_never_takes_more_than_it_may() {
        let texts = [
            "a日e\u{301}👍🏽👩\u{200d}👩\u{200d}👧🇩🇪🇫",
            "❤\u{fe0f}1\u{fe0f}\u{20e3}لا\u{200d}لا한글ᄒ\u{1161}\u{11ab}",
            "\u{301}\u{200d}\u{200d}x\u{fe0e}⌚\u{fe0e}⌚",
        ];
        for text in texts {
            for columns in 0..30 {
                for cut in [fit(text, columns, "…"), fit_middle(text, columns, "…")] {
                    assert!(width(&cut) <= columns, "{cut:?} in {columns}");
                }
            }
        }
    }

    #[test]
    fn a_long_line_is_wrapped_between_signs() {
        assert_eq!(wrapped("", 3), [""]);
        assert_eq!(wrapped("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(wrapped("a日本語", 3), ["a日", "本", "語"]);
        assert_eq!(wrapped("日e\u{301}", 1), ["日", "e\u{301}"]);
    }

    #[test]
    fn marks_stacked_without_end_are_cut_too() {
        let tower = format!("a{}b", "\u{301}".repeat(60_000));
        assert!(fit(&tower, 80, "…").len() < 80 * 40);
    }
}
