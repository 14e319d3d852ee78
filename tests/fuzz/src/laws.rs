//! What holds for any bytes whatever: a reader says yes or no, points into the text when it says
//! no, and reads what it wrote itself to the same value.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::domain::{Backoff, CodeSet, Options, Size, Span};
use crate::jobfile::crontab::{self, Style};
use crate::jobfile::document::{self, Format};
use crate::jobfile::{FileError, Place, batch};
use crate::schedule::{
    Context, Seed, Timing, Zone, describe, is_form_word, parse, parse_past_time, parse_time,
    parse_zone, reads_as_time, warnings,
};

type Law = fn(&[u8]);

const LAWS: [(&str, Law); 5] = [
    ("when", when),
    ("crontab", crontab),
    ("jobfile", jobfile),
    ("batch", batch),
    ("durations", durations),
];

pub(crate) const fn names() -> [&'static str; 5] {
    [LAWS[0].0, LAWS[1].0, LAWS[2].0, LAWS[3].0, LAWS[4].0]
}

/// Feeds one reader.
pub(crate) fn hold(target: &str, input: &[u8]) {
    let known = LAWS.iter().find(|(name, _)| *name == target);
    let (_, law) = known.unwrap_or_else(|| panic!("there is no target {target}"));
    law(input);
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_137_250, 0).expect("a moment of 2026")
}

fn zone() -> Zone {
    "Europe/Berlin"
        .parse()
        .expect("Berlin is in the zone database")
}

fn place() -> Place<'static> {
    Place {
        now: now(),
        zone: zone(),
        directory: Path::new("/work"),
        is_read_again: true,
    }
}

fn when(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    is_form_word(text);
    reads_as_time(text);
    let _ = parse_zone(text);
    let _ = parse_time(text, now(), zone());
    let _ = parse_past_time(text, now(), zone());
    let when = match parse(text) {
        Ok(when) => when,
        Err(error) => {
            let blamed = text.get(error.span.clone());
            assert!(blamed.is_some(), "{error:?} points past {text:?}");
            return;
        }
    };
    assert!(!describe(&when, zone()).is_empty());
    warnings(&when, zone(), now());
    let context = Context {
        now: now(),
        zone: zone(),
        seed: Some(Seed {
            name: "job",
            salt: "salt",
        }),
        anchor: now(),
        from: None,
        until: None,
        jitter: Span::default(),
    };
    let Ok(Timing::Recurring(recurrence)) = when.timing(&context) else {
        return;
    };
    let mut last = now();
    for _ in 0..4 {
        let Some(next) = recurrence.next_after(last) else {
            break;
        };
        assert!(next > last, "{text:?}: {next} comes after {last}");
        // Nothing is remembered between two questions.
        assert_eq!(recurrence.next_after(last), Some(next), "{text:?}");
        last = next;
    }
    let stretch = recurrence.stretch(now(), last);
    assert_eq!(stretch.is_some(), last > now(), "{text:?}");
}

fn crontab(input: &[u8]) {
    for style in [Style::User, Style::System] {
        let (crontab, errors) = crontab::parse_leniently(input, style);
        errors.iter().for_each(has_a_place);
        let lines = input.split(|byte| *byte == b'\n').count();
        for entry in &crontab.entries {
            assert!((1..=lines).contains(&entry.line), "{entry:?}");
            assert!(!entry.command.contains('\0'), "{entry:?}");
            assert!(parse(&entry.when).is_ok(), "{entry:?}");
            assert_eq!(entry.user.is_some(), style == Style::System, "{entry:?}");
        }
        for note in &crontab.notes {
            assert!((1..=lines).contains(&note.line), "{note}");
        }
        let mut keys = crontab::keys(&crontab.entries);
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), crontab.entries.len(), "two jobs are one");
        let strictly = crontab::parse(input, style);
        assert_eq!(strictly.is_ok(), errors.is_empty());
    }
}

fn has_a_place(error: &FileError) {
    assert!(error.line >= 1 && error.column >= 1, "{error:?}");
    assert!(!error.message.is_empty(), "{error:?}");
}

fn jobfile(input: &[u8]) {
    for format in [Format::Toml, Format::Json] {
        document::lines_of_jobs(input, format);
        let document = match document::read(input, format, &place()) {
            Ok(document) => document,
            Err(error) => {
                has_a_place(&error);
                continue;
            }
        };
        for written in [Format::Toml, Format::Json] {
            let text = document::write(&document, written);
            let mut again = document::read(text.as_bytes(), written, &place());
            let mut document = document.clone();
            // The order is that of the file, and a file of ours is in the order of names.
            for document in again.iter_mut().chain([&mut document]) {
                document.jobs.sort_by(|a, b| a.name.cmp(&b.name));
                document.queues.sort();
            }
            assert_eq!(again, Ok(document), "{text}");
        }
    }
}

fn batch(input: &[u8]) {
    let entries = match batch::parse(input) {
        Ok(entries) => entries,
        Err(error) => return has_a_place(&error),
    };
    assert!(entries.is_sorted_by(|a, b| a.line < b.line));
    for entry in entries {
        match entry.job {
            batch::Job::Shell(line) => assert!(!line.contains(['\0', '\n']), "{line:?}"),
            batch::Job::Fields(fields) => {
                let _ = fields.over(&Options::default(), &place());
            }
        }
    }
}

fn durations(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match Span::parse(text) {
        Ok(span) => assert_eq!(Span::parse(&span.to_string()), Ok(span), "{text:?}"),
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{error:?}"),
    }
    if let Ok(size) = Size::parse(text) {
        assert_eq!(Size::parse(&size.to_string()), Ok(size), "{text:?}");
    }
    if let Ok(backoff) = Backoff::parse(text) {
        let again = Backoff::parse(&backoff.to_string());
        assert_eq!(again, Ok(backoff), "{text:?}");
    }
    if let Ok(codes) = CodeSet::parse(text) {
        let again = CodeSet::parse(&codes.to_string());
        assert_eq!(again, Ok(codes), "{text:?}");
    }
}
