//! `Type=notify`: the messages a service manager gets, from a socket that a test listens on.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::sandbox::{PATIENCE, Runner, Sandbox};

/// The service manager's end of the line.
struct Manager(UnixDatagram);

impl Manager {
    fn new(sandbox: &Sandbox) -> Self {
        let socket = UnixDatagram::bind(sandbox.path("notify")).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        Self(socket)
    }

    fn start(&self, sandbox: &Sandbox, words: &[&str]) -> Runner {
        let mut run = sandbox.command(["run", "--grace", "0s"]);
        sandbox.start(
            run.args(words)
                .env("NOTIFY_SOCKET", sandbox.path("notify"))
                .env("WATCHDOG_USEC", "1000000")
                .env("LISTEN_FDNAMES", "x"),
        )
    }

    /// The next messages up to this one, all lines of it.
    #[track_caller]
    fn until(&self, wanted: &str) -> Vec<String> {
        let begun = Instant::now();
        let (mut heard, mut bytes) = (Vec::new(), [0; 4_096]);
        while begun.elapsed() < PATIENCE {
            if let Ok(got) = self.0.recv(&mut bytes) {
                let message = String::from_utf8(bytes[..got].to_vec()).unwrap();
                heard.push(message);
                if heard.last().is_some_and(|last| last == wanted) {
                    return heard;
                }
            }
        }
        panic!("waited in vain for {wanted:?}: {heard:?}");
    }
}

#[test]
fn a_runner_tells_that_it_is_ready_how_much_there_is_and_that_it_stops() {
    let sandbox = Sandbox::new();
    let manager = Manager::new(&sandbox);
    sandbox.ok(["add", "2090-01-01", "--name", "later", "true"]);
    let runner = manager.start(&sandbox, &["-j", "1"]);
    assert_eq!(manager.until("READY=1"), ["READY=1"]);
    manager.until("STATUS=0 running, 1 waiting");
    sandbox.write("gate", "");
    let command = "while [ -e gate ]; do sleep 0.01; done";
    sandbox.ok(["add", "now", "--name", "a", command]);
    sandbox.ok(["add", "now", "--name", "b", "true"]);
    manager.until("STATUS=1 running, 2 waiting");
    std::fs::remove_file(sandbox.path("gate")).unwrap();
    manager.until("STATUS=0 running, 1 waiting");
    runner.signal(Signal::TERM);
    manager.until("STOPPING=1");
    assert_eq!(runner.ended(), 0);
}

#[test]
fn a_file_that_is_read_again_is_a_reload() {
    let sandbox = Sandbox::new();
    let manager = Manager::new(&sandbox);
    sandbox.write("jobs", "0 0 1 1 * true\n");
    let runner = manager.start(&sandbox, &["--file", "jobs"]);
    manager.until("READY=1");
    runner.signal(Signal::HUP);
    let heard = manager.until("READY=1");
    let time = heard
        .iter()
        .find_map(|message| message.strip_prefix("RELOADING=1\nMONOTONIC_USEC="));
    assert!(
        time.is_some_and(|time| time.parse::<u64>().is_ok()),
        "{heard:?}"
    );
    assert_eq!(runner.stop(), 0);
}

#[test]
fn jobs_do_not_speak_for_the_runner() {
    let sandbox = Sandbox::new();
    let manager = Manager::new(&sandbox);
    let command = "env | grep -E '^(NOTIFY_|WATCHDOG_|LISTEN_)'; :";
    sandbox.ok(["add", "now", "--name", "a", command]);
    let runner = manager.start(&sandbox, &["--until-idle"]);
    manager.until("STOPPING=1");
    assert_eq!(runner.ended(), 0);
    assert_eq!(sandbox.ok(["logs", "a"]), "");
}

#[test]
fn a_manager_that_is_not_there_is_no_trouble() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "now", "--name", "a", "true"]);
    let mut run = sandbox.command(["run", "--until-idle"]);
    let run = run.env("NOTIFY_SOCKET", sandbox.path("nobody"));
    assert_eq!(crate::sandbox::Answer::of(run).code, 0);
    assert_eq!(sandbox.state("a"), "succeeded");
}
