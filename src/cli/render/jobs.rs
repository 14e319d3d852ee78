//! The list of jobs.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Job, JobState, JobView, Kind, RunState, Waiting};

use super::column::{Cell, Column, Yield};
use super::grid::{Grid, Pieces, plain};
use super::runs::{outcome, tint};
use super::{Style, Tint, text, time};

const NAME: Column = Column::name("NAME");
const WHEN: Column = Column::text("WHEN");
const NEXT: Column = Column::text("NEXT");
const LAST: Column = Column::words("LAST");
const STATE: Column = Column::words("STATE");
const WAITS: Column = Column::words("WAITS");
/// A command tells by its program, and by what it works on at its end.
const COMMAND: Column = Column::name("COMMAND");

/// STATE tells how a job stands in one sentence: why it waits, or else how its newest run is
/// or was. A column for each would be mostly blank, and cost the command its place on 80.
const SHORT_COLUMNS: [Column; 5] = [NAME, WHEN, NEXT, STATE, COMMAND];

const PLAIN_COLUMNS: [Column; 7] = [NAME, WHEN, NEXT, LAST, STATE, WAITS, COMMAND];

const LONG_COLUMNS: [Column; 11] = [
    Column::number("ID"),
    NAME,
    WHEN,
    Column::text("ZONE"),
    NEXT,
    LAST,
    STATE.unless("active"),
    WAITS,
    Column::text("QUEUE"),
    Column::number("PRIORITY").unless("0"),
    COMMAND,
];

/// A name is what the next verb needs: it is whole wherever it fits. The schedule gives way
/// before the command, since `show` and `next` tell it better.
const YIELDS: [Yield; 17] = [
    Yield("COMMAND", 24),
    Yield("NAME", 32),
    Yield("WHEN", 24),
    Yield("COMMAND", 16),
    Yield("NAME", 24),
    Yield("STATE", 40),
    Yield("WHEN", 0),
    Yield("COMMAND", 12),
    Yield("NAME", 20),
    Yield("STATE", 32),
    Yield("COMMAND", 0),
    Yield("NAME", 16),
    Yield("STATE", 20),
    Yield("NAME", 12),
    Yield("NEXT", 0),
    Yield("STATE", 8),
    Yield("NAME", 4),
];

/// What will happen to a job next, for who has just added or changed it.
pub(crate) fn outlook(job: &Job, next: Option<DateTime<Utc>>, style: &Style) -> String {
    let name = &job.name;
    let text = match (job.state, next, job.kind) {
        (JobState::Paused, ..) => format!("paused; go on with: punctual resume {name}"),
        (JobState::Done | JobState::Removed, ..) => state_word(job.state).to_owned(),
        (_, _, Kind::After) => format!("runs {}", job.when),
        (_, Some(next), _) if next <= style.now => "due now".to_owned(),
        (_, Some(next), _) => format!(
            "next {} {}, {}",
            time::short(next, style.now, style.zone),
            next.with_timezone(&style.zone).format("%:z"),
            time::distance(next - style.now)
        ),
        (_, None, Kind::Reboot) => "runs at the next boot".to_owned(),
        (_, None, Kind::Start) => "runs when a runner starts".to_owned(),
        (_, None, Kind::Never) => format!("runs when triggered: punctual trigger {name}"),
        (_, None, Kind::Once | Kind::Recurring) => "has no time to come".to_owned(),
    };
    text::escape(&text).into_owned()
}

type RowOf = fn(&JobView, &Style) -> Vec<Cell>;

/// One job a line, in the order given.
pub(crate) fn jobs_table(jobs: &[JobView], style: &Style) -> String {
    if style.is_plain() {
        let (columns, row) = layout(style);
        return plain(columns, jobs.iter().map(|view| row(view, style)), style);
    }
    grid(jobs, style).render(style)
}

/// The same for who draws the lines himself, the header first.
pub(crate) fn jobs_lines(jobs: &[JobView], width: usize, style: &Style) -> Vec<Pieces> {
    grid(jobs, style).pieces(width, style)
}

fn layout(style: &Style) -> (&'static [Column], RowOf) {
    if style.long {
        (&LONG_COLUMNS, long_row)
    } else if style.is_plain() {
        (&PLAIN_COLUMNS, plain_row)
    } else {
        (&SHORT_COLUMNS, short_row)
    }
}

fn grid(jobs: &[JobView], style: &Style) -> Grid<'static> {
    let (columns, row) = layout(style);
    Grid {
        columns,
        rows: jobs.iter().map(|view| row(view, style)).collect(),
        yields: &YIELDS,
    }
}

fn short_row(view: &JobView, style: &Style) -> Vec<Cell> {
    vec![
        view.job.name.as_str().into(),
        view.job.when.as_str().into(),
        next(view, style),
        stand(view, style),
        view.job.command.to_line().into(),
    ]
}

/// Why a job waits, or what holds it, before how its newest run is or was: `paused, ok 2h ago`.
fn stand(view: &JobView, style: &Style) -> Cell {
    let last = last(view, style);
    // That it is not due yet is told by NEXT.
    let is_due = |waiting: &&Waiting| !matches!(waiting, Waiting::Due(_));
    let held = match (view.job.state, view.waiting.as_ref().filter(is_due)) {
        (JobState::Active, None) => return last,
        // What was to run once and has no time to come is done.
        (JobState::Done, None) if view.job.kind == Kind::Once && !last.text.is_empty() => {
            return last;
        }
        (JobState::Active | JobState::Done, Some(waiting)) => waiting.sentence(style.now).into(),
        (state, _) => state_cell(state),
    };
    if last.text.is_empty() {
        return held;
    }
    let tint = match last.tint {
        Tint::Plain => held.tint,
        tint => tint,
    };
    Cell {
        text: format!("{}, {}", held.text, last.text),
        tint,
    }
}

fn plain_row(view: &JobView, style: &Style) -> Vec<Cell> {
    let waiting = view.waiting.as_ref();
    vec![
        view.job.name.as_str().into(),
        view.job.when.as_str().into(),
        next(view, style),
        last(view, style),
        state_cell(view.job.state),
        waiting
            .map(|waiting| waiting.sentence(style.now))
            .unwrap_or_default()
            .into(),
        view.job.command.to_line().into(),
    ]
}

fn long_row(view: &JobView, style: &Style) -> Vec<Cell> {
    let mut row = plain_row(view, style);
    row.insert(0, view.job.id.to_string().into());
    row.insert(3, view.job.options.tz.as_deref().unwrap_or_default().into());
    row.insert(8, view.job.queue.as_str().into());
    row.insert(9, view.job.priority.to_string().into());
    row
}

fn state_cell(state: JobState) -> Cell {
    Cell::new(state_word(state), state_tint(state))
}

pub(crate) fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Active => "active",
        JobState::Paused => "paused",
        JobState::Done => "done",
        JobState::Removed => "removed",
    }
}

pub(super) fn state_tint(state: JobState) -> Tint {
    match state {
        JobState::Paused => Tint::Paused,
        _ => Tint::Plain,
    }
}

/// When the next run is due; how late it is when that has passed. A day ahead is told by
/// its distance, what lies further by its date.
fn next(view: &JobView, style: &Style) -> Cell {
    let Some(at) = view.next else {
        return Cell::default();
    };
    let away = at - style.now;
    let is_paused = matches!(
        view.waiting,
        Some(Waiting::JobPaused | Waiting::QueuePaused(_))
    );
    if style.is_exact() {
        time::stamp(at, style.zone).into()
    } else if matches!(view.waiting, Some(Waiting::After(_))) {
        // It waits for others, and no clock is behind.
        Cell::default()
    } else if is_paused {
        Cell::new(style.moment(at), Tint::Paused)
    } else if away.num_seconds() < 0 {
        Cell::new(format!("{} late", time::coarse(away)), Tint::Late)
    } else if away < TimeDelta::days(1) {
        time::distance(away).into()
    } else {
        time::soon(at, style.now, style.zone).into()
    }
}

/// The newest run in few words: `ok 3m ago`, `failed(exit 2) 1h ago`, `running 12s`.
fn last(view: &JobView, style: &Style) -> Cell {
    let Some(run) = &view.last else {
        return Cell::default();
    };
    let word = match run.state {
        RunState::Succeeded => "ok".to_owned(),
        _ => outcome(run),
    };
    let since = match run.state {
        RunState::Running => run.started,
        RunState::Blocked | RunState::Queued | RunState::Retrying => {
            // What is to come is told by NEXT, and why it waits by STATE.
            return if run.due > style.now || !style.is_exact() {
                Cell::default()
            } else {
                word.into()
            };
        }
        _ => run.finished,
    };
    let text = match since {
        None => word,
        Some(at) if style.is_exact() => format!("{word} {}", time::stamp(at, style.zone)),
        Some(at) if run.state == RunState::Running => {
            format!("{word} {}", time::coarse(style.now - at))
        }
        Some(at) => format!("{word} {}", time::distance(at - style.now)),
    };
    Cell::new(text, tint(run.state))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{colored, job, jobs, long, style};
    use super::super::{Style, text};
    use super::{JobState, Waiting, jobs_table};

    #[test]
    fn on_60_columns_the_command_and_the_schedule_give_way() {
        assert_eq!(
            jobs_table(&jobs(), &style(60)),
            "\
NAME            NEXT         STATE
backup          in 9h        ok 2m ago
nightly-report  7 Dec 08:00  failed(exit 2) 61m ago
sync            in 3m        running 11s
render          95s late     queue reports full (2/2)
mail            19:00        paused, skipped(overlap) 2h ago
"
        );
    }

    #[test]
    fn on_80_columns_the_schedule_gives_way() {
        assert_eq!(
            jobs_table(&jobs(), &style(80)),
            "\
NAME            NEXT         STATE                            COMMAND
backup          in 9h        ok 2m ago                        restic ba… nightly
nightly-report  7 Dec 08:00  failed(exit 2) 61m ago           python3 /…-送る 🎉
sync            in 3m        running 11s                      rsync -a …e}/srv\\n
render          95s late     queue reports full (2/2)         ffmpeg -i… out.mp4
mail            19:00        paused, skipped(overlap) 2h ago  sendmail -q
"
        );
    }

    #[test]
    fn on_80_columns_the_command_is_cut_where_nothing_waits() {
        assert_eq!(
            jobs_table(&jobs()[..2], &style(80)),
            "\
NAME            WHEN       NEXT         STATE                   COMMAND
backup          0 3 * * *  in 9h        ok 2m ago               restic b…nightly
nightly-report  0 8 * * 1  7 Dec 08:00  failed(exit 2) 61m ago  python3 …送る 🎉
"
        );
    }

    #[test]
    fn on_120_columns_only_a_long_command_is_cut() {
        assert_eq!(
            jobs_table(&jobs(), &style(120)),
            "\
NAME            WHEN       NEXT         STATE                            COMMAND
backup          0 3 * * *  in 9h        ok 2m ago                        restic backup /data --e…de-caches --tag nightly
nightly-report  0 8 * * 1  7 Dec 08:00  failed(exit 2) 61m ago           python3 /opt/reports/報告書を作る.py --送る 🎉
sync            every 15m  in 3m        running 11s                      rsync -a שלום/ host:\\u{202e}/srv\\n
render          now        95s late     queue reports full (2/2)         ffmpeg -i in.mkv out.mp4
mail            @hourly    19:00        paused, skipped(overlap) 2h ago  sendmail -q
"
        );
    }

    #[test]
    fn on_200_columns_everything_is_there() {
        assert_eq!(
            jobs_table(&jobs(), &style(200)),
            "\
NAME            WHEN       NEXT         STATE                            COMMAND
backup          0 3 * * *  in 9h        ok 2m ago                        restic backup /data --exclude-caches --tag nightly
nightly-report  0 8 * * 1  7 Dec 08:00  failed(exit 2) 61m ago           python3 /opt/reports/報告書を作る.py --送る 🎉
sync            every 15m  in 3m        running 11s                      rsync -a שלום/ host:\\u{202e}/srv\\n
render          now        95s late     queue reports full (2/2)         ffmpeg -i in.mkv out.mp4
mail            @hourly    19:00        paused, skipped(overlap) 2h ago  sendmail -q
"
        );
    }

    #[test]
    fn piped_every_column_and_every_sign_is_there() {
        assert_eq!(
            jobs_table(&jobs(), &style(None)),
            "\
NAME\tWHEN\tNEXT\tLAST\tSTATE\tWAITS\tCOMMAND
backup\t0 3 * * *\t2026-12-01T03:00:00+01:00\tok 2026-11-30T17:57:01.502+01:00\tactive\t\trestic backup /data --exclude-caches --tag nightly
nightly-report\t0 8 * * 1\t2026-12-07T08:00:00+01:00\tfailed(exit 2) 2026-11-30T16:58:21.502+01:00\tactive\t\tpython3 /opt/reports/報告書を作る.py --送る 🎉
sync\tevery 15m\t2026-11-30T18:03:00+01:00\trunning 2026-11-30T17:59:48.002+01:00\tactive\t\trsync -a שלום/ host:\\u{202e}/srv\\n
render\tnow\t2026-11-30T17:58:25+01:00\tqueued\tactive\tqueue reports full (2/2)\tffmpeg -i in.mkv out.mp4
mail\t@hourly\t2026-11-30T19:00:00+01:00\tskipped(overlap) 2026-11-30T16:00:00+01:00\tpaused\tpaused\tsendmail -q
"
        );
    }

    #[test]
    fn long_cuts_nothing_either() {
        assert_eq!(
            jobs_table(&jobs(), &long(80)),
            "\
ID  NAME            WHEN       NEXT                       LAST                                          STATE   WAITS                     QUEUE    COMMAND
12  backup          0 3 * * *  2026-12-01T03:00:00+01:00  ok 2026-11-30T17:57:01.502+01:00              active                            default  restic backup /data --exclude-caches --tag nightly
13  nightly-report  0 8 * * 1  2026-12-07T08:00:00+01:00  failed(exit 2) 2026-11-30T16:58:21.502+01:00  active                            default  python3 /opt/reports/報告書を作る.py --送る 🎉
14  sync            every 15m  2026-11-30T18:03:00+01:00  running 2026-11-30T17:59:48.002+01:00         active                            default  rsync -a שלום/ host:\\u{202e}/srv\\n
15  render          now        2026-11-30T17:58:25+01:00  queued                                        active  queue reports full (2/2)  default  ffmpeg -i in.mkv out.mp4
16  mail            @hourly    2026-11-30T19:00:00+01:00  skipped(overlap) 2026-11-30T16:00:00+01:00    paused  paused                    default  sendmail -q
"
        );
    }

    #[test]
    fn colour_stands_for_a_state_and_moves_nothing() {
        assert_eq!(
            jobs_table(&jobs(), &colored(120)),
            "\
\x1b[1mNAME            WHEN       NEXT         STATE                            COMMAND\x1b[0m
backup          0 3 * * *  in 9h        ok 2m ago                        restic backup /data --e…de-caches --tag nightly
nightly-report  0 8 * * 1  7 Dec 08:00  \x1b[31mfailed(exit 2) 61m ago\x1b[0m           python3 /opt/reports/報告書を作る.py --送る 🎉
sync            every 15m  in 3m        \x1b[32mrunning 11s\x1b[0m                      rsync -a שלום/ host:\\u{202e}/srv\\n
render          now        \x1b[33m95s late\x1b[0m     queue reports full (2/2)         ffmpeg -i in.mkv out.mp4
mail            @hourly    \x1b[2m19:00\x1b[0m        \x1b[2mpaused, skipped(overlap) 2h ago\x1b[0m  sendmail -q
"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut views = jobs();
        let long_name = "x".repeat(64);
        views.push(job(
            17,
            &long_name,
            "every 2w on monday 08:00",
            &"日本 ".repeat(40_000),
        ));
        for width in (43..250).step_by(9) {
            for unicode in [true, false] {
                let style = Style {
                    unicode,
                    ..style(width)
                };
                let table = jobs_table(&views, &style);
                assert_eq!(table.lines().count(), views.len() + 1);
                for line in table.lines() {
                    assert!(text::width(line) <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn no_jobs_are_no_lines_on_a_terminal_and_a_header_in_a_pipe() {
        assert_eq!(jobs_table(&[], &style(80)), "");
        assert_eq!(
            jobs_table(&[], &style(None)),
            "NAME\tWHEN\tNEXT\tLAST\tSTATE\tWAITS\tCOMMAND\n"
        );
    }

    #[test]
    fn a_done_job_says_why_an_extra_run_waits() {
        let mut view = job(18, "once", "now", "true");
        view.job.state = JobState::Done;
        assert!(jobs_table(&[view.clone()], &style(80)).contains("  done  "));
        view.waiting = Some(Waiting::NoRunner);
        assert!(jobs_table(&[view], &style(80)).contains("  no runner  "));
    }
}
