//! Jobs and runs for the tests of this room.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Attempt, AttemptId, AttemptState, Backoff, Command, Job, JobId, JobState, JobView, Kind,
    MissedStretch, Name, Options, Origin, Overlap, Queue, QueueState, Reason, Run, RunId, RunRef,
    RunState, Size, Span, Usage, Waiting,
};

use super::{JobExtra, LastFailure, Record, Style};
use crate::domain::HookFailure;

/// The instant all samples are seen from: a Monday evening in Berlin.
pub(crate) fn now() -> DateTime<Utc> {
    at("2026-11-30T17:00:00Z")
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A terminal of so many columns without colour; `None`: a pipe.
pub(crate) fn style(width: impl Into<Option<usize>>) -> Style {
    Style {
        width: width.into(),
        color: false,
        unicode: true,
        now: now(),
        zone: "Europe/Berlin".parse().unwrap(),
        long: false,
    }
}

pub(crate) fn colored(width: usize) -> Style {
    Style {
        color: true,
        ..style(width)
    }
}

pub(crate) fn long(width: usize) -> Style {
    Style {
        long: true,
        ..style(width)
    }
}

pub(crate) fn job(id: i64, job: &str, when: &str, command: &str) -> JobView {
    JobView {
        job: Job {
            id: JobId(id),
            name: name(job),
            state: JobState::Active,
            kind: Kind::Recurring,
            when: when.to_owned(),
            command: Command::Shell(command.to_owned()),
            queue: Name::default_queue(),
            priority: 0,
            options: Arc::default(),
            anchor: at("2026-11-01T08:00:00Z"),
            created: at("2026-11-01T08:00:00Z"),
            next_due: None,
        },
        last: None,
        next: None,
        waiting: None,
    }
}

/// A run that was due so many seconds ago, started 2 ms late and took 1.5 s.
pub(crate) fn run(job: &str, seq: i64, due_ago: i64, state: RunState) -> Run {
    let due = now() - TimeDelta::seconds(due_ago);
    let started = due + TimeDelta::milliseconds(2);
    let has_started = matches!(
        state,
        RunState::Running | RunState::Succeeded | RunState::Failed
    );
    let has_ended = has_started && state != RunState::Running;
    Run {
        id: RunId(seq),
        name: RunRef {
            job: name(job),
            seq,
        },
        job: JobId(12),
        origin: Origin::Schedule,
        state,
        reason: (state == RunState::Failed).then_some(Reason::Exit),
        due,
        not_before: due,
        queue: Name::default_queue(),
        priority: 0,
        started: has_started.then_some(started),
        finished: has_ended.then(|| started + TimeDelta::milliseconds(1_500)),
        exit_code: match state {
            RunState::Succeeded => Some(0),
            RunState::Failed => Some(2),
            _ => None,
        },
        signal: None,
        missed: None,
        attempts: u32::from(has_started),
    }
}

pub(crate) fn skipped(job: &str, seq: i64, due_ago: i64, reason: Reason) -> Run {
    let due = now() - TimeDelta::seconds(due_ago);
    Run {
        reason: Some(reason),
        finished: Some(due),
        ..run(job, seq, due_ago, RunState::Skipped)
    }
}

/// An attempt of a run that has started.
pub(crate) fn attempt(number: u32, run: &Run) -> Attempt {
    Attempt {
        id: AttemptId(i64::from(number)),
        number,
        state: match run.state {
            RunState::Running => AttemptState::Running,
            RunState::Succeeded => AttemptState::Succeeded,
            _ => AttemptState::Failed,
        },
        reason: run.reason,
        message: None,
        started: run.started,
        finished: run.finished,
        exit_code: run.exit_code,
        signal: run.signal,
        pid: Some(4_242),
        usage: run.finished.map(|_| Usage {
            cpu_ms: 870,
            max_rss_bytes: 52 << 20,
        }),
        output_bytes: 1_536,
    }
}

pub(crate) fn queue_state(
    queue: &str,
    slots: Option<u32>,
    paused: bool,
    running: u64,
    waiting: u64,
) -> QueueState {
    QueueState {
        queue: Queue {
            name: name(queue),
            slots,
            paused,
        },
        ended_last_hour: 5,
        running,
        waiting,
    }
}

/// One job of each kind a list shows.
pub(crate) fn jobs() -> Vec<JobView> {
    let backup = JobView {
        last: Some(run("backup", 41, 180, RunState::Succeeded)),
        next: Some(at("2026-12-01T02:00:00Z")),
        ..job(
            12,
            "backup",
            "0 3 * * *",
            "restic backup /data --exclude-caches --tag nightly",
        )
    };
    let report = JobView {
        last: Some(run("nightly-report", 7, 3_700, RunState::Failed)),
        next: Some(at("2026-12-07T07:00:00Z")),
        ..job(
            13,
            "nightly-report",
            "0 8 * * 1",
            "python3 /opt/reports/報告書を作る.py --送る 🎉",
        )
    };
    let sync = JobView {
        last: Some(run("sync", 512, 12, RunState::Running)),
        next: Some(at("2026-11-30T17:03:00Z")),
        ..job(
            14,
            "sync",
            "every 15m",
            "rsync -a שלום/ host:\u{202e}/srv\n",
        )
    };
    let full = JobView {
        last: Some(run("render", 3, 95, RunState::Queued)),
        next: Some(at("2026-11-30T16:58:25Z")),
        waiting: Some(Waiting::QueueFull {
            queue: name("reports"),
            slots: 2,
            running: 2,
        }),
        ..job(15, "render", "now", "ffmpeg -i in.mkv out.mp4")
    };
    let mut paused = job(16, "mail", "@hourly", "sendmail -q");
    paused.job.state = JobState::Paused;
    paused.next = Some(at("2026-11-30T18:00:00Z"));
    paused.waiting = Some(Waiting::JobPaused);
    paused.last = Some(skipped("mail", 9, 7_200, Reason::Overlap));
    vec![backup, report, sync, full, paused]
}

/// A history with everything a row can say.
pub(crate) fn history() -> Vec<Run> {
    let mut late = run("backup", 41, 180, RunState::Succeeded);
    late.started = late.started.map(|at| at + TimeDelta::seconds(75));
    late.missed = Some(MissedStretch {
        count: 12,
        first: at("2026-11-29T02:00:00Z"),
    });
    let mut failed = run("backup", 40, 86_400, RunState::Failed);
    failed.attempts = 3;
    let mut killed = run("backup", 38, 20 * 86_400, RunState::Failed);
    killed.reason = Some(Reason::Signal);
    killed.signal = Some(9);
    killed.exit_code = None;
    late.finished = late.started.map(|at| at + TimeDelta::milliseconds(1_500));
    vec![
        run("backup", 42, 12, RunState::Running),
        late,
        failed,
        skipped("backup", 39, 2 * 86_400, Reason::Overlap),
        killed,
    ]
}

/// A job with options and runs of every kind, as its page shows it.
pub(crate) fn page() -> (JobView, Vec<(Run, Vec<Attempt>)>, JobExtra) {
    let mut view = jobs().remove(0);
    view.last = Some(history().remove(0));
    view.job.priority = 5;
    view.job.options = Arc::new(Options {
        tz: Some("Europe/Berlin".to_owned()),
        cwd: Some("/srv/a\x1b[2Jb".to_owned()),
        env: BTreeMap::from([("API_KEY".to_owned(), "hunter2".to_owned())]),
        timeout: Some(Span::from_millis(3_600_000)),
        retries: 3,
        backoff: Some(Backoff::DEFAULT),
        overlap: Overlap::Queue,
        output_limit: Some(Size::from_bytes(1 << 16)),
        ..Options::default()
    });
    let mut unstarted = attempt(1, &history()[2]);
    unstarted.reason = Some(Reason::Spawn);
    unstarted.message = Some("No such file or directory (os error 2)".to_owned());
    unstarted.usage = None;
    unstarted.pid = None;
    unstarted.exit_code = None;
    unstarted.output_bytes = 0;
    let with_attempts = |run: Run| {
        let attempts = match run.name.seq {
            40 => vec![unstarted.clone(), attempt(2, &run)],
            39 => Vec::new(),
            _ => vec![attempt(1, &run)],
        };
        (run, attempts)
    };
    let extra = JobExtra {
        meaning: Some("At 03:00, every day (Europe/Berlin)".to_owned()),
        coming: vec![at("2026-12-02T02:00:00Z"), at("2026-12-03T02:00:00Z")],
        record: Some(Record {
            succeeded: 38,
            failed: 2,
            took: (1..=38).map(|n| n * 500).collect(),
        }),
        last_failure: Some(LastFailure {
            run: history().remove(2),
            output: b"open /data: ok\nsave: \x1b[31mno space left\x1b[0m\n".to_vec(),
        }),
        file: None,
        hook_failures: vec![HookFailure {
            run: history()[2].name.clone(),
            hook: "on-failure".to_owned(),
            at: at("2026-11-29T17:00:02Z"),
            message: "exit 1".to_owned(),
        }],
    };
    (
        view,
        history().into_iter().map(with_attempts).collect(),
        extra,
    )
}
