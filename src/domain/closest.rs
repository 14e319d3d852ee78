//! What was probably meant by a word that is not known: the nearest of those that are.

/// Twice the longest name there can be.
const LONGEST: usize = 128;

/// The name with the fewest edits, if it is close enough to be what was meant.
pub(crate) fn closest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let room = |name: &str| name.len().max(word.len()) / 3;
    names
        // Any two words are as far apart as they differ in length, and a very long word is no slip.
        .filter(|name| name.len().abs_diff(word.len()) <= room(name) && word.len() <= LONGEST)
        .map(|name| (edits(word, name), name))
        .filter(|(edits, name)| *edits <= room(name))
        .min()
        .map(|(_, name)| name)
}

/// The names that begin with a word, when they are few: somebody left off their end.
pub(crate) fn begun<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let begun: Vec<&str> = names.filter(|name| name.starts_with(word)).collect();
    match begun.len() {
        1..=3 if word.len() > 1 => begun,
        _ => Vec::new(),
    }
}

/// Insertions, deletions and replacements between two words (Levenshtein 1966).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{begun, closest};

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        let names = ["backup", "report", "true"];
        assert_eq!(closest("bakup", names.into_iter()), Some("backup"));
        assert_eq!(closest("reprot", names.into_iter()), Some("report"));
        assert_eq!(closest("xyz", names.into_iter()), None);
    }

    #[test]
    fn a_beginning_finds_the_few_names_that_begin_so() {
        let names = [
            "weekly-report",
            "weekly-sync",
            "w1",
            "w2",
            "w3",
            "w4",
            "tick",
        ];
        let begun = |word| begun(word, names.into_iter());
        assert_eq!(begun("weekly"), ["weekly-report", "weekly-sync"]);
        assert_eq!(begun("ti"), ["tick"]);
        for too_many in ["w", "t", "", "other"] {
            assert!(begun(too_many).is_empty(), "{too_many}");
        }
    }
}
