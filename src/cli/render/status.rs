//! The runner and what it has before it, in a few labelled lines.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::{Failures, Name, Runner};

use super::{Style, Tint, text, time};

/// The longest label.
const LABEL: usize = 8;

/// What `status` found out.
#[derive(Debug)]
pub(crate) struct StatusPage<'a> {
    pub runner: Option<&'a Runner>,
    pub running: u64,
    pub waiting: u64,
    /// How many runs are, and the oldest due time.
    pub late: (u64, Option<DateTime<Utc>>),
    /// Those of the last 24 hours.
    pub failed: &'a Failures,
    /// Why the runner's job file could not be applied.
    pub file_problem: Option<&'a str>,
    pub database: String,
}

/// The lines above the table of queues, and a blank one.
pub(crate) fn status_page(page: &StatusPage<'_>, style: &Style) -> String {
    let (runner, runner_tint) = match page.runner {
        None => (
            "none is alive; start one with: punctual run".to_owned(),
            Tint::Failed,
        ),
        Some(runner) => {
            let since = time::distance(runner.since - style.now);
            let (running, pool) = (page.running, runner.pool);
            let line = format!("pid {}, {since}, pool {running}/{pool}", runner.pid);
            (line, Tint::Plain)
        }
    };
    let (late, late_tint) = match page.late {
        (0, _) | (_, None) => ("0".to_owned(), Tint::Plain),
        (late, Some(oldest)) => {
            let oldest = time::distance(oldest - style.now);
            (format!("{late}, the oldest was due {oldest}"), Tint::Late)
        }
    };
    let room = style
        .width
        .map_or(usize::MAX, |width| width.saturating_sub(LABEL + 2));
    let (failed, failed_tint) = failures(page.failed, room);
    let lines = [
        ("runner", runner, runner_tint),
        ("waiting", page.waiting.to_string(), Tint::Plain),
        ("late", late, late_tint),
        ("failed", failed, failed_tint),
        ("database", page.database.clone(), Tint::Plain),
    ];
    let problem = page.file_problem.map(|problem| {
        let line = format!("{problem}; the jobs stay as they were");
        ("file", line, Tint::Failed)
    });
    let mut out = String::new();
    for (label, value, tint) in lines.into_iter().chain(problem) {
        let value = text::escape(&value);
        let value = style.paint(&value, tint);
        let _ = writeln!(out, "{label:<LABEL$}  {value}");
    }
    out + "\n"
}

/// `5 in the last 24 h: tick (3), backup, sync and 1 more`, with as many names as the line holds.
fn failures(failed: &Failures, room: usize) -> (String, Tint) {
    let Failures { runs, jobs, newest } = failed;
    if *runs == 0 {
        return ("0 in the last 24 h".to_owned(), Tint::Plain);
    }
    let name = |(job, count): &(Name, u64)| match count {
        1 => job.to_string(),
        _ => format!("{job} ({count})"),
    };
    let line = |count: usize| {
        let names: Vec<String> = newest[..count].iter().map(name).collect();
        let more = match jobs - count as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{runs} in the last 24 h: {}{more}", names.join(", "))
    };
    let all = newest.len();
    let count = (1..=all)
        .rev()
        .find(|&count| text::width(&line(count)) <= room)
        .unwrap_or(all.min(1));
    (line(count), Tint::Failed)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, colored, name, now, style};
    use super::{StatusPage, status_page};
    use crate::domain::{Failures, Runner};

    #[test]
    fn trouble_is_counted_and_named() {
        let runner = Runner {
            pid: 4_242,
            since: at("2026-11-28T17:00:00Z"),
            pool: 8,
        };
        let failed = Failures {
            runs: 5,
            jobs: 4,
            newest: vec![(name("sync"), 1), (name("tick"), 2), (name("a"), 1)],
        };
        let page = StatusPage {
            runner: Some(&runner),
            running: 3,
            waiting: 17,
            late: (2, Some(at("2026-11-30T16:56:00Z"))),
            failed: &failed,
            file_problem: None,
            database: "/var/lib/punctual.db".to_owned(),
        };
        assert_eq!(
            status_page(&page, &style(80)),
            "\
runner    pid 4242, 2d ago, pool 3/8
waiting   17
late      2, the oldest was due 4m ago
failed    5 in the last 24 h: sync, tick (2), a and 1 more
database  /var/lib/punctual.db

"
        );
        for (width, said) in [
            (60, "5 in the last 24 h: sync, tick (2), a and 1 more"),
            (50, "5 in the last 24 h: sync and 3 more"),
            (20, "5 in the last 24 h: sync and 3 more"),
        ] {
            let shown = status_page(&page, &style(width));
            assert!(shown.contains(&format!("\nfailed    {said}\n")), "{shown}");
        }
        let idle = StatusPage {
            runner: None,
            running: 0,
            waiting: 0,
            late: (0, Some(now())),
            failed: &Failures::default(),
            file_problem: None,
            ..page
        };
        assert_eq!(
            status_page(&idle, &colored(80)),
            "\
runner    \x1b[31mnone is alive; start one with: punctual run\x1b[0m
waiting   0
late      0
failed    0 in the last 24 h
database  /var/lib/punctual.db

"
        );
    }
}
