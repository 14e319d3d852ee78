//! `Type=notify`: what the service manager is told, and when.
//!
//! Ready after recovery, reloading around a file that is applied again, stopping, and a status line with
//! counts. The status is looked up only after something has happened, and at most once a second; when
//! nothing happens, no timer is set. Without a manager nothing of this is done.

use std::time::Duration;

use tokio::time::Instant;

use crate::os::clock;
use crate::os::service::Manager;
use crate::store::Store;

/// From one status line to the next.
const PACE: Duration = Duration::from_secs(1);

/// More waiting runs than this are not counted out.
const COUNTED: u64 = 10_000;

pub(super) struct Notifier {
    line: Option<Line>,
}

struct Line {
    manager: Manager,
    /// A connection of its own, so that the writer is not asked.
    store: Option<Store>,
    is_ready: bool,
    is_stopping: bool,
    status: String,
    /// When the status may be told again.
    free_at: Option<Instant>,
    /// Something has happened since, and is to be told then.
    due: Option<Instant>,
}

impl Notifier {
    /// `store` opens the database for reading, where there is somebody to tell.
    pub(super) fn new(store: impl FnOnce() -> Option<Store>) -> Self {
        let address = std::env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty());
        let manager = address.and_then(|address| Manager::connect(&address).ok());
        Self {
            line: manager.map(|manager| Line {
                manager,
                store: store(),
                is_ready: false,
                is_stopping: false,
                status: String::new(),
                free_at: None,
                due: None,
            }),
        }
    }

    /// The recovery is over, or the file has been applied.
    pub(super) fn ready(&mut self) {
        if let Some(line) = &mut self.line
            && !line.is_stopping
        {
            line.is_ready = true;
            line.manager.tell("READY=1");
        }
    }

    pub(super) fn reloading(&self) {
        if let Some(line) = &self.line
            && line.is_ready
            && !line.is_stopping
        {
            let now = clock::monotonic().as_micros();
            line.manager
                .tell(&format!("RELOADING=1\nMONOTONIC_USEC={now}"));
        }
    }

    pub(super) fn stopping(&mut self) {
        if let Some(line) = &mut self.line
            && !line.is_stopping
        {
            line.is_stopping = true;
            line.manager.tell("STOPPING=1");
        }
    }

    /// When the status is to be told next, if it is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.line.as_ref()?.due
    }

    /// Something has happened: the counts may be others.
    pub(super) fn look(&mut self, now: impl Fn() -> Instant) {
        let Some(line) = &mut self.line else {
            return;
        };
        if !line.is_ready {
            return;
        }
        let now = now();
        if let Some(free_at) = line.free_at.filter(|at| now < *at) {
            line.due = Some(free_at);
            return;
        }
        line.due = None;
        let status = line.status_now();
        if status != line.status {
            line.manager.tell(&format!("STATUS={status}"));
            line.status = status;
            line.free_at = Some(now + PACE);
        }
    }
}

impl Line {
    fn status_now(&self) -> String {
        let counts = self
            .store
            .as_ref()
            .and_then(|store| store.read().depth(COUNTED).ok());
        let doing = if self.is_stopping { "stopping, " } else { "" };
        match counts {
            Some((running, waiting)) if waiting > COUNTED => {
                format!("{doing}{running} running, more than {COUNTED} waiting")
            }
            Some((running, waiting)) => format!("{doing}{running} running, {waiting} waiting"),
            // The file cannot be read; the log says so.
            None => self.status.clone(),
        }
    }
}
