//! What a job sees: variables, descriptors, signals, and the rest that it inherits.

use std::process::Stdio;

use crate::sandbox::{Answer, PUNCTUAL, Sandbox};

/// The output of a job that runs by itself.
#[track_caller]
fn output(sandbox: &Sandbox, words: &[&str]) -> String {
    let name = sandbox.ok([&["-q", "add", "now"][..], words].concat());
    sandbox.drain([""; 0]);
    sandbox.ok(["logs", name.trim()])
}

#[test]
fn a_job_knows_which_run_it_is() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "2090-01-01", "--name", "other", "true"]);
    let words = [
        "--name",
        "facts",
        "--queue",
        "lane",
        "env | grep ^PUNCTUAL_ | sort",
    ];
    let facts = output(&sandbox, &words);
    let due = sandbox.json(["show", "facts.1"])["due"].clone();
    let lines: Vec<&str> = facts.lines().collect();
    let [attempt, database, due_line, job, id, mark, queue, run, slot] = lines[..] else {
        panic!("{facts}");
    };
    assert_eq!(
        [attempt, database, job, id, queue, run, slot],
        [
            "PUNCTUAL_ATTEMPT=1",
            &format!("PUNCTUAL_DB={}", sandbox.database().display()),
            "PUNCTUAL_JOB=facts",
            "PUNCTUAL_JOB_ID=2",
            "PUNCTUAL_QUEUE=lane",
            "PUNCTUAL_RUN=facts.1",
            "PUNCTUAL_SLOT=0",
        ]
    );
    assert!(
        mark.starts_with("PUNCTUAL_MARK=") && mark.ends_with("/1"),
        "{mark}"
    );
    let due_value = due_line.strip_prefix("PUNCTUAL_DUE=").unwrap();
    assert!(due_value.ends_with('Z'), "{due_value}");
    let due = due.as_str().unwrap().replace("+00:00", "");
    assert!(due_value.starts_with(&due), "{due_value} is not {due}");
}

#[test]
fn nothing_of_the_runners_own_words_leaks() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "x", "env | grep -c canary"]);
    let mut run = sandbox.command(["run", "--until-idle"]);
    run.env("PUNCTUAL_MARK", "canary/1")
        .env("PUNCTUAL_SECRET", "canary")
        .env("PUNCTUAL_RUN", "canary.1");
    assert_eq!(Answer::of(&mut run).code, 0);
    assert_eq!(sandbox.ok(["logs", "x"]), "0\n");
}

#[test]
fn only_three_descriptors_reach_a_job() {
    let sandbox = Sandbox::new();
    let list = "ls /proc/$$/fd; :";
    sandbox.ok(["add", "now", "--name", "a", "--stdin", "/dev/null", list]);
    sandbox.ok(["add", "now", "--name", "b", list]);
    // The runner itself has been given one that nobody closed.
    let leaky =
        format!("exec 7</dev/null 9</dev/null; exec {PUNCTUAL} --db \"$0\" run --until-idle");
    let mut shell = sandbox.program("sh");
    shell.arg("-c").arg(leaky).arg(sandbox.database());
    assert_eq!(Answer::of(&mut shell).code, 0);
    assert_eq!(sandbox.ok(["logs", "a"]), "0\n1\n2\n");
    assert_eq!(sandbox.ok(["logs", "b"]), "0\n1\n2\n");
}

#[test]
fn standard_input_is_empty_unless_it_was_given() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "empty",
        "wc -c; readlink /proc/self/fd/0",
    ]);
    sandbox.write("input", "two\nlines");
    sandbox.ok(["add", "now", "--name", "given", "--stdin", "input", "cat"]);
    sandbox.write("input", "changed since");
    let mut piped = sandbox.command(["-q", "add", "now", "--name", "piped", "--stdin", "-", "cat"]);
    let mut piped = piped
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut piped.stdin.take().unwrap(), b"from a pipe").unwrap();
    assert!(piped.wait().unwrap().success());
    // The runner's own input is not the jobs'.
    let mut run = sandbox.command(["run", "--until-idle"]);
    let run = run.stdin(Stdio::piped()).stderr(Stdio::null());
    let mut run = run.spawn().unwrap();
    std::io::Write::write_all(&mut run.stdin.take().unwrap(), b"not yours").unwrap();
    assert!(run.wait().unwrap().success());
    assert_eq!(sandbox.ok(["logs", "empty"]), "0\n/dev/null\n");
    assert_eq!(sandbox.ok(["logs", "given"]), "two\nlines");
    assert_eq!(sandbox.ok(["logs", "piped"]), "from a pipe");
}

/// Signals 32 and 33, which glibc keeps for itself and leaves ignored in what it spawns.
const OF_THE_C_LIBRARY: u64 = 0b11 << 31;

#[test]
fn signals_are_as_a_program_expects_them() {
    let sandbox = Sandbox::new();
    let words = ["--exec", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"];
    sandbox.ok([&["add", "now", "--name", "x"][..], &words].concat());
    let ignoring = format!(
        "trap '' HUP INT QUIT PIPE CHLD USR1; exec {PUNCTUAL} --db \"$0\" run --until-idle"
    );
    let mut shell = sandbox.program("sh");
    shell.arg("-c").arg(ignoring).arg(sandbox.database());
    assert_eq!(Answer::of(&mut shell).code, 0);
    let shown = sandbox.ok(["logs", "x"]);
    let sets: Vec<u64> = shown
        .lines()
        .filter_map(|line| u64::from_str_radix(line.split_once('\t')?.1, 16).ok())
        .map(|set| set & !OF_THE_C_LIBRARY)
        .collect();
    assert_eq!(sets, [0, 0], "{shown}");
    assert_eq!(sandbox.state("x"), "succeeded");
}

#[test]
fn a_job_leads_a_group_of_its_own() {
    let sandbox = Sandbox::new();
    let stat = output(
        &sandbox,
        &["--exec", "cut", "-d ", "-f1,5", "/proc/self/stat"],
    );
    let (pid, group) = stat.trim().split_once(' ').unwrap();
    assert_eq!(pid, group);
}

#[test]
fn directory_mask_niceness_and_shell_are_the_jobs_own() {
    let sandbox = Sandbox::new();
    let sub = sandbox.path("sub dir");
    std::fs::create_dir(&sub).unwrap();
    let sub = sub.canonicalize().unwrap();
    let words = [
        "--cwd", "sub dir", "--umask", "027", "--nice", "7", "--shell", "/bin/sh",
    ];
    let command = "pwd; umask; nice; readlink /proc/$$/exe | sed 's/.*[/]//'";
    let shown = output(&sandbox, &[&words[..], &[command]].concat());
    let mut lines = shown.lines();
    assert_eq!(
        lines.next().map(str::to_owned),
        sub.to_str().map(str::to_owned)
    );
    assert_eq!([lines.next(), lines.next()], [Some("0027"), Some("7")]);
}

#[test]
fn variables_come_from_the_runner_the_adder_a_file_and_the_command_line() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "vars",
        "# a comment\n\nFROM_FILE=file\nBOTH='file too'\nQUOTED=\"a b\"\n",
    );
    let mut add = sandbox.command(["-q", "add", "now", "--name", "x", "--env-file", "vars"]);
    add.args([
        "--env",
        "GIVEN=given",
        "--env",
        "COPIED",
        "--env",
        "BOTH=given",
    ]);
    add.arg("env | grep -E '^(FROM|BOTH|QUOTED|GIVEN|COPIED|ADDER|RUNNER)' | sort");
    add.env("COPIED", "copied").env("ADDER", "not copied");
    assert!(add.output().unwrap().status.success());
    // The file is read when the job runs.
    sandbox.write(
        "vars",
        "FROM_FILE=read late\nBOTH='file too'\nQUOTED=\"a b\"\n",
    );
    let mut run = sandbox.command(["run", "--until-idle"]);
    assert_eq!(Answer::of(run.env("RUNNER", "runner")).code, 0);
    assert_eq!(
        sandbox.ok(["logs", "x"]),
        "BOTH=given\nCOPIED=copied\nFROM_FILE=read late\nGIVEN=given\nQUOTED=a b\nRUNNER=runner\n"
    );
}

#[test]
fn a_clean_environment_is_crons() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--env-clean",
        "--env",
        "A=1",
        "env | grep -v ^PUNCTUAL_ | sort",
    ]);
    let mut run = sandbox.command(["run", "--until-idle"]);
    run.env("LOGNAME", "somebody")
        .env("LD_DEBUG_OUTPUT", "/dev/null")
        .env("BASH_ENV", "/dev/null");
    assert_eq!(Answer::of(&mut run).code, 0);
    let shown = sandbox.ok(["logs", "x"]);
    let shown: Vec<&str> = shown
        .lines()
        .filter(|line| !line.starts_with("PWD=") && !line.starts_with("OLDPWD="))
        .collect();
    assert_eq!(
        shown,
        [
            "A=1",
            &format!("HOME={}", sandbox.home().display()),
            "LOGNAME=somebody",
            "PATH=/usr/bin:/bin",
            "SHELL=/bin/sh",
            "USER=somebody",
        ]
    );
}

#[test]
fn the_path_is_the_adders_without_entries_that_move() {
    let sandbox = Sandbox::new();
    let mut add = sandbox.command(["-q", "add", "now", "--name", "x", "echo $PATH"]);
    add.env("PATH", "bin:/usr/bin::.:/bin:");
    assert!(add.output().unwrap().status.success());
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.ok(["logs", "x"]), "/usr/bin:/bin\n");
}

#[test]
fn a_whole_environment_can_be_copied() {
    let sandbox = Sandbox::new();
    let mut add = sandbox.command(["-q", "add", "now", "--name", "x", "--env-all"]);
    add.arg("env | grep -E '^(MINE|TERM|SSH_TTY)=' | sort");
    add.env("MINE", "mine")
        .env("TERM", "xterm")
        .env("SSH_TTY", "/dev/pts/9");
    assert!(add.output().unwrap().status.success());
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.ok(["logs", "x"]), "MINE=mine\n");
}

#[test]
fn secrets_are_masked_where_people_look() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--env",
        "TOKEN=canary",
        "test \"$TOKEN\" = canary",
    ]);
    let log = sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "succeeded");
    assert!(!log.contains("canary=") && !log.contains("TOKEN"));
    for words in [
        &["show", "x"][..],
        &["list", "--long"],
        &["--json", "show", "x"],
        &["--json", "list"],
    ] {
        let shown = sandbox.ok(words);
        assert!(
            !shown.contains("TOKEN=canary") && !shown.contains("\"canary\""),
            "{shown}"
        );
    }
}

/// Everybody can read the command line of every process, and some the database.
#[test]
fn a_secret_of_an_environment_file_is_on_no_command_line_and_not_in_the_database() {
    let sandbox = Sandbox::new();
    sandbox.write("env", "TOKEN=canary-in-a-coal-mine\n");
    let command = "test ${#TOKEN} = 21 && echo yes >> known; sleep 60";
    let add = ["add", "now", "--name", "x", "--env-file", "env", command];
    sandbox.ok(add);
    let runner = sandbox.runner([""; 0]);
    sandbox.until_lines("known", 1);
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        assert!(!line.contains("canary-in-a-coal"), "{line}");
    }
    assert_eq!(runner.stop(), 0);
    sandbox.checkpoint();
    let bytes = std::fs::read(sandbox.database()).unwrap();
    assert!(
        !bytes
            .windows(16)
            .any(|window| window == b"canary-in-a-coal")
    );
}
