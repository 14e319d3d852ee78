//! `completions`: the script that teaches a shell to ask us.
//!
//! A script knows how its shell wants to be told, and nothing about punctual: what can follow is
//! answered by `offers`, so a script need not be renewed with the binary.

use std::process::ExitCode;

use clap_complete::Shell;
use serde::Serialize;

use super::args::CompletionsArgs;
use super::context::Context;
use super::failure::{Code, Failure};

#[derive(Serialize)]
struct Answer<'a> {
    script: &'a str,
}

pub(super) fn completions(args: &CompletionsArgs, context: &Context) -> Result<ExitCode, Failure> {
    let script = script(args.shell).ok_or_else(|| {
        let message = format!("there are no completions for {}", args.shell);
        Failure::new(Code::Failed, message).hint("see: punctual completions --help")
    })?;
    if context.json {
        context.print_json(&Answer { script })?;
    } else {
        context.print(script)?;
    }
    Ok(Context::done())
}

fn script(shell: Shell) -> Option<&'static str> {
    Some(match shell {
        Shell::Bash => include_str!("../../completions/punctual.bash"),
        Shell::Elvish => include_str!("../../completions/punctual.elv"),
        Shell::Fish => include_str!("../../completions/punctual.fish"),
        Shell::PowerShell => include_str!("../../completions/punctual.ps1"),
        Shell::Zsh => include_str!("../../completions/_punctual"),
        // A later clap may know more shells than we do.
        _ => return None,
    })
}
