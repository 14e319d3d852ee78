//! A real terminal: a pair of ends, and a program whose words are read off it.

#![allow(dead_code, reason = "each test crate uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a terminal that cannot be opened fails its test"
)]

use std::io::Read as _;
use std::process::Command;

use rustix::termios::{Winsize, tcsetwinsize};

use crate::sandbox::code_of;
use crate::sandbox::terminal::terminal;

/// Runs a verb to its end with its answer and its complaints on a terminal; the exit code, and
/// every byte that arrived there.
pub(crate) fn on_screen(command: &mut Command) -> (i32, Vec<u8>) {
    let (mut person, program) = terminal();
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&program, size).unwrap();
    command.stdout(program.try_clone().unwrap()).stderr(program);
    let mut child = command.spawn().unwrap();
    // The command holds the program's end open as long as it is there.
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    let mut bytes = Vec::new();
    // An end without a program is an error of the device: all was read by then.
    let _ = person.read_to_end(&mut bytes);
    (code_of(child.wait().unwrap()), bytes)
}
