//! `--user`: whose jobs this database may have.

use std::path::PathBuf;

use crate::domain::Options;
use crate::os::fs;
use crate::os::users::{self, Person};

use super::failure::{Code, Failure};

/// A runner has the rights of the database's owner, who is the one that adds the job: only root can become
/// somebody else.
pub(super) fn check(options: &Options) -> Result<(), Failure> {
    let Some(name) = &options.user else {
        return Ok(());
    };
    let me = fs::effective_uid();
    let person = person(name)?;
    if me != 0 && person.uid != me {
        return Err(Failure::usage(format!(
            "--user {name}: only a runner of root can become another user"
        ))
        .hint("add the job as root, to a database of root"));
    }
    Ok(())
}

pub(super) fn home(name: &str) -> Result<PathBuf, Failure> {
    Ok(person(name)?.home)
}

fn person(name: &str) -> Result<Person, Failure> {
    users::find(name)
        .map_err(|error| Failure::new(Code::Failed, format!("--user {name}: {error}")))?
        .ok_or_else(|| {
            Failure::usage(format!("--user {name}: there is no such user"))
                .hint("see the users of this machine with: getent passwd")
        })
}
