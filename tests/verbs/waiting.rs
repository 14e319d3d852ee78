//! `wait` and `add --wait`: the exit code says how it went.

use std::thread;

use crate::sandbox::{Answer, Sandbox};

#[test]
fn the_exit_code_is_the_commands_own_or_says_why_not() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "not a program\n");
    let _runner = sandbox.runner([""; 0]);
    let table: [(&[&str], i32); 13] = [
        (&["true"], 0),
        (&["exit 7"], 7),
        (&["exit 255"], 255),
        (&["kill -9 $$"], 137),
        (&["kill -1 $$"], 129),
        (&["--timeout", "50ms", "exec sleep 60"], 124),
        (&["--exec", "./plain"], 126),
        (&["--exec", "/etc"], 126),
        (&["--exec", "no-such-program"], 127),
        (&["no-such-program"], 127),
        (&["--success-codes", "7", "exit 7"], 0),
        (&["--success-codes", "7", "exit 0"], 1),
        (
            &[
                "--retries",
                "2",
                "--backoff",
                "10ms",
                "exit $PUNCTUAL_ATTEMPT",
            ],
            3,
        ),
    ];
    for (words, code) in table {
        let add = ["-q", "add", "now", "--wait"];
        let answer = sandbox.punctual([&add[..], words].concat());
        assert_eq!(answer.code, code, "{words:?}: {answer:?}");
        let again = sandbox.punctual(["wait", answer.out.trim()]);
        assert_eq!(again.code, code, "wait {words:?}: {again:?}");
    }
}

#[test]
fn every_exit_code_and_signal_is_told_apart() {
    let sandbox = Sandbox::new();
    for code in [1, 2, 64, 124, 125, 126, 127, 128, 129, 137, 143, 254] {
        sandbox.ok([
            "add",
            "now",
            "--name",
            &format!("code-{code}"),
            &format!("exit {code}"),
        ]);
    }
    for signal in [1, 2, 3, 6, 9, 11, 13, 15] {
        sandbox.ok([
            "add",
            "now",
            "--name",
            &format!("signal-{signal}"),
            &format!("ulimit -c 0; kill -{signal} $$"),
        ]);
    }
    sandbox.drain([""; 0]);
    for run in sandbox.json(["history"]).as_array().unwrap() {
        let (word, number) = run["job"].as_str().unwrap().split_once('-').unwrap();
        let number: i64 = number.parse().unwrap();
        let told = (
            run["reason"].as_str(),
            run["exit_code"].as_i64(),
            run["signal"].as_i64(),
        );
        let expected = match word {
            "code" => (Some("exit"), Some(number), None),
            _ => (Some("signal"), None, Some(number)),
        };
        assert_eq!(told, expected, "{run}");
    }
}

#[test]
fn skipped_cancelled_and_lost_have_codes_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "late", "--deadline", "1ms", "true"]);
    sandbox.ok(["add", "now", "--name", "dropped", "true"]);
    sandbox.ok(["remove", "dropped"]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("late"), "skipped(expired)");
    assert_eq!(sandbox.punctual(["wait", "late"]).code, 75);
    assert_eq!(sandbox.punctual(["wait", "dropped.1"]).code, 130);

    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "unseen", "sleep 60"]);
    sandbox.until_state("unseen", "running");
    runner.kill();
    // Its process belongs to a boot that is over.
    sandbox.sql("UPDATE boot SET uuid = 'over'");
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("unseen"), "failed(lost)");
    assert_eq!(sandbox.punctual(["wait", "unseen"]).code, 125);
}

#[test]
fn several_are_0_or_1_and_any_is_the_first_to_end() {
    let sandbox = Sandbox::new();
    for (name, command) in [("good", "true"), ("fine", "true"), ("bad", "exit 7")] {
        sandbox.ok(["add", "now", "--name", name, command]);
    }
    sandbox.ok(["add", "2099-01-01", "--name", "far", "true"]);
    sandbox.drain([""; 0]);
    let code = |words: &[&str]| sandbox.punctual([&["wait"][..], words].concat()).code;
    assert_eq!(code(&["good", "fine"]), 0);
    assert_eq!(code(&["good", "bad"]), 1);
    assert_eq!(code(&["--any", "far", "bad"]), 7);
    assert_eq!(code(&["good", "nobody"]), 3);
}

#[test]
fn the_time_to_wait_may_run_out() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "2099-01-01", "--name", "far", "true"]);
    assert_eq!(
        sandbox.punctual(["wait", "far", "--timeout", "10ms"]),
        Answer::refused(
            123,
            "punctual: far.1 has not ended in the time it was waited for\n\
             hint: nothing was changed; see how it stands with: punctual show far.1\n"
        )
    );
    assert_eq!(sandbox.state("far"), "queued");
}

#[test]
fn without_a_runner_waiting_ends_by_itself() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "2099-01-01", "--name", "far", "true"]);
    let alone = "punctual: no runner is alive, so nothing can end\n\
                 hint: start one with: punctual run\n";
    thread::scope(|scope| {
        let added = scope.spawn(|| sandbox.punctual(["-q", "add", "now", "--wait", "true"]));
        let waited = sandbox.punctual(["wait", "far"]);
        assert_eq!(waited, Answer::refused(125, alone));
        assert_eq!(
            added.join().unwrap(),
            Answer {
                out: "true\n".to_owned(),
                ..Answer::refused(125, alone)
            }
        );
    });
}

#[test]
fn a_job_without_a_run_means_its_first_to_come() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "@start", "--name", "first", "exit 3"]);
    thread::scope(|scope| {
        let waited = scope.spawn(|| sandbox.punctual(["wait", "first"]));
        let _runner = sandbox.runner([""; 0]);
        assert_eq!(waited.join().unwrap().code, 3);
    });
}

#[test]
fn following_shows_the_output_and_ends_with_the_run() {
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.write("gate", "");
    let command = "echo one; while [ -e gate ]; do sleep 0.01; done; echo two >&2; exit 9";
    let mut follower = sandbox.command(["-q", "add", "now", "--name", "f", "--follow", command]);
    let shown = sandbox.path("shown");
    let mut child = follower
        .stdout(std::fs::File::create(&shown).unwrap())
        .spawn()
        .unwrap();
    sandbox.until_lines("shown", 2);
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert_eq!(sandbox.read("shown"), "f\none\ntwo\n");
}
