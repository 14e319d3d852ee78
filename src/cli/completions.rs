//! `completions`: the script that teaches a shell our words.

use std::process::ExitCode;

use clap::CommandFactory as _;

use super::args::{Args, CompletionsArgs};
use super::context::Context;
use super::failure::Failure;

pub(super) fn completions(args: &CompletionsArgs, context: &Context) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "punctual", &mut script);
    context.print_bytes(&script)?;
    Ok(Context::done())
}
