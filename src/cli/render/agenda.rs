//! Coming times, of one schedule or of all jobs.

use chrono::{DateTime, Utc};

use crate::domain::Name;

use super::column::{Cell, Column, Yield};
use super::grid::Grid;
use super::{Style, time};

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
    table(columns, rows, style)
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
    table(&COLUMNS, rows, style)
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

fn table(columns: &[Column], rows: Vec<Vec<Cell>>, style: &Style) -> String {
    let grid = Grid {
        columns,
        rows,
        yields: &[Yield("JOB", 12)],
    };
    grid.render(style)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, name, style};
    use super::{agenda_table, times_table};

    #[test]
    fn coming_times_show_the_offset_they_have_then() {
        let times = [at("2026-12-01T02:00:00Z"), at("2027-07-01T02:00:00Z")];
        assert_eq!(
            times_table(&times, &style(60)),
            "\
DAY  DATE        TIME      OFFSET  DISTANCE
Tue  2026-12-01  03:00:00  +01:00  in 9h
Thu  2027-07-01  04:00:00  +02:00  in 212d
"
        );
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
