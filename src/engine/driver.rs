//! Where the world comes in: clocks, the file watch, signals and processes become events,
//! and effects become calls. Decides nothing.
//!
//! One thread runs this loop; it sleeps until the kernel has something to say. An idle runner has one timer
//! set, and nothing ticks.

mod children;
mod hooking;
mod parent;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::domain::{Attempt, AttemptId, Run, Runner};
use crate::os::clock::{self, TimerEvent, WallTimer};
use crate::os::lock::RunnerLock;
use crate::os::watch::{FileEvent, FileWatch, PathWatch};
use crate::os::{fs, signals};
use crate::process::{Ended, Identity, orphan, strangers};
use crate::schedule::Zone;
use crate::store::{Process, Store, StoreError, ends_path, lock_path};

use super::core::{Config, Core, Effect, Event, Grace, IMPATIENCE, Line, Now};
use super::forward::Outlet;
use super::hooks::HookEnd;
use super::ledger::{Claim, Ledger};
use super::log;
use super::notify::Notifier;
use super::options::{JobFile, RunnerOptions};
use super::policy::Why;
use super::start;
use super::witness::Witness;
use super::writer::{Told, Writer};
use children::take_hold;
use parent::{Heard, Number, Parents, Word};
pub(crate) use parent::{PARENT, parent};

#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("another runner has this database{}", pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Held { pid: Option<i32> },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{what}: {source}")]
    System {
        what: &'static str,
        source: io::Error,
    },
    #[error("the database file was deleted or replaced while it was in use")]
    Gone,
    #[error("stopped before the last ends could be written down: {0}")]
    Unwritten(StoreError),
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::System { what, source }
}

/// Claims made ahead of free slots. Enough to keep the pool busy while a commit is under
/// way, few enough to be taken back at once.
const AHEAD: usize = 64;

/// Of these, how many wait as heirs. Enough to keep the processors busy while we hear of the ends of others.
const HEIRS: usize = 32;

/// A wall clock that moves this much against the time since boot was stepped, not slewed.
const STEP: TimeDelta = TimeDelta::milliseconds(500);

/// How often a living output is looked at, so that a runaway job cannot fill the disk.
const TRIM_EVERY: Duration = Duration::from_secs(1);

/// From the end of the grace to the end of the runner, when the database cannot be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where nothing tells of other processes' commits, they are looked for this often.
const TICK: Duration = Duration::from_secs(1);

/// The runner, from its lock to its last commit.
pub(crate) fn run(store: Store, options: RunnerOptions) -> Result<(), RunError> {
    let lock = RunnerLock::acquire(&lock_path(store.path()))
        .map_err(system("cannot lock the database for a runner"))?
        .map_err(|held| RunError::Held { pid: held.pid })?;
    let survives_hangup = signals::ignored()
        .is_ok_and(|ignored| ignored.contains(&SignalKind::hangup().as_raw_value()));
    signals::normalize().map_err(system("cannot reset the signals"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(system("cannot start the event loop"))?;
    let ended =
        runtime.block_on(async { Driver::new(store, options, survives_hangup)?.turn().await });
    drop(lock);
    ended
}

struct Driver {
    core: Core,
    writer: Writer,
    told: UnboundedReceiver<Told>,
    ends: UnboundedReceiver<(AttemptId, Ended)>,
    tell_end: UnboundedSender<(AttemptId, Ended)>,
    timer: WallTimer,
    watch: Option<FileWatch>,
    signals: Signals,
    file: Option<(JobFile, Option<PathWatch>)>,
    hook_ends: UnboundedReceiver<HookEnd>,
    tell_hook: UnboundedSender<HookEnd>,
    describe: fn(&Run, &[Attempt]) -> String,
    alive: HashMap<AttemptId, Alive>,
    /// Processes of an earlier runner, held until it is judged what becomes of them.
    adopted: HashMap<AttemptId, orphan::Orphan>,
    witness: Witness,
    launcher: start::Launcher,
    parents: Parents,
    /// Claims whose starts are under way, and with whom.
    starting: HashMap<AttemptId, (Box<Claim>, Number)>,
    deadline: Option<tokio::time::Instant>,
    stop_at: Option<tokio::time::Instant>,
    /// Why nothing can be written for now.
    stuck: Option<StoreError>,
    /// How long a stop waits for that, asked once and twice.
    patience: [Option<Duration>; 2],
    give_up_at: Option<tokio::time::Instant>,
    trim_at: Option<tokio::time::Instant>,
    /// Wall clock minus time since boot, at the last look.
    offset: TimeDelta,
    zone: fn() -> Zone,
    survives_hangup: bool,
    /// The way out for the log, and for output that is forwarded.
    outlet: Outlet,
    log_format: log::Format,
    log: String,
    notifier: Notifier,
    done: bool,
}

/// What signalling and collecting an attempt needs.
struct Alive {
    identity: Identity,
    process: Process,
    mark: String,
    limit: u64,
    path: PathBuf,
    /// We have a hand in its end: what that means is not in how it ends.
    ending: Option<Why>,
    /// Who tells us of its end. Without one, it is watched.
    parent: Option<Number>,
}

struct Signals {
    /// Process 1 of a container reaps strangers, too.
    child: Option<Signal>,
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

enum Woken {
    Told(Option<Told>),
    Parent(Heard),
    Ended(Option<(AttemptId, Ended)>),
    HookEnded(Option<HookEnd>),
    Timer(io::Result<TimerEvent>),
    File(io::Result<FileEvent>),
    JobFile,
    Deadline,
    Trim,
    Status,
    Stop,
    GiveUp,
    Hangup,
    Stranger,
}

impl Driver {
    fn new(
        mut store: Store,
        options: RunnerOptions,
        survives_hangup: bool,
    ) -> Result<Self, RunError> {
        let adopted = take_hold(&store);
        let listen = |kind| signal(kind).map_err(system("cannot listen for signals"));
        let is_init = std::process::id() == 1;
        let signals = Signals {
            child: is_init.then(|| listen(SignalKind::child())).transpose()?,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        };
        let path = store.path().to_owned();
        let watch = match fs::is_network_fs(&path) {
            Ok(true) => None,
            _ => FileWatch::new(&path).ok(),
        };
        store.settle_down()?;
        let facts = fs::lstat(&path).map_err(system("cannot look at the database"))?;
        store.write(|tx| tx.be_one_of_a_kind(&format!("{}:{}", facts.dev, facts.ino)))?;
        let id = store.read().meta("id")?;
        let witness = Witness::open(ends_path(&path), &id);
        let (tell, told) = unbounded_channel();
        let printed = children::printed_beside(path.clone());
        let ledger = Ledger::new(options.salt, options.zone, options.on_failure, printed);
        let writer =
            Writer::start(store, ledger, tell).map_err(system("cannot start the writer"))?;
        let parents = Parents::new(&path, &id)
            .map_err(system("cannot start the process that starts the jobs"))?;
        let launcher = start::Launcher::new(path.clone(), id);
        let (tell_end, ends) = unbounded_channel();
        let (tell_hook, hook_ends) = unbounded_channel();
        let (now, zone) = (Utc::now(), options.zone);
        let patience = match options.grace {
            _ if options.leave_running => [Some(LAST_WORDS), Some(LAST_WORDS)],
            Grace::Forever => [None, Some(IMPATIENCE + LAST_WORDS)],
            Grace::For(grace) => [grace, grace.min(IMPATIENCE)].map(|time| Some(time + LAST_WORDS)),
        };
        let core = Core::new(Config {
            runner: Runner {
                pid: std::process::id() as i32,
                since: now,
                pool: options.pool,
            },
            boot: clock::boot_instance().map_err(system("cannot read the boot id"))?,
            ahead: AHEAD,
            heirs: HEIRS,
            until_idle: options.until_idle,
            grace: options.grace,
            leave_running: options.leave_running,
        });
        let notifier = Notifier::new(|| Store::open_read(&path).ok().flatten());
        let file = options.file.map(|file| {
            let watch = PathWatch::new(&file.path).ok();
            (file, watch)
        });
        Ok(Self {
            core,
            writer,
            told,
            ends,
            tell_end,
            timer: WallTimer::new().map_err(system("cannot make a timer"))?,
            watch,
            signals,
            file,
            hook_ends,
            tell_hook,
            describe: options.describe,
            alive: HashMap::new(),
            adopted,
            witness,
            launcher,
            parents,
            starting: HashMap::new(),
            deadline: None,
            stop_at: options
                .run_for
                .map(|span| tokio::time::Instant::now() + span),
            stuck: None,
            patience,
            give_up_at: None,
            trim_at: None,
            offset: offset(),
            zone,
            survives_hangup,
            outlet: Outlet::new(
                options.forward,
                Box::new(move || log::stamp(Utc::now(), zone())),
            )
            .map_err(system("cannot start the forwarding"))?,
            log_format: options.log_format,
            log: String::new(),
            notifier,
            done: false,
        })
    }

    async fn turn(mut self) -> Result<(), RunError> {
        if self.watch.is_none() {
            self.say("no file watch here: looking for changes every second");
        }
        self.forget_old_outputs();
        self.feed(Event::Begin);
        while !self.done {
            let woken = self.sleep().await;
            self.woken(woken)?;
            self.drain();
            self.parents.flush();
            self.outlet.log(&mut self.log);
            self.notifier.look(tokio::time::Instant::now);
        }
        self.writer.close();
        let leaves_work = !self.alive.is_empty();
        self.parents.leave(leaves_work);
        if !leaves_work {
            self.witness.leave();
        }
        Ok(())
    }

    async fn sleep(&mut self) -> Woken {
        let at = |instant: Option<tokio::time::Instant>| async move {
            match instant {
                Some(instant) => tokio::time::sleep_until(instant).await,
                None => std::future::pending().await,
            }
        };
        let changed = async {
            if let Some(watch) = &self.watch {
                watch.changed().await
            } else {
                tokio::time::sleep(TICK).await;
                Ok(FileEvent::Written)
            }
        };
        let file_changed = async {
            match &mut self.file {
                Some((_, Some(watch))) => {
                    let _ = watch.changed().await;
                }
                _ => std::future::pending().await,
            }
        };
        let child = async {
            match &mut self.signals.child {
                Some(child) => {
                    child.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = self.told.recv() => Woken::Told(told),
            heard = self.parents.heard() => Woken::Parent(heard),
            end = self.ends.recv() => Woken::Ended(end),
            end = self.hook_ends.recv() => Woken::HookEnded(end),
            fired = self.timer.fired() => Woken::Timer(fired),
            event = changed => Woken::File(event),
            () = file_changed => Woken::JobFile,
            () = at(self.deadline) => Woken::Deadline,
            () = at(self.stop_at) => Woken::Stop,
            () = at(self.give_up_at), if self.stuck.is_some() => Woken::GiveUp,
            () = at(self.trim_at) => Woken::Trim,
            () = at(self.notifier.due()) => Woken::Status,
            _ = self.signals.interrupt.recv() => Woken::Stop,
            _ = self.signals.terminate.recv() => Woken::Stop,
            _ = self.signals.hangup.recv() => Woken::Hangup,
            () = child => Woken::Stranger,
        }
    }

    fn woken(&mut self, woken: Woken) -> Result<(), RunError> {
        // The timer tells of a step where the kernel does; elsewhere whatever comes first must do.
        self.notice_step();
        match woken {
            Woken::Told(told) => self.hear(told)?,
            Woken::Parent(Heard::Words(words)) => {
                for word in words {
                    self.hear_word(word);
                }
            }
            Woken::Parent(Heard::Death(parent)) => self.hear_death(parent),
            Woken::Ended(end) => {
                if let Some((attempt, ended)) = end {
                    self.hear_orphan(attempt, ended);
                }
            }
            Woken::HookEnded(end) => self.hear_hook(end),
            Woken::Timer(fired) => {
                fired.map_err(system("cannot read the timer"))?;
                self.feed(Event::Woke);
            }
            Woken::File(event) => match event {
                Ok(FileEvent::Written) => self.feed(Event::Woke),
                Ok(FileEvent::Gone) => return Err(RunError::Gone),
                Err(_) => self.watch = None,
            },
            Woken::JobFile => self.apply_file(),
            Woken::Deadline => {
                self.deadline = None;
                self.feed(Event::DeadlinePassed);
            }
            Woken::Trim => self.trim(),
            // After each round the service manager is told, if there is something to tell.
            Woken::Status => {}
            Woken::Stop => {
                self.stop_at = None;
                self.stop();
            }
            // Whoever stops the machine does not wait for room on its disk.
            Woken::GiveUp => {
                if let Some(error) = self.stuck.take() {
                    return Err(RunError::Unwritten(error));
                }
            }
            Woken::Hangup if self.file.is_some() => self.apply_file(),
            // Started by nohup: the end of the terminal is not ours.
            Woken::Hangup if self.survives_hangup => {}
            Woken::Hangup => self.stop(),
            Woken::Stranger => {
                strangers::reap();
            }
        }
        Ok(())
    }

    fn stop(&mut self) {
        let [first, then] = self.patience;
        self.patience = [then, then];
        let at = first.map(|patience| tokio::time::Instant::now() + patience);
        self.give_up_at = self.give_up_at.into_iter().chain(at).min();
        self.feed(Event::Stop);
    }

    /// Takes what else has come, so that one round serves all of it.
    fn drain(&mut self) {
        while let Ok((attempt, ended)) = self.ends.try_recv() {
            self.hear_orphan(attempt, ended);
        }
    }

    fn hear(&mut self, told: Option<Told>) -> Result<(), RunError> {
        match told {
            Some(Told::Committed(answers)) => {
                for answer in answers {
                    self.feed(Event::Answered(answer));
                }
                Ok(())
            }
            Some(Told::Stuck(error)) => {
                self.say(&format!(
                    "{error}; nothing new starts until it can be written"
                ));
                self.stuck = Some(error);
                Ok(())
            }
            Some(Told::Unstuck) => {
                self.stuck = None;
                self.say("the database can be written again");
                Ok(())
            }
            Some(Told::Broken(error)) => Err(error.into()),
            None => Err(RunError::Store(StoreError::Device(
                "the writer ended".to_owned(),
            ))),
        }
    }

    /// Shows the core an event, and carries out what it decides, until nothing is left to do.
    fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = now();
            let effects = self.core.handle(event, now);
            let mut orders = false;
            for effect in effects {
                // They come first, and are on their way before anything else is done.
                let is_order = effect.is_order();
                if orders && !is_order {
                    self.parents.flush();
                }
                orders = is_order;
                events.extend(self.carry_out(effect, now.wall));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect, decided: DateTime<Utc>) -> Option<Event> {
        match effect {
            Effect::Ask(request) => self.writer.ask(request),
            Effect::Examine(open) => {
                let found = self.examine(open);
                self.notifier.ready();
                return Some(Event::Examined(found));
            }
            Effect::Spawn(claim, turn) => return self.spawn(claim, turn, decided),
            Effect::Hasten(attempt, slot) => {
                if let Some((_, parent)) = self.starting.get(&attempt) {
                    self.parents.hasten(*parent, attempt, slot);
                }
            }
            Effect::Recall(attempt) => {
                if let Some((_, parent)) = self.starting.get(&attempt) {
                    self.parents.recall(*parent, attempt);
                }
            }
            Effect::Adopt(claim, process) => self.adopt(&claim, &process),
            Effect::Signal(attempt, blow) => self.strike(attempt, blow),
            Effect::Discard(attempt) => {
                self.discard(attempt);
                if self.alive.is_empty() {
                    self.trim_at = None;
                }
            }
            Effect::Hook(start) => self.start_hook(&start),
            Effect::WakeAt(at) => self.set_timer(at),
            Effect::DeadlineAt(at) => {
                self.deadline = at
                    .map(|at| tokio::time::Instant::now() + at.saturating_sub(clock::monotonic()));
            }
            Effect::Log(line) => {
                if matches!(line, Line::Stopping { .. } | Line::Stopped) {
                    self.notifier.stopping();
                }
                self.log_line(&line);
            }
            Effect::Exit => self.done = true,
        }
        None
    }

    fn set_timer(&mut self, at: Option<DateTime<Utc>>) {
        if let Err(error) = self.timer.set(at) {
            self.say(&format!("cannot set the timer: {error}"));
        }
    }

    fn notice_step(&mut self) {
        let offset = offset();
        let by = offset - self.offset;
        self.offset = offset;
        if by.abs() >= STEP {
            self.feed(Event::ClockStepped(by));
        }
    }

    fn apply_file(&mut self) {
        let Some((file, _)) = &mut self.file else {
            return;
        };
        self.notifier.reloading();
        let text = match (file.apply)() {
            Ok(text) => text,
            Err(error) => format!("{error}; the jobs stay as they were"),
        };
        self.say(&text);
        self.notifier.ready();
        self.feed(Event::Woke);
    }

    fn log_line(&mut self, line: &Line) {
        self.log.push_str(&log::render(
            line,
            Utc::now(),
            (self.zone)(),
            self.log_format,
        ));
    }

    fn say(&mut self, text: &str) {
        self.log.push_str(&log::plain(
            text,
            Utc::now(),
            (self.zone)(),
            self.log_format,
        ));
    }
}

fn now() -> Now {
    Now {
        wall: Utc::now(),
        mono: clock::monotonic(),
    }
}

fn offset() -> TimeDelta {
    let since_boot = TimeDelta::from_std(clock::boottime()).unwrap_or(TimeDelta::zero());
    Utc::now() - DateTime::UNIX_EPOCH - since_boot
}
