//! The text of durations: `1h30m`, `250ms`, `2w`.
//!
//! One type for every duration a user writes or reads: `in`, `every`, timeouts, backoff, jitter. A bare number is
//! refused, because people disagree about its unit. Nothing here knows what a duration is used for.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A length of time with millisecond resolution and a canonical text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Span(Duration);

/// Why a text is not a duration, and which bytes of it are to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SpanError {
    pub message: String,
    pub span: Range<usize>,
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// Longer than any schedule can reach; everything above it is a slip of the keyboard, and nothing below it can
/// overflow when it is added to an instant.
const LONGEST: u64 = 36_525 * DAY;

const UNITS: [(&str, u64); 6] = [
    ("w", WEEK),
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", SECOND),
    ("ms", 1),
];

impl Span {
    /// Reads `1h30m`: numbers with units, each unit at most once, in any order and case.
    pub(crate) fn parse(text: &str) -> Result<Self, SpanError> {
        if text.is_empty() {
            return Err(SpanError {
                message: "a duration is missing, such as 10s or 1h30m".to_owned(),
                span: 0..0,
            });
        }
        let mut total: u64 = 0;
        let mut seen = [false; UNITS.len()];
        let mut at = 0;
        while at < text.len() {
            let part = Part::read(text, at)?;
            let place = part.span.clone();
            if std::mem::replace(&mut seen[part.unit], true) {
                let message = format!("unit {} is given twice", UNITS[part.unit].0);
                return Err(SpanError {
                    message,
                    span: place,
                });
            }
            total = part
                .number
                .checked_mul(UNITS[part.unit].1)
                .and_then(|millis| millis.checked_add(total))
                .filter(|millis| *millis <= LONGEST)
                .ok_or_else(|| too_long(place.clone()))?;
            at = place.end;
        }
        Ok(Self::from_millis(total))
    }

    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    pub(crate) fn as_millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn as_duration(self) -> Duration {
        self.0
    }

    /// The same length for arithmetic with instants, at most the longest that chrono can hold.
    pub(crate) fn to_delta(self) -> chrono::TimeDelta {
        chrono::TimeDelta::from_std(self.0).unwrap_or(chrono::TimeDelta::MAX)
    }
}

/// One number with its unit, and where it stands.
struct Part {
    number: u64,
    unit: usize,
    span: Range<usize>,
}

impl Part {
    fn read(text: &str, start: usize) -> Result<Self, SpanError> {
        let rest = &text[start..];
        let digits = leading(rest, |c| c.is_ascii_digit());
        let letters = leading(&rest[digits..], char::is_alphabetic);
        let span = start..start + digits + letters;
        if digits == 0 {
            return Err(no_number(text, start));
        }
        if letters == 0 {
            return Err(no_unit(text, start, digits));
        }
        let name = &rest[digits..digits + letters];
        let unit = UNITS
            .iter()
            .position(|(unit, _)| unit.eq_ignore_ascii_case(name))
            .ok_or_else(|| SpanError {
                message: format!("unit {name} is unknown, use ms s m h d w"),
                span: start + digits..span.end,
            })?;
        let number = rest[..digits].parse().map_err(|_| too_long(span.clone()))?;
        Ok(Self { number, unit, span })
    }
}

fn leading(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn no_number(text: &str, at: usize) -> SpanError {
    let rest = &text[at..];
    let width = rest.chars().next().map_or(0, char::len_utf8);
    let message = if rest.starts_with('-') {
        format!("duration {text} is negative")
    } else if rest.starts_with(char::is_whitespace) {
        "a duration has no blanks, as in 1h30m".to_owned()
    } else {
        format!("{rest} is not a duration, write a number with a unit such as 10s or 1h30m")
    };
    SpanError {
        message,
        span: at..at + width,
    }
}

fn no_unit(text: &str, at: usize, digits: usize) -> SpanError {
    let number = &text[at..at + digits];
    let message = match text[at + digits..].chars().next() {
        Some('.' | ',') => {
            "fractions are not durations, use a smaller unit such as 90s or 1500ms".to_owned()
        }
        _ => format!("{number} has no unit, write {number}s or {number}m"),
    };
    SpanError {
        message,
        span: at..at + digits,
    }
}

fn too_long(span: Range<usize>) -> SpanError {
    SpanError {
        message: "a duration is at most 100 years".to_owned(),
        span,
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        Self::parse(text)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.as_millis();
        if left == 0 {
            return f.write_str("0s");
        }
        for (name, size) in UNITS {
            // Nobody says "4w2d" for 30 days: weeks only where they are whole.
            if name == "w" && !left.is_multiple_of(WEEK) {
                continue;
            }
            if left >= size {
                write!(f, "{}{name}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SpanText)
    }
}

struct SpanText;

impl Visitor<'_> for SpanText {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"10s\" or \"1h30m\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        Span::parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text() {
        for (text, shown) in [
            ("90m", "1h30m"),
            ("1h30m", "1h30m"),
            ("30m1h", "1h30m"),
            ("10S", "10s"),
            ("250ms", "250ms"),
            ("0m", "0s"),
            ("14d", "2w"),
            ("30d", "30d"),
            ("36h", "1d12h"),
            ("1w1d1h1m1s1ms", "8d1h1m1s1ms"),
        ] {
            let span = Span::parse(text).unwrap();
            assert_eq!(span.to_string(), shown, "{text}");
            assert_eq!(Span::parse(shown), Ok(span));
        }
    }

    #[test]
    fn refused_with_the_place() {
        for (text, message, span) in [
            ("", "a duration is missing, such as 10s or 1h30m", 0..0),
            ("15", "15 has no unit, write 15s or 15m", 0..2),
            ("1h30", "30 has no unit, write 30s or 30m", 2..4),
            ("-5m", "duration -5m is negative", 0..1),
            ("1h1h", "unit h is given twice", 2..4),
            ("1h 30m", "a duration has no blanks, as in 1h30m", 2..3),
            (
                "1.5h",
                "fractions are not durations, use a smaller unit such as 90s or 1500ms",
                0..1,
            ),
            ("5y", "unit y is unknown, use ms s m h d w", 1..2),
            ("99999999999d", "a duration is at most 100 years", 0..12),
            (
                "99999999999999999999999s",
                "a duration is at most 100 years",
                0..24,
            ),
        ] {
            let error = Span::parse(text).unwrap_err();
            assert_eq!(
                (error.message.as_str(), error.span),
                (message, span),
                "{text}"
            );
        }
    }

    #[test]
    fn serde_is_the_text() {
        let span: Span = serde_json::from_str("\"1h30m\"").unwrap();
        assert_eq!(serde_json::to_string(&span).unwrap(), "\"1h30m\"");
        assert!(serde_json::from_str::<Span>("\"15\"").is_err());
        assert!(serde_json::from_str::<Span>("15").is_err());
    }
}
