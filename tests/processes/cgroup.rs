//! A control group of the kernel that bounds how many processes and threads may be alive in it.
//!
//! Made in a hierarchy that is mounted already, of version 1 or 2, else in one of version 1 that is mounted for as
//! long as the group is there.

#![expect(
    clippy::unwrap_used,
    reason = "a group that cannot be asked fails its test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::sandbox::{PATIENCE, Sandbox, is_root, skipped, until};

pub(crate) struct Cgroup {
    directory: PathBuf,
    /// The place it was mounted at, if that was done for it.
    mounted: Option<TempDir>,
}

impl Cgroup {
    /// An empty group without a bound; says why there is none where there is none.
    pub(crate) fn new() -> Option<Self> {
        if !is_root("a control group") {
            return None;
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let mut reasons = Vec::new();
        for place in mounts.lines().filter_map(hierarchy) {
            match Self::below(&place, None) {
                Ok(group) => return Some(group),
                Err(reason) => reasons.push(reason),
            }
        }
        match Self::mount() {
            Ok(group) => return Some(group),
            Err(reason) => reasons.push(reason),
        }
        skipped(&format!("no control group: {}", reasons.join("; ")));
        None
    }

    fn mount() -> Result<Self, String> {
        let place = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "cgroup", "-o", "pids", "none"]);
        match mount.arg(place.path()).output() {
            Ok(output) if output.status.success() => {
                let path = place.path().to_owned();
                Self::below(&path, Some(place))
            }
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(format!("mount: {error}")),
        }
    }

    fn below(place: &Path, mounted: Option<TempDir>) -> Result<Self, String> {
        let control = place.join("cgroup.subtree_control");
        if control.exists() {
            // Refused below a root of its own, as in most containers, where processes live in the group itself.
            fs::write(&control, "+pids").map_err(|e| format!("{}: {e}", control.display()))?;
        }
        let directory = tempfile::Builder::new()
            .prefix("punctual-")
            .tempdir_in(place)
            .map_err(|e| format!("{}: {e}", place.display()))?;
        let group = Self {
            directory: directory.keep(),
            mounted,
        };
        if group.directory.join("pids.max").exists() {
            Ok(group)
        } else {
            Err(format!("{} counts no processes", place.display()))
        }
    }

    /// The same program, as one of this group.
    pub(crate) fn holding(&self, sandbox: &Sandbox, program: &Command) -> Command {
        let mut command = sandbox.program("sh");
        command
            .args(["-c", "echo $$ > \"$0\"/cgroup.procs && exec \"$@\""])
            .arg(&self.directory)
            .arg(program.get_program())
            .args(program.get_args());
        command
    }

    /// How many processes and threads are in it.
    pub(crate) fn alive(&self) -> u32 {
        let count = fs::read_to_string(self.directory.join("pids.current")).unwrap();
        count.trim().parse().unwrap()
    }

    /// No more than so many from now on; those that are there stay.
    pub(crate) fn bound(&self, most: u32) {
        fs::write(self.directory.join("pids.max"), most.to_string()).unwrap();
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let members = fs::read_to_string(self.directory.join("cgroup.procs"));
        for pid in members.unwrap_or_default().lines() {
            let _ = Command::new("kill").args(["-9", pid]).output();
        }
        until(PATIENCE, "the group is empty and gone", || {
            fs::remove_dir(&self.directory).is_ok() || !self.directory.exists()
        });
        if let Some(place) = self.mounted.take() {
            let _ = Command::new("umount").arg(place.path()).output();
        }
    }
}

/// Where a line of mountinfo has a hierarchy that may count processes.
fn hierarchy(line: &str) -> Option<PathBuf> {
    let (before, after) = line.split_once(" - ")?;
    let place = PathBuf::from(before.split(' ').nth(4)?);
    let mut after = after.split(' ');
    let counts = match after.next()? {
        "cgroup" => after.nth(1)?.split(',').any(|option| option == "pids"),
        "cgroup2" => fs::read_to_string(place.join("cgroup.controllers"))
            .is_ok_and(|all| all.split_whitespace().any(|one| one == "pids")),
        _ => false,
    };
    counts.then_some(place)
}
