//! `backup`: a consistent copy of the database, while everything goes on.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::args::BackupArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::progress::{Amount, Progress};
use super::render::text;

#[derive(Serialize)]
struct Answer<'a> {
    file: &'a str,
}

pub(super) fn backup(args: &BackupArgs, context: &Context) -> Result<ExitCode, Failure> {
    let path = std::path::absolute(&args.file)
        .map_err(|error| Failure::new(Code::Failed, format!("{}: {error}", args.file.display())))?;
    let store = context.open_existing("")?;
    if let Err(error) = crate::os::fs::create_private(&path) {
        return Err(
            Failure::new(Code::Failed, format!("{}: {error}", path.display()))
                .hint("name a file that does not exist yet, in a directory you can write"),
        );
    }
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |facts| facts.len());
    let copy = path.clone();
    let amount = Amount::Bytes(size(&context.database));
    let progress = Progress::watch("copying", amount, move || size(&copy), context);
    let saved = store.backup(&path);
    drop(progress);
    if let Err(error) = saved {
        // What we made ourselves a moment ago, and nothing else.
        let _ = std::fs::remove_file(&path);
        return Err(error.into());
    }
    let shown = path.display().to_string();
    if context.json {
        context.print_json(&Answer { file: &shown })?;
    } else if !context.quiet {
        context.print(&format!("saved {}\n", text::escape(&shown)))?;
    }
    Ok(Context::done())
}
