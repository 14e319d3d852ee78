//! A run and its attempts as JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::{Attempt, AttemptState, JobId, Name, Origin, Reason, Run, RunState};
use crate::schedule::Zone;

use super::time;

/// A run always has `attempts`, in the order they were made.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunDocument<'a> {
    run: String,
    job: &'a Name,
    job_id: JobId,
    seq: i64,
    origin: Origin,
    state: RunState,
    reason: Option<Reason>,
    due: String,
    started: Option<String>,
    finished: Option<String>,
    lateness_ms: Option<i64>,
    duration_ms: Option<i64>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    /// Null when the run stands for no stretch of missed due times.
    missed_count: Option<u64>,
    attempts: Vec<AttemptDocument<'a>>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct AttemptDocument<'a> {
    attempt: u32,
    state: AttemptState,
    reason: Option<Reason>,
    started: Option<String>,
    finished: Option<String>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    pid: Option<i32>,
    cpu_ms: Option<u64>,
    max_rss_bytes: Option<u64>,
    output_bytes: u64,
    /// Only when the process could not be started.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

pub(crate) fn run<'a>(run: &'a Run, attempts: &'a [Attempt], zone: Zone) -> RunDocument<'a> {
    let stamp = |at: DateTime<Utc>| time::stamp(at, zone);
    RunDocument {
        run: run.name.to_string(),
        job: &run.name.job,
        job_id: run.job,
        seq: run.name.seq,
        origin: run.origin,
        state: run.state,
        reason: run.reason,
        due: stamp(run.due),
        started: run.started.map(stamp),
        finished: run.finished.map(stamp),
        lateness_ms: run.lateness().map(|late| late.num_milliseconds()),
        duration_ms: run.duration().map(|took| took.num_milliseconds()),
        exit_code: run.exit_code,
        signal: run.signal,
        missed_count: run.missed.map(|stretch| stretch.count),
        attempts: attempts.iter().map(|one| attempt(one, zone)).collect(),
    }
}

pub(crate) fn runs(runs: &[(Run, Vec<Attempt>)], zone: Zone) -> Vec<RunDocument<'_>> {
    runs.iter()
        .map(|(one, attempts)| run(one, attempts, zone))
        .collect()
}

fn attempt(attempt: &Attempt, zone: Zone) -> AttemptDocument<'_> {
    let stamp = |at: DateTime<Utc>| time::stamp(at, zone);
    AttemptDocument {
        attempt: attempt.number,
        state: attempt.state,
        reason: attempt.reason,
        started: attempt.started.map(stamp),
        finished: attempt.finished.map(stamp),
        exit_code: attempt.exit_code,
        signal: attempt.signal,
        pid: attempt.pid,
        cpu_ms: attempt.usage.map(|usage| usage.cpu_ms),
        max_rss_bytes: attempt.usage.map(|usage| usage.max_rss_bytes),
        output_bytes: attempt.output_bytes,
        message: attempt.message.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::Zone;

    use super::super::super::samples::page;
    use super::super::text;
    use super::run;

    #[test]
    fn a_run_has_the_fields_of_the_contract_in_their_order() {
        let (_, runs, _) = page();
        let (failed, attempts) = &runs[2];
        assert_eq!(
            text(
                &run(failed, attempts, "Europe/Berlin".parse().unwrap()),
                true
            ),
            "\
{
  \"run\": \"backup.40\",
  \"job\": \"backup\",
  \"job_id\": 12,
  \"seq\": 40,
  \"origin\": \"schedule\",
  \"state\": \"failed\",
  \"reason\": \"exit\",
  \"due\": \"2026-11-29T18:00:00+01:00\",
  \"started\": \"2026-11-29T18:00:00.002+01:00\",
  \"finished\": \"2026-11-29T18:00:01.502+01:00\",
  \"lateness_ms\": 2,
  \"duration_ms\": 1500,
  \"exit_code\": 2,
  \"signal\": null,
  \"missed_count\": null,
  \"attempts\": [
    {
      \"attempt\": 1,
      \"state\": \"failed\",
      \"reason\": \"spawn\",
      \"started\": \"2026-11-29T18:00:00.002+01:00\",
      \"finished\": \"2026-11-29T18:00:01.502+01:00\",
      \"exit_code\": null,
      \"signal\": null,
      \"pid\": null,
      \"cpu_ms\": null,
      \"max_rss_bytes\": null,
      \"output_bytes\": 0,
      \"message\": \"No such file or directory (os error 2)\"
    },
    {
      \"attempt\": 2,
      \"state\": \"failed\",
      \"reason\": \"exit\",
      \"started\": \"2026-11-29T18:00:00.002+01:00\",
      \"finished\": \"2026-11-29T18:00:01.502+01:00\",
      \"exit_code\": 2,
      \"signal\": null,
      \"pid\": 4242,
      \"cpu_ms\": 870,
      \"max_rss_bytes\": 54525952,
      \"output_bytes\": 1536
    }
  ]
}
"
        );
    }

    #[test]
    fn only_a_run_that_stands_for_others_counts_them() {
        let (_, runs, _) = page();
        let count = |index: usize| {
            let (one, attempts) = &runs[index];
            serde_json::to_value(run(one, attempts, Zone::UTC)).unwrap()["missed_count"].clone()
        };
        assert_eq!(count(1), 12);
        assert!(count(0).is_null());
    }
}
