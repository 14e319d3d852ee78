//! The documents are true: every example in them is run, and what they show is what is printed.
//!
//! Examples come from three places: the README, `--help` of every verb, and the man pages. Those of the
//! README tell a story and show their outputs: the commands of a section run one after another, on a
//! terminal. The others stand alone: each runs in a sandbox of its own, in which the jobs it
//! names exist and a runner lives, and must do its work.

#![expect(
    clippy::unwrap_used,
    reason = "a document that cannot be read fails its test"
)]

#[path = "../sandbox/mod.rs"]
mod sandbox;

mod json;
mod types;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandbox::terminal::terminal;
use sandbox::{Answer, PATIENCE, PUNCTUAL, Runner, Sandbox, until};

/// Jobs that examples name. Their latest run ended well, or is alive where an example needs that; that
/// of `backup` is its 41st.
const JOBS: [&str; 4] = ["backup", "build", "test", "report"];

/// Verbs whose examples need living runs.
const BUSY: [&str; 1] = ["punctual cancel"];

/// What examples that begin like this need besides.
const PREPARED: [(&str, &[&str]); 5] = [
    ("punctual resume backup", &["pause", "backup"]),
    ("punctual resume --all", &["pause", "--all"]),
    (
        "punctual queue ",
        &["queue", "set", "reports", "--slots", "1"],
    ),
    ("punctual queue resume", &["queue", "pause", "reports"]),
    (
        "punctual add '30 4 * * *' --name backup",
        &["remove", "backup"],
    ),
];

/// Programs that examples call and no test may: they do nothing.
const STUBS: [&str; 15] = [
    "backup.sh",
    "crontab",
    "curl",
    "docker",
    "git",
    "jq",
    "logger",
    "mail",
    "make",
    "notify-send",
    "pg_dump",
    "restic",
    "rsync",
    "sendmail",
    "ssh",
];

/// Files that examples read.
const FILES: [(&str, &str); 2] = [
    ("my.crontab", "@every 1h true\n"),
    (
        "jobs.toml",
        "[job.nightly]\nwhen = \"0 3 * * *\"\ncommand = \"true\"\n",
    ),
];

#[test]
fn the_readme_shows_what_happens() {
    let readme = read("README.md");
    let stories: Vec<Story> = readme.split("\n## ").map(Story::of).collect();
    assert!(stories.iter().map(|story| story.0.len()).sum::<usize>() > 5);
    std::thread::scope(|scope| {
        for story in &stories {
            scope.spawn(|| story.play());
        }
    });
}

#[test]
fn every_example_of_help_and_man_works() {
    let mut examples = BTreeSet::new();
    examples_of_help(&mut Vec::new(), &mut examples);
    examples.extend(examples_of_man());
    examples.extend(examples_of_readme());
    assert!(examples.len() > 20, "{examples:?}");
    let examples: Vec<String> = examples.into_iter().collect();
    let templates = Templates {
        idle: Template::idle(),
        busy: Template::busy(),
    };
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            while let Some(example) = examples.get(next.fetch_add(1, Ordering::Relaxed)) {
                wrong.extend(templates.complaint_about(example));
            }
            wrong
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap());
        ended.flatten().collect()
    });
    assert_eq!(wrong, [""; 0], "prepare what they need in tests/docs");
}

#[test]
fn every_verb_has_an_example() {
    let without: Vec<String> = verbs(&[])
        .into_iter()
        .flat_map(|verb| {
            let nested = verbs(&[&verb]);
            if nested.is_empty() {
                vec![vec![verb]]
            } else {
                nested
                    .into_iter()
                    .map(|inner| vec![verb.clone(), inner])
                    .collect()
            }
        })
        .filter(|words| examples_in(&help(words)).is_empty())
        .map(|words| words.join(" "))
        .collect();
    assert_eq!(without, [""; 0]);
}

#[test]
fn the_promise_is_the_same_everywhere() {
    let promise = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").replace('`', "");
        let begin = text
            .to_lowercase()
            .find("a command that add accepted")
            .unwrap();
        let end = text[begin..].find("may run.)").unwrap();
        text[begin + 1..begin + end].to_owned()
    };
    let readme = promise(&read("README.md"));
    assert_eq!(promise(&read("man/punctual.1.md")), readme);
    assert_eq!(promise(&help(&["run".to_owned()])), readme);
}

#[test]
fn the_man_page_names_every_variable() {
    let page = read("man/punctual.1.md");
    let mut unknown = BTreeSet::new();
    for path in sources(&top().join("src")) {
        if path.components().any(|part| {
            ["simulation", "tests"]
                .iter()
                .any(|tests| part.as_os_str() == *tests)
        }) {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let live = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in live.split(|c: char| !(c.is_ascii_uppercase() || c == '_')) {
            if word.len() > "PUNCTUAL_".len()
                && word.starts_with("PUNCTUAL_")
                && !page.contains(word)
            {
                unknown.insert(word.to_owned());
            }
        }
    }
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), [""; 0]);
}

/// The commands of one section of the README, with what it says they print.
struct Story(Vec<Step>);

struct Step {
    command: String,
    shown: Vec<String>,
}

impl Story {
    /// Lines behind `$ ` in console blocks; what follows one is its output.
    fn of(section: &str) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let mut is_console = false;
        for line in section.lines() {
            if line.starts_with("```") {
                is_console = line == "```console";
            } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
                steps.push(Step {
                    command: command.to_owned(),
                    shown: Vec::new(),
                });
            } else if is_console {
                steps.last_mut().unwrap().shown.push(line.to_owned());
            }
        }
        Self(steps)
    }

    fn play(&self) {
        let Self(steps) = self;
        if steps.is_empty() {
            return;
        }
        let stage = Stage::new();
        fs::create_dir_all(stage.sandbox.path("tests/data")).unwrap();
        let crontab = "tests/data/first-minute.crontab";
        stage.sandbox.write(crontab, read(crontab));
        // A section that starts a runner shows it; the others take one for granted.
        let shows_runner = steps
            .iter()
            .any(|step| step.command.starts_with("punctual run"));
        let runner = (!shows_runner).then(|| stage.sandbox.runner(["-j", "2"]));
        for step in steps {
            let printed = stage.on_terminal(&step.command);
            let home = stage.sandbox.work().display().to_string();
            let printed = printed.replace(&home, "/home/ann/punctual");
            let absolute = !step.command.contains("--from");
            let plain = |line: &str| without_times(line, absolute);
            let printed: Vec<String> = printed.lines().map(plain).collect();
            let shown: Vec<String> = step.shown.iter().map(|line| plain(line)).collect();
            assert!(
                matches(&shown, &printed),
                "{}\nshown:\n  {}\nprinted:\n  {}",
                step.command,
                shown.join("\n  "),
                printed.join("\n  ")
            );
        }
        assert!(runner.is_none_or(|runner| runner.stop() == 0));
    }
}

/// Whether the lines are those shown, where `...` stands for any number of them.
fn matches(shown: &[String], lines: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, lines)| is_alike(first, line) && matches(rest, lines)),
    }
}

/// A column that was cut to fit the screen is cut where its neighbours let it.
fn is_alike(a: &str, b: &str) -> bool {
    let (a_cut, b_cut) = (a.split('…').next().unwrap(), b.split('…').next().unwrap());
    match (a_cut.len() < a.len(), b_cut.len() < b.len()) {
        (false, false) => a == b,
        (true, false) => b.starts_with(a_cut.trim_end()),
        (false, true) => a.starts_with(b_cut.trim_end()),
        (true, true) => a_cut.starts_with(b_cut.trim_end()) || b_cut.starts_with(a_cut.trim_end()),
    }
}

/// One blank between words, and `~` for what is another moment each time: distances and measures,
/// numbers of processes and processors, and points in time where those are not asked for.
fn without_times(line: &str, points_too: bool) -> String {
    let mut plain: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let bare = word.trim_end_matches(',');
        let is_time = is_distance(bare) || (points_too && is_point(bare));
        let last = plain.last().map_or("", String::as_str);
        if points_too && is_month(bare) && last.parse::<u32>().is_ok() {
            plain.pop();
        }
        match word.split_once('=') {
            _ if is_time && plain.last().is_some_and(|last| last == "~") => {}
            _ if is_time => plain.push("~".to_owned()),
            Some((key @ ("late" | "took" | "pid" | "pool" | "running"), _)) => {
                plain.push(format!("{key}=~"));
            }
            _ => plain.push(word.to_owned()),
        }
    }
    plain.join(" ")
}

/// `in 10m`, `2s ago`, `now`, `1.0s`.
fn is_distance(word: &str) -> bool {
    let numbers = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = &word[numbers.len()..];
    let is_span = !numbers.is_empty()
        && matches!(unit, "ms" | "s" | "m" | "h" | "d" | "w")
        && numbers
            .chars()
            .all(|c| c.is_ascii_digit() || "hms.".contains(c));
    is_span || matches!(word, "in" | "ago" | "now")
}

/// `2026-12-01T09:14:01.518+01:00`, `09:14:01`, `2026-12-01`, `+01:00`, `Wed`, `Dec`.
fn is_point(word: &str) -> bool {
    let is_stamp = word.len() >= 5
        && word.contains([':', '-'])
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || "-+:.TZ".contains(c));
    is_stamp || is_month(word) || is_one_of(word, "Mon Tue Wed Thu Fri Sat Sun")
}

fn is_month(word: &str) -> bool {
    is_one_of(word, "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
}

fn is_one_of(word: &str, names: &str) -> bool {
    names.split(' ').any(|name| name == word)
}

/// A sandbox with programs that do nothing, and `punctual` on its PATH.
struct Stage {
    sandbox: Sandbox,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            sandbox: Sandbox::new(),
        };
        for directory in [
            "bin",
            ".local/share/bash-completion/completions",
            ".config/fish/completions",
            ".config/systemd/user",
            ".zfunc",
        ] {
            fs::create_dir_all(stage.sandbox.home().join(directory)).unwrap();
        }
        for stub in STUBS {
            stage.program(stub, "cat > /dev/null");
        }
        let codes = stage.codes();
        let punctual = format!(
            "'{PUNCTUAL}' \"$@\"\ncode=$?\necho $code >> '{}'\nexit $code",
            codes.display()
        );
        stage.program("punctual", &punctual);
        for (name, text) in FILES {
            stage.sandbox.write(name, text);
        }
        stage
    }

    fn bin(&self) -> PathBuf {
        self.sandbox.home().join("bin")
    }

    /// Where each `punctual` of a pipeline leaves its exit code.
    fn codes(&self) -> PathBuf {
        self.sandbox.home().join("codes")
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.bin().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = self.sandbox.program("/bin/sh");
        command
            .args(["-c", line])
            .env("PATH", format!("{}:/usr/bin:/bin", self.bin().display()))
            .env("PUNCTUAL_DB", self.sandbox.database());
        command
    }

    /// What the line shows on a terminal of a hundred columns.
    fn on_terminal(&self, line: &str) -> String {
        let (mut person, terminal) = terminal();
        let mut command = self.shell(line);
        let mut child = command
            .env("COLUMNS", "100")
            .env("LC_ALL", "C.UTF-8")
            .stdout(terminal.try_clone().unwrap())
            .stderr(terminal)
            .spawn()
            .unwrap();
        // The terminal ends, with an error, when the last program has closed it.
        drop(command);
        let mut printed = Vec::new();
        let _ = person.read_to_end(&mut printed);
        child.wait().unwrap();
        String::from_utf8(printed).unwrap().replace('\r', "")
    }
}

/// A database in which the jobs that examples name exist; each example gets a copy.
struct Template(Stage);

impl Template {
    fn new(command: &str) -> Self {
        let stage = Stage::new();
        let sandbox = &stage.sandbox;
        for job in JOBS {
            sandbox.ok(["add", "never", "--name", job, command]);
        }
        let database = rusqlite::Connection::open(sandbox.database()).unwrap();
        let earlier = "UPDATE job SET last_seq = 40 WHERE name = ?1";
        database.execute(earlier, [JOBS[0]]).unwrap();
        database.close().unwrap();
        sandbox.ok(["trigger"].iter().chain(&JOBS));
        Self(stage)
    }

    fn idle() -> Self {
        let template = Self::new("true");
        let sandbox = &template.0.sandbox;
        sandbox.ok(["add", "now", "--name", "broken", "false"]);
        sandbox.drain(["-j", "4"]);
        template
    }

    fn busy() -> Self {
        Self::new("exec sleep 600")
    }

    fn copy(&self) -> Stage {
        let copy = Stage::new();
        let (from, to) = (self.0.sandbox.database(), copy.sandbox.database());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        for file in fs::read_dir(from.parent().unwrap()).unwrap().flatten() {
            let to = to.with_file_name(file.file_name());
            fs::copy(file.path(), to).unwrap();
        }
        // By this number a runner knows its processes: two databases must not share it.
        let database = rusqlite::Connection::open(to).unwrap();
        let renew = "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'id'";
        database.execute(renew, []).unwrap();
        copy
    }
}

struct Templates {
    idle: Template,
    busy: Template,
}

impl Templates {
    fn complaint_about(&self, example: &str) -> Option<String> {
        let is_busy = BUSY.iter().any(|verb| example.starts_with(verb));
        let stage = if is_busy { &self.busy } else { &self.idle }.copy();
        if let Some(options) = example.strip_prefix("punctual run") {
            let code = brief(&stage, &format!("exec '{PUNCTUAL}' run{options}"));
            return (code != 0).then(|| format!("{example}: exit {code}"));
        }
        // Has tests of its own, with a person before the terminal.
        if example.starts_with("punctual top") || example.contains("--watch") {
            let answer = Answer::of(&mut stage.shell(example));
            let understood = answer.err.starts_with("punctual: top needs a terminal");
            return (!understood).then(|| format!("{example}: {answer:?}"));
        }
        let runner = stage.sandbox.runner(["-j", "4", "--grace", "0s"]);
        if is_busy {
            stage.sandbox.until_state("backup.41", "running");
        }
        let prepared = PREPARED
            .iter()
            .filter(|(begin, _)| example.starts_with(begin));
        for (_, words) in prepared {
            stage.sandbox.ok(*words);
        }
        let answer = Answer::of(&mut stage.shell(example));
        runner.stop();
        let codes = fs::read_to_string(stage.codes()).unwrap_or_default();
        let all_well = !codes.is_empty() && codes.lines().all(|code| code == "0");
        (!all_well).then(|| format!("{example}: {answer:?}"))
    }
}

/// A runner's exit code, when it is stopped as soon as it works.
fn brief(stage: &Stage, words: &str) -> i32 {
    let runner: Runner = stage.sandbox.start(&mut stage.shell(words));
    until(PATIENCE, "the runner starts or ends", || {
        runner.log().contains("runner started") || !runner.lives()
    });
    runner.stop()
}

/// All examples of a command and of the commands below it.
fn examples_of_help(words: &mut Vec<String>, examples: &mut BTreeSet<String>) {
    examples.extend(examples_in(&help(words)));
    for verb in verbs(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        words.push(verb);
        examples_of_help(words, examples);
        words.pop();
    }
}

/// Lines below `Examples:`, without the remark behind one.
fn examples_in(help: &str) -> Vec<String> {
    let (_, below) = help.split_once("Examples:\n").unwrap_or_default();
    below
        .lines()
        .take_while(|line| line.starts_with("  "))
        .map(|line| {
            let line = line.trim();
            line.split_once("   ")
                .map_or(line, |(example, _)| example)
                .to_owned()
        })
        .collect()
}

/// Lines of code below the examples of a page.
fn examples_of_man() -> Vec<String> {
    let pages = ["punctual.1", "punctual-schedules.7", "punctual-policies.7"];
    let examples = pages.iter().flat_map(|page| {
        let page = read(&format!("man/{page}.md"));
        let (_, section) = page.split_once("# EXAMPLES\n").unwrap();
        let lines = section.lines().filter(|line| line.starts_with("punctual "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
    examples.collect()
}

/// Lines for a shell in the README; those with their outputs are a story, and played.
fn examples_of_readme() -> Vec<String> {
    let readme = read("README.md");
    let blocks = readme.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let lines: Vec<String> = lines
        .filter(|line| line.starts_with("punctual "))
        .map(str::to_owned)
        .collect();
    assert!(!lines.is_empty());
    lines
}

fn help(words: &[String]) -> String {
    let sandbox = Sandbox::new();
    let mut command = sandbox.program(PUNCTUAL);
    let answer = Answer::of(command.args(words).arg("--help"));
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.out
}

/// The verbs that a help text lists.
fn verbs(words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let help = help(&words);
    let (_, below) = help.split_once("Commands:\n").unwrap_or_default();
    below
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(top().join(file)).unwrap()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
