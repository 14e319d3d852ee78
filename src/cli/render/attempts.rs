//! Attempts as the pages show them: what each process did and used.

use crate::domain::{Attempt, AttemptState, Run};

use super::column::{Cell, Column, Yield};
use super::grid::Grid;
use super::runs::{attempt_outcome, attempt_tint, late, outcome, tint, took};
use super::{Style, time};

const COLUMNS: [Column; 8] = [
    Column::number("ATTEMPT"),
    Column::text("STATE"),
    Column::text("STARTED"),
    Column::number("TOOK"),
    Column::number("PID"),
    Column::number("CPU"),
    Column::number("MEMORY"),
    Column::number("OUTPUT"),
];

const RUN_COLUMNS: [Column; 9] = [
    Column::name("RUN"),
    Column::text("STATE"),
    Column::text("TIME"),
    Column::number("LATE"),
    Column::number("TOOK"),
    Column::number("CPU"),
    Column::number("MEMORY"),
    Column::number("OUTPUT"),
    Column::words("NOTE"),
];

/// Why a process could not be started matters more than what it used.
const YIELDS: [Yield; 8] = [
    Yield("NOTE", 32),
    Yield("CPU", 0),
    Yield("MEMORY", 0),
    Yield("PID", 0),
    Yield("OUTPUT", 0),
    Yield("NOTE", 12),
    Yield("RUN", 16),
    Yield("NOTE", 0),
];

/// The attempts of one run. What the system said about a failed start is left to the page.
pub(super) fn attempts_table(attempts: &[Attempt], style: &Style) -> String {
    let row = |attempt: &Attempt| {
        let mut row = vec![
            attempt.number.to_string().into(),
            Cell::new(attempt_outcome(attempt), attempt_tint(attempt.state)),
            started(attempt, style).into(),
            length(attempt, style).into(),
            attempt
                .pid
                .map_or_else(String::new, |pid| pid.to_string())
                .into(),
        ];
        row.extend(used(attempt).into_iter().take(3));
        row
    };
    let grid = Grid {
        columns: &COLUMNS,
        rows: attempts.iter().map(row).collect(),
        yields: &YIELDS,
    };
    grid.render(style)
}

/// Runs with what they used; the attempts of a run that needed several stand below it.
pub(super) fn runs_with_attempts(runs: &[(Run, Vec<Attempt>)], style: &Style) -> String {
    let mut rows = Vec::new();
    for (run, attempts) in runs {
        let mut row = vec![
            run.name.to_string().into(),
            Cell::new(outcome(run), tint(run.state)),
            style.moment(run.due).into(),
            late(run).into(),
            took(run, style).into(),
        ];
        match attempts.as_slice() {
            [single] => row.extend(used(single)),
            _ => row.resize_with(RUN_COLUMNS.len(), Cell::default),
        }
        rows.push(row);
        if attempts.len() > 1 {
            rows.extend(attempts.iter().map(|attempt| below(attempt, style)));
        }
    }
    let grid = Grid {
        columns: &RUN_COLUMNS,
        rows,
        yields: &YIELDS,
    };
    grid.render(style)
}

fn below(attempt: &Attempt, style: &Style) -> Vec<Cell> {
    let mut row = vec![
        format!("  attempt {}", attempt.number).into(),
        Cell::new(attempt_outcome(attempt), attempt_tint(attempt.state)),
        started(attempt, style).into(),
        Cell::default(),
        length(attempt, style).into(),
    ];
    row.extend(used(attempt));
    row
}

/// Processor time, memory, output, and the system's words about a failed start.
fn used(attempt: &Attempt) -> [Cell; 4] {
    let usage = attempt.usage;
    let output = Some(attempt.output_bytes).filter(|&bytes| bytes > 0);
    [
        usage
            .map_or_else(String::new, |usage| time::duration(usage.cpu_ms as i64))
            .into(),
        usage
            .map_or_else(String::new, |usage| bytes(usage.max_rss_bytes))
            .into(),
        output.map_or_else(String::new, bytes).into(),
        attempt.message.as_deref().unwrap_or_default().into(),
    ]
}

fn started(attempt: &Attempt, style: &Style) -> String {
    attempt
        .started
        .map_or_else(String::new, |at| style.moment(at))
}

fn length(attempt: &Attempt, style: &Style) -> String {
    let is_running = attempt.state == AttemptState::Running;
    let end = attempt.finished.or(is_running.then_some(style.now));
    attempt
        .started
        .zip(end)
        .map_or_else(String::new, |(start, end)| {
            time::duration((end - start).num_milliseconds())
        })
}

/// A measured size, rounded down: `900B`, `1.5KiB`, `312MiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, bits)) = UNITS.into_iter().find(|(_, bits)| bytes >> bits > 0) else {
        return format!("{bytes}B");
    };
    let whole = bytes >> bits;
    let tenth = ((u128::from(bytes) * 10) >> bits) % 10;
    if whole < 10 {
        format!("{whole}.{tenth}{unit}")
    } else {
        format!("{whole}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_size_keeps_a_tenth_while_that_is_a_fair_part_of_it() {
        for (size, text) in [
            (0, "0B"),
            (1_023, "1023B"),
            (1_536, "1.5KiB"),
            (10_240, "10KiB"),
            (312 << 20, "312MiB"),
            (u64::MAX, "17179869183GiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
