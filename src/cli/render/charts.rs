//! Pictures of time: the coming day of jobs as strips, the last runs of a job as bars.
//!
//! Drawn into a buffer by the library that `top` uses, and printed like everything else. Never
//! wider than the terminal; signs of ASCII where the locale knows no others.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::bar;
use ratatui::widgets::{RenderDirection, Sparkline, SparklineBar, Widget};

use crate::domain::{Run, RunState, Span};

use super::canvas::{lines_of, look};
use super::runs::tint;
use super::{Style, Tint, text, time};

/// Columns of a chart in a pipe.
const PIPED: usize = 80;
/// No screen is wider.
const WIDEST: usize = 1_000;

/// Cells of a day, so that hours begin with a cell wherever that is possible.
const DIVISIONS: [usize; 8] = [288, 144, 96, 48, 24, 12, 8, 4];
/// Of a name so much is shown before cells become longer.
const NAME: usize = 10;
const GAP: usize = 2;
/// What stands before the strip of what starts together.
const CROWDS: &str = "at once";
/// Hours between two labels below a day.
const STEPS: [usize; 5] = [1, 2, 3, 6, 12];
/// A label of two or three signs, and room before the next.
const LABEL: usize = 5;

/// In ASCII, a number instead of a height.
const NUMBERS: bar::Set<'_> = bar::Set {
    full: "+",
    seven_eighths: "7",
    three_quarters: "6",
    five_eighths: "5",
    half: "4",
    three_eighths: "3",
    one_quarter: "2",
    one_eighth: "1",
    empty: " ",
};

const BLOCKS: bar::Set<'_> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "#",
    five_eighths: "#",
    half: ":",
    three_eighths: ":",
    one_quarter: ".",
    one_eighth: ".",
    empty: " ",
};

/// The coming day of some jobs.
#[derive(Debug)]
pub(crate) struct Day {
    pub start: DateTime<Utc>,
    pub cell: TimeDelta,
    pub strips: Vec<Strip>,
    /// Instants at which several of them start, the busiest first.
    pub crowds: Vec<Crowd>,
}

/// Starts of one job in each cell.
#[derive(Debug)]
pub(crate) struct Strip {
    pub name: String,
    pub counts: Vec<u64>,
}

impl Strip {
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }
}

#[derive(Debug)]
pub(crate) struct Crowd {
    pub at: DateTime<Utc>,
    pub jobs: Vec<String>,
}

/// Cells into which a day is divided for this screen.
pub(crate) fn cells_of_day<'a>(names: impl Iterator<Item = &'a str>, style: &Style) -> usize {
    let longest = names.map(text::width).max().unwrap_or(0);
    let room = width(style).saturating_sub(longest.min(NAME) + GAP);
    let fitting = DIVISIONS.into_iter().find(|cells| *cells <= room);
    fitting.unwrap_or(DIVISIONS[DIVISIONS.len() - 1])
}

fn width(style: &Style) -> usize {
    style.width.unwrap_or(PIPED).min(WIDEST)
}

/// A strip for each job, one for their crowds, the hours, and what the signs mean.
pub(crate) fn day_chart(day: &Day, style: &Style) -> String {
    let cells = day.strips.first().map_or(0, |strip| strip.counts.len());
    let names = day.strips.iter().map(|strip| text::width(&strip.name));
    let title = if day.crowds.is_empty() { "" } else { CROWDS };
    let room = width(style).saturating_sub(cells + GAP);
    let label = names.max().unwrap_or(0).max(title.len()).min(room);
    let left = if label > 0 { label + GAP } else { 0 };
    let rows = day.strips.len() + 1 + usize::from(!day.crowds.is_empty());
    let area = Rect::new(0, 0, width(style) as u16, rows as u16);
    let mut buffer = Buffer::empty(area);
    for (row, strip) in day.strips.iter().enumerate() {
        let name = text::fit_middle(&strip.name, label, style.ellipsis());
        buffer.set_string(0, row as u16, name, look(Tint::Plain, style));
        let levels = strip.counts.iter().map(|count| level(*count, style));
        draw_strip(levels, left, row, Tint::Plain, style, &mut buffer);
    }
    if !day.crowds.is_empty() {
        let mut jobs = vec![0; cells];
        for crowd in &day.crowds {
            let place = (crowd.at - day.start).num_seconds() / day.cell.num_seconds().max(1);
            if let Some(most) = usize::try_from(place).ok().and_then(|at| jobs.get_mut(at)) {
                *most = crowd.jobs.len().max(*most);
            }
        }
        let row = day.strips.len();
        let title = text::fit(title, label, style.ellipsis());
        buffer.set_string(0, row as u16, title, look(Tint::Late, style));
        let levels = jobs.into_iter().map(|jobs| level(jobs as u64, style));
        draw_strip(levels, left, row, Tint::Late, style, &mut buffer);
    }
    let hours = hours(day, cells, style);
    buffer.set_string(
        left as u16,
        rows as u16 - 1,
        hours,
        look(Tint::Paused, style),
    );
    lines_of(&buffer, style) + &legend(day, style)
}

fn draw_strip(
    levels: impl Iterator<Item = u64>,
    left: usize,
    row: usize,
    tint: Tint,
    style: &Style,
    buffer: &mut Buffer,
) {
    let levels: Vec<u64> = levels.collect();
    let area = Rect::new(left as u16, row as u16, levels.len() as u16, 1);
    Sparkline::default()
        .data(levels)
        .max(8)
        .bar_set(if style.unicode {
            bar::NINE_LEVELS
        } else {
            NUMBERS
        })
        .style(look(tint, style))
        .render(area.intersection(buffer.area), buffer);
}

/// How high a number stands: doubled with each eighth, or in ASCII the number itself.
fn level(count: u64, style: &Style) -> u64 {
    match count {
        0 => 0,
        _ if !style.unicode => count.min(8),
        1 => 2,
        _ => (u64::from((count - 1).ilog2()) + 3).min(8),
    }
}

/// `12   15   18   21   Tue  03`: midnight has the name of its day.
fn hours(day: &Day, cells: usize, style: &Style) -> String {
    let fits = |step: &&usize| **step * cells >= LABEL * 24;
    let step = STEPS.iter().find(fits).copied().unwrap_or(24);
    let mut line = String::new();
    for index in 0..cells {
        let local = (day.start + day.cell * index as i32).with_timezone(&style.zone);
        let is_labelled = local.minute() == 0 && (local.hour() as usize).is_multiple_of(step);
        if !is_labelled || index < line.len() || index + LABEL > cells + 2 {
            continue;
        }
        let format = if local.hour() == 0 { "%a" } else { "%H" };
        let _ = write!(
            line,
            "{:indent$}{}",
            "",
            local.format(format),
            indent = index - line.len()
        );
    }
    line
}

fn legend(day: &Day, style: &Style) -> String {
    let cell = Span::from_millis(day.cell.num_milliseconds().unsigned_abs());
    let signs = if style.unicode {
        "▂ 1  ▃ 2  ▄ 4  ▅ 8  ▆ 16  ▇ 32  █ more".to_owned()
    } else {
        "1-7, + more".to_owned()
    };
    let line = format!("{signs}  starts in {cell}");
    let mut out = text::fit_words(&line, width(style), style.ellipsis()).into_owned() + "\n";
    let busiest = day.crowds.iter().take(3);
    for crowd in busiest {
        let at = time::short(crowd.at, style.now, style.zone);
        let line = format!(
            "{at}  {} at once: {}",
            crowd.jobs.len(),
            crowd.jobs.join(", ")
        );
        let line = text::fit_words(&line, width(style), style.ellipsis());
        out.extend([line.as_ref(), "\n"]);
    }
    out
}

/// Rows of the bars.
const HEIGHT: usize = 8;

/// Runs that a chart of this width can show.
pub(crate) fn runs_that_fit(style: &Style) -> usize {
    width(style).saturating_sub(AXIS).max(1)
}

/// A duration, and the line beside the bars.
const AXIS: usize = 8;

/// The last runs of a job as bars of their duration; they are given newest first, and drawn
/// newest last.
pub(crate) fn runs_chart(runs: &[Run], style: &Style) -> String {
    let runs: Vec<&Run> = runs.iter().take(runs_that_fit(style)).rev().collect();
    let lengths: Vec<Option<u64>> = runs.iter().map(|run| length(run, style)).collect();
    let longest = lengths.iter().flatten().copied().max().unwrap_or(0).max(1);
    let bars: Vec<SparklineBar> = runs
        .iter()
        .zip(&lengths)
        .map(|(run, length)| {
            // Whatever ran can be seen, however short it was beside the longest.
            let eighths = (HEIGHT as u64) * 8;
            let height = length.map(|length| (length * eighths).div_ceil(longest).max(1));
            let bar = SparklineBar::from(height);
            bar.style(look(bar_tint(run), style))
        })
        .collect();
    let left = AXIS as u16;
    let area = Rect::new(0, 0, width(style).max(AXIS + 1) as u16, HEIGHT as u16 + 2);
    let mut buffer = Buffer::empty(area);
    let plain = look(Tint::Plain, style);
    let bar = if style.unicode { "│" } else { "|" };
    for (row, share) in [(0, 1), (HEIGHT / 2, 2)] {
        let label = time::duration((longest / share) as i64);
        let label = format!("{label:>width$}", width = AXIS - 1);
        buffer.set_stringn(0, row as u16, label, AXIS - 1, plain);
    }
    for row in 0..HEIGHT {
        buffer.set_string(left - 1, row as u16, bar, plain);
    }
    Sparkline::default()
        .data(bars)
        .max(HEIGHT as u64 * 8)
        .direction(RenderDirection::LeftToRight)
        .absent_value_symbol(" ")
        .bar_set(if style.unicode {
            bar::NINE_LEVELS
        } else {
            BLOCKS
        })
        .render(
            Rect::new(left, 0, runs.len() as u16, HEIGHT as u16).intersection(area),
            &mut buffer,
        );
    for (column, run) in runs.iter().enumerate() {
        let (sign, _) = sign(run.state);
        let look = look(bar_tint(run), style);
        buffer.set_string(left + column as u16, HEIGHT as u16, sign, look);
    }
    if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
        let line = ends(first, last, runs.len(), style);
        buffer.set_string(left, HEIGHT as u16 + 1, line, plain);
    }
    lines_of(&buffer, style) + &tally(&runs, style)
}

/// `backup.3 Sun 03:00 … backup.41 03:00`, as far apart as the bars.
fn ends(first: &Run, last: &Run, bars: usize, style: &Style) -> String {
    let due = |run: &Run| time::short(run.due, style.now, style.zone);
    let left = format!("{} {}", first.name, due(first));
    let right = format!("{} {}", last.name, due(last));
    let room = width(style).saturating_sub(AXIS);
    let both = text::width(&left) + text::width(&right) + GAP;
    if first.name == last.name || both > room {
        return text::fit(&right, room, style.ellipsis()).into_owned();
    }
    let gap = bars.max(both - GAP + GAP) - (both - GAP);
    format!("{left}{:gap$}{right}", "")
}

/// The signs in use, and how often: the results without their colours.
fn tally(runs: &[&Run], style: &Style) -> String {
    let mut out = String::new();
    let mut room = width(style);
    for state in RunState::ALL {
        let count = runs.iter().filter(|run| run.state == state).count();
        let (sign, word) = sign(state);
        let words = format!(" {word} {count}");
        let gap = if out.is_empty() { 0 } else { GAP };
        let needed = gap + sign.len() + words.len();
        if count > 0 && needed <= room {
            room -= needed;
            let sign = style.paint(sign, tint(state));
            let _ = write!(out, "{:gap$}{sign}{words}", "");
        }
    }
    out + "\n"
}

fn length(run: &Run, style: &Style) -> Option<u64> {
    let length = match run.state {
        RunState::Running => style.now - run.started?,
        _ => run.duration()?,
    };
    u64::try_from(length.num_milliseconds()).ok()
}

fn bar_tint(run: &Run) -> Tint {
    match run.state {
        RunState::Cancelled | RunState::Skipped => Tint::Paused,
        state => tint(state),
    }
}

fn sign(state: RunState) -> (&'static str, &'static str) {
    match state {
        RunState::Blocked => ("w", "blocked"),
        RunState::Queued => ("w", "queued"),
        RunState::Retrying => ("w", "retrying"),
        RunState::Running => ("r", "running"),
        RunState::Succeeded => (".", "succeeded"),
        RunState::Failed => ("F", "failed"),
        RunState::Cancelled => ("c", "cancelled"),
        RunState::Skipped => ("s", "skipped"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, colored, history, run, style};
    use super::super::{Style, text};
    use super::{Crowd, Day, Strip, cells_of_day, day_chart, runs_chart, runs_that_fit};
    use crate::domain::{Run, RunState};
    use chrono::TimeDelta;

    fn ascii(width: usize) -> Style {
        Style {
            unicode: false,
            ..style(width)
        }
    }

    /// From 18:00 in Berlin: each hour, at night, and a name that is too long.
    fn day(style: &Style) -> Day {
        let names = ["sync", "backup", "報告書を作るジョブ-of-the-night"];
        let cells = cells_of_day(names.into_iter(), style);
        let every = |step: usize, count: u64| -> Vec<u64> {
            let cell = |cell: usize| {
                if (cell * 24).is_multiple_of(step * cells) {
                    count
                } else {
                    0
                }
            };
            (0..cells).map(cell).collect()
        };
        let strips = [every(1, 4), every(9, 1), every(3, 40)];
        Day {
            start: at("2026-11-30T17:00:00Z"),
            cell: TimeDelta::days(1) / cells as i32,
            strips: names
                .into_iter()
                .zip(strips)
                .map(|(name, counts)| Strip {
                    name: name.to_owned(),
                    counts,
                })
                .collect(),
            crowds: vec![Crowd {
                at: at("2026-12-01T02:00:00Z"),
                jobs: names.map(str::to_owned).to_vec(),
            }],
        }
    }

    #[test]
    fn a_day_has_a_strip_for_each_job_and_one_for_their_crowds() {
        let style = style(60);
        assert_eq!(
            day_chart(&day(&style), &style),
            "\
sync        ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄
backup      ▂                 ▂                 ▂
報告…ight   █     █     █     █     █     █     █     █
at once                       ▄
            18    21    Tue   03    06    09    12    15
▂ 1  ▃ 2  ▄ 4  ▅ 8  ▆ 16  ▇ 32  █ more  starts in 30m
Tue 03:00  3 at once: sync, backup, …
"
        );
    }

    #[test]
    fn without_utf_8_a_strip_has_numbers() {
        let style = ascii(80);
        let chart = day_chart(&day(&style), &style);
        assert_eq!(
            chart,
            "\
sync                            4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4
backup                          1                 1                 1
報告書を作るジ...-of-the-night  +     +     +     +     +     +     +     +
at once                                           3
                                18    21    Tue   03    06    09    12    15
1-7, + more  starts in 30m
Tue 03:00  3 at once: sync, backup, 報告書を作るジョブ-of-the-night
"
        );
    }

    #[test]
    fn midnight_stands_below_its_cell_on_the_day_the_clock_goes_back() {
        let style = style(60);
        let mut day = day(&style);
        day.start = at("2026-10-24T20:00:00Z");
        let hours = super::hours(&day, 48, &style);
        assert_eq!(hours, "    Sun     03    06    09    12    15    18");
    }

    fn runs() -> Vec<Run> {
        let mut runs = history();
        for seq in 1..=20 {
            let mut one = run("backup", 38 - seq, 40 * 86_400, RunState::Succeeded);
            one.finished = one
                .started
                .map(|at| at + TimeDelta::milliseconds(seq * 350));
            runs.push(one);
        }
        runs
    }

    #[test]
    fn bars_grow_with_the_duration_and_end_with_the_newest() {
        assert_eq!(
            "\n".to_owned() + &runs_chart(&runs(), &style(60)),
            "
  11.9s│                        █
       │                        █
       │                        █
       │▆▄▂                     █
   5.9s│████▆▅▃▁                █
       │████████▇▅▃▁            █
       │████████████▇▆▄▂    ▁ ▁▁█
       │█████████████████▆▄▂█ ███
        ....................FsF.r
        backup.18 21 Oct 19:00  backup.42 17:59:48
r running 1  . succeeded 21  F failed 2  s skipped 1
"
        );
        let chart = runs_chart(&runs(), &ascii(60));
        assert!(chart.lines().take(8).all(str::is_ascii), "{chart}");
        assert!(chart.contains('#'), "{chart}");
    }

    #[test]
    fn results_have_their_colours_and_their_signs() {
        let chart = runs_chart(&runs(), &colored(60));
        assert!(chart.contains("\x1b[31mF\x1b[0m failed 2"), "{chart}");
        assert!(chart.contains("\x1b[32mr\x1b[0m running 1"), "{chart}");
    }

    #[test]
    fn no_chart_is_wider_than_the_terminal() {
        for width in 20..=200 {
            for style in [style(width), ascii(width)] {
                let charts = [day_chart(&day(&style), &style), runs_chart(&runs(), &style)];
                for line in charts.iter().flat_map(|chart| chart.lines()) {
                    assert!(text::width(line) <= width, "{width}: {line}");
                }
            }
        }
        assert_eq!(runs_that_fit(&style(1)), 1);
        // Too small to be read, but drawn.
        for width in 1..20 {
            day_chart(&day(&style(width)), &style(width));
            runs_chart(&runs(), &style(width));
        }
    }
}
