//! A database of an older punctual: read as it is, upgraded behind a copy of it, and never while an older
//! runner works on it. `tests/data/schema-1.db` was made by a punctual of the first schema.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rustix::fs::{FlockOperation, fcntl_lock};

use crate::sandbox::{Sandbox, skipped};
use crate::tracer::can_trace;

/// What the old file holds.
const JOBS: [&str; 5] = ["backup", "good", "bad", "then", "hand"];

fn with_old_database() -> Sandbox {
    let sandbox = Sandbox::new();
    let directory = sandbox.database().parent().unwrap().to_owned();
    fs::create_dir_all(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema-1.db");
    fs::write(sandbox.database(), fs::read(old).unwrap()).unwrap();
    fs::set_permissions(sandbox.database(), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox
}

fn copy_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.database().with_file_name("punctual.db-schema-1")
}

fn version(file: &Path) -> i64 {
    let connection = Connection::open(file).unwrap();
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let jobs = sandbox.json(["list", "--all"]);
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| job["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_older_database_is_read_as_it_is_and_upgraded_behind_a_copy() {
    let sandbox = with_old_database();
    let before = fs::read(sandbox.database()).unwrap();
    assert_eq!(names(&sandbox), JOBS);
    let failed = sandbox.json(["history", "--state", "failed"]);
    assert_eq!(failed[0]["run"], "bad.1", "{failed}");
    assert_eq!(sandbox.ok(["logs", "good"]), "well done\n");
    assert_eq!(
        fs::read(sandbox.database()).unwrap(),
        before,
        "it was only read"
    );

    sandbox.ok(["add", "never", "--name", "new", "true"]);
    assert_eq!(version(&sandbox.database()), 2);
    assert_eq!(names(&sandbox), [&JOBS[..], &["new"]].concat());
    let copy = copy_of(&sandbox);
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, version(&copy)), (0o600, 1));
    let kept: i64 = Connection::open(&copy)
        .unwrap()
        .query_row("SELECT count(*) FROM job", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept as usize, JOBS.len());
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("then"), "succeeded");
    assert_eq!(sandbox.ok(["history", "bad"]).lines().count(), 2);
    sandbox.check_integrity();
}

/// The older runner is played by the test, which holds its lock.
#[test]
fn an_older_database_is_left_alone_while_its_runner_lives() {
    let sandbox = with_old_database();
    let lock = fs::File::create(sandbox.database().with_file_name("punctual.db-lock")).unwrap();
    fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let pid = std::process::id();
    sandbox.sql_batch(&format!(
        "INSERT OR REPLACE INTO runner(id, pid, since, pool, boot, alive) VALUES (1, {pid}, 0, 1, '', 1)"
    ));
    let before = fs::read(sandbox.database()).unwrap();
    for words in [
        &["add", "never", "true"][..],
        &["run", "--until-idle"],
        &["remove", "hand"],
    ] {
        let answer = sandbox.punctual(words);
        assert_eq!(answer.code, 5, "{answer:?}");
        let who = format!("its runner (pid {pid}) is still at work");
        assert!(answer.err.contains(&who), "{answer:?}");
        assert!(answer.err.contains("restart the runner"), "{answer:?}");
    }
    assert_eq!(names(&sandbox), JOBS, "reading works");
    assert_eq!(fs::read(sandbox.database()).unwrap(), before);
    drop(lock);
    sandbox.ok(["add", "never", "true"]);
    assert_eq!(version(&sandbox.database()), 2);
}

#[test]
fn a_death_at_any_step_of_an_upgrade_costs_nothing() {
    if !can_trace() {
        return;
    }
    let words = ["add", "never", "--name", "new", "true"];
    let calls = [
        "pwrite64",
        "fsync",
        "fdatasync",
        "ftruncate",
        "openat",
        "open",
        "rename",
        "unlink",
        "fcntl",
    ];
    let (answer, trace) = with_old_database().trace(&calls, &[], &words);
    assert_eq!(answer.code, 0, "{answer:?}");
    let mut deaths = 0;
    for (call, count) in crate::tracer::counts(&trace) {
        for nth in (1..=count).step_by(1 + count as usize / 8) {
            let sandbox = with_old_database();
            let answer = sandbox.with_fate(&call, nth, "signal=KILL", &words);
            deaths += u32::from(answer.code != 0);
            sandbox.check_integrity();
            let names = names(&sandbox);
            assert_eq!(names[..JOBS.len()], JOBS, "{call} {nth}");
            sandbox.ok(["add", "never", "--name", "again", "true"]);
            let file = sandbox.database();
            assert_eq!(
                (version(&file), version(&copy_of(&sandbox))),
                (2, 1),
                "{call} {nth}"
            );
        }
    }
    if deaths == 0 {
        skipped("nothing could be killed");
    }
}
