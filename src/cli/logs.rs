//! `logs`: what runs wrote, finished or not.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::domain::{Attempt, AttemptState, Output, Run};
use crate::store::{Store, output_path};

use super::args::LogsArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::text::{self, Breaks};
use super::select;

/// How often a followed file is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// A runner that is gone is noticed after this.
const NO_RUNNER: Duration = Duration::from_secs(5);

pub(super) fn logs(args: &LogsArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.follow && args.runs.len() == 1 && args.attempt.is_none() {
        return follow_one(&args.runs[0], context);
    }
    let store = context.open_existing(&args.runs[0])?;
    for word in &args.runs {
        let run = select::run(&store.read(), word)?.ok_or_else(|| {
            Failure::new(Code::Absent, format!("{word} has not run yet"))
                .hint(format!("wait for it with: punctual logs -f {word}"))
        })?;
        let bytes = written(&store, &run, args.attempt, context)?;
        let bytes = args.n.map_or(bytes.as_slice(), |n| last_lines(&bytes, n));
        let shown = show(bytes, args.raw, context);
        if args.runs.len() > 1 {
            let name = run.name.to_string();
            for line in shown.split_inclusive(|byte| *byte == b'\n') {
                context.print_bytes(format!("{name}: ").as_bytes())?;
                context.print_bytes(line)?;
            }
        } else {
            context.print_bytes(&shown)?;
        }
    }
    Ok(Context::done())
}

/// The bytes for this reader: escaped where a terminal would obey them.
fn show(bytes: &[u8], raw: bool, context: &Context) -> Vec<u8> {
    if raw || !context.terminal {
        bytes.to_vec()
    } else {
        text::escape_bytes(bytes, Breaks::Keep)
            .into_owned()
            .into_bytes()
    }
}

/// What an attempt wrote: from its file while it lives, else what was kept.
fn written(
    store: &Store,
    run: &Run,
    number: Option<u32>,
    context: &Context,
) -> Result<Vec<u8>, Failure> {
    let attempts = store.read().attempts(run.id)?;
    let attempt = match number {
        None => attempts.last(),
        Some(number) => attempts.iter().find(|attempt| attempt.number == number),
    };
    let Some(attempt) = attempt else {
        return match number {
            Some(number) => Err(Failure::new(
                Code::Absent,
                format!("{} has no attempt {number}", run.name),
            )
            .hint(format!("see them with: punctual show {}", run.name))),
            None => Ok(Vec::new()),
        };
    };
    // Ended means moved: the kept part is in the database before the file goes.
    if attempt.state == AttemptState::Running {
        match std::fs::read(output_path(&context.database, attempt.id)) {
            Ok(bytes) => return Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::new(
                    Code::Failed,
                    format!("the output file: {error}"),
                ));
            }
        }
    }
    Ok(store
        .read()
        .output(attempt.id)?
        .map(joined)
        .unwrap_or_default())
}

/// Head, a mark where the middle was cut, tail.
fn joined(output: Output) -> Vec<u8> {
    let cut = output.cut();
    let mut bytes = output.head;
    if cut > 0 {
        bytes.extend_from_slice(format!("\n[... {cut} bytes cut ...]\n").as_bytes());
    }
    bytes.extend_from_slice(&output.tail);
    bytes
}

fn last_lines(bytes: &[u8], n: usize) -> &[u8] {
    if n == 0 {
        return &[];
    }
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = body
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(n - 1)
        .map_or(0, |(index, _)| index + 1);
    &bytes[start..]
}

/// Waits for the start of a run, prints what it writes, attempt after attempt, and ends with it.
pub(super) fn follow_one(word: &str, context: &Context) -> Result<ExitCode, Failure> {
    let store = context.open_existing(word)?;
    // A job without a run yet: the first to come.
    let mut runner_seen = Instant::now();
    let alone = |runner_seen: &mut Instant| {
        if context.runner_lives() {
            *runner_seen = Instant::now();
        }
        runner_seen.elapsed() >= NO_RUNNER
    };
    let run = loop {
        if let Some(run) = select::run(&store.read(), word)? {
            break run;
        }
        if alone(&mut runner_seen) {
            context.note("punctual: no runner is alive; start one with: punctual run");
            return Ok(ExitCode::from(125));
        }
        std::thread::sleep(LOOK);
    };
    let mut printed = 0;
    loop {
        let now = store.read().run(run.id)?;
        let attempts = store.read().attempts(run.id)?;
        for attempt in attempts.iter().skip(printed) {
            if follow_attempt(&store, attempt, context)? {
                printed += 1;
            }
        }
        if now.is_none_or(|run| run.state.is_final()) && printed >= attempts.len() {
            return Ok(Context::done());
        }
        if alone(&mut runner_seen) {
            context.note("punctual: no runner is alive; start one with: punctual run");
            return Ok(ExitCode::from(125));
        }
        std::thread::sleep(LOOK);
    }
}

/// Prints one attempt to its end.
fn follow_attempt(store: &Store, attempt: &Attempt, context: &Context) -> Result<bool, Failure> {
    let path = output_path(&context.database, attempt.id);
    let mut sent: u64 = 0;
    let mut file = File::open(&path).ok();
    loop {
        let ended = store.read().output(attempt.id)?;
        if let Some(open) = &mut file {
            loop {
                let poured = pour(open, sent, context)?;
                sent += poured;
                if poured == 0 {
                    break;
                }
            }
        }
        if let Some(output) = ended {
            let rest = joined(output);
            if file.is_none() {
                context.print_bytes(&show(&rest, false, context))?;
            }
            return Ok(true);
        }
        if file.is_none() {
            file = File::open(&path).ok();
        }
        std::thread::sleep(LOOK);
    }
}

/// Prints what the file has gained; a hole that was freed meanwhile is passed over.
fn pour(file: &mut File, sent: u64, context: &Context) -> Result<u64, Failure> {
    let io =
        |error: std::io::Error| Failure::new(Code::Failed, format!("the output file: {error}"));
    let size = file.metadata().map_err(io)?.size();
    if size <= sent {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(sent)).map_err(io)?;
    let mut buffer = vec![0; (size - sent).min(64 << 10) as usize];
    let got = file.read(&mut buffer).map_err(io)?;
    // The rest of a character may be on its way.
    let whole = match text::settled(&buffer[..got]) {
        0 => got,
        settled => settled,
    };
    context.print_bytes(&show(&buffer[..whole], false, context))?;
    Ok(whole as u64)
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn the_last_lines_are_whole_lines() {
        assert_eq!(last_lines(b"a\nb\nc\n", 2), b"b\nc\n");
        assert_eq!(last_lines(b"a\nb\nc", 1), b"c");
        assert_eq!(last_lines(b"a\n", 5), b"a\n");
        assert_eq!(last_lines(b"a\nb\n", 0), b"");
    }
}
