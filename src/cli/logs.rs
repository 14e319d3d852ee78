//! `logs`: what runs wrote, finished or not.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::domain::{Attempt, AttemptState, Output, Run};
use crate::os::fs;
use crate::store::{Store, output_path};

use super::args::LogsArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::text;
use super::select;

/// How often a followed file is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of one run taken in one look, about: a flood passes through little memory.
const PORTION: usize = 1 << 20;
/// A runner that is gone is noticed after this.
const NO_RUNNER: Duration = Duration::from_secs(5);

pub(super) fn logs(args: &LogsArgs, context: &Context) -> Result<ExitCode, Failure> {
    if args.follow && context.json {
        return Err(Failure::usage(
            "--follow prints as it comes, and --json one document in the end",
        )
        .hint("wait first, with: punctual wait"));
    }
    if args.follow && args.attempt.is_none() {
        return follow(&args.runs, args.raw, args.n, context);
    }
    let store = context.open_existing(&args.runs[0])?;
    let mut documents = Vec::new();
    for word in &args.runs {
        let run = select::run(&store.read(), word)?.ok_or_else(|| {
            Failure::new(Code::Absent, format!("{word} has not run yet"))
                .hint(format!("wait for it with: punctual logs -f {word}"))
        })?;
        let (attempt, bytes) = written(&store, &run, args.attempt, u64::MAX, context)?;
        let bytes = args.n.map_or(bytes.as_slice(), |n| last_lines(&bytes, n));
        if context.json {
            documents.push(Document {
                run: run.name.to_string(),
                attempt,
                output: String::from_utf8_lossy(bytes).into_owned(),
            });
            continue;
        }
        let shown = show(bytes, args.raw, context);
        if args.runs.len() > 1 {
            context.print_bytes(&with_name(&run.name.to_string(), &shown))?;
        } else {
            context.print_bytes(&shown)?;
        }
    }
    if context.json {
        context.print_json(&documents)?;
    }
    Ok(Context::done())
}

#[derive(Serialize)]
struct Document {
    run: String,
    /// `None` before the first.
    attempt: Option<u32>,
    /// What is no text in it is U+FFFD.
    output: String,
}

/// The bytes for this reader: escaped where a terminal would obey them.
fn show(bytes: &[u8], raw: bool, context: &Context) -> Vec<u8> {
    if raw || !context.terminal {
        bytes.to_vec()
    } else {
        text::escape_bytes(bytes).into_owned().into_bytes()
    }
}

/// What an attempt wrote, about its last `most` bytes while it lives: from its file, else what was kept.
pub(super) fn written(
    store: &Store,
    run: &Run,
    number: Option<u32>,
    most: u64,
    context: &Context,
) -> Result<(Option<u32>, Vec<u8>), Failure> {
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
            None => Ok((None, Vec::new())),
        };
    };
    let number = Some(attempt.number);
    // Ended means moved: the kept part is in the database before the file goes.
    if attempt.state == AttemptState::Running {
        match fs::open_nofollow(&output_path(&context.database, attempt.id)) {
            Ok(mut file) => {
                let size = file.metadata().map_err(|error| unreadable(&error))?.size();
                let (mut read, mut bytes) = (size.saturating_sub(most), Vec::new());
                while pour(&mut file, &mut read, &mut bytes)? {}
                return Ok((number, bytes));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&error)),
        }
    }
    let kept = store.read().output(attempt.id)?;
    Ok((number, kept.map(joined).unwrap_or_default()))
}

/// Head, a mark where the middle was cut, tail.
pub(super) fn joined(output: Output) -> Vec<u8> {
    let cut = output.cut();
    let mut bytes = output.head;
    if cut > 0 {
        bytes.extend(mark(cut));
    }
    bytes.extend_from_slice(&output.tail);
    bytes
}

/// What stands where the middle of a flood was.
fn mark(cut: u64) -> Vec<u8> {
    format!("\n[... {cut} bytes cut ...]\n").into_bytes()
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("the output file: {error}"))
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

/// Follows one run to its end.
pub(super) fn follow_one(word: &str, context: &Context) -> Result<ExitCode, Failure> {
    follow(&[word.to_owned()], false, None, context)
}

/// Waits for the start of each run, prints what they write as they write it, and ends with the
/// last of them. Of several, each line says whose it is.
fn follow(
    words: &[String],
    raw: bool,
    only: Option<usize>,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let store = context.open_existing(&words[0])?;
    let mut followed: Vec<Followed> = words.iter().map(|word| Followed::new(word, only)).collect();
    let prefixed = words.len() > 1;
    let mut runner_seen = Instant::now();
    loop {
        let mut over = true;
        for one in &mut followed {
            one.look(&store, context)?;
            let bytes = one.take(prefixed);
            context.print_bytes(&show(&bytes, raw, context))?;
            over &= one.over;
        }
        if over {
            return Ok(Context::done());
        }
        if context.runner_lives() {
            runner_seen = Instant::now();
        } else if runner_seen.elapsed() >= NO_RUNNER {
            return Err(super::wait::no_runner());
        }
        std::thread::sleep(LOOK);
    }
}

/// A run that is followed: what of it was read, and what of that was printed.
struct Followed {
    word: String,
    run: Option<Run>,
    /// Attempts printed to their end.
    attempts: usize,
    file: Option<File>,
    /// Bytes of the attempt at hand that were read.
    read: u64,
    pending: Vec<u8>,
    /// Of what was written before the first look, only so many lines.
    only: Option<usize>,
    over: bool,
}

impl Followed {
    fn new(word: &str, only: Option<usize>) -> Self {
        Self {
            word: word.to_owned(),
            run: None,
            attempts: 0,
            file: None,
            read: 0,
            pending: Vec::new(),
            only,
            over: false,
        }
    }

    /// Reads what has come since the last look.
    fn look(&mut self, store: &Store, context: &Context) -> Result<(), Failure> {
        if self.over {
            return Ok(());
        }
        if let Some(n) = self.only.take() {
            self.look_back(n, store, context)?;
        }
        if self.run.is_none() {
            self.run = select::run(&store.read(), &self.word)?;
        }
        let Some(run) = &self.run else {
            return Ok(());
        };
        // Looked at before the attempts are: then all of a final run's are there.
        let ended = store
            .read()
            .run(run.id)?
            .is_none_or(|run| run.state.is_final());
        let attempts = store.read().attempts(run.id)?;
        while let Some(attempt) = attempts.get(self.attempts) {
            if !self.look_at(attempt, store, context)? {
                return Ok(());
            }
            self.attempts += 1;
            self.file = None;
            self.read = 0;
        }
        self.over = ended;
        Ok(())
    }

    /// Passes over what was written before, but for its last lines.
    fn look_back(&mut self, n: usize, store: &Store, context: &Context) -> Result<(), Failure> {
        loop {
            let before = (self.attempts, self.read);
            self.look(store, context)?;
            // Less than a portion: what comes now is written while we look.
            let caught_up =
                self.attempts == before.0 && self.read.saturating_sub(before.1) < PORTION as u64;
            let kept = last_lines(&self.pending, n).len();
            self.pending.drain(..self.pending.len() - kept);
            if self.over || caught_up {
                return Ok(());
            }
        }
    }

    /// Reads one attempt; answers whether it is at its end.
    fn look_at(
        &mut self,
        attempt: &Attempt,
        store: &Store,
        context: &Context,
    ) -> Result<bool, Failure> {
        if self.file.is_none() {
            self.file = fs::open_nofollow(&output_path(&context.database, attempt.id)).ok();
        }
        // Asked before the last read, so that nothing written before the end is left out.
        let kept = store.read().output(attempt.id)?;
        if let Some(file) = &mut self.file {
            while self.pending.len() < PORTION {
                if !pour(file, &mut self.read, &mut self.pending)? {
                    return Ok(kept.is_some());
                }
            }
            return Ok(false);
        } else if let Some(output) = &kept {
            self.pending.extend(joined(output.clone()));
        }
        Ok(kept.is_some())
    }

    /// What can be printed: whole lines where they have to carry a name, whole characters otherwise.
    fn take(&mut self, prefixed: bool) -> Vec<u8> {
        let whole = if self.over {
            self.pending.len()
        } else if prefixed {
            let line = self.pending.iter().rposition(|byte| *byte == b'\n');
            line.map_or(0, |end| end + 1)
        } else {
            text::settled(&self.pending)
        };
        let rest = self.pending.split_off(whole);
        let bytes = std::mem::replace(&mut self.pending, rest);
        match (&self.run, prefixed) {
            (Some(run), true) => with_name(&run.name.to_string(), &bytes),
            _ => bytes,
        }
    }
}

fn with_name(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut named = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        named.extend_from_slice(name.as_bytes());
        named.extend_from_slice(b": ");
        named.extend_from_slice(line);
    }
    if named.last().is_some_and(|byte| *byte != b'\n') {
        named.push(b'\n');
    }
    named
}

/// Appends what the file has gained, at most one buffer; `false` when it has gained nothing. What
/// the runner has given back of a flood is not read as zeros, but marked.
fn pour(file: &mut File, read: &mut u64, into: &mut Vec<u8>) -> Result<bool, Failure> {
    let io = |error: io::Error| unreadable(&error);
    let size = file.metadata().map_err(io)?.size();
    if size <= *read {
        return Ok(false);
    }
    let data = fs::data_behind(&*file, *read).map_err(io)?;
    let data = data.unwrap_or(size..size);
    if data.start > *read {
        into.extend(mark(data.start - *read));
        *read = data.start;
        return Ok(true);
    }
    file.seek(SeekFrom::Start(*read)).map_err(io)?;
    let mut buffer = vec![0; (data.end.min(size) - *read).min(64 << 10) as usize];
    let got = file.read(&mut buffer).map_err(io)?;
    into.extend_from_slice(&buffer[..got]);
    *read += got as u64;
    Ok(got > 0)
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
