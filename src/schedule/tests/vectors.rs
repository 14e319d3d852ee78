//! Every row of the conformance vectors: expression, start, zone, and the fires strictly after the start.

use chrono::{DateTime, Utc};

use crate::domain::Span;
use crate::schedule::{Context, Timing, WhenError, parse};

const VECTORS: &str = include_str!("../../../tests/data/crontab.tsv");

struct Row<'a> {
    id: &'a str,
    expression: String,
    start: &'a str,
    zone: &'a str,
    expected: &'a str,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    VECTORS.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        Row {
            id: fields[0],
            // Blanks that a table cannot hold are written as escapes.
            expression: fields[2].replace("\\t", "\t"),
            start: fields[3],
            zone: fields[4],
            expected: fields[5],
        }
    })
}

fn answer(row: &Row<'_>, wanted: usize) -> Result<Vec<DateTime<Utc>>, WhenError> {
    let start: DateTime<Utc> = row.start.parse().unwrap();
    let timing = parse(&row.expression)?.timing(&Context {
        now: start,
        zone: row.zone.parse().unwrap(),
        seed: None,
        anchor: start,
        from: None,
        until: None,
        jitter: Span::default(),
    })?;
    let Timing::Recurring(recurrence) = timing else {
        panic!("{} is not recurring", row.id);
    };
    let fires = std::iter::successors(recurrence.next_after(start), |t| recurrence.next_after(*t));
    Ok(fires.take(wanted).collect())
}

#[test]
fn conformance() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for row in rows() {
        checked += 1;
        let expected: Vec<&str> = row.expected.split(' ').collect();
        let got = answer(&row, expected.len());
        let right = match (row.expected, &got) {
            ("error" | "never", Err(_)) => true,
            ("error", Ok(_)) | (_, Err(_)) => false,
            ("never", Ok(fires)) => fires.is_empty(),
            (_, Ok(fires)) => expected
                .iter()
                .map(|time| time.parse::<DateTime<Utc>>().unwrap())
                .eq(fires.iter().copied()),
        };
        if !right {
            wrong.push(format!(
                "{} {:?} from {} {}\n  expected {}\n  got      {got:?}",
                row.id, row.expression, row.start, row.zone, row.expected
            ));
        }
    }
    assert!(checked > 300, "only {checked} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
