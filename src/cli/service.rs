//! `service`: a systemd unit for this database.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::os::{fs, users};

use super::args::ServiceArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::{Manager, Unit, unit_text};

#[derive(Serialize)]
struct Answer<'a> {
    unit: &'a str,
}

pub(super) fn service(args: &ServiceArgs, context: &Context) -> Result<ExitCode, Failure> {
    let me = fs::effective_uid();
    let manager = if args.user || (!args.system && me != 0) {
        Manager::User
    } else {
        // The runner has to be the one whose database it is.
        let owner = fs::lstat(&context.database).map_or(me, |facts| facts.uid);
        let name = || {
            users::name_of(owner).ok_or_else(|| {
                Failure::new(Code::Failed, format!("user {owner} has no name"))
                    .hint("write the unit with --user, or add the user to passwd")
            })
        };
        Manager::System((owner != 0).then(name).transpose()?)
    };
    let binary = std::env::current_exe().map_err(|error| {
        Failure::new(Code::Failed, format!("the path of this program: {error}"))
            .hint("is /proc mounted?")
    })?;
    let directory = context.database.parent().unwrap_or(Path::new("/"));
    let unit = unit_text(&Unit {
        manager,
        binary: utf8(&binary)?,
        database: utf8(&context.database)?,
        directory: utf8(directory)?,
        allows_setuid: args.allow_setuid,
    });
    if context.json {
        context.print_json(&Answer { unit: &unit })?;
    } else {
        context.print_file(&unit)?;
    }
    Ok(Context::done())
}

fn utf8(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| {
        Failure::usage(format!("{} is not valid UTF-8", path.display()))
            .hint("a unit file is UTF-8: give it another name")
    })
}
