//! The threads that start processes.
//!
//! The parent of a new process sleeps until the child has its program: that is most of what a short job
//! costs (perf: a third of a core at 2,000 starts a second), and on a slow file system it takes as long as
//! that does. The loop must not sleep, so it leaves starts to these threads, and several keep several
//! cores busy. They are made once and stay: making one takes room that may not be there when a job is
//! due, and the end of one would be a wake-up.
//!
//! What lives here: the queue of starts, in the order in which they were decided. What never does: a
//! decision, or anything that is remembered from one start to the next.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use crate::os::clock;
use crate::process::Child;
use crate::process::output::Spare;
use crate::store::Process;

use super::super::core::Refusal;
use super::super::ledger::{Claim, HookStart};
use super::super::start::Launcher;

/// Two keep two cores busy; more than this wait for each other in the kernel.
const MOST: usize = 4;

/// An attempt to be started.
pub(super) struct Start {
    pub claim: Box<Claim>,
    pub slot: u32,
    pub decided: DateTime<Utc>,
    /// An output file that may serve it.
    pub spare: Option<Spare>,
}

/// How a start went.
pub(super) struct Started {
    pub claim: Box<Claim>,
    pub outcome: Result<(Child, Process), Refusal>,
    /// It did not serve.
    pub spare: Option<Spare>,
}

/// What a panic was about.
pub(super) type Panic = Box<dyn std::any::Any + Send>;

enum Order {
    Attempt(Start),
    Hook(
        Box<HookStart>,
        String,
        oneshot::Sender<Result<Child, String>>,
    ),
}

#[derive(Default)]
struct Queue {
    orders: Mutex<VecDeque<Order>>,
    filled: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, order: Order) {
        self.lock().push_back(order);
        self.filled.notify_one();
    }

    fn pop(&self) -> Order {
        let mut orders = self.lock();
        loop {
            if let Some(order) = orders.pop_front() {
                return order;
            }
            let woken = self.filled.wait(orders);
            orders = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

pub(super) struct Starters(Arc<Queue>);

impl Starters {
    /// Starts the threads. `told` hears of every attempt, a panic included.
    pub(super) fn new(
        launcher: &Arc<Launcher>,
        told: &mpsc::UnboundedSender<Result<Started, Panic>>,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.min(MOST) {
            let (queue, launcher, told) = (Arc::clone(&queue), Arc::clone(launcher), told.clone());
            let carry_out = move || {
                loop {
                    match queue.pop() {
                        Order::Attempt(start) => {
                            let start = AssertUnwindSafe(|| attempt(&launcher, start));
                            let _ = told.send(catch_unwind(start));
                        }
                        Order::Hook(start, text, answer) => {
                            let _ = answer.send(launcher.launch_hook(&start, text));
                        }
                    }
                }
            };
            thread::Builder::new()
                .name("starter".to_owned())
                .spawn(carry_out)?;
        }
        Ok(Self(queue))
    }

    pub(super) fn start(&self, start: Start) {
        self.0.push(Order::Attempt(start));
    }

    /// Starts a hook, which is told this text.
    pub(super) fn hook(
        &self,
        start: Box<HookStart>,
        text: String,
    ) -> oneshot::Receiver<Result<Child, String>> {
        let (answer, answered) = oneshot::channel();
        self.0.push(Order::Hook(start, text, answer));
        answered
    }
}

fn attempt(launcher: &Launcher, start: Start) -> Started {
    let Start {
        claim,
        slot,
        decided,
        mut spare,
    } = start;
    let child = launcher.launch(&claim, slot, &mut spare);
    let outcome = child.map(|child| {
        let process = Process {
            boot: child.identity.boot.to_string(),
            pid: child.identity.pid,
            ticks: child.identity.start,
            uptime_ms: clock::monotonic().as_millis() as u64,
            // The clock may have been set back since it was found to be due.
            started: Utc::now().max(decided),
            slot,
        };
        (child, process)
    });
    Started {
        claim,
        outcome,
        spare,
    }
}
