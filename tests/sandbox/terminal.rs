//! A terminal: both its ends, and what was printed on it.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

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
pub(crate) struct Screen {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Screen {
    pub(crate) fn of(mut terminal: File) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let printed = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = terminal.read(&mut some) {
                printed.lock().unwrap().extend(&some[..count]);
            }
        });
        Self { bytes, reader }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.last(text).is_some()
    }

    /// Where it was printed last.
    pub(crate) fn last(&self, text: &str) -> Option<usize> {
        let bytes = self.bytes.lock().unwrap();
        let mut places = bytes.windows(text.len());
        places.rposition(|place| place == text.as_bytes())
    }

    /// All of it, once nobody can print any more.
    pub(crate) fn whole(self) -> Vec<u8> {
        self.reader.join().unwrap();
        std::mem::take(&mut self.bytes.lock().unwrap())
    }
}
