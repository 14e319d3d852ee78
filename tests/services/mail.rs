//! `--mail-to`: what a mailer is given, when, and what its absence means.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::{Answer, Sandbox};

/// A mailer that keeps each message in a file of its own, with the words it was called with.
fn mailer(sandbox: &Sandbox, then: &str) {
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let work = sandbox.work().display().to_string();
    let script = format!(
        "#!/bin/sh\nf='{work}'/mail-$$\n{{ echo \"argv: $*\"; cat; }} > \"$f.new\"\nmv \"$f.new\" \"$f\"\n{then}\n"
    );
    fs::write(bin.join("sendmail"), script).unwrap();
    fs::set_permissions(bin.join("sendmail"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Lets a runner do all there is to do; its log.
#[track_caller]
fn drain(sandbox: &Sandbox, words: &[&str]) -> String {
    let mut run = sandbox.command(["run", "--until-idle"]);
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    let answer = Answer::of(run.args(words).env("PATH", path));
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.err
}

fn mails(sandbox: &Sandbox) -> Vec<String> {
    let files = fs::read_dir(sandbox.work()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mails = files.filter(|name| name.starts_with("mail-"));
    mails.map(|name| sandbox.read(&name)).collect()
}

fn subjects(sandbox: &Sandbox) -> Vec<String> {
    let mails = mails(sandbox);
    let subject = |mail: &String| {
        let line = mail.lines().find(|line| line.starts_with("Subject: "));
        let words: Vec<&str> = line.unwrap().split(' ').skip(1).take(2).collect();
        words.join(" ")
    };
    let mut subjects: Vec<String> = mails.iter().map(subject).collect();
    subjects.sort();
    subjects
}

#[test]
fn a_failure_is_mailed_with_its_output() {
    let sandbox = Sandbox::new();
    mailer(&sandbox, "");
    let job = [
        "add",
        "now",
        "--name",
        "x",
        "--mail-to",
        "ann@example.org, root",
    ];
    let tries = ["--retries", "1", "--backoff", "1ms"];
    let command = "echo \"attempt $PUNCTUAL_ATTEMPT = ö\"; exit 3";
    sandbox.ok([&job[..], &tries, &[command]].concat());
    drain(&sandbox, &[]);
    let mails = mails(&sandbox);
    let [mail] = &mails[..] else {
        panic!("{mails:?}");
    };
    let (head, body) = mail.split_once("\n\n").unwrap();
    for line in [
        "argv: -i -t",
        "To: ann@example.org,",
        " root",
        "Auto-Submitted: auto-generated",
        "Content-Transfer-Encoding: quoted-printable",
    ] {
        assert!(head.lines().any(|other| other == line), "{line}: {head}");
    }
    assert!(head.contains("\nSubject: x.1 failed(exit) on "), "{head}");
    assert!(body.contains("\nexit code  3\nattempts   2\n"), "{body}");
    assert!(body.ends_with("\n\nattempt 2 =3D =C3=B6\n"), "{body}");
    // Once, and never again.
    drain(&sandbox, &[]);
    assert_eq!(subjects(&sandbox), ["x.1 failed(exit)"]);
}

#[test]
fn which_ends_are_mailed() {
    let sandbox = Sandbox::new();
    mailer(&sandbox, "");
    let add = |name: &str, on: &str, command: &str| {
        let job = ["add", "now", "--name", name, "--mail-to", "root"];
        sandbox.ok([&job[..], &["--mail-on", on, command]].concat());
    };
    add("fine", "failure", "echo out");
    add("silent", "output", "false");
    add("loud", "output", "echo out");
    add("always", "always", "true");
    add("cancelled", "always", "true");
    sandbox.ok(["cancel", "cancelled"]);
    drain(&sandbox, &[]);
    assert_eq!(
        subjects(&sandbox),
        [
            "always.1 succeeded",
            "cancelled.1 cancelled",
            "loud.1 succeeded"
        ]
    );
}

#[test]
fn without_a_mailer_there_is_a_warning_and_no_failure() {
    let sandbox = Sandbox::new();
    let on = ["--mail-to", "root", "--mail-on", "always"];
    sandbox.ok([&["add", "now", "--name", "x"][..], &on, &["true"]].concat());
    let mut run = sandbox.command(["run", "--until-idle"]);
    // Where a mailer is installed, an environment without one cannot be made.
    if [
        "/usr/sbin/sendmail",
        "/usr/lib/sendmail",
        "/usr/local/sbin/sendmail",
    ]
    .iter()
    .any(|path| fs::exists(path).unwrap_or(true))
    {
        crate::sandbox::skipped("there is a mailer");
        return;
    }
    let log = Answer::of(run.env("PATH", "/usr/bin:/bin")).err;
    assert!(
        log.contains(" mail of x.1 failed: sendmail: not found in PATH"),
        "{log}"
    );
    assert_eq!(sandbox.state("x"), "succeeded");
    let shown = sandbox.ok(["show", "x"]);
    assert!(
        shown.contains("mail of x.1 failed: sendmail: not found"),
        "{shown}"
    );
}

#[test]
fn the_words_of_a_mailer_that_fails_are_shown() {
    let sandbox = Sandbox::new();
    mailer(&sandbox, "echo; echo 'no route to the hub' >&2; exit 75");
    sandbox.ok(["add", "now", "--name", "x", "--mail-to", "root", "false"]);
    let log = drain(&sandbox, &[]);
    let message = "mail of x.1 failed: exit 75: no route to the hub";
    assert!(log.contains(message), "{log}");
    assert!(sandbox.ok(["show", "x.1"]).contains(message));
}

#[test]
fn an_address_that_is_more_than_one_is_refused() {
    let sandbox = Sandbox::new();
    for address in ["root\nBcc: eve@example.org", "-oQ/tmp", "a b", "", "a@b\r"] {
        let answer = sandbox.punctual(["add", "now", "--mail-to", address, "true"]);
        assert_eq!(answer.code, 2, "{address:?}: {answer:?}");
    }
    let answer = sandbox.punctual(["add", "now", "--mail-on", "always", "true"]);
    assert_eq!(
        answer,
        Answer::refused(
            2,
            "punctual: --mail-on says when, and nothing says to whom\nhint: add --mail-to ADDRESS\n"
        )
    );
}

#[test]
fn the_options_are_shown_changed_and_taken_back() {
    let sandbox = Sandbox::new();
    let on = ["--mail-to", "root", "--mail-on", "output"];
    sandbox.ok([&["add", "never", "--name", "x"][..], &on, &["true"]].concat());
    let job = sandbox.json(["show", "x"]);
    assert_eq!(
        (&job["mail_to"], &job["mail_on"]),
        (&"root".into(), &"output".into())
    );
    let page = sandbox.ok(["show", "x"]);
    assert!(
        page.contains("mail-to") && page.contains("mail-on"),
        "{page}"
    );
    sandbox.ok([
        "edit",
        "x",
        "--mail-to",
        "ann@example.org",
        "--mail-on",
        "failure",
    ]);
    let job = sandbox.json(["show", "x"]);
    assert_eq!(job["mail_to"], "ann@example.org");
    assert!(job.get("mail_on").is_none());
    sandbox.ok(["edit", "x", "--unset", "mail-to"]);
    assert!(sandbox.json(["show", "x"]).get("mail_to").is_none());
}

#[test]
fn a_crontabs_mailto_is_kept_as_cron_keeps_it() {
    let sandbox = Sandbox::new();
    mailer(&sandbox, "");
    sandbox.write(
        "jobs",
        "MAILTO=ann@example.org\n@start echo loud\n@start false\nMAILTO=\"\"\n@start echo alone\n\
         MAILTO=no such one\n@start echo lost\n",
    );
    let log = drain(&sandbox, &["--file", "jobs"]);
    assert_eq!(subjects(&sandbox), ["echo.1 succeeded"]);
    assert!(
        log.contains("\"no such one\" is not a mail address"),
        "{log}"
    );
}
