//! What must be true at every moment, looked at from outside.

#![expect(
    clippy::unwrap_used,
    reason = "a witness that cannot be heard fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde_json::Value;

use crate::POOL;
use crate::ledger::Ledger;
use crate::sandbox::Sandbox;

/// The part of a run's row that may not change any more, or only in one direction.
type Row = (i64, Option<i64>, Option<i64>, i64);

/// States from here on are final.
const FINAL: i64 = 10;

pub(crate) struct Watch<'a> {
    sandbox: &'a Sandbox,
    seen: BTreeMap<i64, Row>,
    deaths: Vec<Death>,
}

/// How many lines the file `ended` had at moments of a runner's death.
#[derive(Default)]
struct Death {
    /// Just before it was killed.
    blow: usize,
    /// Just after it was dead.
    over: usize,
    /// Just before the next one was started.
    birth: Option<usize>,
}

impl Death {
    /// Whether the line was written about the time of this death, and when exactly.
    fn explains(&self, line: usize) -> Option<&'static str> {
        let birth = self.birth.unwrap_or(usize::MAX);
        if line < self.blow || line >= birth {
            None
        } else if line < self.over {
            Some("ended while its runner died")
        } else {
            Some("ended while no runner lived")
        }
    }
}

/// What so many deaths cost.
#[derive(Default)]
pub(crate) struct Toll {
    pub(crate) attempts: usize,
    pub(crate) lost: usize,
    /// Lost, and yet they had got to their end.
    pub(crate) done: usize,
    /// Which of these were followed by another, and why.
    pub(crate) twice: Vec<String>,
}

impl Toll {
    pub(crate) fn add(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.lost += other.lost;
        self.done += other.done;
        self.twice.extend(other.twice);
    }
}

impl<'a> Watch<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        Self {
            sandbox,
            seen: BTreeMap::new(),
            deaths: Vec::new(),
        }
    }

    pub(crate) fn blow(&mut self) {
        self.deaths.push(Death {
            blow: self.sandbox.lines("ended").len(),
            ..Death::default()
        });
    }

    pub(crate) fn birth(&mut self) {
        let lines = self.sandbox.lines("ended").len();
        if let Some(death) = self.deaths.last_mut() {
            death.birth.get_or_insert(lines);
        }
    }

    /// Nobody starts anything just now: who is alive was started by a runner that is dead.
    pub(crate) fn death(&mut self) {
        let lines = self.sandbox.lines("ended").len();
        if let Some(death) = self.deaths.last_mut() {
            death.over = lines;
        }
        let mut runs = BTreeSet::new();
        for pid in self.sandbox.jobs_alive() {
            let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()));
            let environment = environment.unwrap_or_default();
            let variables = environment.split(|byte| *byte == 0);
            let run = variables
                .filter_map(|variable| std::str::from_utf8(variable).ok())
                .find_map(|variable| variable.strip_prefix("PUNCTUAL_RUN="));
            runs.extend(run.map(str::to_owned));
        }
        assert!(runs.len() <= POOL, "more than the pool: {runs:?}");
        for job in ["solo.", "line.", "over.", "chain."] {
            let living = runs.iter().filter(|run| run.starts_with(job)).count();
            assert!(living <= 1, "two of {job} live: {runs:?}");
        }
    }

    pub(crate) fn nothing_is_left_after_an_orderly_stop(&self) {
        let alive = self.sandbox.jobs_alive();
        assert!(alive.is_empty(), "{alive:?} outlived an orderly stop");
        let running = self.sandbox.json(["history", "--state", "running"]);
        assert_eq!(running, Value::Array(Vec::new()));
    }

    /// The file is whole, history only grows, and what is final stays as it is.
    pub(crate) fn what_is_written(&mut self) {
        self.sandbox.check_integrity();
        let connection = Connection::open(self.sandbox.database()).unwrap();
        let mut statement = connection
            .prepare("SELECT id, state, reason, finished, attempts FROM run")
            .unwrap();
        let rows = statement.query_map([], |row| {
            let rest = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((row.get(0)?, rest))
        });
        let now: BTreeMap<i64, Row> = rows.unwrap().map(Result::unwrap).collect();
        for (id, before) in &self.seen {
            let after = now.get(id).unwrap_or_else(|| panic!("run {id} is gone"));
            if before.0 >= FINAL {
                assert_eq!(after, before, "a final run changed");
            }
            assert!(after.3 >= before.3, "run {id} has fewer attempts");
        }
        self.seen = now;
    }

    /// Nothing started before its time, and nothing before what it waits for had succeeded.
    pub(crate) fn order_of_times(&self) {
        let time = |value: &Value| -> Option<DateTime<Utc>> { value.as_str()?.parse().ok() };
        let history = self.sandbox.json(["history"]);
        let runs = history.as_array().unwrap();
        for run in runs {
            for attempt in run["attempts"].as_array().unwrap() {
                let started = time(&attempt["started"]);
                assert!(
                    started.is_none_or(|started| started >= time(&run["due"]).unwrap()),
                    "early: {run}"
                );
            }
        }
        let of = |job: &'static str| runs.iter().filter(move |run| run["job"] == job);
        let successes: Vec<_> = of("solo")
            .filter(|run| run["state"] == "succeeded")
            .filter_map(|run| time(&run["finished"]))
            .collect();
        assert!(of("chain").count() <= successes.len());
        for run in of("chain") {
            let due = time(&run["due"]).unwrap();
            assert!(
                successes.iter().any(|success| *success <= due),
                "before its parent: {run}"
            );
        }
    }

    pub(crate) fn toll(&self) -> Toll {
        let ledger = Ledger::read(self.sandbox);
        let ended = self.sandbox.lines("ended");
        let lost = || {
            let states = ledger.attempts.iter();
            states.filter(|(_, state)| *state == "failed lost")
        };
        Toll {
            attempts: ledger.attempts.len(),
            lost: lost().count(),
            done: lost()
                .filter(|(attempt, _)| ended.contains(attempt))
                .count(),
            twice: self.completed_twice(&ledger, &ended),
        }
    }

    /// Runs that got to their successful end more than once, and why that is: nobody saw the
    /// first end, or nobody lived to write it down.
    fn completed_twice(&self, ledger: &Ledger, lines: &[String]) -> Vec<String> {
        let mut ends: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (line, attempt) in lines.iter().enumerate() {
            let (run, _) = attempt.rsplit_once('.').unwrap();
            if !run.starts_with("fails-") {
                ends.entry(run).or_default().push(line);
            }
        }
        let mut twice = Vec::new();
        for lines_of_run in ends.values() {
            let (_, before) = lines_of_run.split_last().unwrap();
            for &line in before {
                let attempt = &lines[line];
                if ledger.attempts[attempt] == "failed shutdown" {
                    // We ended it between its last word and its end.
                    continue;
                }
                assert_eq!(ledger.attempts[attempt], "failed lost", "{attempt}");
                let why = self.deaths.iter().find_map(|death| death.explains(line));
                let why =
                    why.unwrap_or("ended just before the blow, or before the next one looked");
                twice.push(format!("{attempt} {why}"));
            }
        }
        twice
    }
}
