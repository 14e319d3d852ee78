//! Plain English that is no schedule, in the words of one that is: `every monday at 8` is meant
//! to be `every 1w on monday 08:00`. For hints only; the language stays as small as it is.

use super::crontab;
use super::moment::{Clock, parse_clock};
use super::words::{WEEKDAYS, Word, name_index};
use crate::domain::Span;

/// More words than this are no schedule.
const LONGEST: usize = 8;

/// The time of day that is shown where none was written.
const SOME_TIME: &str = "08:00";

const UNITS: [(&str, &[&str]); 5] = [
    ("s", &["second", "sec", "s"]),
    ("m", &["minute", "min", "m"]),
    ("h", &["hour", "hr", "h"]),
    ("d", &["day", "d"]),
    ("w", &["week", "wk", "w"]),
];

/// Words for a time of day.
const HOURS: [(&str, &str); 5] = [
    ("midnight", "00:00"),
    ("night", "03:00"),
    ("morning", "08:00"),
    ("noon", "12:00"),
    ("evening", "20:00"),
];

/// The schedules that these words may have been meant to be. They are not read here, and may be
/// beyond what the language allows.
pub(super) fn meant(words: &[Word<'_>]) -> Vec<String> {
    let lower: Vec<String> = words
        .iter()
        .take(LONGEST)
        .map(|word| word.text.to_ascii_lowercase())
        .collect();
    let mut said: Vec<&str> = lower.iter().map(String::as_str).collect();
    said.retain(|word| !["on", "the", "next"].contains(word));
    if let [span] = said.as_slice()
        && Span::parse(span).is_ok()
    {
        return vec![format!("every {span}"), format!("in {span}")];
    }
    let is_filled = said.len() < words.len();
    form(&said, is_filled).into_iter().collect()
}

/// `is_filled`: other words stood between these.
fn form(said: &[&str], is_filled: bool) -> Option<String> {
    match said {
        ["at", word] | [word] if hour(word).is_some() => Some(format!("at {}", hour(word)?)),
        ["in", count, unit] => Some(format!("in {}{}", number(count)?, short(unit)?)),
        ["every" | "each", rest @ ..] => every(rest),
        ["daily", clock @ ..] if !clock.is_empty() => on_days("1", clock),
        [day, clock @ ..] if plural(day).is_some() => on_weekday("1", plural(day)?, clock),
        [day, clock @ ..] if weekday(day).is_some() && (is_filled || !clock.is_empty()) => {
            Some(format!("{day} {}", time(clock)?))
        }
        [word] => crontab::nicknames()
            .find(|name| name.strip_prefix('@') == Some(word))
            .map(str::to_owned),
        _ => None,
    }
}

fn every(words: &[&str]) -> Option<String> {
    let (count, words) = match words {
        ["other", rest @ ..] => ("2", rest),
        [count, rest @ ..] if number(count).is_some() => (number(count)?, rest),
        _ => ("1", words),
    };
    let [what, clock @ ..] = words else {
        return None;
    };
    match (*what, short(what)) {
        ("weekday" | "weekdays", _) => on_weekdays("MON-FRI", clock),
        ("weekend" | "weekends", _) => on_weekdays("SAT,SUN", clock),
        ("month", _) if count == "1" && clock.is_empty() => Some("@monthly".to_owned()),
        ("year", _) if count == "1" && clock.is_empty() => Some("@yearly".to_owned()),
        (_, Some("d")) => on_days(count, clock),
        (_, Some("w")) => match clock {
            [day, clock @ ..] if weekday(day).is_some() => on_weekday(count, weekday(day)?, clock),
            clock => on_weekday(count, "monday", clock),
        },
        (_, Some(unit)) if clock.is_empty() => Some(format!("every {count}{unit}")),
        (word, None) => match weekday(word).or_else(|| plural(word)) {
            Some(day) => on_weekday(count, day, clock),
            None if clock.is_empty() => on_days(count, &[hour(word)?]),
            None => None,
        },
        _ => None,
    }
}

fn on_days(count: &str, clock: &[&str]) -> Option<String> {
    Some(format!("every {count}d at {}", time(clock)?))
}

fn on_weekday(count: &str, day: &str, clock: &[&str]) -> Option<String> {
    Some(format!("every {count}w on {day} {}", time(clock)?))
}

fn on_weekdays(days: &str, clock: &[&str]) -> Option<String> {
    let time = time(clock)?;
    let (hour, minute) = time.split_once(':')?;
    let field = |digits: &str| digits.parse::<u8>().ok();
    Some(format!("{} {} * * {days}", field(minute)?, field(hour)?))
}

/// A time of day as the language writes it; some time where there is none.
fn time(words: &[&str]) -> Option<String> {
    let words = match words {
        ["at", rest @ ..] => rest,
        words => words,
    };
    let [first, rest @ ..] = words else {
        return Some(SOME_TIME.to_owned());
    };
    let text = match (hour(first), number(first)) {
        (Some(hour), _) => hour.to_owned(),
        // A number alone is an hour here.
        (None, Some(number)) if rest.is_empty() => format!("{number:0>2}:00"),
        _ => (*first).to_owned(),
    };
    let word = |text| Word { text, start: 0 };
    let rest: Vec<Word<'_>> = rest.iter().copied().map(word).collect();
    let Clock(seconds) = parse_clock(word(&text), &rest).ok()?;
    Some(format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60))
}

fn hour(word: &str) -> Option<&'static str> {
    let found = HOURS.iter().find(|(name, _)| *name == word);
    found.map(|(_, hour)| *hour)
}

fn number(word: &str) -> Option<&str> {
    match word {
        "a" | "an" | "one" => Some("1"),
        word if (1..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()) => {
            Some(word)
        }
        _ => None,
    }
}

/// The unit of a duration that has this long name.
fn short(word: &str) -> Option<&'static str> {
    let single = word.strip_suffix('s').filter(|rest| !rest.is_empty());
    let is_it = |name: &&str| *name == word || Some(*name) == single;
    let found = UNITS.iter().find(|(_, names)| names.iter().any(is_it));
    found.map(|(unit, _)| *unit)
}

fn weekday(word: &str) -> Option<&str> {
    name_index(&WEEKDAYS, word).map(|_| word)
}

/// `monday` of `mondays`.
fn plural(word: &str) -> Option<&str> {
    word.strip_suffix('s').and_then(weekday)
}
