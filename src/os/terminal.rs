//! The terminal on standard input: whether somebody typed, and whether anybody is left.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Ready,
    /// Nothing within the time, or a signal came.
    Nothing,
    /// The terminal was hung up: reading would give the end, for ever.
    Gone,
}

pub(crate) fn wait_for_input(timeout: Duration) -> io::Result<Input> {
    let stdin = io::stdin();
    let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec {
        tv_sec: timeout.as_secs() as i64,
        tv_nsec: timeout.subsec_nanos().into(),
    };
    match poll(&mut ready, Some(&timeout)) {
        Ok(0) | Err(Errno::INTR) => Ok(Input::Nothing),
        Ok(_) => {
            let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
            let is_gone = ready[0].revents().intersects(gone);
            Ok(if is_gone { Input::Gone } else { Input::Ready })
        }
        Err(error) => Err(error.into()),
    }
}
