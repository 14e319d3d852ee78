//! Reports as JSON, for programs: the documents of `--json`.
//!
//! What lives here: one struct for each kind of document, whose fields stand in the order
//! of the contract. Fields are added, never renamed. What never does: escaping for people;
//! a text in JSON is exactly what was typed.

mod job;
mod run;
mod writer;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::{Name, QueueState};
use crate::schedule::Zone;

pub(crate) use job::{job, job_with_runs, jobs};
pub(crate) use run::{run, runs};
pub(crate) use writer::text;

use super::time;

/// One coming time; with the job when all jobs are listed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TimeDocument {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
}

/// The coming times of one schedule.
pub(crate) fn times(times: &[DateTime<Utc>], zone: Zone) -> Vec<TimeDocument> {
    let document = |&at: &DateTime<Utc>| TimeDocument {
        time: time::stamp(at, zone),
        job: None,
    };
    times.iter().map(document).collect()
}

/// The coming times of all jobs.
pub(crate) fn agenda(times: &[(Name, DateTime<Utc>)], zone: Zone) -> Vec<TimeDocument> {
    let document = |(job, at): &(Name, DateTime<Utc>)| TimeDocument {
        time: time::stamp(*at, zone),
        job: Some(job.as_str().to_owned()),
    };
    times.iter().map(document).collect()
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueueDocument<'a> {
    name: &'a Name,
    /// Null: bounded by the pool alone.
    slots: Option<u32>,
    paused: bool,
    running: u64,
    waiting: u64,
    /// Runs ended within the last hour.
    ended_last_hour: u64,
}

pub(crate) fn queue(state: &QueueState) -> QueueDocument<'_> {
    QueueDocument {
        name: &state.queue.name,
        slots: state.queue.slots,
        paused: state.queue.paused,
        running: state.running,
        waiting: state.waiting,
        ended_last_hour: state.ended_last_hour,
    }
}

pub(crate) fn queues(states: &[QueueState]) -> Vec<QueueDocument<'_>> {
    states.iter().map(queue).collect()
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ErrorDocument<'a> {
    error: ErrorBody<'a>,
}

#[derive(Debug, Clone, Serialize)]
struct ErrorBody<'a> {
    code: u8,
    message: &'a str,
    hint: Option<&'a str>,
}

/// A failure: its exit code, its sentence, and what to do next if there is something.
pub(crate) fn error<'a>(code: u8, message: &'a str, hint: Option<&'a str>) -> ErrorDocument<'a> {
    ErrorDocument {
        error: ErrorBody {
            code,
            message,
            hint,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::Zone;

    use super::super::samples::{at, name, queue_state};
    use super::{agenda, error, queues, text, times};

    #[test]
    fn coming_times_name_the_job_only_among_others() {
        let when = at("2026-12-01T02:00:00Z");
        assert_eq!(
            text(&times(&[when], "Europe/Berlin".parse().unwrap()), false),
            "[{\"time\":\"2026-12-01T03:00:00+01:00\"}]\n"
        );
        assert_eq!(
            text(&agenda(&[(name("backup"), when)], Zone::UTC), false),
            "[{\"time\":\"2026-12-01T02:00:00+00:00\",\"job\":\"backup\"}]\n"
        );
    }

    #[test]
    fn an_error_has_a_hint_or_null() {
        assert_eq!(
            text(&error(3, "no job \"x\"", None), false),
            "{\"error\":{\"code\":3,\"message\":\"no job \\\"x\\\"\",\"hint\":null}}\n"
        );
        assert_eq!(
            text(&error(2, "m", Some("h")), false),
            "{\"error\":{\"code\":2,\"message\":\"m\",\"hint\":\"h\"}}\n"
        );
    }

    #[test]
    fn a_queue_without_slots_of_its_own_has_null() {
        let queues_of_two = [
            queue_state("default", None, false, 2, 0),
            queue_state("reports", Some(2), true, 0, 7),
        ];
        assert_eq!(
            text(&queues(&queues_of_two), false),
            "[{\"name\":\"default\",\"slots\":null,\"paused\":false,\"running\":2,\"waiting\":0,\"ended_last_hour\":5},\
             {\"name\":\"reports\",\"slots\":2,\"paused\":true,\"running\":0,\"waiting\":7,\"ended_last_hour\":5}]\n"
        );
    }
}
