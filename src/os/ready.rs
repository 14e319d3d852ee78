//! The one door by which a descriptor enters the runtime, to be waited for.

use std::io;
use std::os::fd::OwnedFd;

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
