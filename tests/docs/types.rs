//! `punctual-json`, TYPES: every field has the type that the page names, and is seen with a value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::read;
use crate::sandbox::Sandbox;

/// What the page says of the fields of each shape.
struct Types(BTreeMap<String, BTreeMap<String, Field>>);

struct Field {
    types: Vec<String>,
    may_be_null: bool,
    may_be_absent: bool,
}

impl Types {
    /// `` `name` text?, `command` text or [text] `` behind the shape's name.
    fn of(page: &str) -> Self {
        let begin = page.find("\n# TYPES\n").unwrap();
        let section = page[begin + 1..].split("\n# ").next().unwrap();
        let mut shapes = BTreeMap::new();
        for item in section.split("\n\n").filter(|item| item.starts_with('`')) {
            let (shape, fields) = item.split_once("\n: ").unwrap();
            let words = fields.split_whitespace().collect::<Vec<_>>().join(" ");
            let fields = words
                .split(", ")
                .map(|words| {
                    let words = &words[words.find('`').unwrap() + 1..];
                    let (name, kind) = words.split_once("` ").unwrap();
                    let field = Field {
                        may_be_null: kind.ends_with('?'),
                        may_be_absent: kind.ends_with('+'),
                        types: kind
                            .trim_end_matches(['?', '+'])
                            .split(" or ")
                            .map(str::to_owned)
                            .collect(),
                    };
                    (name.to_owned(), field)
                })
                .collect();
            shapes.insert(shape.trim_matches('`').to_owned(), fields);
        }
        Self(shapes)
    }

    /// What is wrong with a value that should be of this type; what was not null is remembered.
    fn complaint(&self, kind: &str, value: &Value, seen: &mut BTreeSet<String>) -> Option<String> {
        if let Some(of) = inner(kind, '[', ']') {
            let mut values = value.as_array().unwrap().iter();
            return values.find_map(|value| self.complaint(of, value, seen));
        }
        let Some(fields) = self.0.get(kind) else {
            return (!is_plain(kind, value)).then(|| format!("{value} is no {kind}"));
        };
        let object = value.as_object().unwrap();
        if let Some(new) = object.keys().find(|key| !fields.contains_key(*key)) {
            return Some(format!("{kind}.{new} is not on the page"));
        }
        fields.iter().find_map(|(name, field)| {
            let Some(value) = object.get(name) else {
                return (!field.may_be_absent).then(|| format!("{kind}.{name} is absent"));
            };
            if value.is_null() {
                return (!field.may_be_null).then(|| format!("{kind}.{name} is null"));
            }
            let Some(of) = field.types.iter().find(|of| is_like(of, value)) else {
                return Some(format!("{kind}.{name} is {value}, not {:?}", field.types));
            };
            seen.insert(format!("{kind}.{name}"));
            self.complaint(of, value, seen)
        })
    }
}

fn inner(kind: &str, open: char, close: char) -> Option<&str> {
    kind.strip_prefix(open)?.strip_suffix(close)
}

/// Whether the value is a list, an object, or neither, as the type says.
fn is_like(kind: &str, value: &Value) -> bool {
    match kind.chars().next() {
        Some('[') => value.is_array(),
        Some('{' | 'A'..='Z') => value.is_object(),
        _ => is_plain(kind, value),
    }
}

fn is_plain(kind: &str, value: &Value) -> bool {
    match kind {
        "text" => value.is_string(),
        "number" => value.is_number(),
        "flag" => value.is_boolean(),
        "time" => value
            .as_str()
            .is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        "{text}" => value
            .as_object()
            .is_some_and(|object| object.values().all(Value::is_string)),
        _ => false,
    }
}

/// Fields that stay null or away here, and why.
const UNSEEN: [&str; 1] = [
    // A job file that went bad below a living runner: tests/runner/crontabs.rs.
    "Status.file_problem",
];

#[test]
fn every_field_has_the_type_that_the_page_names() {
    let types = Types::of(&read("man/punctual-json.7.md"));
    let sandbox = Sandbox::new();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut look = |kind: &str, value: &Value| {
        wrong.extend(types.complaint(kind, value, &mut seen));
    };
    let documents = documents(&sandbox);
    for (kind, document) in &documents {
        let is_list = kind.starts_with('[');
        assert_eq!(document.is_array(), is_list, "{kind}: {document}");
        look(kind, document);
    }
    assert_eq!(wrong, [""; 0]);
    let all = types
        .0
        .iter()
        .flat_map(|(shape, fields)| fields.keys().map(move |field| format!("{shape}.{field}")));
    let unseen: Vec<String> = all
        .filter(|field| !seen.contains(field) && !UNSEEN.contains(&field.as_str()))
        .collect();
    assert_eq!(unseen, [""; 0], "no document has them");
}

/// Documents in which, taken together, every field has a value.
fn documents(sandbox: &Sandbox) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    let full = "[queue.lane]
slots = 2
[job.full]
when = '@hourly'
command = ['true', 'x']
tz = 'Europe/Berlin'
cwd = '/'
env = { A = 'b' }
path = '/bin'
env_file = '/etc/environment'
env_clean = true
shell = '/bin/sh'
user = 'root'
umask = '022'
nice = 5
stdin = 'text'
queue = 'lane'
priority = 1
timeout = '1h'
kill_after = '5s'
retries = 3
backoff = '1s..1m'
retry_on = '1'
success_codes = '0,75'
overlap = 'queue'
missed = 'all'
deadline = '1h'
jitter = '1m'
from = '2026-01-01T00:00:00Z'
until = '2099-01-01T00:00:00Z'
unique = 'key'
on_success = 'true'
on_failure = 'true'
on_finish = 'true'
mail_to = 'ops@example.org'
mail_on = 'always'
output_limit = '64KiB'
[job.gone]
when = 'never'
command = 'true'
";
    sandbox.write("jobs.toml", full);
    all.push(("Plan", sandbox.json(["apply", "jobs.toml"])));
    all.push(("[Job]", sandbox.json(["list", "--all"])));
    let less = full.replace("slots = 2", "slots = 3");
    let less = less.replace("nice = 5", "nice = 6");
    sandbox.write("jobs.toml", &less[..less.find("[job.gone]").unwrap()]);
    all.push(("Plan", sandbox.json(["apply", "jobs.toml", "--dry-run"])));
    let plan = sandbox.json(["apply", "jobs.toml", "--dry-run", "--prune"]);
    all.push(("Plan", plan));
    sandbox.ok(["remove", "full", "gone"]);
    sandbox.write("my.crontab", "MAILTO=ann\n@daily true\n61 * * * * true\n");
    let import = ["--json", "import", "crontab", "my.crontab", "--keep-going"];
    all.push(("Plan", sandbox.punctual(import).document()));
    sandbox.write("lines", "true\nfalse\n");
    all.push(("Batch", sandbox.json(["add", "never", "--batch", "lines"])));
    sandbox.write("named", "{\"name\": \"true\", \"command\": \"false\"}\n");
    for what in ["keep", "replace"] {
        let words = ["add", "never", "--batch", "named", "--if-exists", what];
        all.push(("Batch", sandbox.json(words)));
    }
    sandbox.ok(["add", "now", "--name", "bad", "echo out; exit 3"]);
    sandbox.ok(["add", "now", "--name", "killed", "kill -9 $$"]);
    sandbox.ok(["add", "now", "--name", "none", "--exec", "/no/such/program"]);
    sandbox.ok([
        "add", "every 1h", "--name", "often", "--missed", "once", "true",
    ]);
    // Five hours go by without a runner.
    sandbox.sql("UPDATE job SET next_due = next_due - 6 * 3600000000 WHERE name = 'often'");
    sandbox.sql("UPDATE job SET anchor = anchor - 8 * 3600000000 WHERE name = 'often'");
    all.push(("[Job]", sandbox.json(["list", "--all"])));
    let runner = sandbox.runner(["-j", "2"]);
    for job in ["bad", "killed", "none", "often"] {
        sandbox.punctual(["wait", job]);
    }
    all.push(("Status", sandbox.json(["status"])));
    assert_eq!(runner.stop(), 0);
    all.push(("Job", sandbox.json(["show", "often"])));
    all.push(("[Run]", sandbox.json(["history"])));
    all.push(("[Time]", sandbox.json(["next"])));
    all.push(("[Queue]", sandbox.json(["queue", "list"])));
    all.push(("[Output]", sandbox.json(["logs", "bad"])));
    all.push(("Check", sandbox.punctual(["--json", "check"]).document()));
    all.push(("Prune", sandbox.json(["prune"])));
    all.push(("Backup", sandbox.json(["backup", "copy.db"])));
    let failure = sandbox.punctual(["--json", "show", "bda"]).complaint();
    all.push(("Failure", failure));
    all
}
