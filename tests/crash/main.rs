//! Death at every system call: `add`, `edit`, `remove`, `apply` and `run` are killed at the n-th
//! call of each kind that touches the disk or makes a process, and life goes on without help.
//!
//! Some hundred points, spread evenly over all there are; `PUNCTUAL_SWEEP=10000` takes so many.

#[path = "../sandbox/chance.rs"]
mod chance;
#[path = "../sandbox/ledger.rs"]
mod ledger;
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/tracer.rs"]
mod tracer;

mod acts;

use std::io::Write as _;
use std::sync::Mutex;

use acts::{Act, Stage};
use chance::setting;
use ledger::{assert_what_ran_is_known, job};
use rustix::process::{Pid, Signal, kill_process};
use sandbox::{PATIENCE, PUNCTUAL, Sandbox, until};
use tracer::{attach, can_trace};

/// Where a thread of punctual can die with something half done.
const CALLS: [&str; 14] = [
    "fsync",
    "fdatasync",
    "pwrite64",
    "ftruncate",
    "openat",
    "fcntl",
    "execve",
    "clone",
    "clone3",
    "vfork",
    "pidfd_open",
    "unlink",
    "unlinkat",
    "renameat2",
];

/// One death.
#[derive(Clone, Debug)]
struct Point {
    act: Act,
    call: String,
    nth: u32,
}

/// All there are, as one undisturbed performance of each act shows them.
fn points() -> Vec<Point> {
    let mut points = Vec::new();
    for act in Act::ALL {
        let mut stage = Stage::new(act);
        let words = stage.prepare();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (answer, trace) = stage.sandbox.trace(&CALLS, &[], &words);
        assert_eq!(answer.code, 0, "{act:?}: {answer:?}");
        for (call, count) in tracer::counts(&trace) {
            // It has one child, which would never come to be.
            if (act, &*call) == (Act::Run, "execve") {
                continue;
            }
            points.extend((1..=count).map(|nth| Point {
                act,
                call: call.clone(),
                nth,
            }));
        }
    }
    points
}

#[test]
fn a_death_at_any_system_call_loses_nothing_that_was_accepted() {
    if !can_trace() {
        return;
    }
    let all = points();
    let wanted = setting("PUNCTUAL_SWEEP", 300) as usize;
    let mut chosen: Vec<Point> = (0..wanted)
        .map(|index| all[index * all.len() / wanted].clone())
        .collect();
    chosen.reverse();
    let left = Mutex::new(chosen);
    let tally = Mutex::new([0; 2]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut stage: Option<Stage> = None;
                loop {
                    let next = left.lock().unwrap().pop();
                    let Some(point) = next else {
                        break;
                    };
                    let here = stage.take().filter(|stage| stage.serves(point.act));
                    let mut here = here.unwrap_or_else(|| Stage::new(point.act));
                    let died = here.die(&point);
                    tally.lock().unwrap()[usize::from(died)] += 1;
                    stage = Some(here);
                }
            });
        }
    });
    let [lived, died] = tally.into_inner().unwrap();
    let _ = writeln!(
        std::io::stderr(),
        "{died} deaths and {lived} narrow escapes at {} points",
        all.len()
    );
    // A thread may have come around its n-th call this time; most do not.
    assert!(died > lived, "{died} died, {lived} lived");
}

/// The same moments, but it is only asked: it stops in order, and the next start goes on.
#[test]
fn a_request_to_stop_at_any_system_call_is_an_orderly_stop() {
    if !can_trace() {
        return;
    }
    let mut stage = Stage::new(Act::Run);
    let words = stage.prepare();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (answer, trace) = stage.sandbox.trace(&CALLS, &[], &words);
    assert_eq!(answer.code, 0, "{answer:?}");
    let mut heard = 0;
    for (call, count) in tracer::counts(&trace) {
        if call == "execve" {
            continue;
        }
        for nth in (1..=count).step_by(1 + count as usize / 6) {
            heard += u32::from(stage.ask(&Point {
                act: Act::Run,
                call: call.clone(),
                nth,
            }));
        }
    }
    assert!(heard > 0);
    ledger::assert_sound(&stage.sandbox);
}

/// The same moments of the process that starts the jobs: its runner goes on with another.
#[test]
fn a_parent_that_dies_at_any_system_call_is_replaced_and_no_run_is_lost_sight_of() {
    const CALLS: [&str; 11] = [
        "clone",
        "clone3",
        "vfork",
        "execve",
        "openat",
        "pwrite64",
        "renameat2",
        "wait4",
        "sendto",
        "recvfrom",
        "waitid",
    ];
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    let mut deaths = 0;
    for (nth, call) in [1, 2, 3]
        .iter()
        .flat_map(|nth| CALLS.map(|call| (nth, call)))
    {
        let runner = sandbox.runner(["-j2"]);
        let parent = runner.parent_of_jobs();
        let tracer = attach(
            &sandbox,
            parent,
            &[call],
            &format!("signal=KILL:when={nth}"),
        );
        for _ in 0..3 {
            let retries = ["--retries", "3", "--backoff", "1ms"];
            sandbox.ok([&["add", "now"][..], &retries, &[&job(0, "true")]].concat());
        }
        sandbox.until_idle();
        deaths += u32::from(
            runner
                .log()
                .contains("the process that starts the jobs was ended"),
        );
        drop(tracer);
        assert_eq!(runner.stop(), 0, "{call} {nth}");
        assert_what_ran_is_known(&sandbox);
        sandbox.check_integrity();
    }
    assert!(deaths > 5, "{deaths}");
}

/// Between fork and exec a child is a copy of its runner, without a mark. When the runner dies then, the
/// next one waits for the child to be born instead of calling it lost, and it runs once.
#[test]
fn a_runner_that_dies_while_its_child_is_being_born_loses_nobody() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    let command =
        "echo $PUNCTUAL_RUN.$PUNCTUAL_ATTEMPT >> ran; until test -e go; do sleep 0.01; done";
    let retries = ["--retries", "1", "--backoff", "1h"];
    sandbox.ok([&["add", "now", "--name", "x"][..], &retries, &[command]].concat());
    let trace = sandbox.path("trace");
    let mut strace = sandbox.program("strace");
    strace
        .args([
            "-f",
            "-e",
            "trace=execve",
            "-e",
            "inject=execve:delay_enter=1000000",
            "-o",
        ])
        .arg(&trace)
        .args([PUNCTUAL, "--db"])
        .arg(sandbox.database())
        .arg("run");
    let tracer = sandbox.start(&mut strace);
    let calls = || std::fs::read_to_string(&trace).unwrap_or_default();
    // That of the runner, that of the parent, and the one of the child, which has begun and is not carried out.
    let begun = || {
        calls()
            .lines()
            .filter(|line| line.contains("execve("))
            .count()
    };
    until(PATIENCE, "the child is being born", || begun() == 3);
    let calls = calls();
    let pids = calls.lines().filter(|line| line.contains("execve("));
    let pids = pids.filter_map(|line| line.split(' ').next()?.parse().ok());
    for pid in pids.take(2).collect::<Vec<i32>>() {
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        until(PATIENCE, "it is dead", || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            stat.map_or(true, |stat| stat.contains(") Z "))
        });
    }
    let runner = sandbox.runner([""; 0]);
    sandbox.until_lines("ran", 1);
    until(PATIENCE, "the child is adopted", || {
        runner.log().contains("adopt")
    });
    // Said first, written down next.
    until(PATIENCE, "the adoption is on disk", || {
        sandbox.state("x") == "running"
    });
    sandbox.write("go", "");
    // How it ended is told by newer kernels only; that it ran once is certain.
    until(PATIENCE, "its end is known", || {
        sandbox.state("x") != "running"
    });
    assert_eq!(sandbox.read("ran"), "x.1.1\n");
    let run = sandbox.json(["show", "x.1"]);
    assert_eq!(run["attempts"].as_array().map(Vec::len), Some(1), "{run}");
    assert_eq!(runner.stop(), 0);
    drop(tracer);
}
