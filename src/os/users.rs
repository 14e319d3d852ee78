//! Users and the machine, by name; and becoming another user, for good.

use std::ffi::{CString, OsString};
use std::io;
use std::path::PathBuf;

use nix::unistd::{Uid, User, getresgid, getresuid, initgroups, setresgid, setresuid};

/// A line of passwd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) home: PathBuf,
    pub(crate) shell: OsString,
}

/// The user of this name; `None` when there is none.
pub(crate) fn find(name: &str) -> io::Result<Option<Person>> {
    Ok(User::from_name(name)?.map(|user| Person {
        name: user.name,
        uid: user.uid.as_raw(),
        home: user.dir,
        shell: user.shell.into_os_string(),
    }))
}

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

/// Turns this process into one of the user's: groups first, for they need the rights that go last. What
/// the kernel says afterwards is believed, not what it answered to the requests.
pub(crate) fn become_user(name: &str) -> io::Result<()> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, "there is no such user");
    let user = User::from_name(name)?.ok_or_else(unknown)?;
    let (uid, gid) = (user.uid, user.gid);
    initgroups(&CString::new(user.name)?, gid)?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    let (users, groups) = (getresuid()?, getresgid()?);
    let is_other = [users.real, users.effective, users.saved] != [uid; 3]
        || [groups.real, groups.effective, groups.saved] != [gid; 3];
    if is_other || (!uid.is_root() && has_way_back()) {
        return Err(io::Error::other("the system did not give up our rights"));
    }
    Ok(())
}

fn has_way_back() -> bool {
    let root = Uid::from_raw(0);
    setresuid(root, root, root).is_ok()
}

/// The file creation mask of this process.
pub(crate) fn set_umask(mask: u32) {
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(mask));
}
