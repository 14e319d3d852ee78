//! From text to [`When`]: which form the first word begins, and the little sentences behind it.
//!
//! Crontab fields and points in time have parsers of their own ([`super::crontab`], [`super::moment`]).

use super::tzdb::Zone;
use chrono::{DateTime, Utc};

use super::crontab::{self, Crontab};
use super::error::WhenError;
use super::every::Calendar;
use super::meant::meant;
use super::moment::{Moment, parse_clock, reads_as_moment};
use super::when::{After, AfterMode, When};
use super::words::{self, WEEKDAYS, Word, name_index, nearest};
use super::zone::zone_word;
use crate::domain::Span;

/// First words that stand alone.
const WHOLE_FORMS: [&str; 2] = ["now", "never"];

/// First words that need more after them, with an example of the whole.
const LONGER_FORMS: [(&str, &str); 8] = [
    ("in", "in 10m"),
    ("at", "at 17:30"),
    ("every", "every 15m"),
    ("today", "today 17:30"),
    ("tomorrow", "tomorrow 09:00"),
    ("after", "after build"),
    ("after-any", "after-any build,test"),
    ("after-fail", "after-fail build"),
];

const SHORTEST: Span = Span::from_millis(1000);

const DAY_MILLIS: u64 = 86_400_000;

/// Reads a WHEN.
pub(crate) fn parse(text: &str) -> Result<When, WhenError> {
    if let Some(at) = text.find('\0') {
        return Err(WhenError::new("a schedule holds no NUL", at..at + 1));
    }
    let words = words::split(text);
    let [first, rest @ ..] = &words[..] else {
        return Err(WhenError::new("the schedule is empty", 0..text.len())
            .hint("write for example \"every 15m\" or '0 3 * * *'"));
    };
    match zone_prefix(*first)? {
        Some(zone) => parse_zoned(rest, zone, *first),
        None => parse_form(*first, rest, &words, None).map_err(|error| match suggested(&words) {
            Some(suggested) => error.hint(format!("did you mean {suggested}?")),
            None => error,
        }),
    }
}

/// What was meant by plain English, as one would type it.
fn suggested(words: &[Word<'_>]) -> Option<String> {
    let is_schedule = |text: &String| {
        let words = words::split(text);
        let (first, rest) = words.split_first()?;
        parse_form(*first, rest, &words, None).ok()
    };
    let typed = |text: String| match text.as_bytes() {
        [b'@', ..] => text,
        bytes if bytes.contains(&b'*') => format!("'{text}'"),
        _ => format!("\"{text}\""),
    };
    let all: Vec<String> = meant(words)
        .into_iter()
        .filter(|text| is_schedule(text).is_some())
        .map(typed)
        .collect();
    (!all.is_empty()).then(|| all.join(" or "))
}

/// Reads a bare TIME: what may follow `at`, or `now`. Times of the past are answered too.
pub(crate) fn parse_time(
    text: &str,
    now: DateTime<Utc>,
    zone: Zone,
) -> Result<DateTime<Utc>, WhenError> {
    match time_of(text)? {
        Some(moment) => moment.resolve(now, zone),
        None => Ok(now),
    }
}

/// As [`parse_time`] for looking back (`--since`): a clock time or weekday alone is the latest that has been, and a
/// duration is that long ago.
pub(crate) fn parse_past_time(
    text: &str,
    now: DateTime<Utc>,
    zone: Zone,
) -> Result<DateTime<Utc>, WhenError> {
    if let Ok(span) = Span::parse(text.trim()) {
        return now
            .checked_sub_signed(span.to_delta())
            .ok_or_else(|| WhenError::new("that is before the calendar begins", 0..text.len()));
    }
    match time_of(text)? {
        Some(moment) => moment.resolve_past(now, zone),
        None => Ok(now),
    }
}

/// `None` is `now`.
fn time_of(text: &str) -> Result<Option<Moment>, WhenError> {
    let words = words::split(text);
    let (words, zone) = match &words[..] {
        [first, rest @ ..] => match zone_prefix(*first)? {
            Some(zone) => (rest, Some(zone)),
            None => (&words[..], None),
        },
        [] => (&words[..], None),
    };
    let words = match words {
        [at, rest @ ..] if at.is("at") && !rest.is_empty() => rest,
        _ => words,
    };
    if let [now] = words
        && now.is("now")
    {
        return Ok(None);
    }
    match Moment::parse(words, zone)? {
        Some(moment) => Ok(Some(moment)),
        None => Err(
            WhenError::new(format!("\"{text}\" is not a time"), 0..text.len())
                .hint("write 17:30, \"tomorrow 09:00\", \"2026-12-01 09:00\" or RFC 3339"),
        ),
    }
}

/// Whether names may not be this word, because a WHEN begins with it.
pub(crate) fn is_form_word(word: &str) -> bool {
    begins_longer_form(word)
        || word.starts_with('@')
        || WHOLE_FORMS
            .iter()
            .any(|form| form.eq_ignore_ascii_case(word))
}

/// Whether this word alone is only the beginning of a WHEN.
pub(crate) fn begins_longer_form(word: &str) -> bool {
    example_of(word).is_some()
}

/// Whether one shell word looks like a part of a WHEN: a sign that somebody forgot the quotes.
pub(crate) fn reads_as_time(word: &str) -> bool {
    let field = word.starts_with(|c: char| c.is_ascii_digit() || "*?~".contains(c))
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || "*,-/?~#LWH".contains(c));
    field
        || is_form_word(word)
        || reads_as_moment(word)
        || Span::parse(word).is_ok()
        || zone_prefix_text(word).is_some()
}

fn example_of(word: &str) -> Option<String> {
    if name_index(&WEEKDAYS, word).is_some() {
        return Some(format!("{} 08:00", word.to_ascii_lowercase()));
    }
    LONGER_FORMS
        .iter()
        .find(|(form, _)| form.eq_ignore_ascii_case(word))
        .map(|(_, example)| (*example).to_owned())
}

/// The length of `TZ=` or `CRON_TZ=` at the beginning of a word.
fn zone_prefix_text(word: &str) -> Option<usize> {
    ["TZ=", "CRON_TZ="]
        .into_iter()
        .find(|prefix| {
            word.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
        .map(str::len)
}

fn zone_prefix(word: Word<'_>) -> Result<Option<Zone>, WhenError> {
    match zone_prefix_text(word.text) {
        Some(length) => zone_word(word.from(length)).map(Some),
        None => Ok(None),
    }
}

fn parse_zoned(words: &[Word<'_>], zone: Zone, prefix: Word<'_>) -> Result<When, WhenError> {
    let [first, rest @ ..] = words else {
        let message = format!("nothing follows {}", prefix.text);
        return Err(WhenError::new(message, prefix.span())
            .hint(format!("write '{} 0 3 * * *'", prefix.text)));
    };
    let when = parse_form(*first, rest, words, Some(zone))?;
    if when.zone().is_none() {
        let message = format!("\"{}\" has no use for a time zone", first.text);
        return Err(WhenError::new(message, prefix.span()));
    }
    Ok(when)
}

fn parse_form(
    first: Word<'_>,
    rest: &[Word<'_>],
    words: &[Word<'_>],
    zone: Option<Zone>,
) -> Result<When, WhenError> {
    if rest.is_empty()
        && let Some(example) = example_of(first.text)
    {
        let message = format!("\"{}\" alone says too little", first.text);
        return Err(WhenError::new(message, first.span())
            .hint(format!("write it as one argument: \"{example}\"")));
    }
    match first.text.to_ascii_lowercase().as_str() {
        "now" => alone(When::Now, first, rest),
        "never" => alone(When::Never, first, rest),
        "in" => parse_span(rest).map(When::In),
        "at" => match Moment::parse(rest, zone)? {
            Some(moment) => Ok(When::At(moment)),
            None => Err(not_a_time(rest[0])),
        },
        "every" => parse_every(rest, zone),
        "after" => parse_after(AfterMode::All, rest),
        "after-any" => parse_after(AfterMode::Any, rest),
        "after-fail" => parse_after(AfterMode::Fail, rest),
        word if word.starts_with('@') => parse_nickname(first, rest, zone),
        _ => parse_unnamed(first, words, zone),
    }
}

fn alone(when: When, first: Word<'_>, rest: &[Word<'_>]) -> Result<When, WhenError> {
    match rest {
        [] => Ok(when),
        [extra, ..] => Err(WhenError::new(
            format!("nothing may follow \"{}\"", first.text),
            extra.span(),
        )),
    }
}

fn parse_span(words: &[Word<'_>]) -> Result<Span, WhenError> {
    match words {
        [word] => span_of(*word),
        [_, extra, ..] => Err(WhenError::new(
            format!("\"{}\" does not belong here", extra.text),
            extra.span(),
        )
        .hint("write a duration in one word, as in 1h30m")),
        [] => Err(WhenError::new("a duration is missing", 0..0)),
    }
}

fn span_of(word: Word<'_>) -> Result<Span, WhenError> {
    Span::parse(word.text).map_err(|error| {
        let span = word.start + error.span.start..word.start + error.span.end;
        WhenError::new(error.message, span)
    })
}

fn parse_every(words: &[Word<'_>], zone: Option<Zone>) -> Result<When, WhenError> {
    let [length, rest @ ..] = words else {
        return Err(WhenError::new("a duration is missing", 0..0).hint("write \"every 15m\""));
    };
    let span = span_of(*length)?;
    match rest {
        [] if span < SHORTEST => Err(WhenError::new(
            format!("every {span} is too often, the shortest is 1s"),
            length.span(),
        )),
        [] => Ok(When::Every(span)),
        [at, clock, more @ ..] if at.is("at") => {
            let days = whole_days(span, 1, *length)?;
            calendar(days, None, *clock, more, zone)
        }
        [on, day, more @ ..] if on.is("on") => {
            let days = whole_days(span, 7, *length)?;
            let weekday = name_index(&WEEKDAYS, day.text).ok_or_else(|| not_a_weekday(*day))?;
            let more = match more {
                [at, more @ ..] if at.is("at") => more,
                _ => more,
            };
            match more {
                [clock, more @ ..] => calendar(days, Some(weekday), *clock, more, zone),
                [] => Err(WhenError::new("a time of day is missing", day.span())
                    .hint(format!("write \"every {span} on {} 08:00\"", day.text))),
            }
        }
        [extra, ..] if Span::parse(extra.text).is_ok() => parse_span(words).map(When::Every),
        [extra, ..] => Err(WhenError::new(
            format!("\"{}\" does not belong here", extra.text),
            extra.span(),
        )
        .hint("write \"every 15m\", \"every 2d at 06:00\" or \"every 2w on monday 08:00\"")),
    }
}

fn calendar(
    days: u32,
    weekday: Option<u32>,
    clock: Word<'_>,
    more: &[Word<'_>],
    zone: Option<Zone>,
) -> Result<When, WhenError> {
    Ok(When::Calendar(Calendar {
        days,
        weekday,
        clock: parse_clock(clock, more)?,
        zone,
    }))
}

/// The days of a span that counts whole multiples of `unit` days.
fn whole_days(span: Span, unit: u32, word: Word<'_>) -> Result<u32, WhenError> {
    let millis = span.as_millis();
    let days = u32::try_from(millis / DAY_MILLIS).unwrap_or(u32::MAX);
    if days > 0 && millis.is_multiple_of(DAY_MILLIS * u64::from(unit)) {
        return Ok(days);
    }
    let (what, example) = match unit {
        1 => ("days", "every 2d at 06:00"),
        _ => ("weeks", "every 2w on monday 08:00"),
    };
    Err(
        WhenError::new(format!("{span} is not a number of {what}"), word.span())
            .hint(format!("write \"{example}\"")),
    )
}

fn parse_after(mode: AfterMode, words: &[Word<'_>]) -> Result<When, WhenError> {
    let mut jobs = Vec::new();
    // Blanks are welcome around a comma, and only there.
    let mut separated = true;
    for word in words {
        for (part, name) in word.split(',').enumerate() {
            separated |= part > 0;
            if name.text.is_empty() {
                continue;
            }
            if !separated {
                return Err(WhenError::new("jobs are separated by commas", name.span())
                    .hint("write \"after build,test\""));
            }
            if !is_job(name.text) {
                let message = format!("\"{}\" is not the name or id of a job", name.text);
                return Err(WhenError::new(message, name.span()));
            }
            jobs.push(name.text.to_owned());
            separated = false;
        }
    }
    let commas: usize = words
        .iter()
        .map(|word| word.text.matches(',').count())
        .sum();
    match words {
        [first, .., last] | [first @ last] if commas + 1 != jobs.len() => Err(WhenError::new(
            "a job is missing beside a comma",
            first.start..last.span().end,
        )),
        _ => Ok(When::After(After { mode, jobs })),
    }
}

fn is_job(text: &str) -> bool {
    let id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    id || name
}

fn parse_nickname(
    first: Word<'_>,
    rest: &[Word<'_>],
    zone: Option<Zone>,
) -> Result<When, WhenError> {
    if first.is("@every") {
        return match rest {
            [_, ..] => parse_every(rest, zone),
            [] => Err(WhenError::new("@every needs a duration", first.span())
                .hint("write it as one argument: \"@every 15m\"")),
        };
    }
    if first.is("@reboot") {
        return alone(When::Reboot, first, rest);
    }
    if first.is("@start") {
        return alone(When::Start, first, rest);
    }
    let Some(fields) = crontab::nickname(first.text) else {
        let known = crontab::nicknames().chain(["@every", "@reboot", "@start"]);
        let hint = match nearest(first.text, known.clone()) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(" ")),
        };
        let message = format!("\"{}\" is not a schedule", first.text);
        return Err(WhenError::new(message, first.span()).hint(hint));
    };
    let line = Crontab::nicknamed(fields, zone)?;
    alone(When::Cron(Box::new(line)), first, rest)
}

/// A bare TIME or crontab fields.
fn parse_unnamed(
    first: Word<'_>,
    words: &[Word<'_>],
    zone: Option<Zone>,
) -> Result<When, WhenError> {
    if let Some(moment) = Moment::parse(words, zone)? {
        return Ok(When::At(moment));
    }
    let like_field = first
        .text
        .starts_with(|c: char| c.is_ascii_digit() || "*?~,/-+".contains(c))
        || (first.text.starts_with(['H', 'h'])
            && (first.text.len() == 1 || first.text[1..].starts_with(['/', '(', ','])));
    if like_field || (5..=7).contains(&words.len()) && misspelt(first).is_none() {
        return Crontab::parse(words, zone).map(|line| When::Cron(Box::new(line)));
    }
    let hint = misspelt(first).map_or_else(
        || "write for example \"now\", \"every 15m\", \"tomorrow 09:00\" or '0 3 * * *'".to_owned(),
        |word| format!("did you mean {word}?"),
    );
    let message = format!("\"{}\" does not begin a schedule", first.text);
    Err(WhenError::new(message, first.span()).hint(hint))
}

fn misspelt(word: Word<'_>) -> Option<&'static str> {
    let forms = LONGER_FORMS.iter().map(|(form, _)| *form);
    nearest(word.text, forms.chain(WHOLE_FORMS).chain(WEEKDAYS))
}

fn not_a_time(word: Word<'_>) -> WhenError {
    WhenError::new(format!("\"{}\" is not a time", word.text), word.span())
        .hint("write \"at 17:30\", \"tomorrow 09:00\" or \"2026-12-01 09:00\"")
}

fn not_a_weekday(word: Word<'_>) -> WhenError {
    let hint = nearest(word.text, WEEKDAYS).map(|day| format!("did you mean {day}?"));
    WhenError::new(format!("\"{}\" is not a weekday", word.text), word.span()).maybe_hint(hint)
}
