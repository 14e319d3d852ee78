//! Processes of a job: their limits, their signals, and what they leave behind.

use crate::sandbox::{PATIENCE, Sandbox, children_of, until};

fn until_nobody_lives(sandbox: &Sandbox) {
    until(PATIENCE, "no process is left", || {
        sandbox.jobs_alive().is_empty()
    });
}

#[test]
fn a_timeout_ends_grandchildren_and_those_that_left_the_group() {
    let sandbox = Sandbox::new();
    let command = "sleep 60 & setsid sleep 60 & (setsid sh -c 'sleep 60 & wait' &) ; echo x >> up; wait; sleep 60";
    sandbox.ok(["add", "now", "--name", "x", "--timeout", "200ms", command]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.lines("up").len(), 1);
    assert_eq!(sandbox.state("x"), "failed(timeout)");
    until_nobody_lives(&sandbox);
}

#[test]
fn what_ignores_term_is_killed() {
    let sandbox = Sandbox::new();
    let command = "trap '' TERM; while :; do sleep 0.05; done";
    let limits = ["--timeout", "50ms", "--kill-after", "50ms"];
    sandbox.ok([&["add", "now", "--name", "x"][..], &limits, &[command]].concat());
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "failed(timeout)");
    assert_eq!(sandbox.json(["show", "x"])["last"]["signal"], 9);
    until_nobody_lives(&sandbox);
}

#[test]
fn a_stopped_process_is_ended_too() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--timeout",
        "50ms",
        "kill -STOP $$",
    ]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "failed(timeout)");
    assert_eq!(sandbox.json(["show", "x"])["last"]["signal"], 15);
}

#[test]
fn what_a_run_leaves_behind_is_left_alone_and_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "group", "sleep 60 & echo out"]);
    sandbox.ok([
        "add",
        "now",
        "--name",
        "daemon",
        "setsid sleep 60 & echo out",
    ]);
    sandbox.drain([""; 0]);
    for name in ["group", "daemon"] {
        assert_eq!(sandbox.state(name), "succeeded");
        assert_eq!(sandbox.ok(["logs", name]), "out\n");
    }
    assert_eq!(sandbox.jobs_alive().len(), 2);
}

#[test]
fn closed_output_is_no_end() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "exec >&- 2>&-; sleep 0.1; echo end >> done; exit 3",
    ]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.read("done"), "end\n");
    assert_eq!(sandbox.json(["show", "x"])["last"]["exit_code"], 3);
}

#[test]
fn a_failed_run_is_tried_again_as_often_as_asked() {
    let sandbox = Sandbox::new();
    let tries = |name: &str, options: &[&str], command: &str| {
        let command = format!("echo $PUNCTUAL_ATTEMPT >> {name}; {command}");
        let add = ["add", "now", "--name", name, "--backoff", "1ms"];
        sandbox.ok([&add[..], options, &[&command]].concat());
        sandbox.drain([""; 0]);
        (sandbox.lines(name).len(), sandbox.state(name))
    };
    let ended = |count: usize, state: &str| (count, state.to_owned());
    assert_eq!(tries("none", &[], "exit 1"), ended(1, "failed(exit)"));
    assert_eq!(
        tries("all", &["--retries", "3"], "exit 1"),
        ended(4, "failed(exit)")
    );
    assert_eq!(
        tries("some", &["--retries", "3"], "test $PUNCTUAL_ATTEMPT = 2"),
        ended(2, "succeeded")
    );
    let only = ["--retries", "3", "--retry-on", "75"];
    assert_eq!(tries("other", &only, "exit 1"), ended(1, "failed(exit)"));
    assert_eq!(tries("listed", &only, "exit 75"), ended(4, "failed(exit)"));
    assert_eq!(
        tries(
            "slow",
            &["--retries", "1", "--timeout", "30ms"],
            "exec sleep 60"
        ),
        ended(2, "failed(timeout)")
    );
}

#[test]
fn a_retry_is_kept_over_a_restart() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--retries",
        "1",
        "--backoff",
        "1h",
        "exit 1",
    ]);
    let runner = sandbox.runner([""; 0]);
    sandbox.until_state("x", "retrying");
    let next = sandbox.json(["show", "x"])["next"].clone();
    runner.kill();
    let runner = sandbox.runner([""; 0]);
    assert_eq!(sandbox.state("x"), "retrying");
    assert_eq!(sandbox.json(["show", "x"])["next"], next);
    assert_eq!(runner.stop(), 0);
}

#[test]
fn what_can_never_start_fails_once_and_says_why() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "not a program\n");
    std::fs::create_dir(sandbox.path("gone")).unwrap();
    let add = |name: &str, words: &[&str]| {
        sandbox.ok([&["add", "now", "--name", name][..], words].concat());
    };
    add("missing", &["--exec", "no-such-program"]);
    add("plain", &["--exec", "./plain"]);
    add("shell", &["--shell", "/no/such/shell", "true"]);
    add("directory", &["--cwd", "gone", "true"]);
    add("variables", &["--env-file", "no-such-file", "true"]);
    std::fs::remove_dir(sandbox.path("gone")).unwrap();
    sandbox.drain([""; 0]);
    let told = |name: &str| {
        let run = sandbox.json(["show", &format!("{name}.1")]);
        let message = run["attempts"][0]["message"].as_str().unwrap_or_default();
        let work = sandbox.work().canonicalize().unwrap();
        let message = message.replace(work.to_str().unwrap(), "WORK");
        format!("{} {} {message}", sandbox.state(name), run["exit_code"])
    };
    assert_eq!(
        ["missing", "plain", "shell", "directory", "variables"].map(told),
        [
            "failed(spawn) 127 no-such-program: not found in PATH (/usr/local/bin:/usr/bin:/bin)",
            "failed(spawn) 126 WORK/./plain: Permission denied (os error 13)",
            "failed(spawn) 127 /no/such/shell: No such file or directory (os error 2)",
            "failed(spawn) 125 cwd WORK/gone: No such file or directory (os error 2)",
            "failed(spawn) 125 environment file WORK/no-such-file: No such file or directory (os error 2)",
        ]
    );
}

#[test]
fn a_job_may_use_punctual_itself() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "victim", "true"]);
    let punctual = crate::sandbox::PUNCTUAL;
    sandbox.write(
        "job",
        format!(
            "{punctual} --db $PUNCTUAL_DB -q add never --name child true\n\
             {punctual} --db $PUNCTUAL_DB -q remove victim\n\
             {punctual} --db $PUNCTUAL_DB run --until-idle 2>/dev/null\n\
             echo nested $?\n"
        ),
    );
    sandbox.ok(["add", "now", "--name", "x", "sh", "job"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.ok(["logs", "x"]), "child\nnested 4\n");
    assert_eq!(sandbox.punctual(["show", "child"]).code, 0);
    assert_eq!(sandbox.json(["show", "victim"])["state"], "removed");
}

#[test]
fn a_job_that_kills_its_runner_is_not_started_for_ever() {
    let sandbox = Sandbox::new();
    let runner = "$(sed -n 's/^PPid:.//p' /proc/$PPID/status)";
    let command = format!("echo $PUNCTUAL_ATTEMPT >> tries; kill -9 {runner} $PPID");
    sandbox.ok([
        "add",
        "now",
        "--name",
        "poison",
        "--retries",
        "2",
        "--backoff",
        "1ms",
        &command,
    ]);
    for _ in 0..6 {
        sandbox.punctual(["run", "--until-idle"]);
    }
    sandbox.drain([""; 0]);
    let run = sandbox.json(["show", "poison.1"]);
    assert_eq!(
        run["attempts"].as_array().map(Vec::len),
        Some(sandbox.lines("tries").len())
    );
    assert!(sandbox.lines("tries").len() <= 3, "{run}");
    assert!(
        ["failed", "succeeded"].contains(&run["state"].as_str().unwrap()),
        "{run}"
    );
}

#[test]
fn many_short_jobs_leave_no_zombie_and_no_descriptor() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner(["-j8"]);
    let parent = runner.parent_of_jobs();
    let descriptors = || {
        [runner.pid(), parent].map(|pid| {
            std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()))
                .unwrap()
                .count()
        })
    };
    let children = || [children_of(runner.pid()), children_of(parent)].concat();
    let outputs = || {
        let entries = std::fs::read_dir(sandbox.database().parent().unwrap()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().contains("-out-"))
            .count()
    };
    // By then both have all that they keep.
    sandbox.ok(["add", "now", "--name", "first", "true"]);
    sandbox.until_state("first", "succeeded");
    let before = descriptors();
    for _ in 0..60 {
        sandbox.ok(["add", "now", "echo x >> done"]);
    }
    sandbox.until_lines("done", 60);
    // A few files may be kept for the next outputs.
    until(PATIENCE, "everything is as before", || {
        let now = descriptors();
        children() == [parent] && now[0] == before[0] && now[1] <= before[1] + 8
    });
    assert_eq!(runner.stop(), 0);
    assert_eq!(outputs(), 0);
}
