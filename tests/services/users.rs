//! `--user`: what a runner of root becomes before it starts a job.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use crate::sandbox::{Answer, PUNCTUAL, Sandbox, is_root};

/// A user that every system has and nobody logs in as.
const SOMEBODY: &str = "daemon";

/// Lines of passwd: uid, gid, home, shell.
fn passwd(name: &str) -> (u32, u32, String, String) {
    let all = fs::read_to_string("/etc/passwd").unwrap();
    let line = all
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")));
    let fields: Vec<&str> = line.unwrap().split(':').collect();
    let number = |index: usize| fields[index].parse().unwrap();
    (
        number(2),
        number(3),
        fields[5].to_owned(),
        fields[6].to_owned(),
    )
}

#[test]
fn a_job_is_its_user_in_all_that_a_process_has() {
    if !is_root("becoming another user") {
        return;
    }
    let (uid, gid, home, shell) = passwd(SOMEBODY);
    let sandbox = Sandbox::new();
    let command = "grep -E '^(Uid|Gid|Groups|Cap(Eff|Prm))' /proc/self/status; \
                   env | grep -E '^(HOME|LOGNAME|USER|SHELL)=' | sort; pwd; umask";
    let words = [
        "add", "now", "--name", "x", "--user", SOMEBODY, "--umask", "027",
    ];
    sandbox.ok([
        &words[..],
        &["--env-clean", "--env", "SHELL=/bin/x", command],
    ]
    .concat());
    sandbox.ok([
        "add", "now", "--name", "y", "--user", SOMEBODY, "--exec", "--", "env",
    ]);
    sandbox.drain([""; 0]);
    let shown = sandbox.ok(["logs", "x"]).replace('\t', " ");
    let expected = format!(
        "Uid: {uid} {uid} {uid} {uid}\nGid: {gid} {gid} {gid} {gid}\nGroups: {gid} \n\
         CapPrm: 0000000000000000\nCapEff: 0000000000000000\n\
         HOME={home}\nLOGNAME={SOMEBODY}\nSHELL=/bin/x\nUSER={SOMEBODY}\n{home}\n0027\n"
    );
    assert_eq!(shown, expected);
    let env = sandbox.ok(["logs", "y"]);
    assert!(
        env.lines().any(|line| line == format!("SHELL={shell}")),
        "{env}"
    );
    assert_eq!(sandbox.json(["show", "x"])["user"], SOMEBODY);
}

#[test]
fn hooks_and_limits_are_the_same_for_another_user() {
    if !is_root("becoming another user") {
        return;
    }
    let sandbox = Sandbox::new();
    let shared = sandbox.path("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    // Down to it, too.
    let root = sandbox.work().parent().unwrap().to_owned();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    let hook = format!("id -un > {}/hook", shared.display());
    let words = [
        "--user",
        SOMEBODY,
        "--on-finish",
        &hook,
        "--timeout",
        "2s",
        "--nice",
        "5",
    ];
    let job = [
        &["add", "now", "--name", "x"][..],
        &words,
        &["nice; exec sleep 60"],
    ]
    .concat();
    sandbox.ok(job);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "failed(timeout)");
    assert_eq!(sandbox.ok(["logs", "x"]), "5\n");
    assert_eq!(sandbox.read("shared/hook"), format!("{SOMEBODY}\n"));
}

#[test]
fn what_the_user_may_not_do_fails_in_words() {
    if !is_root("becoming another user") {
        return;
    }
    let sandbox = Sandbox::new();
    let closed = sandbox.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let add = |name: &str, words: &[&str]| {
        sandbox.ok([
            &["add", "now", "--name", name, "--user", SOMEBODY][..],
            words,
        ]
        .concat());
    };
    add("cwd", &["--cwd", "closed", "true"]);
    add("program", &["--exec", "--", "no-such-program"]);
    sandbox.drain([""; 0]);
    let code = |name: &str| sandbox.json(["show", name])["last"]["exit_code"].clone();
    assert_eq!((code("cwd"), code("program")), (126.into(), 127.into()));
    let said = sandbox.ok(["logs", "cwd"]);
    assert!(said.contains("Permission denied"), "{said}");
}

#[test]
fn a_user_that_does_not_exist_or_is_out_of_reach_is_refused_when_added() {
    let sandbox = Sandbox::new();
    let answer = sandbox.punctual(["add", "now", "--user", "no-such-user", "true"]);
    assert_eq!(
        answer,
        Answer::refused(
            2,
            "punctual: --user no-such-user: there is no such user\n\
             hint: see the users of this machine with: getent passwd\n"
        )
    );
    if !is_root("being somebody else") {
        let answer = sandbox.punctual(["add", "now", "--user", "root", "true"]);
        assert_eq!(answer.code, 2, "{answer:?}");
        return;
    }
    let (uid, _, _, _) = passwd(SOMEBODY);
    let root = sandbox.work().parent().unwrap().to_owned();
    for place in [root, sandbox.work(), sandbox.data(), sandbox.home()] {
        chown(place, Some(uid), None).unwrap();
    }
    let mut command = sandbox.program("setpriv");
    command.args(["--reuid", SOMEBODY, "--clear-groups", PUNCTUAL, "--db"]);
    command.arg(sandbox.database());
    let answer = Answer::of(command.args(["add", "now", "--user", "root", "true"]));
    assert_eq!(
        answer,
        Answer::refused(
            2,
            "punctual: --user root: only a runner of root can become another user\n\
             hint: add the job as root, to a database of root\n"
        )
    );
}

#[test]
fn the_helper_does_nothing_for_those_who_have_no_rights_to_give_up() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.program(PUNCTUAL);
    let answer = Answer::of(command.args(["__exec-as", "root"]));
    assert_eq!(
        answer,
        Answer::refused(
            126,
            "punctual: punctual: __exec-as is for the runner alone\n"
        )
    );
}
