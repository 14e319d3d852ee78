//! `__exec-as`: a program of another user, started by a runner of root.
//!
//! Not a verb for people: the runner starts itself with it, so that rights are dropped in a process of its own,
//! by safe calls, before anything of the job is touched. The directory is entered and the program looked for
//! with the user's rights; what goes wrong is said in the job's output, and exits as a shell would.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use crate::os::users;

/// Stands before the name of the user.
pub(crate) use crate::engine::EXEC_AS as WORD;

/// Replaces this process; comes back only when it cannot. The words are `NAME DIR UMASK PROGRAM [ARG…]`.
pub(super) fn exec_as(words: &[OsString]) -> ExitCode {
    let (what, error) = match words {
        [name, dir, umask, program, args @ ..] => become_program(name, dir, umask, program, args),
        _ => (
            "punctual".to_owned(),
            io::Error::other("__exec-as is for the runner alone"),
        ),
    };
    let _ = writeln!(io::stderr(), "punctual: {what}: {error}");
    ExitCode::from(match error.kind() {
        io::ErrorKind::NotFound => 127,
        _ => 126,
    })
}

/// What failed, and why.
fn become_program(
    name: &OsStr,
    dir: &OsStr,
    umask: &OsStr,
    program: &OsStr,
    args: &[OsString],
) -> (String, io::Error) {
    let user = name.to_string_lossy();
    if let Err(error) = users::become_user(&user) {
        return (format!("user {user}"), error);
    }
    if let Err(error) = std::env::set_current_dir(dir) {
        return (format!("directory {}", dir.display()), error);
    }
    if let Some(mask) = umask
        .to_str()
        .and_then(|mask| u32::from_str_radix(mask, 8).ok())
    {
        users::set_umask(mask);
    }
    let error = Command::new(program).args(args).exec();
    (program.display().to_string(), error)
}
