//! The same strings where a person sits: in an editor, in `top`, and in the environment.

#![expect(
    clippy::unwrap_used,
    reason = "a terminal that cannot be opened fails its test"
)]

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use rustix::termios::{Winsize, tcsetwinsize};

use crate::sandbox::terminal::{Screen, terminal};
use crate::sandbox::{PATIENCE, PUNCTUAL, Sandbox, code_of, until};
use crate::screen::on_screen;
use crate::strings::{STRINGS, obeyed, without_drawing};

/// A verb that asks a person.
struct Dialog {
    child: Child,
    person: File,
    screen: Screen,
}

impl Dialog {
    fn start(command: &mut Command) -> Self {
        let (person, program) = terminal();
        let size = Winsize {
            ws_row: 40,
            ws_col: 160,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&program, size).unwrap();
        let end = || Stdio::from(program.try_clone().unwrap());
        let child = command
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        // Nobody but the program holds its end from here on.
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let screen = Screen::of(person.try_clone().unwrap());
        Self {
            child,
            person,
            screen,
        }
    }

    fn press(&mut self, keys: &str) {
        self.person.write_all(keys.as_bytes()).unwrap();
    }

    /// Presses keys, and has all drawn anew until the text is there, in one piece and after the keys.
    #[track_caller]
    fn press_until(&mut self, keys: &str, text: &str) {
        let before = self.screen.bytes().len();
        self.press(keys);
        until(PATIENCE, &format!("{keys:?} shows {text:?}"), || {
            self.press("\x0c");
            let bytes = self.screen.bytes();
            String::from_utf8_lossy(&bytes[before..]).contains(text)
        });
    }

    /// Its exit code, and every byte that arrived on the screen.
    fn ended(mut self) -> (i32, Vec<u8>) {
        let mut status = None;
        until(PATIENCE, "it has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (code_of(status.unwrap()), self.screen.whole())
    }
}

#[test]
fn no_string_reaches_the_terminal_of_top_raw() {
    for (name, string) in STRINGS {
        let sandbox = Sandbox::new();
        let says = ["--", "printf", "begin\n%s\nfinis\n", string];
        let absent = ["--on-finish=false", "--exec", "--", string];
        let cwd = format!("--cwd={string}");
        for (name, words) in [
            ("says", &says[..]),
            ("absent", &absent),
            ("cwd", &[&cwd, "true"]),
        ] {
            let answer = sandbox.punctual([&["add", "now", "--name", name], words].concat());
            // A directory that is not there may be refused at once.
            assert!(answer.code <= 2, "{answer:?}");
        }
        sandbox.drain([""; 0]);
        let jobs = sandbox.json(["list", "--all"]).as_array().unwrap().len();
        let mut top = Dialog::start(&mut sandbox.command(["top"]));
        top.press_until("a", "q quit");
        // What it said, and then what is said about each deed.
        for deeds in ["", "tcyrptp"] {
            for place in 0..jobs {
                top.press(&format!("g{}{deeds}", "j".repeat(place)));
                top.press_until("l", "q back");
                if deeds.is_empty() && top.screen.last("says.1") > top.screen.last("q quit") {
                    top.press_until("", "finis");
                }
                top.press_until("q", "q quit");
            }
        }
        assert!(top.screen.shows("finis"), "{name}: no output was seen");
        top.press_until("?", "any key goes back");
        top.press("qq");
        let (code, bytes) = top.ended();
        let bytes = without_drawing(&bytes);
        let said = String::from_utf8_lossy(&bytes);
        assert_eq!(code, 0, "{name}: {said:?}");
        assert_eq!(obeyed(&bytes), None, "{name}: {said:?}");
    }
}

/// Texts that come back from the editor: `@` stands for the string as it is, `&` for one of TOML that means it.
const TEXTS: [&str; 24] = [
    "@",
    "[job.victim]\n@ = 1\n",
    "[job.\"@\"]\nwhen = \"never\"\ncommand = \"true\"\n",
    "[job.victim]\nwhen = \"never\"\ncommand = '@'\n",
    "[job.&]\nwhen = \"never\"\ncommand = \"true\"\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\n& = 1\n",
    "[job.victim]\nwhen = &\ncommand = \"true\"\n",
    "[job.victim]\nwhen = \"never\"\ncommand = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = [\"echo\", &]\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\ntz = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\ncwd = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nenv = { K = & }\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nenv = { & = 'x' }\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nshell = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nuser = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nqueue = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\ntimeout = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nunique = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\noverlap = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\non_failure = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nmail_to = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nfrom = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\nstdin = &\n",
    "[job.victim]\nwhen = \"never\"\ncommand = \"true\"\n[queue.&]\nslots = 1\n",
];

/// A basic string of TOML in which nothing stands for itself.
fn toml_string(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        let _ = write!(quoted, "\\U{:08x}", u32::from(c));
    }
    quoted + "\""
}

#[test]
fn no_string_of_an_edited_text_reaches_a_terminal_raw() {
    std::thread::scope(|scope| {
        for (name, string) in STRINGS {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                let mut accepted = 0;
                for text in TEXTS {
                    let what = format!("{name}: {text:?}");
                    // The same job each time, so that every text changes something.
                    sandbox.punctual(["remove", "--all", "--yes"]);
                    sandbox.ok(["add", "never", "--name", "victim", "sleep 1"]);
                    let edited = text.replace('@', string).replace('&', &toml_string(string));
                    sandbox.write("edited", edited);
                    let mut command = sandbox.command(["edit", "victim"]);
                    // The editor shows the text, as editors do, and what comes back is asked about.
                    command.env("EDITOR", "f() { cat \"$1\"; cat edited > \"$1\"; }; f");
                    let mut dialog = Dialog::start(command.env("TMPDIR", sandbox.work()));
                    dialog.press("n\n");
                    let (code, bytes) = dialog.ended();
                    let said = String::from_utf8_lossy(&bytes);
                    assert!((0..=5).contains(&code), "{what}: exit {code}: {said}");
                    assert!(!said.contains("panicked"), "{what}: {said}");
                    assert_eq!(obeyed(&bytes), None, "{what}: {said:?}");
                    accepted += u32::from(code == 0);
                    // Once more, with what was accepted in it: the text that an editor is given obeys nothing either.
                    let mut command = sandbox.command(["edit", "victim"]);
                    let dialog = Dialog::start(command.env("EDITOR", "cat"));
                    let (_, bytes) = dialog.ended();
                    assert_eq!(obeyed(&bytes), None, "{what}: {bytes:?}");
                }
                assert!(accepted >= 5, "{name}: {accepted} accepted");
                sandbox.check_integrity();
            });
        }
    });
}

/// Variables that are read by us or by what we are made of; those of [`PLACES`] say where the database is.
const VARIABLES: [&str; 8] = [
    "PATH",
    "TZ",
    "TZDIR",
    "LANG",
    "TERM",
    "COLUMNS",
    "VISUAL",
    "NOTIFY_SOCKET",
];

const PLACES: [&str; 3] = ["PUNCTUAL_DB", "HOME", "XDG_DATA_HOME"];

#[test]
fn no_string_of_the_environment_reaches_a_terminal_raw() {
    std::thread::scope(|scope| {
        for (name, string) in STRINGS {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                sandbox.ok(["add", "@daily", "--name", "x", "true"]);
                for variable in VARIABLES {
                    with_variable(&sandbox, name, (variable, string));
                }
                for variable in PLACES {
                    with_variable(&sandbox, name, (variable, string));
                    // A place that could be one, unless it leads out of here.
                    let path = sandbox.path(string);
                    if !string.contains('/') {
                        with_variable(&sandbox, name, (variable, path.to_str().unwrap()));
                    }
                }
            });
        }
    });
}

#[track_caller]
fn with_variable(sandbox: &Sandbox, name: &str, (variable, value): (&str, &str)) {
    for words in [
        &["add", "@daily", "--env", variable, "true"][..],
        &["list"],
        &["check"],
        &["run", "--until-idle"],
    ] {
        let mut command = sandbox.program(PUNCTUAL);
        if variable == "HOME" {
            command.env_remove("XDG_DATA_HOME");
        }
        if !PLACES.contains(&variable) {
            command.env("PUNCTUAL_DB", sandbox.database());
        }
        let (code, bytes) = on_screen(command.args(words).env(variable, value));
        let what = format!("{name}: {variable}: {words:?}");
        let said = String::from_utf8_lossy(&bytes);
        assert!((0..=5).contains(&code), "{what}: exit {code}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
        assert_eq!(obeyed(&bytes), None, "{what}: {said:?}");
    }
}
