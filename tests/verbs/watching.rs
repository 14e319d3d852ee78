//! `top` on a real terminal: keys do what verbs do, and the terminal is given back on every way out.

#![expect(
    clippy::unwrap_used,
    reason = "a terminal that cannot be opened fails its test"
)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::sandbox::terminal::terminal;
use crate::sandbox::{Answer, PATIENCE, PUNCTUAL, Sandbox, code_of, skipped, until};

const ROWS: u16 = 24;
const TAKES: &str = "\x1b[?1049h";
const GIVES_BACK: &str = "\x1b[?1049l";

/// `top` before a person.
struct Top {
    child: Child,
    /// Gone after a hang-up.
    person: Option<File>,
    ear: Option<JoinHandle<()>>,
    listens: Arc<AtomicBool>,
    terminal: OwnedFd,
    said: Arc<Mutex<Vec<u8>>>,
    before: LocalModes,
}

impl Top {
    /// With a session of its own, as under a login.
    fn start(sandbox: &Sandbox, words: &[&str]) -> Option<Self> {
        if Command::new("setsid").arg("--version").output().is_err() {
            skipped("there is no setsid");
            return None;
        }
        let mut command = sandbox.program("setsid");
        command
            .args(["-c", PUNCTUAL, "--db"])
            .arg(sandbox.database())
            .args(words);
        Some(Self::of(command))
    }

    fn of(mut command: Command) -> Self {
        let (person, terminal) = terminal();
        let size = Winsize {
            ws_row: ROWS,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let before = tcgetattr(&terminal).unwrap().local_modes;
        let end = || Stdio::from(terminal.try_clone().unwrap());
        command
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end());
        let child = command.spawn().unwrap();
        drop(command);
        let said = Arc::new(Mutex::new(Vec::new()));
        let (ear, heard) = (person.try_clone().unwrap(), Arc::clone(&said));
        let listens = Arc::new(AtomicBool::new(true));
        let until = Arc::clone(&listens);
        let ear = std::thread::spawn(move || listen(ear, &heard, &until));
        let top = Self {
            child,
            person: Some(person),
            ear: Some(ear),
            listens,
            terminal,
            said,
            before,
        };
        top.until_seen("q quit");
        assert_ne!(top.modes(), top.before);
        top
    }

    fn modes(&self) -> LocalModes {
        tcgetattr(&self.terminal).unwrap().local_modes
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    fn until_seen(&self, text: &str) {
        let what = format!("{text:?} is on the screen");
        until(PATIENCE, &what, || screen_of(&self.said()).contains(text));
    }

    fn press(&mut self, keys: &str) {
        let person = self.person.as_mut().unwrap();
        person.write_all(keys.as_bytes()).unwrap();
    }

    /// Closes every descriptor of the person's end.
    fn hang_up(&mut self) {
        self.listens.store(false, Ordering::Relaxed);
        self.ear.take().unwrap().join().unwrap();
        self.person = None;
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Its exit code, once the terminal is as it was.
    fn ended(&mut self) -> i32 {
        let mut status = None;
        until(PATIENCE, "it has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        if self.person.is_some() {
            assert_eq!(self.modes(), self.before);
            until(PATIENCE, "the screen is given back", || {
                let said = self.said();
                let (taken, given) = (said.rfind(TAKES), said.rfind(GIVES_BACK));
                given > taken && said.rfind("\x1b[?25h") > taken
            });
        }
        code_of(status.unwrap())
    }
}

impl Drop for Top {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps what is drawn, until it is told to stop or nobody is left who could draw.
fn listen(mut ear: File, heard: &Mutex<Vec<u8>>, listens: &AtomicBool) {
    let pause = Timespec {
        tv_sec: 0,
        tv_nsec: 5_000_000,
    };
    let mut buffer = [0; 4096];
    while listens.load(Ordering::Relaxed) {
        let mut ready = [PollFd::new(&ear, PollFlags::IN)];
        if poll(&mut ready, Some(&pause)).unwrap_or(0) == 0 {
            continue;
        }
        match ear.read(&mut buffer) {
            Ok(count @ 1..) => heard.lock().unwrap().extend(&buffer[..count]),
            _ => return,
        }
    }
}

/// What a person sees: the lines of the screen after all that was drawn on it.
fn screen_of(drawn: &str) -> String {
    let mut screen = vec![vec![' '; 200]; usize::from(ROWS) + 1];
    let (mut row, mut column) = (0, 0);
    let mut parts = drawn.split("\x1b[");
    parts.next();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
        let (numbers, rest) = part.split_at(end);
        match rest.chars().next() {
            Some('H') => {
                let mut numbers = numbers.split(';').map(|n| n.parse().unwrap_or(1) - 1);
                row = numbers.next().unwrap_or(0);
                column = numbers.next().unwrap_or(0);
            }
            Some('J') => screen.iter_mut().for_each(|line| line.fill(' ')),
            _ => {}
        }
        for c in rest.chars().skip(1).filter(|c| !c.is_control()) {
            screen[row][column] = c;
            column += 1;
        }
    }
    let line = |line: &Vec<char>| line.iter().collect::<String>().trim_end().to_owned();
    screen.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn keys_do_what_the_verbs_of_their_names_do() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "deploy", "echo brought out"]);
    let Some(mut top) = Top::start(&sandbox, &["top"]) else {
        return;
    };
    top.until_seen("deploy");
    top.press("p");
    top.until_seen("paused deploy");
    assert_eq!(sandbox.json(["show", "deploy"])["state"], "paused");
    top.press("p");
    top.until_seen("resumed deploy");
    assert_eq!(sandbox.json(["show", "deploy"])["state"], "active");
    top.press("t");
    top.until_seen("triggered deploy.1");
    top.press("cn");
    assert_eq!(sandbox.state("deploy"), "queued");
    top.press("cy");
    top.until_seen("cancelled deploy.1");
    assert_eq!(sandbox.state("deploy"), "cancelled");
    top.press("p");
    let _runner = sandbox.runner([""; 0]);
    top.press("t");
    sandbox.until_state("deploy.2", "succeeded");
    top.press("l");
    top.until_seen("brought out");
    top.press("qq");
    assert_eq!(top.ended(), 0);
}

#[test]
fn what_others_change_is_seen_without_a_key() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "first", "true"]);
    let Some(mut top) = Top::start(&sandbox, &["list", "--watch"]) else {
        return;
    };
    top.until_seen("first");
    sandbox.ok(["add", "never", "--name", "second", "true"]);
    top.until_seen("second");
    top.press("q");
    assert_eq!(top.ended(), 0);
}

#[test]
fn a_larger_screen_is_used_at_once() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let Some(mut top) = Top::start(&sandbox, &["top"]) else {
        return;
    };
    let size = Winsize {
        ws_row: 40,
        ws_col: 120,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&top.terminal, size).unwrap();
    until(PATIENCE, "the keys are in the last line", || {
        let said = top.said();
        let last = said.rfind("\x1b[40;1H");
        last.is_some_and(|last| said[last..].contains("q quit"))
    });
    top.press("q");
    assert_eq!(top.ended(), 0);
}

#[test]
fn a_runner_hears_of_a_key_at_once() {
    let sandbox = Sandbox::new();
    let runner = sandbox.runner([""; 0]);
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let Some(mut top) = Top::start(&sandbox, &["top"]) else {
        return;
    };
    top.press("t");
    // The runner looks by itself when something is due, so the log tells.
    sandbox.until_state("x", "succeeded");
    top.press("q");
    assert_eq!(top.ended(), 0);
    assert_eq!(runner.stop(), 0);
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let leave = |way: &dyn Fn(&mut Top), code: i32| {
        let Some(mut top) = Top::start(&sandbox, &["top"]) else {
            return;
        };
        way(&mut top);
        assert_eq!(top.ended(), code, "{}", top.said());
    };
    leave(&|top| top.press("q"), 0);
    leave(&|top| top.press("\x03"), 0);
    leave(&|top| top.press("l\x03"), 0);
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        leave(
            &|top| kill_process(top.pid(), signal).unwrap(),
            128 + number,
        );
    }
    // The terminal goes away: a signal, too.
    leave(&|top| top.hang_up(), 129);
    leave(&|_| fs::remove_file(sandbox.database()).unwrap(), 5);
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    let mut command = sandbox.command(["top"]);
    // A group of its own in our session: without a shell that could continue it, none would stop.
    command.process_group(0);
    let mut top = Top::of(command);
    for _ in 0..2 {
        top.press("\x1a");
        let stat = format!("/proc/{}/stat", top.child.id());
        until(PATIENCE, "it is stopped", || {
            fs::read_to_string(&stat).unwrap().contains(") T ")
        });
        assert_eq!(top.modes(), top.before);
        let times = top.said().matches(TAKES).count();
        kill_process(top.pid(), Signal::CONT).unwrap();
        until(PATIENCE, "it draws again", || {
            let said = top.said();
            let last = said.rfind(TAKES).unwrap_or(0);
            said.matches(TAKES).count() > times && screen_of(&said[last..]).contains("q quit")
        });
        assert_ne!(top.modes(), top.before);
    }
    top.press("q");
    assert_eq!(top.ended(), 0);
}

#[test]
fn without_a_terminal_there_is_an_error_and_a_way_on() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "never", "--name", "x", "true"]);
    for words in [&["top"][..], &["list", "--watch"]] {
        assert_eq!(
            sandbox.punctual(words),
            Answer::refused(
                1,
                "punctual: top needs a terminal, for its input and its output\n\
                 hint: without one: punctual list\n"
            )
        );
    }
    assert_eq!(sandbox.punctual(["--json", "top"]).code, 2);
}
