//! The user's editor: a text goes in, and comes back as often as it takes to be understood.
//!
//! What lives here: the file it is edited in, `$VISUAL` or `$EDITOR`, and the question what to do with a
//! text that was refused. What never does: what the text means. Nothing somebody typed is thrown away: a
//! text that was refused and given up stays where it is, and its path is said.

use std::io::{self, BufRead as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::context::Context;
use super::failure::{Code, Failure};
use crate::os::signals::Heard;
use crate::os::terminal::{Input, wait_for_input};

/// What POSIX names for a system that says nothing else.
const FALLBACK: &str = "vi";

/// How soon a signal is heard while a question stands.
const PACE: Duration = Duration::from_millis(100);

/// Hands `text` to the editor until `take` accepts what came back, or the user gives up.
pub(super) fn revise<T>(
    text: &str,
    context: &Context,
    mut take: impl FnMut(&[u8]) -> Result<T, Failure>,
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
    let edited = edited(&file)?;
    if edited == text.as_bytes() || edited.trim_ascii().is_empty() {
        return Err(Failure::new(Code::Failed, "nothing was changed")
            .hint("change the text and save it, or say what: see punctual edit --help"));
    }
    let given_up = ask_again(&file, edited, context, &mut take);
    given_up.or_else(|failure| {
        let (_, path) = file
            .keep()
            .map_err(|error| failed("the file", &error.error))?;
        context.note(&format!("your text is kept in {}", path.display()));
        Err(failure)
    })
}

/// Until the text is accepted. From here on it holds somebody's work.
fn ask_again<T>(
    file: &NamedTempFile,
    mut text: Vec<u8>,
    context: &Context,
    take: &mut impl FnMut(&[u8]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    loop {
        let refusal = match take(&text) {
            Ok(taken) => return Ok(taken),
            Err(refusal) => refusal,
        };
        let _ = refusal.print(context.voice());
        if !wants_another_look() {
            return Err(Failure::new(Code::Failed, "nothing was changed")
                .hint("start again with: punctual edit"));
        }
        text = edited(file)?;
    }
}

/// The text as the editor left it.
fn edited(file: &NamedTempFile) -> Result<Vec<u8>, Failure> {
    open(file)?;
    std::fs::read(file.path()).map_err(|error| failed(&file.path().display().to_string(), &error))
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

/// Asks. What was pressed while the editor had the terminal is not meant for us; what is pressed now ends it.
fn wants_another_look() -> bool {
    let Ok(heard) = Heard::new() else {
        return false;
    };
    let asked = write!(io::stderr(), "Edit again? [Y/n] ");
    while matches!(wait_for_input(PACE), Ok(Input::Nothing)) {
        if heard.end().is_some() {
            return false;
        }
    }
    let mut answer = String::new();
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
