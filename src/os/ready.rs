//! Descriptors that are waited for: the one door into the runtime, a look without waiting, and ears for several threads.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
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

/// What a look at a descriptor found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) something: bool,
    /// Nobody has the other end any more, whatever there still is to be read.
    pub(crate) hung_up: bool,
}

/// Waits until there is something to be read of one of these or its other end is gone; not for ever, if that
/// is said.
pub(crate) fn wait<const N: usize>(
    on: [BorrowedFd<'_>; N],
    at_most: Option<Duration>,
) -> [Found; N] {
    let mut looks = on.map(|one| PollFd::from_borrowed_fd(one, PollFlags::IN | PollFlags::RDHUP));
    let at_most = at_most.map(|span| Timespec {
        tv_sec: span.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    });
    // Interrupted, it found nothing: whoever waits looks again.
    let found = poll(&mut looks, at_most.as_ref()).is_ok();
    looks.map(|look| Found {
        something: found && look.revents().contains(PollFlags::IN),
        hung_up: found && look.revents().intersects(PollFlags::RDHUP | PollFlags::HUP),
    })
}

/// Descriptors to which several threads listen: what is new wakes one of them and no other, that which slept last
/// (epoll(7), `EPOLLET`). It is told once, so whoever hears of it takes all there is.
#[derive(Debug)]
pub(crate) struct Ears<const N: usize>(OwnedFd);

impl<const N: usize> Ears<N> {
    pub(crate) fn new(on: [BorrowedFd<'_>; N]) -> io::Result<Self> {
        let ears = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let news = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        for (number, one) in (0..).zip(on) {
            epoll::add(&ears, one, epoll::EventData::new_u64(number), news)?;
        }
        Ok(Self(ears))
    }

    /// Sleeps until there is something new, and tells of which it is; of none when it was interrupted.
    pub(crate) fn wait(&self) -> [bool; N] {
        let mut heard = [false; N];
        let nothing = epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        };
        let mut news = [nothing; N];
        let count = epoll::wait(&self.0, &mut news, None).unwrap_or(0);
        for one in &news[..count] {
            let number = one.data;
            heard[number.u64() as usize] = true;
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn ears_tell_of_each_piece_of_news_and_once_of_each() {
        let (first, mut to_first) = UnixStream::pair().unwrap();
        let (second, mut to_second) = UnixStream::pair().unwrap();
        // Said before anybody listens.
        to_second.write_all(b"a").unwrap();
        let ears = Ears::new([first.as_fd(), second.as_fd()]).unwrap();
        assert_eq!(ears.wait(), [false, true]);
        // What nobody read is no news.
        to_first.write_all(b"a").unwrap();
        assert_eq!(ears.wait(), [true, false]);
        to_second.write_all(b"b").unwrap();
        drop(to_first);
        assert_eq!(ears.wait(), [true, true]);
    }
}
