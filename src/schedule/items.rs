//! How one item of a crontab field is spelt: `*/5`, `22-5`, `H(0-29)`, `L-3`, `15W`, `FRI#2`.
//!
//! Text in, [`Item`] out; every error names the field and blames the bytes.

use std::ops::Range;

use super::error::WhenError;
use super::fields::{Item, Kind};
use super::words::{WEEKDAYS, Word, name_index, nearest};

pub(super) fn parse_item(kind: Kind, item: Word<'_>) -> Result<Item, WhenError> {
    if item.text.is_empty() {
        // An empty span has no place for a caret; the byte before it is the comma that is too much.
        let at = item.start.saturating_sub(1);
        return Err(WhenError::new(
            format!("the {} list has an empty item", kind.name()),
            at..at + 1,
        ));
    }
    let (base, step) = match item.split_once('/') {
        Some((base, step)) => (base, Some(parse_step(kind, step)?)),
        None => (item, None),
    };
    if base.text.is_empty() {
        return Err(
            WhenError::new(format!("{} step has no start", kind.name()), item.span())
                .hint(format!("write *{}", item.text)),
        );
    }
    if let Some(drawn) = parse_drawn(kind, base, step)? {
        return Ok(drawn);
    }
    if let Some(special) = parse_special(kind, base)? {
        return match step {
            None => Ok(special),
            Some(_) => Err(WhenError::new(
                format!("{} {} takes no step", kind.name(), base.text),
                item.span(),
            )),
        };
    }
    parse_run(kind, base, step)
}

fn parse_step(kind: Kind, word: Word<'_>) -> Result<u32, WhenError> {
    let bad = |what: String| WhenError::new(what, at_least_one_byte(word));
    match digits(word.text) {
        Some(0) => Err(bad(format!("{} step must be at least 1", kind.name()))),
        Some(step) => Ok(step),
        None => Err(bad(format!(
            "{} step \"{}\" is not a number",
            kind.name(),
            word.text
        ))),
    }
}

fn parse_run(kind: Kind, base: Word<'_>, step: Option<u32>) -> Result<Item, WhenError> {
    if base.text == "*" {
        return Ok(whole(kind, step.unwrap_or(1)));
    }
    if let Some((from, to)) = base.split_once('-') {
        if from.text.is_empty() || to.text.is_empty() {
            let message = format!("{} range {} lacks an end", kind.name(), base.text);
            return Err(WhenError::new(message, base.span()));
        }
        let low = parse_value(kind, from)?;
        let high = parse_value(kind, to)?;
        let high = if high < low {
            high + kind.cycle()
        } else {
            high
        };
        return Ok(Item::Run {
            low,
            high,
            step: step.unwrap_or(1),
        });
    }
    let low = parse_value(kind, base)?;
    Ok(match step {
        Some(step) => Item::Run {
            low,
            high: kind.high(),
            step,
        },
        None => single(low),
    })
}

/// `H`, `H(a-b)` and `a~b`.
fn parse_drawn(kind: Kind, base: Word<'_>, step: Option<u32>) -> Result<Option<Item>, WhenError> {
    let hashed = base.text.starts_with(['H', 'h']);
    if !hashed && !base.text.contains('~') {
        return Ok(None);
    }
    if kind == Kind::Year {
        return Err(WhenError::new("a year cannot be drawn", base.span()));
    }
    let bounds = if hashed {
        parse_hash_bounds(kind, base)?
    } else {
        if step.is_some() {
            return Err(
                WhenError::new("a range with ~ takes no step", base.span()).hint("write H/15")
            );
        }
        parse_tilde_bounds(kind, base)?
    };
    if bounds.start > bounds.end {
        let message = format!("{} range {} is reversed", kind.name(), base.text);
        return Err(WhenError::new(message, base.span()));
    }
    Ok(Some(Item::Drawn {
        low: bounds.start,
        high: bounds.end,
        step,
    }))
}

fn parse_hash_bounds(kind: Kind, base: Word<'_>) -> Result<Range<u32>, WhenError> {
    let rest = base.from(1);
    if rest.text.is_empty() {
        return Ok(kind.low()..kind.drawn_high());
    }
    let wrong = || {
        let message = format!("{} {} is not understood", kind.name(), base.text);
        WhenError::new(message, base.span()).hint("write H, H/15 or H(0-29)")
    };
    if !rest.text.starts_with('(') || !rest.text.ends_with(')') {
        return Err(wrong());
    }
    let inner = rest.slice(1..rest.text.len() - 1);
    let (low, high) = inner.split_once('-').ok_or_else(wrong)?;
    Ok(parse_value(kind, low)?..parse_value(kind, high)?)
}

fn parse_tilde_bounds(kind: Kind, base: Word<'_>) -> Result<Range<u32>, WhenError> {
    let (low, high) = base
        .split_once('~')
        .expect("the caller saw a ~ in this item");
    if low.text.is_empty() && high.text.is_empty() {
        return Ok(kind.low()..kind.drawn_high());
    }
    let bound = |word: Word<'_>, open: u32| {
        if word.text.is_empty() {
            Ok(open)
        } else {
            parse_value(kind, word)
        }
    };
    Ok(bound(low, kind.low())?..bound(high, kind.high())?)
}

fn parse_special(kind: Kind, base: Word<'_>) -> Result<Option<Item>, WhenError> {
    match kind {
        Kind::MonthDay => parse_month_day_special(base),
        Kind::WeekDay => parse_week_day_special(base),
        _ => Ok(None),
    }
}

/// `L`, `$`, `L-3`, `LW`, `15W`.
fn parse_month_day_special(base: Word<'_>) -> Result<Option<Item>, WhenError> {
    if base.text.starts_with(['L', 'l', '$']) {
        let rest = base.from(1);
        if rest.text.is_empty() {
            return Ok(Some(Item::FromLast(0)));
        }
        if rest.is("W") {
            return Ok(Some(Item::LastWorkday));
        }
        return match rest.text.strip_prefix('-').and_then(digits) {
            Some(back) if back <= 30 => Ok(Some(Item::FromLast(back))),
            Some(back) => Err(WhenError::new(
                format!("day-of-month L-{back} is out of range L-0 to L-30"),
                base.span(),
            )),
            None => Err(WhenError::new(
                format!("day-of-month {} is not understood", base.text),
                base.span(),
            )
            .hint("write L, L-3 or LW")),
        };
    }
    if base.text.ends_with(['W', 'w']) {
        let number = base.upto(base.text.len() - 1);
        return parse_value(Kind::MonthDay, number).map(|day| Some(Item::NearestWorkday(day)));
    }
    Ok(None)
}

/// `5L`, `FRIL`, `5#L`, `FRI#2`.
fn parse_week_day_special(base: Word<'_>) -> Result<Option<Item>, WhenError> {
    if let Some((day, which)) = base.split_once('#') {
        let weekday = parse_value(Kind::WeekDay, day)? % 7;
        if which.is("L") {
            return Ok(Some(Item::LastWeekday(weekday)));
        }
        return match digits(which.text) {
            Some(nth @ 1..=5) => Ok(Some(Item::NthWeekday(weekday, nth))),
            _ => Err(WhenError::new(
                format!("day-of-week {} asks for no week 1-5 or L", base.text),
                at_least_one_byte(which),
            )),
        };
    }
    if !base.text.ends_with(['L', 'l']) || name_index(&WEEKDAYS, base.text).is_some() {
        return Ok(None);
    }
    let day = base.upto(base.text.len() - 1);
    if day.text.is_empty() {
        return Err(
            WhenError::new("day-of-week L needs a weekday before it", base.span())
                .hint("write 5L or FRIL for the last Friday"),
        );
    }
    parse_value(Kind::WeekDay, day).map(|weekday| Some(Item::LastWeekday(weekday % 7)))
}

fn parse_value(kind: Kind, word: Word<'_>) -> Result<u32, WhenError> {
    if let Some(index) = name_index(kind.names(), word.text) {
        return Ok(index + u32::from(kind == Kind::Month));
    }
    let (low, high) = (kind.low(), kind.high());
    match digits(word.text) {
        Some(value) if (low..=high).contains(&value) => Ok(value),
        Some(_) => {
            let name = kind.name();
            let message = format!("{name} {} is out of range {low}-{high}", word.text);
            Err(WhenError::new(message, word.span()))
        }
        None => Err(not_a_value(kind, word)),
    }
}

fn not_a_value(kind: Kind, word: Word<'_>) -> WhenError {
    let span = at_least_one_byte(word);
    let message = match kind {
        Kind::Month => format!("\"{}\" is neither a month nor a number", word.text),
        Kind::WeekDay => format!("\"{}\" is neither a weekday nor a number", word.text),
        _ => format!("{} \"{}\" is not a number", kind.name(), word.text),
    };
    let short: Vec<&str> = kind.names().iter().map(|name| &name[..3]).collect();
    let hint = nearest(word.text, kind.names().iter().copied().chain(short))
        .map(|name| format!("did you mean {name}?"));
    WhenError::new(message, span).maybe_hint(hint)
}

/// A decimal number; one too long for the machine is as large as can be, since every range refuses it anyway and
/// every step beyond a range means the same.
fn digits(text: &str) -> Option<u32> {
    let decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    decimal.then(|| text.parse().unwrap_or(u32::MAX))
}

fn at_least_one_byte(word: Word<'_>) -> Range<usize> {
    match word.text {
        "" => word.start.saturating_sub(1)..word.start.max(1),
        _ => word.span(),
    }
}

pub(super) fn single(value: u32) -> Item {
    Item::Run {
        low: value,
        high: value,
        step: 1,
    }
}

pub(super) fn whole(kind: Kind, step: u32) -> Item {
    Item::Run {
        low: kind.low(),
        high: kind.high(),
        step,
    }
}
