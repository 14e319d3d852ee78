//! One job or one run, written like a page: what it is, then what happened.
//!
//! What lives here: the order and the words of the lines. What never does: a cut. `show`
//! is where everything can be read, so a long line wraps in the terminal; only the table
//! below fits its width. Values of environment variables are masked, as wherever
//! something is listed.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::{Attempt, HookFailure, Job, JobView, Name, Run, RunState};

use super::attempts::{attempts_table, runs_with_attempts};
use super::jobs::{state_tint, state_word};
use super::options::option_lines;
use super::runs::{late, missed, origin, outcome, tint, took};
use super::{Style, Tint, text, time};

/// What stands before the value of a label that is as long as those of most pages.
const PATH_INDENT: usize = 16;

/// Lines of the last failure's output.
const FAILURE_LINES: usize = 10;

/// Facts about a job that are not in its row.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobExtra {
    /// WHEN in plain English.
    pub meaning: Option<String>,
    /// The coming times after `next`.
    pub coming: Vec<DateTime<Utc>>,
    /// How its runs ended, in a sentence.
    pub record: Option<Record>,
    pub last_failure: Option<LastFailure>,
    /// The job file it comes from.
    pub file: Option<String>,
    pub hook_failures: Vec<HookFailure>,
}

/// How the runs of a job ended, as far as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub succeeded: usize,
    pub failed: usize,
    /// In milliseconds, rising: those of the successes.
    pub took: Vec<i64>,
}

/// The newest failed run, and the end of what it wrote.
#[derive(Debug, Clone)]
pub(crate) struct LastFailure {
    pub run: Run,
    pub output: Vec<u8>,
}

impl Record {
    /// `95 % succeeded (38 of 40), median 1.5s, 95 % within 12s`.
    fn sentence(&self) -> String {
        let all = self.succeeded + self.failed;
        // Rounded down: not all is not 100 %.
        let rate = self.succeeded * 100 / all.max(1);
        let mut sentence = format!("{rate} % succeeded ({} of {all})", self.succeeded);
        if let (Some(median), Some(most)) = (self.percentile(50), self.percentile(95)) {
            let (median, most) = (time::duration(median), time::duration(most));
            let _ = write!(sentence, ", median {median}, 95 % within {most}");
        }
        sentence
    }

    /// The smallest duration that so many percent of the runs did not exceed.
    fn percentile(&self, percent: usize) -> Option<i64> {
        let rank = (self.took.len() * percent).div_ceil(100).max(1);
        self.took.get(rank - 1).copied()
    }
}

/// Everything about a job, with its last runs.
pub(crate) fn job_page(
    view: &JobView,
    runs: &[(Run, Vec<Attempt>)],
    extra: &JobExtra,
    style: &Style,
) -> String {
    let job = &view.job;
    let waits = view
        .waiting
        .as_ref()
        .map(|waiting| waiting.sentence(style.now));
    let mut page = Page::new(style);
    page.line("state", state_word(job.state), state_tint(job.state));
    page.some("waits", waits);
    page.fact("when", &job.when);
    page.some("meaning", extra.meaning.as_deref());
    page.some("next", view.next.map(|at| moment(at, style)));
    for at in &extra.coming {
        page.fact("", moment(*at, style));
    }
    page.some("runs", extra.record.as_ref().map(Record::sentence));
    page.fact("command", job.command.to_line());
    page.queue(&job.queue);
    page.some(
        "priority",
        (job.priority != 0).then(|| job.priority.to_string()),
    );
    for (label, value) in option_lines(&job.options, style.zone) {
        match (label, style.width) {
            // Long and seldom looked at: its ends tell which one it is.
            ("path", Some(width)) => {
                let room = width.saturating_sub(PATH_INDENT);
                page.fact(label, text::fit_middle(&value, room, style.ellipsis()));
            }
            _ => page.fact(label, value),
        }
    }
    page.some("file", extra.file.as_deref());
    page.fact("added", moment(job.created, style));
    page.hooks(&extra.hook_failures);
    let heading = format!("{} (job {})", job.name, job.id);
    let mut out = page.finish(&heading, &runs_with_attempts(runs, style));
    if let Some(failure) = &extra.last_failure {
        out.push_str(&failure_text(failure, style));
    }
    out
}

/// The last lines a failed run wrote, below everything else.
fn failure_text(failure: &LastFailure, style: &Style) -> String {
    let run = &failure.run;
    let ended = run.finished.unwrap_or(run.due);
    let heading = format!(
        "last failure: {} {}, {}",
        run.name,
        outcome(run),
        time::distance(ended - style.now)
    );
    let shown = text::escape_bytes(&failure.output);
    let lines: Vec<&str> = shown.lines().collect();
    if lines.is_empty() {
        return format!("\n{heading}, no output\n");
    }
    let cut = lines.len().saturating_sub(FAILURE_LINES);
    let mut out = format!("\n{heading}\n\n");
    if cut > 0 {
        let ellipsis = style.ellipsis();
        let _ = writeln!(out, "  {ellipsis} all of it: punctual logs {}", run.name);
    }
    for line in &lines[cut..] {
        out.extend(["  ", line, "\n"]);
    }
    out
}

/// Everything about a run, with its attempts.
pub(crate) fn run_page(
    run: &Run,
    attempts: &[Attempt],
    job: &Job,
    hook_failures: &[HookFailure],
    style: &Style,
) -> String {
    let stretch = run.missed.map(|stretch| {
        let first = time::full(stretch.first, style.zone);
        format!("stands for {} due times since {first}", missed(stretch))
    });
    let took = match (took(run, style), run.state) {
        (took, _) if took.is_empty() => None,
        (took, RunState::Running) => Some(format!("{took} so far")),
        (took, _) => Some(took),
    };
    let is_later = !run.state.is_final() && run.not_before > run.due;
    let mut page = Page::new(style);
    page.line("state", &outcome(run), tint(run.state));
    page.fact("origin", origin(run.origin));
    page.fact("due", moment(run.due, style));
    page.some(
        "not before",
        is_later.then(|| moment(run.not_before, style)),
    );
    page.some("missed", stretch);
    page.some("started", run.started.map(|at| moment(at, style)));
    if run.started.is_some() {
        let (late, tint) = late(run);
        page.line("late", &late, tint);
    }
    page.some("finished", run.finished.map(|at| moment(at, style)));
    page.some("took", took);
    page.queue(&run.queue);
    page.some(
        "priority",
        (run.priority != 0).then(|| run.priority.to_string()),
    );
    page.fact("job", format!("{} (job {})", job.name, job.id));
    page.fact("command", job.command.to_line());
    for attempt in attempts {
        let message = attempt.message.as_ref();
        page.some(
            "note",
            message.map(|m| format!("attempt {}: {m}", attempt.number)),
        );
    }
    page.hooks(hook_failures);
    page.finish(&run.name.to_string(), &attempts_table(attempts, style))
}

fn moment(at: DateTime<Utc>, style: &Style) -> String {
    let distance = time::distance(at - style.now);
    format!("{} ({distance})", time::full(at, style.zone))
}

/// Labelled lines, aligned when all are known.
struct Page<'a> {
    lines: Vec<(String, String)>,
    style: &'a Style,
}

impl<'a> Page<'a> {
    fn new(style: &'a Style) -> Self {
        Self {
            lines: Vec::new(),
            style,
        }
    }

    fn line(&mut self, label: &str, value: &str, tint: Tint) {
        let value = text::escape(value);
        let value = self.style.paint(&value, tint).into_owned();
        self.lines.push((label.to_owned(), value));
    }

    fn fact(&mut self, label: &str, value: impl AsRef<str>) {
        self.line(label, value.as_ref(), Tint::Plain);
    }

    fn some(&mut self, label: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.fact(label, value);
        }
    }

    fn queue(&mut self, queue: &Name) {
        let named = Some(queue).filter(|queue| **queue != Name::default_queue());
        self.some("queue", named.map(Name::as_str));
    }

    fn hooks(&mut self, failures: &[HookFailure]) {
        for HookFailure {
            run,
            hook,
            at,
            message,
        } in failures
        {
            let when = moment(*at, self.style);
            let value = format!("{hook} of {run} failed: {message}, {when}");
            self.line("hook", &value, Tint::Failed);
        }
    }

    /// The heading, the lines, and after a blank line the table, unless it is empty.
    fn finish(self, heading: &str, table: &str) -> String {
        let room = self.lines.iter().map(|(label, _)| label.len()).max();
        let room = room.unwrap_or_default() + 2;
        let mut out = format!("{heading}\n\n");
        for (label, value) in self.lines {
            let padding = " ".repeat(room - label.len());
            out.extend(["  ", &label, &padding, &value, "\n"]);
        }
        if table.lines().nth(1).is_some() {
            out.push('\n');
            out.push_str(table);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{page, style};
    use super::{JobExtra, job_page, run_page};

    #[test]
    fn the_page_of_a_job_on_60_columns() {
        let (view, runs, extra) = page();
        assert_eq!(
            job_page(&view, &runs, &extra, &style(60)),
            "\
backup (job 12)

  state         active
  when          0 3 * * *
  meaning       At 03:00, every day (Europe/Berlin)
  next          Tue 2026-12-01 03:00:00 +01:00 (in 9h)
                Wed 2026-12-02 03:00:00 +01:00 (in 33h)
                Thu 2026-12-03 03:00:00 +01:00 (in 2d)
  runs          95 % succeeded (38 of 40), median 9.5s, 95 % within 18.5s
  command       restic backup /data --exclude-caches --tag nightly
  priority      5
  tz            Europe/Berlin
  cwd           /srv/a\\x1b[2Jb
  env           API_KEY=***
  timeout       1h
  retries       3
  backoff       10s..1h
  overlap       queue
  output-limit  64KiB
  added         Sun 2026-11-01 09:00:00 +01:00 (29d ago)
  hook          on-failure of backup.40 failed: exit 1, Sun 2026-11-29 18:00:02 +01:00 (23h ago)

RUN          STATE             TIME           LATE   TOOK
backup.42    running           17:59:48        2ms  11.9s
backup.41    succeeded         17:57         1m15s   1.5s
backup.40    failed(exit 2)    Sun 18:00       2ms   1.5s
  attempt 1  failed(spawn)     Sun 18:00             1.5s
  attempt 2  failed(exit 2)    Sun 18:00             1.5s
backup.39    skipped(overlap)  Sat 18:00
backup.38    failed(signal 9)  10 Nov 18:00    2ms   1.5s

last failure: backup.40 failed(exit 2), 23h ago

  open /data: ok
  save: \\x1b[31mno space left\\x1b[0m
"
        );
    }

    #[test]
    fn the_page_of_a_job_on_120_columns_has_the_attempts_too() {
        let (view, runs, extra) = page();
        let page = job_page(&view, &runs, &extra, &style(120));
        let table = page.split("\n\n").nth(2).unwrap();
        assert_eq!(
            table,
            "\
RUN          STATE             TIME           LATE   TOOK    CPU  MEMORY  OUTPUT  NOTE
backup.42    running           17:59:48        2ms  11.9s                 1.5KiB
backup.41    succeeded         17:57         1m15s   1.5s  870ms   52MiB  1.5KiB
backup.40    failed(exit 2)    Sun 18:00       2ms   1.5s
  attempt 1  failed(spawn)     Sun 18:00             1.5s                         No such file or directory (os error 2)
  attempt 2  failed(exit 2)    Sun 18:00             1.5s  870ms   52MiB  1.5KiB
backup.39    skipped(overlap)  Sat 18:00
backup.38    failed(signal 9)  10 Nov 18:00    2ms   1.5s  870ms   52MiB  1.5KiB"
        );
    }

    #[test]
    fn the_page_of_a_run_on_80_columns() {
        let (view, runs, _) = page();
        let (run, attempts) = &runs[2];
        assert_eq!(
            run_page(run, attempts, &view.job, &[], &style(80)),
            "\
backup.40

  state     failed(exit 2)
  origin    schedule
  due       Sun 2026-11-29 18:00:00 +01:00 (24h ago)
  started   Sun 2026-11-29 18:00:00 +01:00 (23h ago)
  late      2ms
  finished  Sun 2026-11-29 18:00:01 +01:00 (23h ago)
  took      1.5s
  job       backup (job 12)
  command   restic backup /data --exclude-caches --tag nightly
  note      attempt 1: No such file or directory (os error 2)

ATTEMPT  STATE           STARTED    TOOK   PID    CPU  MEMORY  OUTPUT
      1  failed(spawn)   Sun 18:00  1.5s
      2  failed(exit 2)  Sun 18:00  1.5s  4242  870ms   52MiB  1.5KiB
"
        );
    }

    #[test]
    fn the_page_of_a_run_that_stands_for_others_says_so() {
        let (view, runs, extra) = page();
        let (run, attempts) = &runs[1];
        let page = run_page(run, attempts, &view.job, &extra.hook_failures, &style(None));
        assert_eq!(
            page,
            "\
backup.41

  state     succeeded
  origin    schedule
  due       Mon 2026-11-30 17:57:00 +01:00 (3m ago)
  missed    stands for 12 due times since Sun 2026-11-29 03:00:00 +01:00
  started   Mon 2026-11-30 17:58:15 +01:00 (104s ago)
  late      1m15s
  finished  Mon 2026-11-30 17:58:16 +01:00 (103s ago)
  took      1.5s
  job       backup (job 12)
  command   restic backup /data --exclude-caches --tag nightly
  hook      on-failure of backup.40 failed: exit 1, Sun 2026-11-29 18:00:02 +01:00 (23h ago)

ATTEMPT\tSTATE\tSTARTED\tTOOK\tPID\tCPU\tMEMORY\tOUTPUT
1\tsucceeded\t2026-11-30T17:58:15.002+01:00\t1.5s\t4242\t870ms\t52MiB\t1.5KiB
"
        );
    }

    #[test]
    fn a_page_without_runs_ends_with_its_lines() {
        let (view, _, extra) = page();
        let extra = JobExtra {
            last_failure: None,
            ..extra
        };
        for width in [Some(80), None] {
            let page = job_page(&view, &[], &extra, &style(width));
            assert!(page.ends_with("(23h ago)\n"), "{page}");
        }
    }
}
