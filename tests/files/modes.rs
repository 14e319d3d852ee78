//! Who may read and write what punctual makes, whatever the umask.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::sandbox::{Answer, PUNCTUAL, Sandbox};

/// The permission bits of everything below, by name.
fn modes(directory: &Path) -> Vec<(String, u32)> {
    let mut all: Vec<(String, u32)> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn what_we_make_is_private_whatever_the_umask() {
    for umask in ["0000", "0022", "0077"] {
        assert_private(umask);
    }
}

#[test]
fn even_under_a_mask_that_takes_everything() {
    assert_private("0777");
}

#[track_caller]
fn assert_private(umask: &str) {
    let sandbox = Sandbox::new();
    let masked = |words: &str| {
        let line = format!("umask {umask}; exec {PUNCTUAL} --db \"$0\" {words}");
        let mut shell = sandbox.program("sh");
        shell.arg("-c").arg(line).arg(sandbox.database());
        let answer = Answer::of(&mut shell);
        assert_eq!(answer.code, 0, "umask {umask}: {answer:?}");
    };
    masked("add now --name x 'umask; ls -l $PUNCTUAL_DB-out-1'");
    masked("run --until-idle");
    assert_eq!(
        modes(&sandbox.data()),
        [("punctual".to_owned(), 0o700)],
        "umask {umask}"
    );
    let directory = sandbox.database().parent().unwrap().to_owned();
    let files = ["", "-lock", "-shm", "-wal"].map(|s| (format!("punctual.db{s}"), 0o600));
    assert_eq!(modes(&directory), files, "umask {umask}");
    // The mask itself is the runner's, and its output file was private as well.
    let shown = sandbox.ok(["logs", "x"]);
    assert!(
        shown.starts_with(&format!("{umask}\n-rw-------")),
        "{shown}"
    );
}

#[test]
fn directories_that_are_missing_are_all_made_private() {
    let sandbox = Sandbox::new();
    let database = sandbox.data().join("a/b/c.db");
    let mut add = sandbox.program(PUNCTUAL);
    add.arg("--db")
        .arg(&database)
        .args(["add", "never", "true"]);
    assert_eq!(Answer::of(&mut add).code, 0);
    for directory in ["a", "a/b"] {
        let mode = fs::metadata(sandbox.data().join(directory))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o700);
    }
}

#[test]
fn an_existing_directory_keeps_its_mode() {
    let sandbox = Sandbox::new();
    let directory = sandbox.data().join("punctual");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.ok(["add", "never", "true"]);
    let mode = fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
}
