//! A small file system of its own: full, roomy again, read-only.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot look fails where it wanted to"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Runner, Sandbox, is_root, skipped, until};

/// A tmpfs over the database's directory, in a mount namespace that one sleeping process keeps.
struct Island<'a> {
    sandbox: &'a Sandbox,
    keeper: Child,
}

impl<'a> Island<'a> {
    fn new(sandbox: &'a Sandbox) -> Option<Self> {
        if !is_root("mounting a small file system") {
            return None;
        }
        let directory = sandbox.database().parent().unwrap().to_owned();
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        let line =
            "mount -t tmpfs -o size=2m,mode=700 none \"$DIR\" && : > ready && exec sleep 600";
        let mut keeper = sandbox
            .program("unshare")
            .args(["-m", "sh", "-c", line])
            .env("DIR", &directory)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ended = None;
        until(PATIENCE, "there is an island", || {
            ended = keeper.try_wait().unwrap();
            ended.is_some() || sandbox.path("ready").exists()
        });
        if ended.is_some() {
            skipped("no file system of our own here");
            return None;
        }
        Some(Self { sandbox, keeper })
    }

    fn program(&self, program: &str) -> Command {
        let mut command = self.sandbox.program("nsenter");
        let directory = format!("--wd={}", self.sandbox.work().display());
        let keeper = self.keeper.id().to_string();
        command.args(["-m", "-t", &keeper, &directory, program]);
        command
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.program(PUNCTUAL);
        command.arg("--db").arg(self.sandbox.database()).args(words);
        command
    }

    fn punctual(&self, words: &[&str]) -> Answer {
        Answer::of(&mut self.command(words))
    }

    #[track_caller]
    fn ok(&self, words: &[&str]) -> String {
        let answer = self.punctual(words);
        assert_eq!(answer.code, 0, "{answer:?}");
        answer.out
    }

    fn mount(&self, option: &str) {
        let option = format!("remount,{option}");
        let mut mount = self.program("mount");
        mount.args(["-o", &option, "none"]);
        mount.arg(self.sandbox.database().parent().unwrap());
        let answer = Answer::of(&mut mount);
        assert_eq!(answer.code, 0, "{answer:?}");
    }

    /// The directory of the database, from outside.
    fn directory(&self) -> PathBuf {
        let inside = self.sandbox.database();
        let inside = inside.parent().unwrap().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.keeper.id())).join(inside)
    }

    /// Fills what is left, to the last byte.
    fn fill(&self) {
        let _ = fs::write(self.directory().join("ballast"), vec![0; 4 << 20]);
    }

    fn make_room(&self) {
        fs::remove_file(self.directory().join("ballast")).unwrap();
    }

    fn runner(&self, options: &[&str]) -> Runner {
        let words = [&["run", "-j2"], options].concat();
        let runner = self.sandbox.start(&mut self.command(&words));
        until(PATIENCE, "there is a runner", || {
            runner.log().contains("runner started")
        });
        runner
    }

    fn state(&self, what: &str) -> String {
        let answer = self.punctual(&["--json", "show", what]);
        let document = answer.document();
        let run = document.get("last").unwrap_or(&document);
        run["state"].as_str().unwrap_or_default().to_owned()
    }

    fn until_state(&self, what: &str, state: &str) {
        until(PATIENCE, &format!("{what} is {state}"), || {
            self.state(what) == state
        });
    }
}

impl Drop for Island<'_> {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

#[test]
fn a_runner_on_a_full_disk_pauses_and_resumes_by_itself() {
    let sandbox = Sandbox::new();
    let Some(island) = Island::new(&sandbox) else {
        return;
    };
    let runner = island.runner(&[]);
    sandbox.write("gate", "");
    let gated =
        "echo begun >> ran; while [ -e gate ]; do sleep 0.01; done; echo ended >> ran; exit 3";
    island.ok(&["add", "now", "--name", "x", gated]);
    island.ok(&[
        "add",
        "every 1s",
        "--name",
        "tick",
        "--overlap",
        "allow",
        "--missed",
        "all",
        "true",
    ]);
    island.until_state("x", "running");
    sandbox.until_lines("ran", 1);

    island.fill();
    until(PATIENCE, "it cannot write", || {
        runner.log().contains("the disk is full")
    });
    // It ends while its end cannot be written.
    fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_lines("ran", 2);
    let refused = island.punctual(&["add", "never", "--name", "y", "true"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.err.contains("the disk is full"), "{refused:?}");
    for words in [
        &["list"][..],
        &["show", "x"],
        &["history"],
        &["status"],
        &["next"],
    ] {
        island.ok(words);
    }
    assert_eq!(island.state("x"), "running");
    assert!(runner.lives(), "{}", runner.log());

    island.make_room();
    island.until_state("x", "failed");
    // The end that could not be written down was not forgotten: it is not `lost`.
    let run = island.punctual(&["--json", "show", "x.1"]).document();
    assert_eq!(run["exit_code"], 3, "{run}");
    assert_eq!(sandbox.read("ran"), "begun\nended\n");
    let ticks = || {
        let answer = island.punctual(&["--json", "history", "tick"]);
        answer.document().as_array().unwrap().len()
    };
    let before = ticks();
    until(PATIENCE, "it goes on", || ticks() > before);
    assert_eq!(island.punctual(&["show", "y"]).code, 3);
    island.ok(&["add", "now", "--name", "z", "true"]);
    island.until_state("z", "succeeded");
    island.ok(&["check", "--live"]);
    assert_eq!(runner.stop(), 0);
}

#[test]
fn on_a_read_only_file_system_there_is_only_reading() {
    let sandbox = Sandbox::new();
    let Some(island) = Island::new(&sandbox) else {
        return;
    };
    island.ok(&["add", "now", "--name", "x", "true"]);
    island.mount("ro");
    for words in [
        &["list"][..],
        &["show", "x"],
        &["history"],
        &["next"],
        &["status"],
    ] {
        island.ok(words);
    }
    for words in [
        &["add", "now", "true"][..],
        &["remove", "x"],
        &["run", "--until-idle"],
    ] {
        let answer = island.punctual(words);
        assert_eq!(answer.code, 5, "{words:?}: {answer:?}");
        let database = sandbox.database().display().to_string();
        assert!(answer.err.contains(&database), "{answer:?}");
    }
    island.mount("rw");
    island.ok(&["run", "--until-idle"]);
    assert_eq!(island.state("x"), "succeeded");
}

/// A stop does not wait for room: what cannot be written is told by the next start.
#[test]
fn a_runner_on_a_full_disk_stops_within_its_grace() {
    let sandbox = Sandbox::new();
    let Some(island) = Island::new(&sandbox) else {
        return;
    };
    for idle in [true, false] {
        let name = if idle { "idle" } else { "busy" };
        let runner = island.runner(&["--grace", "6s"]);
        let command = format!(
            "echo $PUNCTUAL_RUN >> ran; trap '' TERM; while [ -e {name} ]; do sleep 0.01; done"
        );
        sandbox.write(name, "");
        island.ok(&["add", "now", "--name", name, &command]);
        island.until_state(name, "running");
        island.fill();
        if idle {
            // It has ended, and nobody can write that down.
            fs::remove_file(sandbox.path(name)).unwrap();
            until(PATIENCE, "it cannot write", || {
                runner.log().contains("the disk is full")
            });
        }
        runner.signal(Signal::TERM);
        let log = runner.log();
        let code = runner.ended();
        assert!([0, 5].contains(&code), "{name}: {code} {log}");
        assert_eq!(sandbox.jobs_alive(), [], "{name}: {log}");
        for words in [&["list"][..], &["show", name], &["history"]] {
            island.ok(words);
        }
        island.make_room();
        island.ok(&["run", "--until-idle"]);
        let state = island.state(name);
        assert!(
            ["failed", "succeeded"].contains(&state.as_str()),
            "{name} is {state}"
        );
        assert_eq!(
            sandbox
                .lines("ran")
                .iter()
                .filter(|run| run.starts_with(name))
                .count(),
            1
        );
    }
    island.ok(&["add", "now", "--name", "later", "true"]);
    island.ok(&["run", "--until-idle"]);
    assert_eq!(island.state("later"), "succeeded");
}
