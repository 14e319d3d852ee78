//! No room, no rights: what was accepted stays, what cannot be done is said.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Sandbox, is_root, skipped, until};

#[test]
fn a_limit_on_file_sizes_is_an_error_and_not_a_death() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let mut shell = sandbox.program("sh");
    let line = format!("ulimit -f 1; exec {PUNCTUAL} --db \"$0\" add never --name y true");
    let answer = Answer::of(shell.arg("-c").arg(line).arg(sandbox.database()));
    assert_eq!(answer.code, 5, "{answer:?}");
    assert!(answer.err.starts_with("punctual: "), "{answer:?}");
    assert_eq!(sandbox.json(["list"]).as_array().map(Vec::len), Some(1));
    sandbox.check_integrity();
}

#[test]
fn a_full_disk_keeps_what_was_accepted() {
    if !is_root("mounting a small file system") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.data().join("punctual")).unwrap();
    sandbox.write(
        "script",
        "mount -t tmpfs -o size=600k,mode=700 none \"$DIR\" 2>/dev/null || exit 77\n\
         accepted=0 code=0\n\
         punctual() { \"$PUNCTUAL\" --db \"$DIR/punctual.db\" \"$@\"; }\n\
         while test $code = 0 && test $accepted -lt 1000; do\n\
           punctual -q add now \"$WORDS\" 2>err >/dev/null || code=$?\n\
           test $code != 0 || accepted=$((accepted + 1))\n\
         done\n\
         cat err\n\
         echo code $code accepted $accepted listed $(punctual list 2>/dev/null | grep -c now)\n\
         mount -o remount,size=4m none \"$DIR\"\n\
         punctual -q add now --name later true 2>/dev/null\n\
         echo listed $(punctual list 2>/dev/null | grep -c now)\n",
    );
    let mut unshare = sandbox.program("unshare");
    unshare.args(["-m", "sh", "script"]);
    unshare
        .env("DIR", sandbox.data().join("punctual"))
        .env("PUNCTUAL", PUNCTUAL);
    unshare.env("WORDS", format!("echo {}", "x".repeat(8000)));
    let answer = Answer::of(&mut unshare);
    if answer.code != 0 {
        skipped(&format!("no file system of our own here: {answer:?}"));
        return;
    }
    let lines: Vec<&str> = answer.out.lines().collect();
    let [complaint, hint, counts, name, after] = lines[..] else {
        panic!("{answer:?}");
    };
    assert!(complaint.contains("full"), "{answer:?}");
    assert!(hint.starts_with("hint: make room"), "{answer:?}");
    let words: Vec<&str> = counts.split(' ').collect();
    let ["code", "5", "accepted", accepted, "listed", listed] = words[..] else {
        panic!("{answer:?}");
    };
    assert_eq!(accepted, listed);
    assert_eq!(name, "later");
    let accepted: u64 = accepted.parse().unwrap();
    assert!(accepted > 3, "{answer:?}");
    assert_eq!(after, format!("listed {}", accepted + 1));
}

/// Lets an ordinary user own the place, and run a command there.
fn as_ordinary(sandbox: &Sandbox, command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        let data = sandbox.data();
        for place in [data.parent().unwrap(), &data, &sandbox.work()] {
            std::os::unix::fs::chown(place, Some(54_321), Some(54_321)).unwrap();
        }
        command.uid(54_321).gid(54_321);
    }
}

#[test]
fn what_cannot_be_written_can_be_read() {
    let sandbox = Sandbox::new();
    // The binary may be where an ordinary user does not come.
    let copy = sandbox.copy_of(PUNCTUAL, "punctual");
    let punctual = |words: &[&str]| {
        let mut command = sandbox.program(&copy);
        command.arg("--db").arg(sandbox.database()).args(words);
        as_ordinary(&sandbox, &mut command);
        Answer::of(&mut command)
    };
    assert_eq!(
        punctual(&["-q", "add", "now", "true"]),
        Answer::said("true\n")
    );
    assert_eq!(punctual(&["run", "--until-idle"]).code, 0);
    let directory = sandbox.database().parent().unwrap().to_owned();
    let set = |directory_mode, file_mode| {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            fs::set_permissions(path, fs::Permissions::from_mode(file_mode)).unwrap();
        }
        fs::set_permissions(&directory, fs::Permissions::from_mode(directory_mode)).unwrap();
    };
    set(0o500, 0o400);
    assert!(punctual(&["list"]).out.contains("true"));
    assert_eq!(punctual(&["show", "true"]).code, 0);
    assert_eq!(punctual(&["history"]).code, 0);
    for words in [
        &["add", "now", "true"][..],
        &["remove", "true"],
        &["run", "--until-idle"],
    ] {
        let answer = punctual(words);
        assert_eq!(answer.code, 5, "{words:?}: {answer:?}");
        assert!(
            answer
                .err
                .contains("hint: check the file, its directory and the disk"),
            "{answer:?}"
        );
    }
    set(0o700, 0o600);
    assert_eq!(
        punctual(&["-q", "add", "now", "true"]),
        Answer::said("true-2\n")
    );
}

/// A runner was killed, and its log was not copied back; now nobody may write.
#[test]
fn what_a_crash_left_is_read_where_nothing_can_be_written() {
    let sandbox = Sandbox::new();
    let copy = sandbox.copy_of(PUNCTUAL, "punctual");
    let ordinary = |words: &[&str]| {
        let mut command = sandbox.program(&copy);
        command.arg("--db").arg(sandbox.database()).args(words);
        as_ordinary(&sandbox, &mut command);
        command
    };
    for name in ["a", "b"] {
        assert_eq!(
            Answer::of(&mut ordinary(&["add", "now", "--name", name, "true"])).code,
            0
        );
    }
    let runner = sandbox.start(&mut ordinary(&["run"]));
    until(PATIENCE, "both have run", || {
        let answer = Answer::of(&mut ordinary(&["history", "--state", "succeeded"]));
        answer.out.contains("a.1") && answer.out.contains("b.1")
    });
    runner.kill();
    let directory = sandbox.database().parent().unwrap().to_owned();
    let mode = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for entry in fs::read_dir(&directory).unwrap() {
        mode(&entry.unwrap().path(), 0o400);
    }
    // With the readers' shared memory, and without: after a restart of the machine there is none.
    for shm in [true, false] {
        if !shm {
            mode(&directory, 0o700);
            let _ = fs::remove_file(directory.join("punctual.db-shm"));
        }
        mode(&directory, 0o500);
        for words in [&["list", "--all"][..], &["show", "a"], &["history"]] {
            let answer = Answer::of(&mut ordinary(words));
            let told = answer.code == 5 && answer.err.contains("hint: ");
            assert!(told || answer.code == 0, "{answer:?}");
            assert!(!shm || answer.out.contains('a'), "{answer:?}");
        }
    }
    mode(&directory, 0o700);
    for entry in fs::read_dir(&directory).unwrap() {
        mode(&entry.unwrap().path(), 0o600);
    }
    let answer = Answer::of(&mut ordinary(&["run", "--until-idle"]));
    assert_eq!(answer.code, 0, "{answer:?}");
}
