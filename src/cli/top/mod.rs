//! `top`, and `list --watch`: the jobs on the whole screen, and single keys to steer them.
//!
//! Three parts: [`screen`] takes the terminal and gives it back, whatever happens; [`model`] is what is
//! shown and what keys mean, without a terminal; [`draw`] puts one on the other. Here is the loop between
//! them and the database. What a key does is done by the verb of that name, so that it means the same.

mod draw;
mod model;
mod screen;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::Utc;
use ratatui::crossterm::event::{self, Event};

use crate::domain::JobId;
use crate::os::fs::{Facts, lstat};
use crate::os::{signals, terminal};
use crate::store::Store;

use super::args::{CancelArgs, PauseArgs, ResumeArgs, RetryArgs, Selector, Shown, TriggerArgs};
use super::context::Context;
use super::failure::{Code, Failure};
use super::{cancel, list, logs, pause, retry, trigger};

use model::{Deed, Logs, Model, Step};
use screen::Screen;

/// How long a key is waited for until the database is asked whether it changed.
const PACE: Duration = Duration::from_millis(250);
/// Distances on the screen change even when nothing happens.
const SECOND: Duration = Duration::from_secs(1);
/// A look at a large database may cost this part of the time.
const SHARE: u32 = 8;
/// More jobs are counted, not listed.
const MOST: usize = 1_000;
/// Waiting runs are counted up to here.
const COUNTED: u64 = 100_000;
/// Bytes of output that can be scrolled through.
const OUTPUT: u64 = 64 << 10;

pub(super) fn top(which: &Shown, context: &Context) -> Result<ExitCode, Failure> {
    needs_a_terminal(context)?;
    let mut eye = Eye::open(which.clone(), context)?;
    let mut model = Model::new(which.all);
    // Before the screen is taken, so that no signal finds it without an ear.
    let heard = signals::Heard::new().map_err(|error| failed(&error))?;
    let mut screen = Screen::take().map_err(|error| failed(&error))?;
    eye.look(&mut model, context)?;
    let mut is_stale = true;
    loop {
        if let Some(signal) = heard.end() {
            return Ok(ExitCode::from(128 + signal as u8));
        }
        if heard.has_continued() {
            screen.retake().map_err(|error| failed(&error))?;
            is_stale = true;
        }
        if eye.has_news(&model)? {
            eye.look(&mut model, context)?;
            is_stale = true;
        }
        if is_stale {
            screen
                .draw(|frame| draw::draw(&mut model, frame, &context.style))
                .map_err(|error| failed(&error))?;
        }
        let input = input().map_err(|error| failed(&error))?;
        is_stale = !matches!(input, Input::Nothing);
        let step = match input {
            Input::Event(Event::Key(key)) => model.key(key),
            Input::Event(_) | Input::Nothing => Step::Nothing,
            Input::Gone => return Ok(ExitCode::from(128 + signals::HANG_UP)),
        };
        match step {
            Step::Nothing => {}
            Step::Look => eye.look(&mut model, context)?,
            Step::Quit => return Ok(Context::done()),
            Step::Repaint => screen.retake().map_err(|error| failed(&error))?,
            Step::Stop => {
                screen.give_back();
                signals::stop().map_err(|error| failed(&error))?;
                screen.retake().map_err(|error| failed(&error))?;
            }
            Step::Do(deed, job) => {
                eye.close();
                model.answer = Some(carry_out(deed, job, context));
                eye.look(&mut model, context)?;
            }
        }
    }
}

fn needs_a_terminal(context: &Context) -> Result<(), Failure> {
    if context.json {
        return Err(Failure::usage("top draws on a terminal, and has no JSON")
            .hint("for a program: punctual --json list"));
    }
    if !context.terminal || !io::stdin().is_terminal() {
        return Err(Failure::new(
            Code::Failed,
            "top needs a terminal, for its input and its output",
        )
        .hint("without one: punctual list"));
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err(
            Failure::new(Code::Failed, "this terminal cannot be drawn on (TERM=dumb)")
                .hint("see the jobs once with: punctual list"),
        );
    }
    Ok(())
}

/// What happened at the terminal.
enum Input {
    Event(Event),
    Nothing,
    /// Nobody is there any more.
    Gone,
}

/// The next event within the pace. The library that reads keys would read the end of a terminal that
/// was hung up for ever, so the kernel is asked first.
fn input() -> io::Result<Input> {
    if terminal::wait_for_input(Duration::ZERO)? == terminal::Input::Gone {
        return Ok(Input::Gone);
    }
    // It may hold events that it has read already.
    if event::poll(Duration::ZERO)? {
        return event::read().map(Input::Event);
    }
    Ok(match terminal::wait_for_input(PACE)? {
        terminal::Input::Gone => Input::Gone,
        _ => Input::Nothing,
    })
}

fn failed(error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("the terminal: {error}"))
}

/// The database, seen again and again.
struct Eye {
    which: Shown,
    /// Closed while a verb writes: the runner is told of a change when its writer closes, and SQLite
    /// keeps the descriptor for as long as this process has another one.
    store: Option<Store>,
    file: Facts,
    version: i64,
    looked: Instant,
    took: Duration,
}

impl Eye {
    fn open(which: Shown, context: &Context) -> Result<Self, Failure> {
        let store = context.open_existing("")?;
        Ok(Self {
            which,
            file: lstat(&context.database).map_err(|_| gone())?,
            version: store.version()?,
            store: Some(store),
            looked: Instant::now(),
            took: Duration::ZERO,
        })
    }

    fn close(&mut self) {
        self.store = None;
    }

    fn store<'a>(store: &'a mut Option<Store>, context: &Context) -> Result<&'a Store, Failure> {
        match store {
            Some(store) => Ok(store),
            None => Ok(store.insert(context.open_existing("")?)),
        }
    }

    /// Whether another look would show something new, and may be taken already.
    fn has_news(&self, model: &Model) -> Result<bool, Failure> {
        let since = self.looked.elapsed();
        let changed = match &self.store {
            Some(store) => store.version()? != self.version || model.follows_a_living_run(),
            None => true,
        };
        Ok((changed || since >= SECOND) && since >= self.took * SHARE)
    }

    fn look(&mut self, model: &mut Model, context: &Context) -> Result<(), Failure> {
        let begun = Instant::now();
        let there = lstat(&context.database).is_ok_and(|there| there.same_file(&self.file));
        if !there {
            return Err(gone());
        }
        let now = Utc::now();
        let store = Self::store(&mut self.store, context)?;
        self.version = store.version()?;
        let which = Shown {
            all: model.all,
            ..self.which.clone()
        };
        let filter = crate::store::JobFilter {
            limit: Some(MOST),
            ..list::filter(&which, now)
        };
        let page = store.snapshot(|read| {
            model.runner = read.runner()?.filter(|_| context.runner_lives());
            model.depth = read.depth(COUNTED)?;
            list::page(read, &filter, context)
        })?;
        model.now = now;
        model.show(page);
        if let Some(job) = model.reads_logs_of() {
            model.logs(logs_of(store, job, context)?);
        }
        self.took = begun.elapsed();
        self.looked = Instant::now();
        Ok(())
    }
}

fn gone() -> Failure {
    Failure::new(Code::Database, "the database is gone or was replaced")
        .hint("see what is there now with: punctual list")
}

/// The end of what the newest run of a job wrote.
fn logs_of(store: &Store, job: JobId, context: &Context) -> Result<Option<Logs>, Failure> {
    let Some(run) = store.read().latest_run(job)? else {
        return Ok(None);
    };
    let (_, bytes) = logs::written(store, &run, None, OUTPUT, context)?;
    let start = bytes.len().saturating_sub(OUTPUT as usize);
    Ok(Some(Logs::of(run, &bytes[start..])))
}

/// Does what a key asked for, and answers in the words of the verb.
fn carry_out(deed: Deed, job: JobId, context: &Context) -> Result<String, String> {
    let context = context.within(Utc::now());
    let word = job.0.to_string();
    let one = || Selector {
        jobs: vec![word.clone()],
        ..Selector::default()
    };
    let done = match deed {
        Deed::Pause => {
            let which = one();
            pause::pause(&PauseArgs { which, until: None }, &context)
        }
        Deed::Resume => pause::resume(&ResumeArgs { which: one() }, &context),
        Deed::Trigger => trigger::trigger(
            &TriggerArgs {
                jobs: vec![word],
                wait: false,
                follow: false,
            },
            &context,
        ),
        Deed::Retry => retry::retry(
            &RetryArgs {
                runs: vec![word],
                failed: false,
                since: None,
                cascade: false,
                dry_run: false,
            },
            &context,
        ),
        Deed::Cancel => cancel::cancel(
            &CancelArgs {
                runs: vec![word],
                queue: None,
                all: false,
                signal: None,
            },
            &context,
        ),
    };
    match done {
        Ok(_) => Ok(context.said().trim_end().replace('\n', "; ")),
        Err(failure) => Err(failure.message),
    }
}
