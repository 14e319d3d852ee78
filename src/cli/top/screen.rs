//! The terminal, taken for the whole screen and given back on every way out.
//!
//! Ways out: the end of the verb, an error, a panic (before its message, so that it can be read) and
//! Ctrl-Z. Signals are no way of their own: the loop hears them and ends.

use std::io::{self, Stdout, Write as _};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};

/// Whether the terminal is ours: a panic hook has no other way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);

pub(super) struct Screen {
    /// Never dropped: where its terminal is gone, it would say so on stderr, and panic over that.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    pub(super) fn take() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let terminal = ManuallyDrop::new(take()?);
        Ok(Self { terminal })
    }

    /// Takes it again, after others had it, and draws everything anew.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        give_back();
        // A new one: `clear` of the old would first ask the terminal where its cursor is, and wait.
        *self.terminal = take()?;
        Ok(())
    }

    pub(super) fn give_back(&self) {
        give_back();
    }

    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    // Set first: half taken has to be given back, too.
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()
        .and_then(|()| execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All)))
        .and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())))
        .inspect_err(|_| give_back())
}

/// Gives the terminal back if it is ours. Errors are not heard: the terminal may be gone.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, LeaveAlternateScreen, Show);
        let _ = out.flush();
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::os::fd::OwnedFd;
    use std::process::{Command, Stdio};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::tcgetattr;

    use super::Screen;

    const INSIDE: &str = "PUNCTUAL_TEST_ON_A_TERMINAL";

    fn terminal() -> (File, OwnedFd) {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let program = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        (File::from(controller), program)
    }

    /// This test again, alone and on a terminal, where it panics.
    #[test]
    fn a_panic_gives_the_terminal_back_before_its_message() {
        if std::env::var_os(INSIDE).is_some() {
            let screen = Screen::take().unwrap();
            // Fails on purpose.
            assert_eq!(std::env::var_os(INSIDE), None);
            drop(screen);
        }
        let (mut person, terminal) = terminal();
        let before = tcgetattr(&terminal).unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        let end = || Stdio::from(terminal.try_clone().unwrap());
        again
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("cli::top::screen::tests::a_panic_gives_the_terminal_back_before_its_message")
            .env(INSIDE, "1")
            .env("RUST_BACKTRACE", "0")
            .stdin(end())
            .stdout(end())
            .stderr(end());
        let status = again.status().unwrap();
        assert!(!status.success());
        let after = tcgetattr(&terminal).unwrap();
        assert_eq!(after.local_modes, before.local_modes);
        assert_eq!(after.input_modes, before.input_modes);
        drop((again, terminal));
        let mut printed = Vec::new();
        // The terminal ends, with an error, when the last program has closed it.
        let _ = person.read_to_end(&mut printed);
        let printed = String::from_utf8_lossy(&printed);
        let given_back = printed.find("\x1b[?1049l");
        let message = printed.find("panicked at");
        assert!(given_back.is_some() && given_back < message, "{printed}");
    }
}
