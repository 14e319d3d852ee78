//! A terminal: both its ends, and what was printed on it.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The person's end and the program's.
pub(crate) fn terminal() -> (File, OwnedFd) {
    // Nobody else may hold the person's end, or it would never be gone.
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let controller = openpt(flags).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let program = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    (File::from(controller), program)
}

/// What was printed on a terminal.
pub(crate) struct Screen(Arc<Mutex<String>>);

impl Screen {
    pub(crate) fn of(mut terminal: File) -> Self {
        let screen = Self(Arc::default());
        let text = Arc::clone(&screen.0);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = terminal.read(&mut bytes) {
                let printed = String::from_utf8_lossy(&bytes[..count]);
                text.lock().unwrap().push_str(&printed);
            }
        });
        screen
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.0.lock().unwrap().contains(text)
    }
}
