//! Descriptors that are waited for: the one door into the runtime, and a look without waiting.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor for reading. Needs the runtime that will wait for it.
#[expect(
    deprecated,
    reason = "unsound only for types that may name another descriptor later; an OwnedFd cannot, and the successor is unsafe"
)]
pub(crate) fn readable(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

/// Whether nobody has the other end of this socket any more, whatever there still is to be read.
pub(crate) fn is_hung_up(socket: impl AsFd) -> bool {
    let mut sockets = [PollFd::new(&socket, PollFlags::RDHUP)];
    let at_once = Timespec::default();
    matches!(poll(&mut sockets, Some(&at_once)), Ok(1..))
}
