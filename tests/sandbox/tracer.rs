//! strace as a witness and as a hand: it counts system calls, and it kills or fails the n-th.

#![allow(dead_code, reason = "each test crate uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a tracer that cannot be started fails its test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Pid;

use crate::sandbox::{Answer, PATIENCE, Runner, Sandbox, skipped, until};

/// Whether strace is there and may trace; says so when it is not or may not.
pub(crate) fn can_trace() -> bool {
    let asked = Command::new("strace")
        .args(["-f", "-b", "execve", "-o", "/dev/null", "true"])
        .output();
    match asked {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            skipped(&format!("strace may not trace here: {}", said.trim()));
            false
        }
        Err(error) => {
            skipped(&format!("strace: {error}"));
            false
        }
    }
}

/// A call of `trace`, or of nothing else, on this architecture or not.
fn optional(calls: &[&str]) -> String {
    let calls: Vec<String> = calls.iter().map(|call| format!("?{call}")).collect();
    calls.join(",")
}

impl Sandbox {
    /// punctual under strace, which follows its threads and lets go of its jobs.
    pub(crate) fn traced(&self, options: &[&str], words: &[&str]) -> Command {
        let mut command = self.program("strace");
        command
            .args(["-f", "-qq", "-b", "execve"])
            .args(options)
            .arg(crate::sandbox::PUNCTUAL)
            .arg("--db")
            .arg(self.database())
            .args(words);
        command
    }

    /// Runs a verb in which the n-th such call of a thread has this fate, as strace words it:
    /// `signal=KILL`, `error=EIO`.
    pub(crate) fn with_fate(&self, call: &str, nth: u32, fate: &str, words: &[&str]) -> Answer {
        let only = format!("trace={call}");
        let inject = format!("inject={call}:{fate}:when={nth}");
        let options = ["-o", "/dev/null", "-e", &only, "-e", &inject];
        Answer::of(&mut self.traced(&options, words))
    }

    /// Runs a verb and keeps the lines of its trace.
    pub(crate) fn trace(
        &self,
        calls: &[&str],
        options: &[&str],
        words: &[&str],
    ) -> (Answer, String) {
        let file: PathBuf = self.path("trace");
        let only = format!("trace={}", optional(calls));
        let mut all = vec!["-o", file.to_str().unwrap(), "-e", &only];
        all.extend(options);
        let answer = Answer::of(&mut self.traced(&all, words));
        let trace = fs::read_to_string(&file).unwrap();
        fs::remove_file(&file).unwrap();
        (answer, trace)
    }
}

/// A tracer on every thread of a living process, in which the n-th such call of a thread has this fate. Of its first
/// thread nothing is expected: it may sleep for ever in one call.
pub(crate) fn attach(sandbox: &Sandbox, pid: Pid, calls: &[&str], fate: &str) -> Runner {
    let calls = optional(calls);
    let pid = pid.as_raw_nonzero().to_string();
    let file = sandbox.path(format!("trace-{pid}"));
    let mut strace = sandbox.program("strace");
    strace
        .args(["-f", "-qq", "-b", "execve", "-p", &pid, "-o"])
        .arg(&file);
    strace.args(["-e", &format!("inject={calls}:{fate}")]);
    let tracer = sandbox.start(&mut strace);
    // The kernel names the tracer before that sees any call; so a thread is traced when one of its calls was seen.
    until(PATIENCE, "every thread is traced", || {
        let seen = fs::read_to_string(&file).unwrap_or_default();
        let threads = fs::read_dir(format!("/proc/{pid}/task"));
        let threads = threads.into_iter().flatten().flatten();
        let names = threads.map(|thread| thread.file_name().into_string().unwrap());
        let mut others = names.filter(|thread| *thread != pid).peekable();
        others.peek().is_some()
            && others.all(|thread| {
                let mut lines = seen.lines();
                lines.any(|line| line.split(' ').next() == Some(&thread))
            })
    });
    tracer
}

/// How often each call was made, by the thread that made it most often: a fate counts for each
/// thread by itself.
pub(crate) fn counts(trace: &str) -> BTreeMap<String, u32> {
    let mut threads: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let name = rest.trim_start().split('(').next().unwrap_or_default();
        if !name.is_empty() && !name.contains([' ', '<', '+', '-']) {
            *threads.entry((thread, name)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, name), count) in threads {
        let known: &mut u32 = most.entry(name.to_owned()).or_default();
        *known = count.max(*known);
    }
    most
}
