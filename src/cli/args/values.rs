//! Values of options: from one word to a domain word, or to what should have been written.

use crate::domain::{Name, Span};

pub(super) fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| error.to_string())
}

pub(super) fn parse_span(text: &str) -> Result<Span, String> {
    Span::parse(text).map_err(|error| error.to_string())
}

pub(super) fn parse_umask(text: &str) -> Result<String, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mask) if mask <= 0o777 => Ok(text.to_owned()),
        _ => Err("write an octal mask from 0 to 0777, such as 022".to_owned()),
    }
}

/// Signals that have a name, as signal(7) numbers them on Linux.
pub(crate) const SIGNALS: [(&str, i32); 14] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("KILL", 9),
    ("USR1", 10),
    ("USR2", 12),
    ("ALRM", 14),
    ("TERM", 15),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("WINCH", 28),
    ("SYS", 31),
];

pub(super) fn parse_signal(text: &str) -> Result<i32, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, number)| *number)
        .or_else(|| name.parse().ok().filter(|number| (1..=31).contains(number)))
        .ok_or_else(|| {
            "write a signal such as TERM, HUP or USR1, or a number from 1 to 31".to_owned()
        })
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots(pub Option<u32>);

pub(super) fn parse_slots(text: &str) -> Result<Slots, String> {
    match text.parse() {
        _ if text == "none" => Ok(Slots(None)),
        Ok(slots @ 1..=100_000) => Ok(Slots(Some(slots))),
        _ => Err("write a number from 1 to 100000, or none".to_owned()),
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum GraceArg {
    Forever,
    For(Span),
}

pub(super) fn parse_grace(text: &str) -> Result<GraceArg, String> {
    if text == "forever" {
        Ok(GraceArg::Forever)
    } else {
        parse_span(text).map(GraceArg::For)
    }
}
