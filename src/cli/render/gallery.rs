//! What a user sees, at four widths and in a pipe: `tests/data/looks/`, to be read by people.
//!
//! A room of tests only. A look that is not the committed one fails; `UPDATE=1 cargo test` writes it.

use std::fmt::Write as _;

use crate::cli::manual::must_be;
use crate::domain::{Failures, JobState, JobView, Kind, Reason, RunState, Runner, Waiting};

use super::samples::{at, history, job, jobs, name, page, queue_state, run, skipped, style};
use super::{
    StatusPage, Style, agenda_table, job_page, jobs_table, later_jobs, queues_table, run_page,
    runs_table, status_page, text, times_table,
};

/// Signs that are wide, joined, combined, or written from the right.
const LETTERS: &str = "echo 日本語 👩\u{200d}🚀 e\u{301}te\u{301} שלום عالم 🇩🇪 done";

fn look(file: &str, show: impl Fn(&Style) -> String) {
    let mut looks = String::new();
    for width in [60, 80, 120, 200] {
        let shown = show(&style(width));
        let _ = writeln!(looks, "== on {width} columns ==\n\n{shown}");
    }
    let _ = write!(looks, "== in a pipe ==\n\n{}", show(&style(None)));
    must_be(&format!("tests/data/looks/{file}.txt"), &looks);
}

/// One of each state, and of each reason for waiting.
fn every_state() -> Vec<JobView> {
    let waits = |id, label: &str, when: &str, waiting: Waiting| JobView {
        last: Some(run(label, 1, 95, RunState::Queued)),
        next: Some(at("2026-11-30T16:58:25Z")),
        waiting: Some(waiting),
        ..job(
            id,
            label,
            when,
            "make -C /srv/site publish TARGET=production",
        )
    };
    let ended = |id, label: &str, state, reason: Option<Reason>| {
        let mut view = job(id, label, "now", LETTERS);
        let mut last = run(label, 1, 400, state);
        last.reason = reason;
        view.last = Some(last);
        view.job.state = JobState::Done;
        view.job.kind = Kind::Once;
        view
    };
    let retrying = Waiting::Retry {
        at: at("2026-11-30T17:00:40Z"),
        attempt: 2,
        of: 4,
    };
    let mut lost = ended(28, "import", RunState::Failed, Some(Reason::Lost));
    lost.job.command = crate::domain::Command::Shell("first line\nsecond line".to_owned());
    let mut over = ended(31, "campaign", RunState::Succeeded, None);
    over.job.kind = Kind::Recurring;
    let mut far = job(30, "new-year", "2031-01-01 00:00", "fireworks --loud");
    far.next = Some(at("2030-12-31T23:00:00Z"));
    let mut all = jobs();
    all.extend([
        waits(
            20,
            "deploy",
            "now",
            Waiting::PoolFull {
                pool: 8,
                running: 8,
            },
        ),
        waits(21, "fetch", "in 5m", retrying),
        waits(
            22,
            "publish",
            "after build,test",
            Waiting::After("after build,test".to_owned()),
        ),
        waits(23, "mirror", "now", Waiting::QueuePaused(name("reports"))),
        waits(24, "again", "every 1m", Waiting::Earlier),
        waits(25, "alone", "now", Waiting::NoRunner),
        ended(26, "letters", RunState::Succeeded, None),
        ended(27, "gone", RunState::Cancelled, None),
        over,
        lost,
        job(
            29,
            "a-name-that-somebody-made-as-long-as-a-name-may-be-0123456789abc",
            "never",
            "true",
        ),
        far,
    ]);
    all
}

#[test]
fn of_list() {
    look("list", |style| jobs_table(&every_state(), style));
}

/// Names as long as those of a site that names by host, by team and by what is done; and lists of
/// one job, with a name as long as may be.
#[test]
fn of_long_names() {
    let mut site = jobs();
    for (view, host) in site
        .iter_mut()
        .zip(["db-01", "www-2", "mail", "cache-north"])
    {
        let label = format!("operations-{host}-{}", view.job.name.as_str());
        view.job.name = name(&label);
    }
    let longest = "a-name-that-somebody-made-as-long-as-a-name-may-be-0123456789abc";
    let mut alone = site[0].clone();
    alone.job.name = name(longest);
    let states = [RunState::Running, RunState::Failed, RunState::Succeeded];
    let runs = states.map(|state| run(longest, 7, 99, state));
    let queues = [
        queue_state("default", None, false, 3, 0),
        queue_state(longest, Some(2), true, 0, 17),
    ];
    look("names", |style| {
        [
            jobs_table(&site, style),
            jobs_table(&[alone.clone()], style),
            runs_table(&runs, style),
            queues_table(&queues, style),
        ]
        .join("\n")
    });
}

#[test]
fn of_show() {
    let (view, runs, extra) = page();
    look("show", |style| {
        let (run, attempts) = &runs[2];
        job_page(&view, &runs, &extra, style)
            + "\n"
            + &run_page(run, attempts, &view.job, &extra.hook_failures, style)
    });
}

#[test]
fn of_history() {
    let mut runs = history();
    runs.push(run(
        "a-name-that-somebody-made-as-long-as-a-name-may-be-0123456789abc",
        7,
        99,
        RunState::Succeeded,
    ));
    runs.extend(
        [Reason::Missed, Reason::Expired, Reason::Dependency]
            .map(|reason| skipped("sync", 3, 99, reason)),
    );
    look("history", |style| runs_table(&runs, style));
}

#[test]
fn of_next() {
    let times = [
        at("2027-03-27T01:30:00Z"),
        at("2027-03-28T01:00:00Z"),
        at("2027-03-29T00:30:00Z"),
    ];
    let names = [
        "backup",
        "sync",
        "a-name-that-somebody-made-as-long-as-a-name-may-be-0123456789abc",
    ];
    let agenda: Vec<_> = names.map(name).into_iter().zip(times).collect();
    look("next", |style| {
        let later = later_jobs(&agenda[..1], &agenda[1..], 3, style);
        let said = later.filter(|_| style.width.is_some());
        [
            times_table(&times, style),
            agenda_table(&agenda, style),
            agenda_table(&agenda[..1], style) + &said.unwrap_or_default(),
        ]
        .join("\n")
    });
}

#[test]
fn of_status_and_queues() {
    let queues = [
        queue_state("default", None, false, 3, 0),
        queue_state("reports", Some(2), true, 0, 17),
    ];
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
        database: "/var/lib/punctual/punctual.db".to_owned(),
    };
    look("status", |style| {
        status_page(&page, style) + &queues_table(&queues, style)
    });
}

/// A line without its first word, and whether that is this name.
fn begins_with<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let rest = line.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(' ')).then_some(rest)
}

/// That a line fits, and that its only cut is where what stands last in it ends, or is the
/// middle of this.
fn is_cut_at_most_at_its_end(line: &str, width: usize, may_be_cut: &str) {
    assert!(text::width(line) <= width, "{width}: {line}");
    if let Some((before, after)) = line.split_once('…') {
        assert!(!after.contains('…'), "{width}: {line}");
        let cell = before.rsplit("  ").next().unwrap_or_default();
        let is_its_middle = may_be_cut.starts_with(cell) && may_be_cut.ends_with(after);
        assert!(after.is_empty() || is_its_middle, "{width}: {line}");
    }
}

#[test]
fn a_name_is_whole_wherever_it_fits_and_only_the_end_of_a_line_is_cut() {
    const LONG: &str =
        "rsync --archive --delete --exclude=.cache /home/ backup@host.example:/srv/home/";
    let whens = [
        "0 3 * * *",
        "every 2w on monday 08:00",
        "after a-job,another-job,a-third-job",
    ];
    for (length, width) in (1..=64).flat_map(|n| [60, 80, 120, 200].map(|width| (n, width))) {
        let style = style(width);
        let label = "n".repeat(length);
        let is_long = |name: &str| name.len() + 3 > width;

        for when in whens {
            let mut jobs = every_state();
            let mut states = every_state();
            for view in &mut states {
                view.job.name = name(&label);
                view.job.when = when.to_owned();
                view.job.command = crate::domain::Command::Shell(LONG.to_owned());
            }
            // One of unusual length among others, and a list of nothing else.
            jobs.push(states[5].clone());
            for views in [jobs, states] {
                let table = jobs_table(&views, &style);
                for (line, view) in table.lines().skip(1).zip(&views) {
                    let name = view.job.name.as_str();
                    match begins_with(line, name) {
                        Some(rest) => {
                            is_cut_at_most_at_its_end(
                                rest,
                                width - name.len(),
                                &text::escape(&view.job.command.to_line()),
                            );
                        }
                        None => assert!(is_long(name), "{width}: {line}"),
                    }
                }
            }
        }

        let mut runs = history();
        runs.extend(
            [RunState::Succeeded, RunState::Running].map(|state| run(&label, 7, 99, state)),
        );
        for runs in [&runs[..], &runs[runs.len() - 2..]] {
            for (line, run) in runs_table(runs, &style).lines().skip(1).zip(runs) {
                let name = run.name.to_string();
                match begins_with(line, &name) {
                    Some(rest) => is_cut_at_most_at_its_end(rest, width - name.len(), ""),
                    None => assert!(is_long(&name), "{width}: {line}"),
                }
            }
        }

        let queues = [
            queue_state("default", None, false, 3, 0),
            queue_state(&label, Some(2), true, 0, 17),
        ];
        let table = queues_table(&queues, &style);
        let line = table.lines().last().unwrap_or_default();
        match begins_with(line, &label) {
            Some(rest) => is_cut_at_most_at_its_end(rest, width - label.len(), ""),
            None => assert!(is_long(&label), "{width}: {line}"),
        }

        let times = [at("2027-03-27T01:30:00Z"), at("2027-03-27T02:30:00Z")];
        let agenda = [(name("sync"), times[0]), (name(&label), times[1])];
        let table = agenda_table(&agenda, &style);
        let line = table.lines().last().unwrap_or_default();
        is_cut_at_most_at_its_end(line, width, &label);
        // A date, a time and two gaps.
        assert!(
            line.ends_with(&label) || length + 22 > width,
            "{width}: {line}"
        );
    }
}

#[test]
fn no_table_is_wider_than_its_terminal() {
    let times = [at("2027-03-27T01:30:00Z"), at("2027-03-28T01:00:00Z")];
    let agenda = [(name("sync"), times[0]), (name("nightly-report"), times[1])];
    let queues = [queue_state("nightly-reports", Some(2), true, 0, 17)];
    for width in 14..=220 {
        let style = style(width);
        let tables = [
            jobs_table(&every_state(), &style),
            runs_table(&history(), &style),
            agenda_table(&agenda, &style),
            times_table(&times, &style),
            queues_table(&queues, &style),
        ];
        for line in tables.iter().flat_map(|table| table.lines()) {
            assert!(text::width(line) <= width, "{width}: {line}");
        }
    }
}
