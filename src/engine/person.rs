//! `--user`: how a job of another user is started, and what it is told about itself.

use std::ffi::{OsStr, OsString};

use crate::domain::Options;
use crate::os::fs;
use crate::os::users::{self, Person};
use crate::process::{Launch, OURSELVES};

use super::core::Refusal;

/// The word by which the runner starts itself, to become the user and then the job's program.
pub(crate) const EXEC_AS: &str = "__exec-as";

/// The user that the job is to become; `None` where that is who we are.
pub(super) fn of(options: &Options) -> Result<Option<Person>, Refusal> {
    let Some(name) = &options.user else {
        return Ok(None);
    };
    let unusable = |message| Refusal::Unstartable { code: 125, message };
    let person = users::find(name)
        .map_err(|error| unusable(format!("user {name}: {error}")))?
        .ok_or_else(|| unusable(format!("user {name}: there is no such user")))?;
    match fs::effective_uid() {
        me if me == person.uid => Ok(None),
        0 => Ok(Some(person)),
        _ => Err(unusable(format!(
            "user {name}: only a runner of root can become another user"
        ))),
    }
}

/// Who it is, in the place of who we are.
pub(super) fn variables(person: &Person) -> [(OsString, OsString); 4] {
    let name = OsString::from(&person.name);
    [
        ("HOME".into(), person.home.clone().into()),
        ("LOGNAME".into(), name.clone()),
        ("USER".into(), name),
        ("SHELL".into(), person.shell.clone()),
    ]
}

/// The same start by way of ourselves. The directory and the mask are the user's to take.
pub(super) fn by_way_of_us(launch: Launch, person: &Person) -> Launch {
    let umask = launch
        .umask
        .map_or_else(|| "-".to_owned(), |mask| format!("{mask:o}"));
    let words = [
        OsStr::new(OURSELVES),
        OsStr::new(EXEC_AS),
        OsStr::new(&person.name),
        launch.cwd.as_os_str(),
        OsStr::new(&umask),
    ];
    let words = words.into_iter().map(OsStr::to_owned);
    Launch {
        command: words.chain(launch.command).collect(),
        cwd: "/".into(),
        umask: None,
        ..launch
    }
}
