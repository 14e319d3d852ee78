//! Coming times, of one schedule or of all jobs.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Name, Span};
use crate::schedule;

use super::column::{Cell, Column, Yield};
use super::grid::Grid;
use super::{Style, Tint, text, time};

const COLUMNS: [Column; 6] = [
    Column::text("DAY"),
    Column::text("DATE"),
    Column::text("TIME"),
    Column::text("OFFSET"),
    Column::text("DISTANCE"),
    Column::name("JOB"),
];

/// The coming times of one schedule.
pub(crate) fn times_table(times: &[DateTime<Utc>], style: &Style) -> String {
    let columns = &COLUMNS[..COLUMNS.len() - 1];
    let rows = times.iter().map(|&at| moment(at, style)).collect();
    with_changes(&table(columns, rows, style), times, style)
}

/// The coming times of all jobs, merged.
pub(crate) fn agenda_table(times: &[(Name, DateTime<Utc>)], style: &Style) -> String {
    let rows = times
        .iter()
        .map(|(job, at)| {
            let mut row = moment(*at, style);
            row.push(job.as_str().into());
            row
        })
        .collect();
    let instants: Vec<_> = times.iter().map(|(_, at)| *at).collect();
    with_changes(&table(&COLUMNS, rows, style), &instants, style)
}

/// The first few jobs of which no time is shown: one that comes every second must not hide that
/// there are others.
pub(crate) fn later_jobs(
    shown: &[(Name, DateTime<Utc>)],
    later: &[(Name, DateTime<Utc>)],
    most: usize,
    style: &Style,
) -> Option<String> {
    let mut hidden: Vec<&(Name, DateTime<Utc>)> = Vec::new();
    for coming in later {
        let is_told = |told: &(Name, _)| told.0 == coming.0;
        if !shown.iter().any(is_told) && !hidden.iter().any(|told| is_told(told)) {
            hidden.push(coming);
        }
    }
    let room = style.width.unwrap_or(usize::MAX);
    // As many as the line holds.
    let lines = (1..=hidden.len().min(most)).rev().map(|count| {
        let told = hidden[..count].iter();
        let told = told.map(|(job, at)| format!("{job} {}", time::distance(*at - style.now)));
        let told = told.collect::<Vec<_>>().join(", ");
        let more = if count < hidden.len() {
            " and more"
        } else {
            ""
        };
        format!("later: {told}{more}; -n N shows more")
    });
    let mut lines = lines.collect::<Vec<_>>().into_iter();
    let last = lines.clone().next_back();
    lines.find(|line| text::width(line) <= room).or(last)
}

/// Says on a terminal where the clock changes between two lines.
fn with_changes(table: &str, times: &[DateTime<Utc>], style: &Style) -> String {
    if style.is_plain() {
        return table.to_owned();
    }
    let mut lines = table.lines();
    let mut out = String::with_capacity(table.len());
    // The header, and the first time.
    for line in lines.by_ref().take(2) {
        out.extend([line, "\n"]);
    }
    for (line, pair) in lines.zip(times.windows(2)) {
        if let Some(change) = schedule::clock_change(style.zone, pair[0], pair[1]) {
            out.push_str(&change_line(change, style));
        }
        out.extend([line, "\n"]);
    }
    out
}

fn change_line(change: schedule::ClockChange, style: &Style) -> String {
    let by = TimeDelta::seconds(change.after - change.before);
    let local = |offset| (change.at + TimeDelta::seconds(offset)).format("%H:%M");
    let (rule, arrow) = if style.unicode {
        ("─", "→")
    } else {
        ("-", "->")
    };
    let line = format!(
        "{rule}{rule}{rule}  {}  clock {} {}: {} {arrow} {}",
        (change.at + TimeDelta::seconds(change.before)).format("%Y-%m-%d"),
        if by > TimeDelta::zero() {
            "forward"
        } else {
            "back"
        },
        Span::from_millis(by.num_milliseconds().unsigned_abs()),
        local(change.before),
        local(change.after),
    );
    let room = style.width.unwrap_or(usize::MAX);
    let line = text::fit(&line, room, style.ellipsis());
    style.paint(&line, Tint::Late).into_owned() + "\n"
}

fn moment(at: DateTime<Utc>, style: &Style) -> Vec<Cell> {
    let local = at.with_timezone(&style.zone);
    let part = |format| Cell::from(local.format(format).to_string());
    vec![
        part("%a"),
        part("%Y-%m-%d"),
        part("%H:%M:%S"),
        part("%:z"),
        time::distance(at - style.now).into(),
    ]
}

/// What the shortest line takes before its name: a date, a time, and the gaps.
const BEFORE_NAME: usize = 22;

fn table(columns: &[Column], rows: Vec<Vec<Cell>>, style: &Style) -> String {
    // A name that would be cut even then costs the others no column.
    let room = style
        .width
        .map_or(0, |width| width.saturating_sub(BEFORE_NAME));
    let names = rows.iter().filter_map(|row| row.get(COLUMNS.len() - 1));
    let widths = names.map(|name| text::width(&name.text));
    let longest = widths.filter(|&width| width <= room).max().unwrap_or(0);
    let grid = Grid {
        columns,
        rows,
        yields: &[
            Yield("JOB", longest.max(12)),
            Yield("OFFSET", 0),
            Yield("DAY", 0),
            Yield("DISTANCE", 0),
            Yield("JOB", 4),
            Yield("DATE", 0),
        ],
    };
    grid.render(style)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, name, style};
    use super::{agenda_table, later_jobs, times_table};

    #[test]
    fn coming_times_show_the_offset_they_have_then() {
        let times = [at("2026-12-01T02:00:00Z"), at("2027-07-01T02:00:00Z")];
        assert_eq!(
            times_table(&times, &style(60)),
            "\
DAY  DATE        TIME      OFFSET  DISTANCE
Tue  2026-12-01  03:00:00  +01:00  in 9h
───  2027-03-28  clock forward 1h: 02:00 → 03:00
Thu  2027-07-01  04:00:00  +02:00  in 212d
"
        );
    }

    #[test]
    fn a_change_of_the_clock_stands_between_the_lines_on_a_terminal() {
        let times = [
            at("2027-03-27T01:30:00Z"),
            at("2027-03-28T01:00:00Z"),
            at("2027-03-29T00:30:00Z"),
            at("2027-12-01T01:30:00Z"),
        ];
        assert_eq!(
            times_table(&times, &style(60)),
            "\
DAY  DATE        TIME      OFFSET  DISTANCE
Sat  2027-03-27  02:30:00  +01:00  in 116d
───  2027-03-28  clock forward 1h: 02:00 → 03:00
Sun  2027-03-28  03:00:00  +02:00  in 117d
Mon  2027-03-29  02:30:00  +02:00  in 118d
───  2027-10-31  clock back 1h: 03:00 → 02:00
Wed  2027-12-01  02:30:00  +01:00  in 365d
"
        );
        let plain = times_table(&times, &style(None));
        assert_eq!(plain.lines().count(), 5, "{plain}");
    }

    #[test]
    fn jobs_of_which_no_time_is_shown_are_named() {
        let coming = |label, hour| (name(label), at(&format!("2026-11-30T{hour}:00:00Z")));
        let shown = [coming("tick", 18)];
        let later = [
            coming("tick", 19),
            coming("backup", 20),
            coming("tick", 20),
            coming("backup", 21),
            coming("report", 22),
            coming("mail", 23),
        ];
        let line = |count, width| later_jobs(&shown, &later[..count], 2, &style(width));
        assert_eq!(line(1, 80), None);
        for (count, width, told) in [
            (4, 80, "later: backup in 3h; -n N shows more"),
            (5, 80, "later: backup in 3h, report in 5h; -n N shows more"),
            (
                6,
                80,
                "later: backup in 3h, report in 5h and more; -n N shows more",
            ),
            (6, 50, "later: backup in 3h and more; -n N shows more"),
            (6, 10, "later: backup in 3h and more; -n N shows more"),
        ] {
            assert_eq!(line(count, width).as_deref(), Some(told));
        }
    }

    #[test]
    fn the_agenda_names_the_jobs() {
        let times = [
            (name("sync"), at("2026-11-30T17:03:00Z")),
            (name("backup"), at("2026-12-01T02:00:00Z")),
        ];
        assert_eq!(
            agenda_table(&times, &style(60)),
            "\
DAY  DATE        TIME      OFFSET  DISTANCE  JOB
Mon  2026-11-30  18:03:00  +01:00  in 3m     sync
Tue  2026-12-01  03:00:00  +01:00  in 9h     backup
"
        );
        assert_eq!(
            agenda_table(&times[..1], &style(None)),
            "\
DAY\tDATE\tTIME\tOFFSET\tDISTANCE\tJOB
Mon\t2026-11-30\t18:03:00\t+01:00\tin 3m\tsync
"
        );
    }
}
