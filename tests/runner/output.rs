//! What jobs write: kept bounded, whatever they do.

use crate::sandbox::{PATIENCE, Sandbox, until};

#[test]
fn stdout_and_stderr_are_one_stream_in_order() {
    let sandbox = Sandbox::new();
    let command = "for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done";
    sandbox.ok(["add", "now", "--name", "x", command]);
    sandbox.drain([""; 0]);
    assert_eq!(
        sandbox.ok(["logs", "x"]),
        "o1\ne1\no2\ne2\no3\ne3\no4\ne4\no5\ne5\n"
    );
}

#[test]
fn a_flood_is_kept_as_head_and_tail() {
    let sandbox = Sandbox::new();
    let command = "echo first; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo last";
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--output-limit",
        "1KiB",
        command,
    ]);
    sandbox.drain([""; 0]);
    let shown = sandbox.ok(["logs", "x"]);
    assert!(shown.starts_with("first\nxxx") && shown.ends_with("xxx\nlast\n"));
    let mark = shown.lines().find(|line| line.starts_with("[...")).unwrap();
    let kept = shown.len() - mark.len() - 2;
    assert_eq!(kept, 1024);
    assert_eq!(mark, format!("[... {} bytes cut ...]", 20_000_012 - 1024));
    let run = sandbox.json(["show", "x.1"]);
    assert_eq!(run["attempts"][0]["output_bytes"], 20_000_012);
}

#[test]
fn a_flood_costs_the_runner_no_memory() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "now", "--name", "x", "head -c 100000000 /dev/zero"]);
    sandbox.ok(["add", "now", "--name", "other", "true"]);
    sandbox.until_state("other", "succeeded");
    sandbox.until_state("x", "succeeded");
    let status = std::fs::read_to_string(format!("/proc/{}/status", runner.pid().as_raw_nonzero()));
    let status = status.unwrap();
    let most = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 64 << 10, "{kilobytes} kB");
}

#[test]
fn no_output_is_kept_where_none_is_wanted() {
    let sandbox = Sandbox::new();
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "--output-limit",
        "0",
        "echo gone",
    ]);
    sandbox.drain([""; 0]);
    assert_eq!(sandbox.state("x"), "succeeded");
    assert!(!sandbox.ok(["logs", "x"]).contains("gone"));
}

#[test]
fn output_files_are_private_while_they_live_and_gone_after() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let _runner = sandbox.runner([""; 0]);
    sandbox.write("gate", "");
    sandbox.ok([
        "add",
        "now",
        "--name",
        "x",
        "echo hi; while [ -e gate ]; do sleep 0.01; done",
    ]);
    let outputs = || {
        let entries = std::fs::read_dir(sandbox.database().parent().unwrap()).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("-out-"))
            .collect::<Vec<_>>()
    };
    until(PATIENCE, "there is an output file", || outputs().len() == 1);
    let mode = std::fs::metadata(&outputs()[0])
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    sandbox.until_state("x", "succeeded");
    let has_bytes =
        |path: &std::path::PathBuf| std::fs::metadata(path).is_ok_and(|facts| facts.len() > 0);
    until(PATIENCE, "the output is gone", || {
        !outputs().iter().any(has_bytes)
    });
}

#[test]
fn a_log_that_nobody_can_write_ends_nothing() {
    let sandbox = Sandbox::new();
    let punctual = crate::sandbox::PUNCTUAL;
    sandbox.ok(["add", "now", "--name", "closed", "true"]);
    let mut shell = sandbox.program("sh");
    let command = format!("exec {punctual} --db \"$0\" run --until-idle 2>&-");
    let status = shell
        .arg("-c")
        .arg(command)
        .arg(sandbox.database())
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    assert_eq!(sandbox.state("closed"), "succeeded");

    sandbox.ok(["add", "now", "--name", "full", "true"]);
    let mut run = sandbox.command(["run", "--until-idle"]);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    assert_eq!(run.stderr(full).status().unwrap().code(), Some(0));
    assert_eq!(sandbox.state("full"), "succeeded");
}
