//! Stories about real processes. Each has its own directory; nothing sleeps to synchronise, what has to
//! happen is polled for with a deadline.

mod adopting;
mod ending;
mod starting;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::environment::Environment;
use super::{Ended, Identity, Launch, SpawnError, output, spawn};
use crate::domain::Exit;

/// An environment with nothing but this `PATH`.
fn path(path: &str) -> Environment {
    Environment::new([("PATH", path)]).unwrap()
}

/// A directory with the parts of one attempt.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn launch(&self, command: &[&str]) -> Launch {
        Launch {
            command: command.iter().map(Into::into).collect(),
            cwd: self.dir.path().to_owned(),
            env: path("/usr/bin:/bin"),
            umask: None,
            nice: None,
            stdin: None,
            output: self.path("output"),
        }
    }

    fn sh(&self, script: &str) -> Launch {
        self.launch(&["/bin/sh", "-c", script])
    }

    fn marked(&self, script: &str) -> (Launch, String) {
        let mark = self.dir.path().display().to_string();
        let mut launch = self.sh(script);
        launch.env = launch
            .env
            .with(vec![("PUNCTUAL_MARK".into(), mark.clone())]);
        (launch, mark)
    }

    /// Writes through another process: had we the file open for writing, a child that another test is
    /// just starting would hold it open too for an instant, and the kernel would call it busy.
    fn script(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        let mut writer = Command::new("/bin/sh")
            .args(["-c", &format!("cat > \"$0\" && chmod {mode:o} \"$0\"")])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
        path
    }

    fn output(&self) -> String {
        text(&self.path("output"))
    }
}

fn text(path: &Path) -> String {
    let kept = output::collect(path, 1 << 20).unwrap();
    String::from_utf8(kept.head).unwrap()
}

fn run(launch: &Launch) -> Ended {
    spawn(launch).unwrap().ended()
}

fn exit_of(launch: &Launch) -> Exit {
    run(launch).exit
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A pid that a script wrote into a file.
async fn pid_in(path: &Path) -> i32 {
    let read = || std::fs::read_to_string(path).ok()?.trim().parse().ok();
    until("a pid is written", || read().is_some()).await;
    read().unwrap()
}

/// Who has this mark.
fn marks(mark: &str) -> Vec<Identity> {
    let marked = super::orphan::marked(mark).into_iter();
    marked.map(|it| it.identity).collect()
}

fn is_alive(pid: i32) -> bool {
    crate::os::proc::stat(pid).is_ok_and(|stat| !stat.is_zombie())
}

/// Runs one ignored test of this binary under a shell's conditions, since they hold for a whole process.
fn under(conditions: &str, test: &str) {
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{conditions}; exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--test-threads=1"])
        .arg(format!("process::tests::{test}"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&status.stdout);
    assert!(
        status.status.success() && told.contains("1 passed"),
        "{told}"
    );
}
