//! Files and directories that must not be trusted: refused by every verb, named, and left as they are.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::sandbox::{Answer, PUNCTUAL, Sandbox, is_root, skipped};

/// Everything below, with its kind, mode, owner and bytes; but not what readers of a
/// database share to find their way, and a log with nothing in it.
fn picture(directory: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut places = vec![directory.to_owned()];
    while let Some(place) = places.pop() {
        let facts = place.symlink_metadata().unwrap();
        let name = place.to_string_lossy();
        if facts.is_file()
            && (name.ends_with("-shm") || name.ends_with("-wal") && facts.size() == 0)
        {
            continue;
        }
        let content = if facts.is_file() {
            format!("{:?}", fs::read(&place).unwrap())
        } else if facts.is_symlink() {
            fs::read_link(&place).unwrap().display().to_string()
        } else {
            String::new()
        };
        all.push(format!(
            "{} {:o} {} {content}",
            place.display(),
            facts.mode(),
            facts.uid()
        ));
        if facts.is_dir() {
            places.extend(
                fs::read_dir(&place)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    all.sort();
    all
}

/// Every way in: one verb that looks, one that writes, one that stays.
const WAYS: [&[&str]; 3] = [&["list"], &["add", "now", "true"], &["run", "--until-idle"]];

/// Asserts that every verb refuses, says why and what to do, and changes nothing.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, why: &str) {
    let before = picture(&sandbox.data());
    for words in WAYS {
        let answer = sandbox.punctual(words);
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (5, ""),
            "{words:?}: {answer:?}"
        );
        let lines: Vec<&str> = answer.err.lines().collect();
        let [complaint, hint] = lines[..] else {
            panic!("{words:?}: {answer:?}");
        };
        assert!(
            complaint.starts_with("punctual: ") && complaint.contains(why),
            "{answer:?}"
        );
        assert!(
            complaint.contains(&sandbox.data().display().to_string()),
            "{answer:?}"
        );
        assert!(hint.starts_with("hint: "), "{answer:?}");
        assert!(
            picture(&sandbox.data()) == before,
            "{words:?} changed something"
        );
    }
}

/// A sandbox with a database that has a job, all of it in the main file.
fn with_database() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    sandbox.checkpoint();
    sandbox
}

fn beside(sandbox: &Sandbox, suffix: &str) -> PathBuf {
    let mut name = sandbox.database().into_os_string();
    name.push(suffix);
    name.into()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_link_to_a_database() {
    let sandbox = with_database();
    let real = sandbox.data().join("real.db");
    fs::rename(sandbox.database(), &real).unwrap();
    symlink(&real, sandbox.database()).unwrap();
    assert_refused(&sandbox, "punctual.db is a symbolic link");
}

#[test]
fn a_link_to_nowhere() {
    let sandbox = with_database();
    fs::remove_file(sandbox.database()).unwrap();
    symlink(sandbox.data().join("planted.db"), sandbox.database()).unwrap();
    assert_refused(&sandbox, "punctual.db is a symbolic link");
}

#[test]
fn a_link_planted_beside_it() {
    for suffix in ["-wal", "-shm", "-journal", "-lock"] {
        let sandbox = with_database();
        let target = sandbox.data().join("target");
        fs::write(&target, "precious").unwrap();
        let _ = fs::remove_file(beside(&sandbox, suffix));
        symlink(&target, beside(&sandbox, suffix)).unwrap();
        assert_refused(&sandbox, &format!("punctual.db{suffix} is a symbolic link"));
    }
}

/// Whatever is written into one would be written into the other.
#[test]
fn a_second_name_beside_it() {
    for suffix in ["-wal", "-shm", "-journal", "-lock"] {
        let sandbox = with_database();
        let target = sandbox.data().join("target");
        fs::write(&target, "precious").unwrap();
        set_mode(&target, 0o600);
        let _ = fs::remove_file(beside(&sandbox, suffix));
        fs::hard_link(&target, beside(&sandbox, suffix)).unwrap();
        assert_refused(
            &sandbox,
            &format!("punctual.db{suffix} has 2 names (hard links)"),
        );
    }
}

/// Files that we make ourselves, and whose names can be known before.
#[test]
fn nothing_planted_where_we_make_a_file_is_written() {
    type Plant = fn(&Path, &Path) -> std::io::Result<()>;
    let plants: [(&str, Plant); 2] = [
        ("symlink", |target, place| symlink(target, place)),
        ("hard link", |target, place| fs::hard_link(target, place)),
    ];
    for (kind, plant) in plants {
        let sandbox = Sandbox::new();
        let hook = ["--on-finish", "echo hooked"];
        sandbox.ok([&["add", "now", "--name", "x"][..], &hook, &["echo written"]].concat());
        let target = sandbox.data().join("target");
        fs::write(&target, "precious").unwrap();
        for suffix in ["-out-1", "-hook-1", "-ends", ".copy"] {
            plant(&target, &beside(&sandbox, suffix)).unwrap();
        }
        sandbox.punctual(["run", "--until-idle"]);
        sandbox.punctual(["run", "--until-idle"]);
        let copy = beside(&sandbox, ".copy");
        let answer = sandbox.punctual(["backup", copy.to_str().unwrap()]);
        assert_eq!(answer.code, 1, "{kind}: {answer:?}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious", "{kind}");
        sandbox.punctual(["logs", "x"]);
        // What stands in its way is said, and the way is free when it is gone.
        for suffix in ["-out-1", "-hook-1", "-ends"] {
            let _ = fs::remove_file(beside(&sandbox, suffix));
        }
        sandbox.ok(["trigger", "x"]);
        sandbox.drain([""; 0]);
        assert_eq!(sandbox.ok(["logs", "x"]), "written\n", "{kind}");
    }
}

/// `logs` of a living run reads its file, and no other that was put in its place.
#[test]
fn logs_reads_no_file_that_was_put_in_the_place_of_an_output() {
    let sandbox = Sandbox::new();
    sandbox.write("gate", "");
    let gated = "echo mine; while [ -e gate ]; do sleep 0.01; done";
    sandbox.ok(["add", "now", "--name", "x", gated]);
    let runner = sandbox.runner([""; 0]);
    sandbox.until_state("x", "running");
    let secret = sandbox.write("secret", "secret");
    fs::remove_file(beside(&sandbox, "-out-1")).unwrap();
    symlink(secret, beside(&sandbox, "-out-1")).unwrap();
    let answer = sandbox.punctual(["logs", "x"]);
    assert!(!answer.out.contains("secret"), "{answer:?}");
    fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_state("x", "succeeded");
    assert!(!sandbox.punctual(["logs", "x"]).out.contains("secret"));
    assert_eq!(runner.stop(), 0);
}

#[test]
fn a_link_planted_for_an_output_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "echo written"]);
    let target = sandbox.data().join("target");
    fs::write(&target, "precious").unwrap();
    symlink(&target, beside(&sandbox, "-out-1")).unwrap();
    sandbox.punctual(["run", "--until-idle"]);
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}

#[test]
fn a_database_with_two_names() {
    let sandbox = with_database();
    fs::hard_link(sandbox.database(), sandbox.data().join("second.db")).unwrap();
    assert_refused(&sandbox, "has 2 names (hard links)");
}

#[test]
fn what_is_no_file() {
    let sandbox = with_database();
    fs::remove_file(sandbox.database()).unwrap();
    fs::create_dir(sandbox.database()).unwrap();
    assert_refused(&sandbox, "is not a regular file");
    fs::remove_dir(sandbox.database()).unwrap();
    let made = sandbox.program("mkfifo").arg(sandbox.database()).status();
    assert!(made.unwrap().success());
    assert_refused(&sandbox, "is not a regular file");

    for words in WAYS {
        let mut command = sandbox.program(PUNCTUAL);
        let answer = Answer::of(command.args(["--db", "/dev/null"]).args(words));
        assert_eq!((answer.code, answer.out.as_str()), (5, ""), "{answer:?}");
        assert!(answer.err.contains("/dev"), "{answer:?}");
    }
}

#[test]
fn a_file_that_others_can_write() {
    for mode in [0o666, 0o602, 0o620] {
        let sandbox = with_database();
        set_mode(&sandbox.database(), mode);
        assert_refused(
            &sandbox,
            &format!("can be written by others (mode {mode:04o})"),
        );
    }
}

#[test]
fn a_directory_that_others_can_write() {
    for mode in [0o777, 0o1777, 0o703] {
        let sandbox = with_database();
        let directory = sandbox.database().parent().unwrap().to_owned();
        set_mode(&directory, mode);
        assert_refused(
            &sandbox,
            &format!("can be written by others (mode {mode:04o})"),
        );
        for words in WAYS {
            let mut command = sandbox.command(words);
            let answer = Answer::of(command.env("PUNCTUAL_TRUST_DIR", "1"));
            assert_eq!(answer.code, 0, "{answer:?}");
        }
    }
}

#[test]
fn a_directory_above_that_others_can_write() {
    let sandbox = with_database();
    set_mode(&sandbox.data(), 0o777);
    assert_refused(&sandbox, "can be written by others (mode 0777)");
    // Sticky, others cannot take away what is ours in it.
    set_mode(&sandbox.data(), 0o1777);
    sandbox.ok(["list"]);
}

#[test]
fn what_belongs_to_somebody_else() {
    if !is_root("giving files away") {
        return;
    }
    let sandbox = with_database();
    std::os::unix::fs::chown(sandbox.database(), Some(54_321), None).unwrap();
    assert_refused(&sandbox, "belongs to user 54321, not to us");

    let sandbox = with_database();
    let directory = sandbox.database().parent().unwrap().to_owned();
    std::os::unix::fs::chown(&directory, Some(54_321), None).unwrap();
    assert_refused(&sandbox, "belongs to user 54321, not to us");

    let sandbox = with_database();
    let directory = sandbox.database().parent().unwrap().to_owned();
    std::os::unix::fs::chown(&directory, None, Some(54_321)).unwrap();
    set_mode(&directory, 0o770);
    assert_refused(&sandbox, "can be written by others (mode 0770)");
}

#[test]
fn a_binary_with_more_rights_than_its_caller() {
    if !is_root("a set-uid copy for another user") {
        return;
    }
    let sandbox = Sandbox::new();
    let copy = sandbox.copy_of(PUNCTUAL, "punctual");
    std::os::unix::fs::chown(&copy, Some(54_321), None).unwrap();
    set_mode(&copy, 0o4755);
    let probe = sandbox.copy_of("/usr/bin/id", "probe");
    std::os::unix::fs::chown(&probe, Some(54_321), None).unwrap();
    set_mode(&probe, 0o4755);
    if Answer::of(sandbox.program(&probe).arg("-u")).out.trim() != "54321" {
        skipped("set-uid has no effect here");
        return;
    }
    assert_eq!(
        Answer::of(sandbox.program(&copy).arg("list")),
        Answer::refused(
            1,
            "punctual: punctual was started with more rights than its caller has (set-uid)\n\
             hint: take the set-uid bit off the binary\n"
        )
    );
}

#[test]
fn a_database_of_somebody_elses_program() {
    let sandbox = with_database();
    sandbox.sql_batch("PRAGMA application_id = 42");
    assert_refused(&sandbox, "punctual.db is");
    let sandbox = with_database();
    fs::remove_file(sandbox.database()).unwrap();
    sandbox.sql_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    set_mode(&sandbox.database(), 0o600);
    assert_refused(&sandbox, "punctual.db is");
}

#[test]
fn a_database_of_a_newer_punctual() {
    let sandbox = with_database();
    sandbox.sql_batch("PRAGMA user_version = 9999");
    assert_refused(&sandbox, "newer punctual (schema 9999 > ");
}

#[test]
fn a_database_with_somebody_elses_code_in_it() {
    let intruders = [
        "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM job; END",
        "CREATE VIEW v AS SELECT * FROM job",
        "CREATE TABLE extra (x)",
        "DROP TABLE hook",
    ];
    for intruder in intruders {
        let sandbox = with_database();
        sandbox.sql_batch(intruder);
        assert_refused(&sandbox, "schema is not the one punctual made");
    }
}

#[test]
fn what_is_no_database() {
    let sandbox = with_database();
    let whole = fs::read(sandbox.database()).unwrap();
    let damages = [
        vec![0; whole.len()],
        b"just a text\n".repeat(1000),
        whole[..100].to_vec(),
        whole[..4096].to_vec(),
        whole[..whole.len() / 2].to_vec(),
    ];
    for damage in damages {
        fs::write(sandbox.database(), damage).unwrap();
        assert_refused(&sandbox, "punctual.db");
    }
}

#[test]
fn a_single_byte() {
    let sandbox = with_database();
    fs::write(sandbox.database(), "x").unwrap();
    assert_refused(&sandbox, "punctual.db");
}
