//! The service manager that started us: datagrams to the socket it named, as `sd_notify(3)` has them.
//!
//! Thirty lines instead of a crate, because those there are neither know abstract addresses nor ever give
//! up: a manager that hangs must not hang its services.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// How long a message waits for a manager that is busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// The line to the service manager.
#[derive(Debug)]
pub(crate) struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    /// `address` is what `NOTIFY_SOCKET` says: a path, or an abstract name behind an `@`.
    pub(crate) fn connect(address: &OsStr) -> io::Result<Self> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(address)?,
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket })
    }

    /// Sends `KEY=VALUE` lines. A manager that does not listen is no trouble of ours.
    pub(crate) fn tell(&self, lines: &str) {
        let _ = self.socket.send(lines.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_at_either_kind_of_address() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let name = format!("punctual-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&name).unwrap();
        let listeners = [
            UnixDatagram::bind(&path).unwrap(),
            UnixDatagram::bind_addr(&abstract_address).unwrap(),
        ];
        let addresses = [path.into_os_string(), format!("@{name}").into()];
        for (listener, address) in listeners.iter().zip(addresses) {
            Manager::connect(&address).unwrap().tell("READY=1");
            let mut bytes = [0; 64];
            let got = listener.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..got], b"READY=1");
        }
        assert!(Manager::connect("vsock:2:1".as_ref()).is_err());
    }
}
