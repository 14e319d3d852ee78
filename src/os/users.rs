//! Users and the machine, by name.

use nix::unistd::{Uid, User};

/// What the machine calls itself.
pub(crate) fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// The name of a user in passwd.
pub(crate) fn name_of(uid: u32) -> Option<String> {
    let user = User::from_uid(Uid::from_raw(uid)).ok()??;
    Some(user.name)
}
