//! Names for the jobs of a batch: `true`, `true-2`, `true-3`, …, without asking the file for each.

use std::collections::{HashMap, HashSet};

use crate::domain::Name;

/// What a series needs to know of the names that are taken in the file.
pub(super) trait Taken {
    type Error;

    fn is_free(&self, name: &Name) -> Result<bool, Self::Error>;

    /// The highest number among `stem-N`; 0 when there is none.
    fn highest(&self, stem: &Name) -> Result<u64, Self::Error>;
}

/// The names given out so far.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// The next number of each stem.
    next: HashMap<Name, u64>,
    /// Names that look like a part of a series and were not given out as one.
    strays: HashSet<Name>,
}

impl Series {
    /// Names that lines of the batch have of their own are not given to others.
    pub(super) fn keep_off(&mut self, name: &Name) {
        self.strays.insert(name.clone());
    }

    pub(super) fn name<T: Taken>(&mut self, stem: &Name, taken: &T) -> Result<Name, T::Error> {
        if let Some(next) = self.next.get_mut(stem) {
            return Ok(next_of(stem, next, &self.strays));
        }
        let is_free =
            !self.strays.contains(stem) && !self.is_given_out(stem) && taken.is_free(stem)?;
        // A series begins at 2: its first name has no number.
        let mut next = (taken.highest(stem)? + 1).max(2);
        let name = if is_free {
            if number_of(stem).is_some() {
                self.strays.insert(stem.clone());
            }
            stem.clone()
        } else {
            next_of(stem, &mut next, &self.strays)
        };
        self.next.insert(stem.clone(), next);
        Ok(name)
    }

    /// Whether a command called `true-7` comes too late, because the seventh `true` has that name.
    fn is_given_out(&self, name: &Name) -> bool {
        number_of(name).is_some_and(|(stem, number)| {
            Name::parse(stem)
                .ok()
                .and_then(|stem| self.next.get(&stem))
                .is_some_and(|next| number < *next)
        })
    }
}

fn next_of(stem: &Name, next: &mut u64, strays: &HashSet<Name>) -> Name {
    loop {
        let name = stem.numbered(*next);
        *next += 1;
        if strays.is_empty() || !strays.contains(&name) {
            return name;
        }
    }
}

/// `true-7` is the seventh of `true`.
fn number_of(name: &Name) -> Option<(&str, u64)> {
    let (stem, number) = name.as_str().rsplit_once('-')?;
    Some((stem, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use super::{Series, Taken};
    use crate::domain::Name;

    struct File(HashSet<&'static str>);

    impl Taken for File {
        type Error = Infallible;

        fn is_free(&self, name: &Name) -> Result<bool, Infallible> {
            Ok(!self.0.contains(name.as_str()))
        }

        fn highest(&self, stem: &Name) -> Result<u64, Infallible> {
            let number = |name: &&str| {
                name.strip_prefix(stem.as_str())?
                    .strip_prefix('-')?
                    .parse()
                    .ok()
            };
            Ok(self.0.iter().filter_map(number).max().unwrap_or(0))
        }
    }

    fn names(taken: &[&'static str], own: &[&str], stems: &[&str]) -> Vec<String> {
        let file = File(taken.iter().copied().collect());
        let mut series = Series::default();
        for name in own {
            series.keep_off(&Name::parse(name).unwrap());
        }
        let mut given = HashSet::new();
        stems
            .iter()
            .map(|stem| {
                let Ok(name) = series.name(&Name::parse(stem).unwrap(), &file);
                assert!(given.insert(name.clone()), "{name} is given out twice");
                assert!(!taken.contains(&name.as_str()), "{name} is taken");
                name.to_string()
            })
            .collect()
    }

    #[test]
    fn a_series_goes_on_where_the_file_ends() {
        assert_eq!(
            names(&[], &[], &["a", "b", "a", "a"]),
            ["a", "b", "a-2", "a-3"]
        );
        assert_eq!(names(&["a"], &[], &["a", "a"]), ["a-2", "a-3"]);
        assert_eq!(names(&["a", "a-7"], &[], &["a", "a"]), ["a-8", "a-9"]);
        assert_eq!(names(&["a-7"], &[], &["a", "a"]), ["a", "a-8"]);
    }

    #[test]
    fn names_of_lines_and_programs_with_numbers_are_kept_off() {
        assert_eq!(names(&[], &["a", "a-3"], &["a", "a"]), ["a-2", "a-4"]);
        assert_eq!(names(&[], &[], &["a-2", "a", "a"]), ["a-2", "a", "a-3"]);
        assert_eq!(names(&[], &[], &["a", "a", "a-2"]), ["a", "a-2", "a-2-2"]);
        assert_eq!(
            names(&[], &[], &["a", "a-3", "a", "a"]),
            ["a", "a-3", "a-2", "a-4"]
        );
    }
}
