//! One runner for each database, and how it learns of work.

use crate::sandbox::{Answer, PATIENCE, Sandbox, events, until};

#[test]
fn a_second_runner_is_refused_and_names_the_first() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    let pid = runner.pid();
    assert_eq!(
        sandbox.punctual(["run", "--until-idle"]),
        Answer::refused(
            4,
            &format!(
                "punctual: another runner has this database (pid {pid})\n\
                 hint: one runner serves the whole database; stop that one first, or name another file with --db\n"
            )
        )
    );
    assert_eq!(runner.stop(), 0);
    sandbox.drain([""; 0]);
}

#[test]
fn a_job_that_another_process_adds_wakes_an_idle_runner() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    for round in 1..=5 {
        sandbox.ok(["add", "now", "echo x >> done"]);
        sandbox.until_lines("done", round);
    }
    assert!(!runner.log().contains("every second"), "{}", runner.log());
}

#[test]
fn a_runner_started_first_makes_the_database() {
    let sandbox = Sandbox::new();
    assert_eq!(
        events(&sandbox.drain([""; 0])),
        ["runner started", "runner stopped"]
    );
    assert!(sandbox.database().exists());
}

#[test]
fn until_idle_waits_for_retries_and_not_for_the_future() {
    let sandbox = Sandbox::new();
    let words = [
        "--retries",
        "2",
        "--backoff",
        "20ms",
        "echo x >> tries; exit 1",
    ];
    sandbox.ok([&["add", "now", "--name", "x"][..], &words].concat());
    sandbox.ok(["add", "in 1h", "--name", "later", "echo x >> tries"]);
    sandbox.ok(["add", "never", "--name", "never-ran", "echo x >> tries"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.lines("tries").len(), 3);
    assert_eq!(sandbox.state("x"), "failed(exit)");
    assert_eq!(sandbox.state("later"), "queued");
}

#[test]
fn until_idle_runs_what_its_own_jobs_add() {
    let sandbox = Sandbox::new();
    let more = format!(
        "{} --db $PUNCTUAL_DB add now 'echo more >> done'",
        crate::sandbox::PUNCTUAL
    );
    sandbox.ok(["add", "now", "--name", "parent", &more]);
    sandbox.drain(["-j1"]);
    assert_eq!(sandbox.read("done"), "more\n");
}

#[test]
fn for_a_while_is_for_a_while() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "in 1h", "--name", "later", "true"]);
    let answer = sandbox.punctual(["run", "--for", "50ms"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(
        events(&answer.err),
        ["runner started", "stopping running=0", "runner stopped"]
    );
}

#[test]
fn reboot_jobs_run_once_for_each_boot_and_start_jobs_at_each_start() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "@reboot", "--name", "boot", "echo boot >> done"]);
    sandbox.ok(["add", "@start", "--name", "start", "echo start >> done"]);
    sandbox.drain(["-j1"]);
    sandbox.drain(["-j1"]);
    let mut done = sandbox.lines("done");
    done.sort();
    assert_eq!(done, ["boot", "start", "start"]);
    // Not for this boot any more: it did not exist when the runner of this boot started.
    sandbox.ok(["add", "@reboot", "--name", "late", "echo late >> done"]);
    sandbox.drain(["-j1"]);
    assert!(!sandbox.read("done").contains("late"));
    assert_eq!(sandbox.json(["show", "late"])["state"], "active");
}

#[test]
fn work_added_while_it_stops_is_left_for_the_next() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.write("gate", "");
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "while [ -e gate ]; do sleep 0.01; done",
    ]);
    sandbox.until_state("x", "running");
    runner.signal(rustix::process::Signal::INT);
    until(PATIENCE, "it stops", || runner.log().contains("stopping"));
    sandbox.ok(["add", "now", "--name", "late", "echo late >> done"]);
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    assert_eq!(runner.ended(), 0);
    assert_eq!(sandbox.state("x"), "succeeded");
    assert_eq!(
        (
            sandbox.state("late").as_str(),
            sandbox.read("done").as_str()
        ),
        ("queued", "")
    );
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.read("done"), "late\n");
}
