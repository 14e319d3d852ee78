//! Completions, in the shells they are for: keys are typed on a terminal, and what the shell would
//! have run is looked at.

#![expect(
    clippy::unwrap_used,
    reason = "a shell that cannot be started fails its test"
)]

#[path = "../sandbox/mod.rs"]
mod sandbox;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command};

use sandbox::terminal::{Screen, terminal};
use sandbox::{Answer, PATIENCE, PUNCTUAL, Sandbox, skipped, until};

/// A shell, and how it is made ready: its start file below HOME, with the text of it.
struct Shell {
    words: &'static [&'static str],
    start: &'static str,
    text: &'static str,
    /// Where its completions are installed below HOME, and what they are called here.
    installed: (&'static str, &'static str),
    /// What accepts an offer that the shell has to quote: elvish asks back there.
    accept: &'static str,
}

const BASH: Shell = Shell {
    words: &["bash", "--noprofile", "-i"],
    start: ".bashrc",
    text: "PS1='ready> '; . ~/punctual.bash\n",
    installed: ("punctual.bash", "bash"),
    accept: "",
};

const ZSH: Shell = Shell {
    words: &["zsh", "-d", "-i"],
    start: ".zshrc",
    text: "PS1='ready> '; fpath=(~/functions $fpath); autoload -U compinit; compinit -u -D\n",
    installed: ("functions/_punctual", "zsh"),
    accept: "",
};

const FISH: Shell = Shell {
    words: &["fish", "-i"],
    start: ".config/fish/config.fish",
    text: "function fish_prompt; echo 'ready> '; end\n",
    installed: (".config/fish/completions/punctual.fish", "fish"),
    accept: "",
};

const ELVISH: Shell = Shell {
    words: &["elvish"],
    start: ".config/elvish/rc.elv",
    text: "set edit:prompt = { put 'ready> ' }; eval (slurp < ~/punctual.elv)\n",
    installed: ("punctual.elv", "elvish"),
    accept: "\r",
};

/// Keys, with `\u{6}` where an offer has to be accepted, and the words of the command that the shell
/// then runs.
const CASES: [(&str, &[&str]); 6] = [
    (
        "punctual lo\tbac\tbui\tbackup.\t",
        &["logs", "backup", "build", "backup.41"],
    ),
    (
        "punctual list --queue=rep\t\u{6}--sta\tpau\t",
        &["list", "--queue=reports", "--state", "paused"],
    ),
    (
        "punctual --db other.db show el\t",
        &["--db", "other.db", "show", "elsewhere"],
    ),
    (
        "punctual add @dai\t--tz Europe/Berl\t--cwd dir\t",
        &[
            "add",
            "@daily",
            "--tz",
            "Europe/Berlin",
            "--cwd",
            "directory",
        ],
    ),
    (
        "punctual add now -- frobn\tmy\t\u{6}",
        &["add", "now", "--", "frobnicate", ODD],
    ),
    (
        "punctual --db none.db show backu\t",
        &["--db", "none.db", "show", "backu"],
    ),
];

const ACCEPT: char = '\u{6}';

/// A name that no shell may take for more than a name.
const ODD: &str = "my $(touch pwned) `touch pwned` file";

#[test]
fn bash_completes_from_the_database() {
    completes_from_the_database(&BASH);
}

#[test]
fn zsh_completes_from_the_database() {
    completes_from_the_database(&ZSH);
}

#[test]
fn fish_completes_from_the_database() {
    completes_from_the_database(&FISH);
}

#[test]
fn elvish_completes_from_the_database() {
    completes_from_the_database(&ELVISH);
}

fn completes_from_the_database(shell: &Shell) {
    if Command::new(shell.words[0])
        .arg("-c")
        .arg("")
        .output()
        .is_err()
    {
        skipped(&format!("there is no {}", shell.words[0]));
        return;
    }
    let sandbox = prepared(shell);
    for (keys, words) in &CASES {
        let keys = keys.replace(ACCEPT, shell.accept);
        assert_eq!(typed(shell, &sandbox, &keys), *words, "{keys:?}");
    }
    assert!(!sandbox.path("none.db").exists());
    assert!(!sandbox.path("pwned").exists());
}

#[test]
fn what_is_no_database_is_no_offer_and_no_word() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("broken.db", "this is no database");
    for shell in [
        "bash",
        "zsh",
        "fish",
        "elvish",
        "powershell:4",
        "nosuchshell",
    ] {
        for database in ["broken.db", "missing/none.db", "."] {
            let mut command = sandbox.program(PUNCTUAL);
            command.args(["--", "punctual", "--db", database, "show", "b"]);
            let answer = Answer::of(command.env("PUNCTUAL_COMPLETE", shell));
            assert_eq!(answer, Answer::said(""), "{shell} {database}");
        }
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "this is no database");
    assert!(!sandbox.path("missing").exists());
}

/// Jobs, and a `punctual` that completes and else only says what it was called with.
fn prepared(shell: &Shell) -> Sandbox {
    let sandbox = Sandbox::new();
    let place = |name: &str, text: &str| {
        let path = sandbox.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let (installed, name) = shell.installed;
    place(installed, &sandbox.ok(["completions", name]));
    place(shell.start, shell.text);
    let program = |name: &str, text: &str| {
        place(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
        let path = sandbox.home().join("bin").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("frobnicate", "true");
    program(
        "punctual",
        &format!(
            "test -n \"$PUNCTUAL_COMPLETE\" && exec '{PUNCTUAL}' \"$@\"\n\
             for word; do printf '%s\\n' \"$word\"; done > ~/typed.new\n\
             mv ~/typed.new ~/typed"
        ),
    );
    fs::create_dir(sandbox.path("directory")).unwrap();
    sandbox.write(ODD, "");
    let odd = "echo `touch pwned` $(touch pwned) %F{red} 'a:b' \\t \u{1b}[31m";
    sandbox.ok(["add", "never", "--name", "backup", odd]);
    sandbox.ok(["add", "never", "--name", "build", "--queue", "reports", odd]);
    sandbox.sql("UPDATE job SET last_seq = 40 WHERE name = 'backup'");
    sandbox.ok(["trigger", "backup"]);
    let mut other = sandbox.program(PUNCTUAL);
    other.args([
        "--db",
        "other.db",
        "add",
        "never",
        "--name",
        "elsewhere",
        "true",
    ]);
    let answer = Answer::of(other.env("PUNCTUAL_TRUST_DIR", "1"));
    assert_eq!(answer.code, 0, "{answer:?}");
    sandbox
}

/// What a shell would have run, when these keys are typed at its prompt.
fn typed(shell: &Shell, sandbox: &Sandbox, keys: &str) -> Vec<String> {
    let (mut person, terminal) = terminal();
    let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
    let child = sandbox
        .program("setsid")
        .arg("-c")
        .args(shell.words)
        .env("PATH", path)
        .env("PUNCTUAL_DB", sandbox.database())
        .env("XDG_CONFIG_HOME", sandbox.home().join(".config"))
        .env("TERM", "xterm")
        .stdin(terminal.try_clone().unwrap())
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .spawn();
    let _guard = Guard(child.unwrap());
    let screen = Screen::of(person.try_clone().unwrap());
    until(PATIENCE, "the shell is ready", || screen.shows("ready> "));
    person.write_all(keys.as_bytes()).unwrap();
    person.write_all(b"\r").unwrap();
    let typed = sandbox.home().join("typed");
    until(PATIENCE, &format!("{keys:?} is run"), || typed.exists());
    let words = fs::read_to_string(&typed).unwrap();
    fs::remove_file(typed).unwrap();
    // Not every shell leaves the sign of a directory behind its name.
    words
        .lines()
        .map(|word| word.trim_end_matches('/').to_owned())
        .collect()
}

struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
