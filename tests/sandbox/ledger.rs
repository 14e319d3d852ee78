//! What the database says, beside what really ran.
//!
//! Jobs of these tests append `RUN.ATTEMPT` to the file `ran` when they start and to `ended` when
//! they got to their end, so that executions are counted by the world and not by the database.

#![allow(dead_code, reason = "each test crate uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a witness that cannot be heard fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::sandbox::Sandbox;

/// Says which attempt it is, works for a while, and says that it got to its end.
pub(crate) fn job(milliseconds: u64, then: &str) -> String {
    format!(
        "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran; sleep 0.{milliseconds:03}; \
         echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ended; {then}"
    )
}

/// What the database says.
pub(crate) struct Ledger {
    pub(crate) jobs: i64,
    /// Each attempt, `name.run.attempt`, with its state and that of its run as it is shown.
    pub(crate) attempts: BTreeMap<String, String>,
}

impl Ledger {
    pub(crate) fn read(sandbox: &Sandbox) -> Self {
        let jobs = number(sandbox, "SELECT count(*) FROM job");
        let mut attempts = BTreeMap::new();
        for run in sandbox.json(["history"]).as_array().unwrap() {
            for attempt in run["attempts"].as_array().unwrap() {
                let name = format!("{}.{}", run["run"].as_str().unwrap(), attempt["attempt"]);
                let state = attempt["state"].as_str().unwrap();
                let reason = attempt["reason"].as_str().unwrap_or_default();
                let known = attempts.insert(name, format!("{state} {reason}"));
                assert_eq!(known, None, "an attempt is there twice: {run}");
            }
        }
        Self { jobs, attempts }
    }
}

/// The answer of one query that gives one number.
pub(crate) fn number(sandbox: &Sandbox, query: &str) -> i64 {
    let connection = Connection::open(sandbox.database()).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

/// The invariants that hold whenever nothing is left to do.
#[track_caller]
pub(crate) fn assert_sound(sandbox: &Sandbox) {
    sandbox.check_integrity();
    assert!(sandbox.jobs_alive().is_empty());
    let jobs = sandbox.json(["list", "--all"]);
    let retries: BTreeMap<u64, u64> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| {
            let retries = job["retries"].as_u64().unwrap_or(0);
            (job["id"].as_u64().unwrap(), retries)
        })
        .collect();
    let finals = ["succeeded", "failed", "skipped", "cancelled"];
    for run in sandbox.json(["history"]).as_array().unwrap() {
        assert!(finals.contains(&run["state"].as_str().unwrap()), "{run}");
        let retries = retries.get(&run["job_id"].as_u64().unwrap());
        let attempts = run["attempts"].as_array().unwrap();
        // Those of removed jobs are not listed.
        let most = 1 + retries.copied().unwrap_or(1_000);
        assert!(attempts.len() as u64 <= most, "{run}");
    }
    assert_each_due_time_has_one_row(sandbox);
    assert_what_ran_is_known(sandbox);
}

/// No attempt ran twice, each that ran is known, and each that is said to have ended did.
#[track_caller]
pub(crate) fn assert_what_ran_is_known(sandbox: &Sandbox) {
    let ledger = Ledger::read(sandbox);
    let lines = sandbox.lines("ran");
    let ran: BTreeSet<&String> = lines.iter().collect();
    assert_eq!(ran.len(), lines.len(), "an attempt ran twice");
    for attempt in &ran {
        assert!(
            ledger.attempts.contains_key(*attempt),
            "{attempt} ran, and nobody knows"
        );
    }
    let lines = sandbox.lines("ended");
    let ended: BTreeSet<&String> = lines.iter().collect();
    for (attempt, state) in &ledger.attempts {
        // What could not be seen may have run or not. What was seen to end did run.
        if !state.starts_with("succeeded") && state != "failed exit" {
            continue;
        }
        assert!(ran.contains(attempt), "{attempt} {state}, and never ran");
        let ticks = attempt.starts_with("tick.");
        assert!(
            ticks || ended.contains(attempt),
            "{attempt} {state}, and never ended"
        );
    }
}

/// A job `tick` is due every second: each second since it was added has a row, or is counted by one.
#[track_caller]
pub(crate) fn assert_each_due_time_has_one_row(sandbox: &Sandbox) {
    let doubles = number(
        sandbox,
        "SELECT count(*)
         FROM (SELECT 1 FROM run WHERE origin = 0 GROUP BY job, due HAVING count(*) > 1)",
    );
    assert_eq!(doubles, 0, "a due time has two rows");
    let gaps = number(
        sandbox,
        "SELECT coalesce((max(due) - min(coalesce(missed_first, due))) / 1000000 + 1
                - sum(coalesce(missed_count, 1)), 0)
         FROM run
         WHERE job = (SELECT id FROM job WHERE name = 'tick')",
    );
    assert_eq!(gaps, 0, "due times without a row");
}
