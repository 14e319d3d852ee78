//! The history of runs, and the words for how a run or an attempt ended.

use crate::domain::{Attempt, AttemptState, MissedStretch, Origin, Reason, Run, RunState};

use super::column::{Cell, Column, Yield};
use super::grid::Grid;
use super::{Style, Tint, time};

const COLUMNS: [Column; 7] = [
    Column::name("RUN"),
    Column::text("STATE"),
    Column::text("DUE"),
    Column::number("LATE"),
    Column::number("TOOK"),
    Column::number("ATTEMPTS"),
    Column::number("MISSED"),
];

const LONG_COLUMNS: [Column; 11] = [
    COLUMNS[0],
    COLUMNS[1],
    Column::text("ORIGIN"),
    COLUMNS[2],
    Column::text("STARTED"),
    Column::text("FINISHED"),
    COLUMNS[3],
    COLUMNS[4],
    COLUMNS[5],
    COLUMNS[6],
    Column::text("QUEUE"),
];

const YIELDS: [Yield; 10] = [
    Yield("RUN", 40),
    Yield("ATTEMPTS", 0),
    Yield("MISSED", 0),
    Yield("RUN", 24),
    Yield("LATE", 0),
    Yield("RUN", 12),
    Yield("TOOK", 0),
    Yield("DUE", 0),
    Yield("STATE", 8),
    Yield("RUN", 4),
];

/// A start later than this is shown as late: the bound past which a due time found after
/// a stall counts as missed.
const LATE_MS: i64 = 5_000;

/// The store counts a stretch exactly up to here.
const COUNTED: u64 = 100_000;

/// One run a line, in the order given.
pub(crate) fn runs_table(runs: &[Run], style: &Style) -> String {
    let row = if style.long { long_row } else { row };
    let grid = Grid {
        columns: if style.long { &LONG_COLUMNS } else { &COLUMNS },
        rows: runs.iter().map(|run| row(run, style)).collect(),
        yields: &YIELDS,
    };
    grid.render(style)
}

fn row(run: &Run, style: &Style) -> Vec<Cell> {
    vec![
        run.name.to_string().into(),
        Cell::new(outcome(run), tint(run.state)),
        style.moment(run.due).into(),
        late(run).into(),
        took(run, style).into(),
        attempts(run, style).into(),
        run.missed.map(missed).unwrap_or_default().into(),
    ]
}

fn long_row(run: &Run, style: &Style) -> Vec<Cell> {
    let stamp = |at: Option<_>| Cell::from(at.map(|at| style.moment(at)).unwrap_or_default());
    let mut row = row(run, style);
    row.insert(2, origin(run.origin).into());
    row.insert(4, stamp(run.started));
    row.insert(5, stamp(run.finished));
    row.push(run.queue.as_str().into());
    row
}

/// How a run stands, and the colour of that.
pub(crate) fn run_words(run: &Run) -> (String, Tint) {
    (outcome(run), tint(run.state))
}

/// A single attempt goes without saying.
fn attempts(run: &Run, style: &Style) -> String {
    if run.attempts > 1 || style.is_plain() {
        run.attempts.to_string()
    } else {
        String::new()
    }
}

/// From due to start, and whether that is late.
pub(super) fn late(run: &Run) -> (String, Tint) {
    let Some(late) = run.lateness() else {
        return Default::default();
    };
    let ms = late.num_milliseconds();
    let tint = if ms > LATE_MS {
        Tint::Late
    } else {
        Tint::Plain
    };
    (time::duration(ms), tint)
}

/// From start to end, or until now.
pub(super) fn took(run: &Run, style: &Style) -> String {
    let until_now = || Some(style.now - run.started?);
    let length = match run.state {
        RunState::Running => until_now(),
        _ => run.duration(),
    };
    length.map_or_else(String::new, |length| {
        time::duration(length.num_milliseconds())
    })
}

/// How many due times a run stands for.
pub(super) fn missed(stretch: MissedStretch) -> String {
    let more = if stretch.count >= COUNTED { "+" } else { "" };
    format!("{}{more}", stretch.count)
}

/// The state of a run with its reason: `failed(exit 2)`, `skipped(overlap)`.
pub(super) fn outcome(run: &Run) -> String {
    match run.state {
        RunState::Failed | RunState::Skipped => {
            with_reason(run.state.as_str(), run.reason, run.exit_code, run.signal)
        }
        state => state.as_str().to_owned(),
    }
}

pub(super) fn attempt_outcome(attempt: &Attempt) -> String {
    let word = attempt_word(attempt.state);
    match attempt.state {
        AttemptState::Failed => {
            with_reason(word, attempt.reason, attempt.exit_code, attempt.signal)
        }
        _ => word.to_owned(),
    }
}

fn with_reason(
    word: &str,
    reason: Option<Reason>,
    exit_code: Option<i32>,
    signal: Option<i32>,
) -> String {
    match (reason, exit_code, signal) {
        (None, ..) => word.to_owned(),
        (Some(Reason::Exit), Some(code), _) => format!("{word}(exit {code})"),
        (Some(Reason::Signal), _, Some(number)) => format!("{word}(signal {number})"),
        (Some(reason), ..) => format!("{word}({})", reason.as_str()),
    }
}

pub(super) fn tint(state: RunState) -> Tint {
    match state {
        RunState::Failed => Tint::Failed,
        RunState::Running => Tint::Running,
        _ => Tint::Plain,
    }
}

pub(super) fn attempt_tint(state: AttemptState) -> Tint {
    match state {
        AttemptState::Failed => Tint::Failed,
        AttemptState::Running => Tint::Running,
        _ => Tint::Plain,
    }
}

pub(super) fn attempt_word(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Claimed => "claimed",
        AttemptState::Running => "running",
        AttemptState::Succeeded => "succeeded",
        AttemptState::Failed => "failed",
        AttemptState::Cancelled => "cancelled",
    }
}

pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Schedule => "schedule",
        Origin::Trigger => "trigger",
        Origin::Retry => "retry",
        Origin::After => "after",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{colored, history, long, now, style};
    use super::{MissedStretch, missed, runs_table};

    #[test]
    fn on_60_columns_the_counts_give_way() {
        assert_eq!(
            runs_table(&history(), &style(60)),
            "\
RUN        STATE             DUE            LATE   TOOK
backup.42  running           17:59:48        2ms  11.9s
backup.41  succeeded         17:57         1m15s   1.5s
backup.40  failed(exit 2)    Sun 18:00       2ms   1.5s
backup.39  skipped(overlap)  Sat 18:00
backup.38  failed(signal 9)  10 Nov 18:00    2ms   1.5s
"
        );
    }

    #[test]
    fn on_80_columns_everything_is_there() {
        let expected = "\
RUN        STATE             DUE            LATE   TOOK  ATTEMPTS  MISSED
backup.42  running           17:59:48        2ms  11.9s
backup.41  succeeded         17:57         1m15s   1.5s                12
backup.40  failed(exit 2)    Sun 18:00       2ms   1.5s         3
backup.39  skipped(overlap)  Sat 18:00
backup.38  failed(signal 9)  10 Nov 18:00    2ms   1.5s
";
        for width in [80, 120, 200] {
            assert_eq!(runs_table(&history(), &style(width)), expected);
        }
    }

    #[test]
    fn piped_times_are_stamps_and_every_column_is_there() {
        assert_eq!(
            runs_table(&history(), &style(None)),
            "\
RUN\tSTATE\tDUE\tLATE\tTOOK\tATTEMPTS\tMISSED
backup.42\trunning\t2026-11-30T17:59:48+01:00\t2ms\t11.9s\t1\t
backup.41\tsucceeded\t2026-11-30T17:57:00+01:00\t1m15s\t1.5s\t1\t12
backup.40\tfailed(exit 2)\t2026-11-29T18:00:00+01:00\t2ms\t1.5s\t3\t
backup.39\tskipped(overlap)\t2026-11-28T18:00:00+01:00\t\t\t0\t
backup.38\tfailed(signal 9)\t2026-11-10T18:00:00+01:00\t2ms\t1.5s\t1\t
"
        );
    }

    #[test]
    fn long_tells_start_end_and_origin() {
        assert_eq!(
            runs_table(&history(), &long(80)),
            "\
RUN        STATE             ORIGIN    DUE                        STARTED                        FINISHED                        LATE   TOOK  ATTEMPTS  MISSED  QUEUE
backup.42  running           schedule  2026-11-30T17:59:48+01:00  2026-11-30T17:59:48.002+01:00                                   2ms  11.9s                    default
backup.41  succeeded         schedule  2026-11-30T17:57:00+01:00  2026-11-30T17:58:15.002+01:00  2026-11-30T17:58:16.502+01:00  1m15s   1.5s                12  default
backup.40  failed(exit 2)    schedule  2026-11-29T18:00:00+01:00  2026-11-29T18:00:00.002+01:00  2026-11-29T18:00:01.502+01:00    2ms   1.5s         3          default
backup.39  skipped(overlap)  schedule  2026-11-28T18:00:00+01:00                                 2026-11-28T18:00:00+01:00                                      default
backup.38  failed(signal 9)  schedule  2026-11-10T18:00:00+01:00  2026-11-10T18:00:00.002+01:00  2026-11-10T18:00:01.502+01:00    2ms   1.5s                    default
"
        );
    }

    #[test]
    fn colour_tells_running_late_and_failed() {
        assert_eq!(
            runs_table(&history(), &colored(80)),
            "\
\x1b[1mRUN        STATE             DUE            LATE   TOOK  ATTEMPTS  MISSED\x1b[0m
backup.42  \x1b[32mrunning\x1b[0m           17:59:48        2ms  11.9s
backup.41  succeeded         17:57         \x1b[33m1m15s\x1b[0m   1.5s                12
backup.40  \x1b[31mfailed(exit 2)\x1b[0m    Sun 18:00       2ms   1.5s         3
backup.39  skipped(overlap)  Sat 18:00
backup.38  \x1b[31mfailed(signal 9)\x1b[0m  10 Nov 18:00    2ms   1.5s
"
        );
    }

    #[test]
    fn a_stretch_past_the_count_is_at_least_so_long() {
        let stretch = |count| MissedStretch {
            count,
            first: now(),
        };
        assert_eq!(missed(stretch(99_999)), "99999");
        assert_eq!(missed(stretch(100_000)), "100000+");
    }
}
