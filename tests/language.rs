//! The schedule language as a user meets it: every conformance vector through `punctual next`.

mod sandbox;

use std::sync::Mutex;

use chrono::{DateTime, FixedOffset};
use sandbox::{Answer, Sandbox};

const VECTORS: &str = include_str!("data/crontab.tsv");

struct Row<'a> {
    id: &'a str,
    expression: String,
    start: &'a str,
    zone: &'a str,
    expected: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let row = |line: &'static str| match line.split('\t').collect::<Vec<_>>()[..] {
        [id, _category, expression, start, zone, expected, ..] => Row {
            id,
            // Blanks that a table cannot hold are written as escapes.
            expression: expression.replace("\\t", "\t"),
            start,
            zone,
            expected,
        },
        _ => panic!("not a row: {line}"),
    };
    VECTORS.lines().skip(1).map(row).collect()
}

/// What is wrong with the answer, if anything.
fn complaint(row: &Row<'_>, sandbox: &Sandbox) -> Option<String> {
    let expected: Vec<&str> = row.expected.split(' ').collect();
    let count = expected.len().to_string();
    let mut command = sandbox.command(["--json", "next", &row.expression]);
    command.args(["--from", row.start, "--tz", row.zone, "-n", &count]);
    let answer = Answer::of(&mut command);
    let right = match row.expected {
        "error" => is_refusal(&answer),
        "never" => is_refusal(&answer) || (answer.code == 0 && times(&answer).is_empty()),
        _ => {
            let wanted = expected.iter().map(|time| instant(time));
            answer.code == 0 && wanted.eq(times(&answer))
        }
    };
    (!right).then(|| {
        format!(
            "{} {:?} from {} in {}\n  expected {}\n  {answer:?}",
            row.id, row.expression, row.start, row.zone, row.expected
        )
    })
}

fn is_refusal(answer: &Answer) -> bool {
    answer.code == 2 && answer.out.is_empty() && answer.complaint()["error"]["code"] == 2
}

fn times(answer: &Answer) -> Vec<DateTime<FixedOffset>> {
    let document = answer.document();
    let times = document.as_array().into_iter().flatten();
    times
        .filter_map(|time| time["time"].as_str())
        .map(instant)
        .collect()
}

fn instant(text: &str) -> DateTime<FixedOffset> {
    text.parse()
        .unwrap_or_else(|error| panic!("{text} is not a time: {error}"))
}

#[test]
fn every_vector_gets_its_answer() {
    let rows = rows();
    assert!(rows.len() > 300, "only {} rows", rows.len());
    let sandbox = Sandbox::new();
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in rows.chunks(rows.len().div_ceil(4)) {
            scope.spawn(|| {
                let complaints: Vec<String> = part
                    .iter()
                    .filter_map(|row| complaint(row, &sandbox))
                    .collect();
                wrong.lock().unwrap().extend(complaints);
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_field_has_a_caret_under_it() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["next", "61 3 * * *"]),
        Answer::refused(
            2,
            "punctual: minute 61 is out of range 0-59\n  61 3 * * *\n  ^^\n"
        )
    );
}
