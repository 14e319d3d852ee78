//! Sizes in bytes as people write them: `64KiB`, `1MiB`, `0`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Size(u64);

const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// No output limit above this is taken: the kept part passes through memory.
const LARGEST: u64 = 1 << 30;

impl Size {
    pub(crate) const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(self) -> u64 {
        self.0
    }

    /// Reads `N`, `NB`, `NKiB`, `NMiB` or `NGiB`, up to 1 GiB; the unit in any case, `K`, `M` and `G` too.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim_start();
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" if number == "0" => Some(1),
            "b" => Some(1),
            "kib" | "k" => Some(1 << 10),
            "mib" | "m" => Some(1 << 20),
            "gib" | "g" => Some(1 << 30),
            _ => None,
        };
        let bytes = number
            .parse::<u64>()
            .ok()
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor));
        match bytes {
            Some(bytes) if bytes <= LARGEST => Ok(Self(bytes)),
            Some(_) => Err(format!("size {text:?} is above the limit of 1GiB")),
            None => Err(format!(
                "{text:?} is not a size; write a number with a unit, such as 64KiB or 1MiB"
            )),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0");
        }
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.0.is_multiple_of(*factor))
            .expect("every number is a multiple of one byte");
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes_read_and_print_the_same() {
        for text in ["0", "1B", "64KiB", "1MiB", "1GiB", "1000B"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "1",
            "-1B",
            "1.5MiB",
            "2GiB",
            "99999999999999999999B",
            "MiB",
        ] {
            assert!(Size::parse(bad).is_err(), "{bad:?}");
        }
    }
}
