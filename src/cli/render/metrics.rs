//! Numbers for a monitor, in the text format of Prometheus: what the textfile collector of its node exporter reads.
//!
//! Names stay as they are once they are out: somebody's alert depends on each. Counts of the history are
//! gauges, because retention takes from them and a counter must never fall.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{Numbers, QueueState, Runner};

/// Everything that is measured, at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Metrics<'a> {
    /// The living runner.
    pub runner: Option<&'a Runner>,
    pub queues: &'a [QueueState],
    pub numbers: &'a Numbers,
    pub now: DateTime<Utc>,
}

pub(crate) fn metrics_text(metrics: &Metrics<'_>) -> String {
    let Metrics {
        runner,
        queues,
        numbers,
        now,
    } = *metrics;
    let mut page = Page(String::new());
    page.gauge("runner_up", "Whether a runner is alive.");
    page.sample("runner_up", &[], if runner.is_some() { "1" } else { "0" });
    if let Some(runner) = runner {
        page.gauge("runner_start_time_seconds", "When the runner started.");
        let since = seconds(runner.since);
        page.sample("runner_start_time_seconds", &[], &since);
        page.gauge("pool_size", "How many runs may be alive at once.");
        page.sample("pool_size", &[], &runner.pool.to_string());
    }
    page.gauge("runs_running", "Runs alive, by queue.");
    for state in queues {
        let queue = [("queue", state.queue.name.as_str())];
        page.sample("runs_running", &queue, &state.running.to_string());
    }
    page.gauge(
        "runs_waiting",
        "Runs that have not started, by queue: those for later and those that wait for other jobs, too.",
    );
    for state in queues {
        let queue = [("queue", state.queue.name.as_str())];
        page.sample("runs_waiting", &queue, &state.waiting.to_string());
    }
    page.gauge(
        "runs_late",
        "Runs that have been due for over a second and have not started.",
    );
    page.sample("runs_late", &[], &numbers.late.to_string());
    page.gauge(
        "lateness_seconds",
        "For how long the oldest of the late runs has been due.",
    );
    let lateness = numbers.oldest_due.map_or(TimeDelta::zero(), |at| now - at);
    page.sample("lateness_seconds", &[], &span(lateness));
    page.gauge(
        "runs_ended",
        "Runs that the history knows, by final state. Retention takes from them.",
    );
    for (state, count) in &numbers.ended {
        page.sample(
            "runs_ended",
            &[("state", state.as_str())],
            &count.to_string(),
        );
    }
    page.gauge(
        "job_last_success_timestamp_seconds",
        "When the latest success of a job ended; 0 when there was none. One-off jobs have no line.",
    );
    for success in &numbers.successes {
        let at = success.at.map_or_else(|| "0".to_owned(), seconds);
        let job = [("job", success.job.as_str())];
        page.sample("job_last_success_timestamp_seconds", &job, &at);
    }
    page.gauge(
        "job_last_success_duration_seconds",
        "How long the latest success of a job took, from its first start to its end.",
    );
    for success in &numbers.successes {
        if let Some(took) = success.took {
            let job = [("job", success.job.as_str())];
            page.sample("job_last_success_duration_seconds", &job, &span(took));
        }
    }
    page.0
}

struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str) {
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        let _ = writeln!(self.0, "# HELP punctual_{name} {help}");
        let _ = writeln!(self.0, "# TYPE punctual_{name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _ = writeln!(self.0, "punctual_{name}{labels} {value}");
    }
}

/// What the format wants in the value of a label.
fn escaped(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

fn seconds(at: DateTime<Utc>) -> String {
    span(at - DateTime::UNIX_EPOCH)
}

/// Seconds with three decimals: exact, where a float of this size would not be.
fn span(delta: TimeDelta) -> String {
    let ms = delta.num_milliseconds().max(0);
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::samples::{at, name, now, queue_state};
    use super::{Metrics, escaped, metrics_text};
    use crate::domain::{LastSuccess, Numbers, RunState, Runner};

    #[test]
    fn the_page_of_a_busy_runner() {
        let runner = Runner {
            pid: 1,
            since: at("2026-11-30T16:00:00.250Z"),
            pool: 8,
        };
        let numbers = Numbers {
            late: 2,
            oldest_due: Some(now() - TimeDelta::milliseconds(61_500)),
            ended: vec![(RunState::Succeeded, 41), (RunState::Failed, 0)],
            successes: vec![
                LastSuccess {
                    job: name("backup"),
                    at: Some(at("2026-11-30T02:00:01.500Z")),
                    took: Some(TimeDelta::milliseconds(1_499)),
                },
                LastSuccess {
                    job: name("report"),
                    at: None,
                    took: None,
                },
            ],
        };
        let text = metrics_text(&Metrics {
            runner: Some(&runner),
            queues: &[
                queue_state("default", None, false, 3, 0),
                queue_state("reports", Some(2), true, 0, 17),
            ],
            numbers: &numbers,
            now: now(),
        });
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "punctual_runner_up 1",
                "punctual_runner_start_time_seconds 1796054400.250",
                "punctual_pool_size 8",
                "punctual_runs_running{queue=\"default\"} 3",
                "punctual_runs_running{queue=\"reports\"} 0",
                "punctual_runs_waiting{queue=\"default\"} 0",
                "punctual_runs_waiting{queue=\"reports\"} 17",
                "punctual_runs_late 2",
                "punctual_lateness_seconds 61.500",
                "punctual_runs_ended{state=\"succeeded\"} 41",
                "punctual_runs_ended{state=\"failed\"} 0",
                "punctual_job_last_success_timestamp_seconds{job=\"backup\"} 1796004001.500",
                "punctual_job_last_success_timestamp_seconds{job=\"report\"} 0",
                "punctual_job_last_success_duration_seconds{job=\"backup\"} 1.499",
            ]
        );
        let of_type: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        assert_eq!(of_type.len(), 10, "{of_type:?}");
        assert!(of_type.iter().all(|line| line.ends_with(" gauge")));
        assert_eq!(text.matches("# HELP ").count(), 10);
    }

    #[test]
    fn labels_are_escaped_as_the_format_wants() {
        assert_eq!(escaped("a\\b\"c\nd"), r#"a\\b\"c\nd"#);
    }
}
