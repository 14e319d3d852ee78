//! What is being done when death comes, and what must be true afterwards.

#![expect(
    clippy::unwrap_used,
    reason = "a witness that cannot be heard fails its test"
)]

use rusqlite::Connection;

use crate::Point;
use crate::ledger::{assert_what_ran_is_known, job};
use crate::sandbox::{Answer, Sandbox};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Makes the database, too.
    FirstAdd,
    Add,
    Batch,
    Edit,
    Remove,
    Apply,
    Run,
}

impl Act {
    pub(crate) const ALL: [Self; 7] = [
        Self::FirstAdd,
        Self::Add,
        Self::Batch,
        Self::Edit,
        Self::Remove,
        Self::Apply,
        Self::Run,
    ];
}

/// Rounds on one database. What piles up makes every look at it longer.
const ROUNDS: u32 = 100;

/// Killed by strace: 128 + 9.
const KILLED: i32 = 137;

/// A database on which an act is performed again and again.
pub(crate) struct Stage {
    act: Act,
    pub(crate) sandbox: Sandbox,
    round: u32,
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl Stage {
    pub(crate) fn new(act: Act) -> Self {
        let sandbox = Sandbox::new();
        if act != Act::FirstAdd {
            sandbox.ok(["add", "never", "--name", "victim", "true"]);
        }
        Self {
            act,
            sandbox,
            round: 0,
        }
    }

    pub(crate) fn serves(&self, act: Act) -> bool {
        self.act == act && act != Act::FirstAdd && self.round < ROUNDS
    }

    fn named(&self, what: &str) -> String {
        format!("{what}-{}", self.round)
    }

    /// Sets the stage for the next round; the words of the act.
    pub(crate) fn prepare(&mut self) -> Vec<String> {
        self.round += 1;
        let sandbox = &self.sandbox;
        let name = self.named("job");
        let round = self.round.to_string();
        match self.act {
            Act::FirstAdd | Act::Add => {
                let queue = self.named("queue");
                words(&[
                    "add", "now", "--name", &name, "--queue", &queue, "--env", "K=V", "true",
                ])
            }
            Act::Batch => {
                let queue = self.named("queue");
                sandbox.write("batch", "true\nfalse\necho three\n");
                words(&["add", "now", "--batch", "batch", "--queue", &queue])
            }
            Act::Edit => {
                let env = format!("K={round}");
                words(&["edit", "victim", "--priority", &round, "--env", &env])
            }
            Act::Remove => {
                sandbox.ok(["add", "now", "--name", &name, "true"]);
                words(&["remove", &name])
            }
            Act::Apply => {
                let one = format!(
                    "[job.{{}}]\nwhen = \"never\"\ncommand = \"true\"\npriority = {round}\n"
                );
                sandbox.write(
                    "jobs.toml",
                    [one.replace("{}", "one"), one.replace("{}", "two")].concat(),
                );
                words(&["apply", "jobs.toml"])
            }
            Act::Run => {
                for end in ["true", "exit 1"] {
                    let retries = ["--retries", "1", "--backoff", "1ms"];
                    sandbox.ok([&["add", "now"][..], &retries, &[&job(0, end)]].concat());
                }
                words(&["run", "--until-idle", "-j2"])
            }
        }
    }

    /// One death and what comes after; whether it came.
    pub(crate) fn die(&mut self, point: &Point) -> bool {
        let line = self.prepare();
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let answer = self
            .sandbox
            .with_fate(&point.call, point.nth, "signal=KILL", &line);
        assert!([0, KILLED].contains(&answer.code), "{point:?}: {answer:?}");
        self.go_on(point);
        let accepted = answer.code == 0;
        let whole = self.is_whole(point, &answer);
        assert!(
            whole || !accepted,
            "{point:?}: accepted and lost: {answer:?}"
        );
        self.sandbox.check_integrity();
        !accepted
    }

    /// One request to stop and what comes after; whether a runner heard it.
    pub(crate) fn ask(&mut self, point: &Point) -> bool {
        let line = self.prepare();
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let answer = self
            .sandbox
            .with_fate(&point.call, point.nth, "signal=TERM", &line);
        // Before it is a runner, it dies of it like anybody; then never again.
        let is_runner = answer.err.contains("runner started");
        let fine: &[i32] = if is_runner { &[0] } else { &[0, 143] };
        assert!(fine.contains(&answer.code), "{point:?}: {answer:?}");
        self.go_on(point);
        assert!(self.is_whole(point, &answer));
        answer.err.contains("stopping")
    }

    /// The next start, without help.
    fn go_on(&self, point: &Point) {
        let sandbox = &self.sandbox;
        let next = if self.act == Act::Run {
            sandbox.punctual(["run", "--until-idle", "-j2"])
        } else {
            let listed = sandbox.punctual(["list"]);
            assert_eq!(listed.code, 0, "{point:?}: {listed:?}");
            let name = self.named("next");
            sandbox.punctual(["add", "never", "--name", &name, "true"])
        };
        assert_eq!(next.code, 0, "{point:?}: {next:?}");
    }

    /// Whether the act took place; never a part of it.
    fn is_whole(&self, point: &Point, answer: &Answer) -> bool {
        let connection = Connection::open(self.sandbox.database()).unwrap();
        let count = |query: &str, name: &str| -> i64 {
            let answer = connection.query_row(query, [name], |row| row.get(0));
            answer.unwrap()
        };
        let jobs = |name: &str| count("SELECT count(*) FROM job WHERE name = ?1", name);
        let in_queue = |table: &str| {
            let query = format!(
                "SELECT count(*) FROM {table} WHERE queue = (SELECT id FROM queue WHERE name = ?1)"
            );
            count(&query, &self.named("queue"))
        };
        let all_or_none = |parts: &[bool]| {
            assert!(
                parts.iter().all(|part| *part == parts[0]),
                "{point:?}: {parts:?}, {answer:?}"
            );
            parts[0]
        };
        let name = self.named("job");
        match self.act {
            Act::FirstAdd | Act::Add => all_or_none(&[
                jobs(&name) == 1,
                in_queue("run") == 1,
                count(
                    "SELECT count(*) FROM queue WHERE name = ?1",
                    &self.named("queue"),
                ) == 1,
            ]),
            Act::Batch => all_or_none(&[
                in_queue("job") == 3,
                in_queue("job") > 0,
                in_queue("run") == 3,
            ]),
            Act::Edit => {
                let is_now = |column: &str, now: &str| {
                    let query = format!(
                        "SELECT count(*) FROM job JOIN settings ON settings.id = job.settings
                         WHERE name = 'victim' AND {column} = ?1"
                    );
                    count(&query, now) == 1
                };
                let round = self.round.to_string();
                all_or_none(&[
                    is_now("CAST(priority AS TEXT)", &round),
                    is_now("content ->> '$.env.K'", &round),
                ])
            }
            Act::Remove => {
                let left = "SELECT count(*) FROM job WHERE name = ?1 AND state <> 3";
                let waiting = "SELECT count(*) FROM run JOIN job ON job.id = run.job
                               WHERE job.name = ?1 AND run.state < 10";
                all_or_none(&[count(left, &name) == 0, count(waiting, &name) == 0])
            }
            Act::Apply => {
                let applied = |name: &str| {
                    let query = "SELECT coalesce(max(priority), 0) FROM job WHERE name = ?1";
                    count(query, name) == i64::from(self.round)
                };
                all_or_none(&[applied("one"), applied("two")])
            }
            Act::Run => {
                assert_what_ran_is_known(&self.sandbox);
                let open = count(
                    "SELECT count(*) FROM run WHERE state < 10 AND ?1 <> ''",
                    &name,
                );
                assert_eq!(open, 0, "{point:?}: something is left to do");
                true
            }
        }
    }
}
