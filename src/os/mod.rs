//! The kernel, as small safe functions: clocks, watches, locks, signals, file facts, /proc.
//!
//! Everything here answers one question about the machine or asks it for one thing. Nothing here knows a
//! job, a run or a database, and nothing here decides: the rooms above do. It is the only room that
//! speaks to `rustix` about anything but a child (`process` owns those calls), so that a second platform
//! would begin, and end, here.

pub(crate) mod clock;
pub(crate) mod fs;
pub(crate) mod lock;
pub(crate) mod proc;
pub(crate) mod ready;
pub(crate) mod service;
pub(crate) mod signals;
pub(crate) mod terminal;
pub(crate) mod users;
pub(crate) mod watch;
