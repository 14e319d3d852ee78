//! Words of a WHEN with their places, the English names in it, and what a misspelt one was meant to be.

use std::ops::Range;

/// One blank-separated word and where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub text: &'a str,
    pub start: usize,
}

impl<'a> Word<'a> {
    pub(super) fn span(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    pub(super) fn is(self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The part of this word from one byte to another, still knowing its place.
    pub(super) fn slice(self, range: Range<usize>) -> Word<'a> {
        Word {
            text: &self.text[range.clone()],
            start: self.start + range.start,
        }
    }

    pub(super) fn from(self, at: usize) -> Word<'a> {
        self.slice(at..self.text.len())
    }

    pub(super) fn upto(self, at: usize) -> Word<'a> {
        self.slice(0..at)
    }

    /// Both sides of the first `mark`.
    pub(super) fn split_once(self, mark: char) -> Option<(Word<'a>, Word<'a>)> {
        let at = self.text.find(mark)?;
        Some((self.upto(at), self.from(at + mark.len_utf8())))
    }

    pub(super) fn split(self, mark: char) -> impl Iterator<Item = Word<'a>> {
        let mut start = self.start;
        self.text.split(mark).map(move |text| {
            let word = Word { text, start };
            start += text.len() + mark.len_utf8();
            word
        })
    }
}

pub(super) fn split(text: &str) -> Vec<Word<'_>> {
    let base = text.as_ptr() as usize;
    text.split_ascii_whitespace()
        .map(|word| Word {
            text: word,
            start: word.as_ptr() as usize - base,
        })
        .collect()
}

/// Full names; the first three letters are the short ones. The index is the crontab number.
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// As [`WEEKDAYS`]; the index is the crontab number less one.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The index of a three-letter or full name.
pub(super) fn name_index(names: &[&str], word: &str) -> Option<u32> {
    let found = names.iter().position(|name| {
        word.eq_ignore_ascii_case(name)
            || (word.len() == 3 && word.eq_ignore_ascii_case(&name[..3]))
    })?;
    u32::try_from(found).ok()
}

/// The candidate a misspelt word is nearest to, when it is near enough to be meant.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A word of a few letters is near to everything, a very long one is no slip of the finger.
    let length = word.chars().count();
    let room = match length {
        3..6 => 1,
        6..=40 => 2,
        _ => return None,
    };
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        // There are hundreds of zones; most are too long, too short or of other letters.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= room)
        .filter(|candidate| strange_letters(&word, candidate) <= 2 * room)
        .map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(edits, _)| *edits <= room)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Letters that one word has and the other has not, whatever their order and case: one edit makes up for
/// at most two of them. Those beyond ASCII count as one.
fn strange_letters(one: &str, other: &str) -> usize {
    let mut balance = [0_i32; 129];
    let place = |c: char| (c.to_ascii_lowercase() as usize).min(128);
    for c in one.chars() {
        balance[place(c)] += 1;
    }
    for c in other.chars() {
        balance[place(c)] -= 1;
    }
    balance
        .iter()
        .map(|count| count.unsigned_abs() as usize)
        .sum()
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in to.iter().enumerate() {
            let mut best = (above[column] + usize::from(a != b))
                .min(above[column + 1] + 1)
                .min(line[column] + 1);
            let swapped =
                row > 0 && column > 0 && *a == to[column - 1] && from[row - 1] == *b && a != b;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[to.len()]
}
