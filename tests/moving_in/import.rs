//! `import crontab`: cron's lines become jobs that keep its habits.

use serde_json::{Value, json};

use crate::sandbox::{Answer, Sandbox, is_root, skipped};
use crate::{NO_RUNNER, fed, names};

const CRONTAB: &str = "\
# m h dom mon dow command
PATH=/opt/bin:/usr/bin
MAILTO=ann@example.org
CRON_TZ=Europe/Berlin

0 3 * * * backup.sh %first%second
@daily report --all
0 3 * * * backup.sh %first%second
";

const CRON: &str = "if {} is installed as a crontab, cron still has these lines, and runs them \
                    too: take them out with crontab -e\n";

/// What is said of MAILTO where nothing could send a mail.
fn without_mailer() -> &'static str {
    let places = "/usr/local/bin /usr/bin /bin /usr/sbin /usr/lib /usr/local/sbin";
    let is_there = |place: &str| std::path::Path::new(place).join("sendmail").exists();
    if places.split(' ').any(is_there) {
        ""
    } else {
        "MAILTO needs a mailer, and there is no sendmail here; the output is kept, see: punctual logs\n"
    }
}

/// Who runs the tests, as passwd calls them.
fn me(sandbox: &Sandbox) -> String {
    let answer = Answer::of(sandbox.program("id").arg("-un"));
    answer.out.trim().to_owned()
}

#[test]
fn lines_become_jobs_with_the_habits_of_cron() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("my.crontab", CRONTAB);
    let shown = path.display().to_string();
    assert_eq!(
        sandbox.punctual(["import", "crontab", "my.crontab"]),
        Answer {
            err: without_mailer().to_owned() + &CRON.replace("{}", &shown) + NO_RUNNER,
            ..Answer::said(
                "+ backup-sh    0 3 * * *  (line 6)\n\
                 + report       @daily     (line 7)\n\
                 + backup-sh-2  0 3 * * *  (line 8)\n\
                 3 added, 0 changed, 0 removed, 0 unchanged\n"
            )
        }
    );
    let job = sandbox.json(["show", "backup-sh"]);
    for (key, value) in [
        ("command", json!("backup.sh")),
        ("stdin", json!("first\nsecond\n")),
        ("tz", json!("Europe/Berlin")),
        ("overlap", json!("allow")),
        ("missed", json!("skip")),
        ("env_clean", json!(true)),
        ("cwd", json!(sandbox.home())),
        ("mail_to", json!("ann@example.org")),
        ("mail_on", json!("output")),
    ] {
        assert_eq!(job[key], value, "{key}: {job}");
    }
}

#[test]
fn the_same_file_again_changes_only_what_changed_in_it() {
    let sandbox = Sandbox::new();
    sandbox.write("my.crontab", CRONTAB);
    sandbox.ok(["import", "crontab", "my.crontab"]);
    let unchanged = "0 added, 0 changed, 0 removed, 3 unchanged\n";
    assert_eq!(sandbox.ok(["import", "crontab", "my.crontab"]), unchanged);
    sandbox.ok(["pause", "report"]);
    let changed = CRONTAB
        .replace("@daily", "@hourly")
        .replacen("0 3 * * * b", "#", 1)
        + "@weekly new\n";
    sandbox.write("my.crontab", changed);
    assert_eq!(
        sandbox.ok(["import", "crontab", "my.crontab"]),
        "+ new  @weekly  (line 9)\n\
         ~ report  (line 7)\n    when: @daily -> @hourly\n\
         - backup-sh-2\n\
         1 added, 1 changed, 1 removed, 1 unchanged\n"
    );
    assert_eq!(sandbox.json(["show", "report"])["state"], "paused");
    assert_eq!(names(&sandbox), ["backup-sh", "report", "new"]);
}

#[test]
fn imported_jobs_run_as_cron_runs_them() {
    let sandbox = Sandbox::new();
    let text = "A=\"1  2\"\n@start env | sort > env; pwd > pwd; cat > in%x%y\n";
    let answer = fed(&sandbox, &["import", "crontab", "-"], text);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(
        answer.err.contains(
            "cron still has these lines, and runs them too: take them out with crontab -e"
        ),
        "{answer:?}"
    );
    sandbox.drain(["-j1"]);
    let home = |name: &str| std::fs::read_to_string(sandbox.home().join(name)).unwrap_or_default();
    let me = me(&sandbox);
    let of_cron: Vec<String> = home("env")
        .lines()
        .filter(|line| {
            !line.starts_with("PUNCTUAL_") && !line.starts_with("_=") && !line.starts_with("PWD=")
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(
        of_cron,
        [
            "A=1  2".to_owned(),
            format!("HOME={}", sandbox.home().display()),
            format!("LOGNAME={me}"),
            "PATH=/usr/bin:/bin".to_owned(),
            "SHELL=/bin/sh".to_owned(),
            format!("USER={me}"),
        ]
    );
    assert_eq!(home("pwd"), format!("{}\n", sandbox.home().display()));
    assert_eq!(home("in"), "x\ny\n");
}

#[test]
fn one_bad_line_keeps_all_out() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(
        "my.crontab",
        "0 3 * * * good\n0 30 * * * bad\n\nnonsense here\n",
    );
    let shown = path.display();
    let answer = sandbox.punctual(["import", "crontab", "my.crontab"]);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""));
    let places: Vec<&str> = answer
        .err
        .lines()
        .filter(|line| line.starts_with("punctual: "))
        .collect();
    assert_eq!(
        places,
        [
            format!("punctual: {shown}:2:3: hour 30 is out of range 0-23"),
            format!("punctual: {shown}:4:1: this is neither a setting nor a job"),
        ]
    );
    assert!(!sandbox.database().exists());
    let answer = sandbox.punctual(["import", "crontab", "my.crontab", "--keep-going"]);
    assert_eq!(answer.code, 0);
    assert_eq!(
        answer.out,
        "+ good  0 3 * * *  (line 1)\n1 added, 0 changed, 0 removed, 0 unchanged\n"
    );
    assert!(
        answer.err.starts_with(&format!(
            "left out: {shown}:2:3: hour 30 is out of range 0-23\nleft out: {shown}:4:1: "
        )),
        "{answer:?}"
    );
}

/// A line got a typing error, and importing again with --keep-going removed the job that it was.
#[test]
fn the_job_of_a_line_that_is_left_out_stays() {
    let sandbox = Sandbox::new();
    sandbox.write("my.crontab", "0 3 * * * good\n0 4 * * * better\n");
    sandbox.ok(["import", "crontab", "my.crontab"]);
    sandbox.write("my.crontab", "0 5 * * * good\n0 44 * * * better\n");
    let answer = sandbox.punctual(["import", "crontab", "my.crontab", "--keep-going"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(
        answer
            .err
            .contains("not among the lines taken, and left as they are: better\n"),
        "{answer:?}"
    );
    let exported = sandbox.ok(["export"]);
    assert!(
        exported.contains("0 5 * * *") && exported.contains("0 4 * * *"),
        "{exported}"
    );
    // A line that is gone takes its job along, when nothing was left out.
    sandbox.write("my.crontab", "0 5 * * * good\n");
    sandbox.ok(["import", "crontab", "my.crontab"]);
    assert!(!sandbox.ok(["export"]).contains("better"));
}

#[test]
fn what_is_suspicious_is_said() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(
        "my.crontab",
        "PATH=$HOME/bin:/usr/bin\n*/35 * * * * a\n0 3 * * * date +%F",
    );
    let shown = path.display();
    let answer = sandbox.punctual(["import", "crontab", "my.crontab"]);
    for wanted in [
        format!("{shown}:1: nothing is expanded in a setting"),
        format!("{shown}:3: `%` ends the command here"),
        format!("{shown}:3: the last line has no end"),
        format!("warning: {shown}:2: */35 in minute is uneven"),
        "without MAILTO nothing is mailed".to_owned(),
    ] {
        assert!(
            answer.err.lines().any(|line| line.starts_with(&wanted)),
            "{wanted}: {answer:?}"
        );
    }
    let quiet = sandbox.punctual(["-q", "import", "crontab", "my.crontab"]);
    assert_eq!(quiet, Answer::said(""));
}

#[test]
fn a_system_crontab_has_a_user_before_each_command() {
    let sandbox = Sandbox::new();
    let me = me(&sandbox);
    let path = sandbox.write(
        "system",
        format!("0 3 * * * {me} mine\n0 4 * * * nobody-of-that-name other\n"),
    );
    let shown = path.display();
    let answer = sandbox.punctual(["import", "crontab", "--system", "system"]);
    assert_eq!(answer.code, 2);
    assert!(
        answer.err.starts_with(&format!(
            "punctual: {shown}:2:11: this job is of user nobody-of-that-name, and there is no such \
             user\n  0 4 * * * nobody-of-that-name other\n            ^\n"
        )),
        "{answer:?}"
    );
    let answer = sandbox.punctual(["import", "crontab", "--system", "--keep-going", "system"]);
    assert_eq!(
        answer.out,
        "+ mine  0 3 * * *  (line 1)\n1 added, 0 changed, 0 removed, 0 unchanged\n"
    );
    assert_eq!(sandbox.json(["show", "mine"])["user"], Value::Null);
    assert!(
        answer.err.contains(&format!("take them out of {shown}")),
        "{answer:?}"
    );
}

#[test]
fn a_user_column_is_obeyed_by_root_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("system", "0 3 * * * nobody true\n");
    let answer = sandbox.punctual(["import", "crontab", "--system", "system"]);
    if is_root("becoming another user") {
        assert_eq!(answer.code, 0, "{answer:?}");
        let job = sandbox.json(["show", "true"]);
        assert_eq!(job["user"], "nobody");
        assert_ne!(job["cwd"], json!(sandbox.home()));
    } else {
        skipped("only a runner of root becomes another user");
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(
            answer
                .err
                .contains("only a runner of root can become nobody"),
            "{answer:?}"
        );
        assert_eq!(names(&sandbox), [""; 0]);
    }
}

#[test]
fn the_answer_is_one_document() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "my.crontab",
        "PATH=$HOME/bin\n0 3 * * * good\n0 30 * * * bad\n",
    );
    let answer = sandbox.json([
        "import",
        "crontab",
        "--keep-going",
        "--paused",
        "my.crontab",
    ]);
    assert_eq!(
        answer["added"],
        json!([{"name": "good", "when": "0 3 * * *", "line": 2}])
    );
    assert_eq!(
        answer["refused"],
        json!([{"line": 3, "message": "hour 30 is out of range 0-23"}])
    );
    assert_eq!(answer["notes"][0]["line"], 1);
    assert_eq!(sandbox.json(["show", "good"])["state"], "paused");
    let mut command = sandbox.command(["--json", "import", "crontab", "my.crontab"]);
    assert_eq!(Answer::of(&mut command).complaint()["error"]["code"], 2);
}
