//! Sets of exit codes: `0`, `0,75`, `0-3,100`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Inclusive ranges of exit codes (0–255), sorted as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeSet(Vec<(u8, u8)>);

impl CodeSet {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let range = |item: &str| -> Option<(u8, u8)> {
            let (low, high) = item.split_once('-').unwrap_or((item, item));
            let low = low.trim().parse().ok()?;
            let high = high.trim().parse().ok()?;
            (low <= high).then_some((low, high))
        };
        text.split(',')
            .map(range)
            .collect::<Option<Vec<_>>>()
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a set of exit codes 0-255; write 0,75 or 0-3"))
    }

    pub(crate) fn contains(&self, code: i32) -> bool {
        self.0
            .iter()
            .any(|&(low, high)| (i32::from(low)..=i32::from(high)).contains(&code))
    }
}

impl fmt::Display for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (low, high)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if low == high {
                write!(f, "{comma}{low}")?;
            } else {
                write!(f, "{comma}{low}-{high}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for CodeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CodeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::CodeSet;

    #[test]
    fn a_set_holds_its_codes_and_ranges() {
        let set = CodeSet::parse("0,75,100-103").unwrap();
        assert!([0, 75, 100, 103].into_iter().all(|code| set.contains(code)));
        assert!(
            [1, 74, 104, -1, 256]
                .into_iter()
                .all(|code| !set.contains(code))
        );
        assert_eq!(set.to_string(), "0,75,100-103");
    }

    #[test]
    fn what_is_not_a_code_is_refused() {
        for bad in ["", "256", "-1", "3-1", "a", "0,,1"] {
            assert!(CodeSet::parse(bad).is_err(), "{bad:?}");
        }
    }
}
