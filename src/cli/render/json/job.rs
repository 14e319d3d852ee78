//! A job and its options as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::domain::{Attempt, Command, JobId, JobState, JobView, Name, Options, Run, Size, Span};
use crate::schedule::Zone;

use super::super::options::{MASK, mail_on, missed, overlap};
use super::run::{RunDocument, run, runs};
use super::time;

#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct JobDocument<'a> {
    id: JobId,
    name: &'a Name,
    when: &'a str,
    /// Null when the zone is the machine's.
    tz: Option<&'a str>,
    command: &'a Command,
    state: JobState,
    next: Option<String>,
    last: Option<RunDocument<'a>>,
    queue: &'a Name,
    priority: i64,
    waiting_for: Option<String>,
    #[serde(flatten)]
    options: OptionFields<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<RunDocument<'a>>>,
}

/// A job; `last_attempts` belong to its newest run.
pub(crate) fn job<'a>(
    view: &'a JobView,
    last_attempts: &'a [Attempt],
    now: DateTime<Utc>,
    zone: Zone,
) -> JobDocument<'a> {
    let job = &view.job;
    JobDocument {
        id: job.id,
        name: &job.name,
        when: &job.when,
        tz: job.options.tz.as_deref(),
        command: &job.command,
        state: job.state,
        next: view.next.map(|at| time::stamp(at, zone)),
        last: view
            .last
            .as_ref()
            .map(|last| run(last, last_attempts, zone)),
        queue: &job.queue,
        priority: job.priority,
        waiting_for: view.waiting.as_ref().map(|waiting| waiting.sentence(now)),
        options: OptionFields {
            options: &job.options,
            zone,
        },
        runs: None,
    }
}

/// Jobs, each with the attempts of its newest run. A document is made when it is written: those of ten thousand jobs
/// together would be four megabytes more.
pub(crate) fn jobs<'a>(
    views: impl Iterator<Item = (&'a JobView, &'a [Attempt])> + Clone,
    now: DateTime<Utc>,
    zone: Zone,
) -> impl Serialize {
    Sequence(views.map(move |(view, last_attempts)| job(view, last_attempts, now, zone)))
}

struct Sequence<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// A job with its last runs, newest first, so that its newest run and the attempts of
/// that are among them.
pub(crate) fn job_with_runs<'a>(
    view: &'a JobView,
    last_runs: &'a [(Run, Vec<Attempt>)],
    now: DateTime<Utc>,
    zone: Zone,
) -> JobDocument<'a> {
    let last = view.last.as_ref();
    let of_last = last_runs
        .iter()
        .find(|(run, _)| last.is_some_and(|last| last.id == run.id));
    let last_attempts = of_last.map_or(&[][..], |(_, attempts)| attempts);
    JobDocument {
        runs: Some(runs(last_runs, zone)),
        ..job(view, last_attempts, now, zone)
    }
}

/// Every option that is set, under its word; durations in milliseconds, sizes in bytes.
#[derive(Debug, Clone)]
struct OptionFields<'a> {
    options: &'a Options,
    zone: Zone,
}

impl Serialize for OptionFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = self.options;
        let stamp = |at: DateTime<Utc>| time::stamp(at, self.zone);
        let env: BTreeMap<&str, &str> = options
            .env
            .keys()
            .map(|name| (name.as_str(), MASK))
            .collect();
        let mut fields = Fields(serializer.serialize_map(None)?);
        fields.put("cwd", options.cwd.as_ref())?;
        fields.put("env", (!env.is_empty()).then_some(env))?;
        fields.put("path", options.path.as_ref())?;
        fields.put("env_file", options.env_file.as_ref())?;
        fields.put("env_clean", options.env_clean.then_some(true))?;
        fields.put("shell", options.shell.as_ref())?;
        fields.put("user", options.user.as_ref())?;
        fields.put("umask", options.umask.as_ref())?;
        fields.put("nice", options.nice)?;
        fields.put("stdin", options.stdin.as_ref())?;
        fields.put("timeout_ms", options.timeout.map(Span::as_millis))?;
        fields.put("kill_after_ms", options.kill_after.map(Span::as_millis))?;
        fields.put("retries", (options.retries > 0).then_some(options.retries))?;
        fields.put("backoff_ms", options.backoff.map(|b| b.base.as_millis()))?;
        fields.put("backoff_max_ms", options.backoff.map(|b| b.max.as_millis()))?;
        fields.put("retry_on", options.retry_on.as_ref())?;
        fields.put("success_codes", options.success_codes.as_ref())?;
        fields.put("overlap", overlap(options.overlap))?;
        fields.put("missed", missed(options.missed))?;
        fields.put("deadline_ms", options.deadline.map(Span::as_millis))?;
        fields.put("jitter_ms", options.jitter.map(Span::as_millis))?;
        fields.put("from", options.from.map(stamp))?;
        fields.put("until", options.until.map(stamp))?;
        fields.put("unique", options.unique.as_ref())?;
        fields.put("on_success", options.on_success.as_ref())?;
        fields.put("on_failure", options.on_failure.as_ref())?;
        fields.put("on_finish", options.on_finish.as_ref())?;
        fields.put("mail_to", options.mail_to.as_ref())?;
        fields.put("mail_on", mail_on(options.mail_on))?;
        fields.put("output_limit", options.output_limit.map(Size::bytes))?;
        fields.0.end()
    }
}

/// A map that takes only what is set.
struct Fields<M>(M);

impl<M: SerializeMap> Fields<M> {
    fn put(&mut self, word: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        match value {
            Some(value) => self.0.serialize_entry(word, &value),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::Zone;

    use crate::domain::{Command, Waiting};

    use super::super::super::samples::{jobs, now, page};
    use super::super::text;
    use super::{job, job_with_runs, jobs as list};

    #[test]
    fn a_job_has_the_fields_of_the_contract_in_their_order() {
        let (mut view, runs, _) = page();
        view.last = Some(runs[2].0.clone());
        assert_eq!(
            text(
                &job(&view, &[], now(), "Europe/Berlin".parse().unwrap()),
                true
            ),
            "\
{
  \"id\": 12,
  \"name\": \"backup\",
  \"when\": \"0 3 * * *\",
  \"tz\": \"Europe/Berlin\",
  \"command\": \"restic backup /data --exclude-caches --tag nightly\",
  \"state\": \"active\",
  \"next\": \"2026-12-01T03:00:00+01:00\",
  \"last\": {
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
    \"attempts\": []
  },
  \"queue\": \"default\",
  \"priority\": 5,
  \"waiting_for\": null,
  \"cwd\": \"/srv/a\\u001b[2Jb\",
  \"env\": {
    \"API_KEY\": \"***\"
  },
  \"timeout_ms\": 3600000,
  \"retries\": 3,
  \"backoff_ms\": 10000,
  \"backoff_max_ms\": 3600000,
  \"overlap\": \"queue\",
  \"output_limit\": 65536
}
"
        );
    }

    #[test]
    fn a_job_with_its_runs_knows_the_attempts_of_the_newest() {
        let (view, runs, _) = page();
        let document = job_with_runs(&view, &runs, now(), Zone::UTC);
        let value = serde_json::to_value(&document).unwrap();
        assert_eq!(value["runs"].as_array().map(Vec::len), Some(5));
        assert_eq!(value["last"], value["runs"][0]);
        assert_eq!(value["last"]["attempts"][0]["state"], "running");
    }

    #[test]
    fn a_job_without_options_has_only_the_fixed_fields() {
        let mut view = jobs().remove(3);
        view.last = None;
        view.job.command = Command::Argv(vec!["echo".to_owned(), "a\u{202e}\n".to_owned()]);
        assert_eq!(
            text(
                &list([(&view, &[][..])].into_iter(), now(), Zone::UTC),
                false
            ),
            "[{\"id\":15,\"name\":\"render\",\"when\":\"now\",\"tz\":null,\
             \"command\":[\"echo\",\"a\\u202e\\n\"],\"state\":\"active\",\
             \"next\":\"2026-11-30T16:58:25+00:00\",\"last\":null,\"queue\":\"default\",\
             \"priority\":0,\"waiting_for\":\"queue reports full (2/2)\"}]\n"
        );
    }

    #[test]
    fn what_it_waits_for_is_the_sentence_of_the_list() {
        let mut view = jobs().remove(0);
        view.waiting = Some(Waiting::After("after build".to_owned()));
        let written = text(&job(&view, &[], now(), Zone::UTC), false);
        assert!(
            written.contains("\"waiting_for\":\"after build\""),
            "{written}"
        );
    }
}
