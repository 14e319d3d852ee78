//! The user's editor: a text goes in, and comes back as often as it takes to be understood.
//!
//! What lives here: the file it is edited in, `$VISUAL` or `$EDITOR`, and the question what to do with a
//! text that was refused. What never does: what the text means. Nothing somebody typed is thrown away: a
//! text that was refused and given up stays where it is, and its path is said.

use std::io::{self, BufRead as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use tempfile::NamedTempFile;

use super::context::Context;
use super::failure::{Code, Failure};
use crate::os::signals::Heard;

/// What POSIX names for a system that says nothing else.
const FALLBACK: &str = "vi";

/// Hands `text` to the editor until `take` accepts what came back, or the user gives up.
pub(super) fn revise<T>(
    text: &str,
    context: &Context,
    mut take: impl FnMut(&str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // An editor shares our terminal, and so our Ctrl-C: it is meant for the editor.
    let _heard = Heard::new().map_err(|error| failed("signals", &error))?;
    let mut file = tempfile::Builder::new()
        .prefix("punctual-")
        .suffix(".toml")
        .tempfile()
        .map_err(|error| failed("a file to edit in", &error))?;
    file.write_all(text.as_bytes())
        .map_err(|error| failed(&file.path().display().to_string(), &error))?;
    loop {
        open(&file)?;
        let edited = std::fs::read(file.path())
            .map_err(|error| failed(&file.path().display().to_string(), &error))?;
        let edited = String::from_utf8_lossy(&edited);
        if edited == text || edited.trim().is_empty() {
            return Err(Failure::new(Code::Failed, "nothing was changed")
                .hint("change the text and save it, or say what: see punctual edit --help"));
        }
        let refusal = match take(&edited) {
            Ok(taken) => return Ok(taken),
            Err(refusal) => refusal,
        };
        let _ = refusal.print(false);
        if !wants_another_look() {
            let (_, path) = file
                .keep()
                .map_err(|error| failed("the file", &error.error))?;
            context.note(&format!("your text is kept in {}", path.display()));
            return Err(Failure::new(Code::Failed, "nothing was changed")
                .hint("start again with: punctual edit"));
        }
    }
}

/// The words of the editor are the shell's to split, as git and crontab do it.
fn open(file: &NamedTempFile) -> Result<(), Failure> {
    let named = |name: &str| std::env::var(name).ok().filter(|word| !word.is_empty());
    let editor = named("VISUAL")
        .or_else(|| named("EDITOR"))
        .unwrap_or_else(|| FALLBACK.to_owned());
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("{editor} \"$@\""), &editor])
        .arg(file.path())
        .status()
        .map_err(|error| failed("/bin/sh", &error))?;
    if status.success() {
        return Ok(());
    }
    let end = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown end".to_owned(),
    };
    Err(Failure::new(
        Code::Failed,
        format!("the editor {editor} failed with {end}; nothing was changed"),
    )
    .hint("name a working one in EDITOR"))
}

fn wants_another_look() -> bool {
    let mut answer = String::new();
    let asked = write!(io::stderr(), "Edit again? [Y/n] ");
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    // The end of the input is an answer too.
    matches!(read, Ok(bytes) if bytes > 0) && !answer.trim_start().starts_with(['n', 'N'])
}

fn failed(what: &str, error: &io::Error) -> Failure {
    Failure::new(
        Code::Failed,
        format!("{what}: {error}; nothing was changed"),
    )
    .hint("check TMPDIR and its disk")
}
