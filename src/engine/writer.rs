//! The one thread that owns the runner's connection.
//!
//! It blocks on the first request, takes what else has come meanwhile, and commits all of
//! it as one transaction. So an idle disk commits batches of one, and a slow one commits
//! bigger batches, without a timer. The core never waits for the disk: limits and signals
//! stay on time while somebody else holds the write lock.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::mpsc::UnboundedSender;

use crate::domain::AttemptId;
use crate::store::{Store, StoreError};

use super::ledger::{Answer, Ledger, Request};
use super::retention;

/// What the writer tells the driver.
#[derive(Debug)]
pub(crate) enum Told {
    /// The answers of one committed transaction.
    Committed(Vec<Answer>),
    /// The file cannot be written for now; the batch is kept and tried again.
    Stuck(StoreError),
    /// It can be written again.
    Unstuck,
    /// The file cannot be trusted any more.
    Broken(StoreError),
}

/// More than a busy pool asks between two commits. All of it is allocated at once, so it is not
/// more generous than that; when it is full the loop waits for the writer, which never waits for the loop.
const BACKLOG: usize = 1_024;

/// From one commit to the next, under load.
const PACE: Duration = Duration::from_millis(5);

/// The same while the runner has all the claims that it may have: its slots are filled without us, and one commit for
/// twice as many ends writes not many more pages, and fewer starts, for more of them have ended.
const EASY_PACE: Duration = Duration::from_millis(10);

/// How long a batch that could not be written rests before it is tried again.
const REST: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        store: Store,
        ledger: Ledger,
        told: UnboundedSender<Told>,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = sync_channel(BACKLOG);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || write_batches(store, ledger, &inbox, &told))?;
        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Hands a request over. The driver asks no more than the pool allows, so the
    /// channel has room.
    pub(crate) fn ask(&self, request: Request) {
        if let Some(requests) = &self.requests {
            // The writer ends only after it told of a broken file; then nobody needs an answer.
            let _ = requests.send(request);
        }
    }

    /// Lets the thread finish what it was given, and closes the file.
    pub(crate) fn close(mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_batches(
    mut store: Store,
    mut ledger: Ledger,
    inbox: &Receiver<Request>,
    told: &UnboundedSender<Told>,
) {
    let mut last: Option<Instant> = None;
    let mut pace = PACE;
    while let Ok(first) = inbox.recv() {
        // Under load the next batch gathers meanwhile: two thousand jobs a second then cost
        // a hundred commits instead of four thousand. An idle writer does not rest. Nor does one that is
        // asked what an earlier runner left: until that is watched, its end is seen by nobody, and lost.
        let rest = last.filter(|_| !matches!(first, Request::Unfinished));
        if let Some(rest) = rest.and_then(|last| pace.checked_sub(last.elapsed())) {
            std::thread::sleep(rest);
        }
        last = Some(Instant::now());
        let is_forgetting = matches!(&first, Request::Prune(progress) if progress.has_begun());
        let mut batch = vec![first];
        if is_forgetting && let Ok(other) = inbox.recv_timeout(retention::BREATH) {
            batch.push(other);
        }
        batch.extend(inbox.try_iter());
        drop_overtaken(&mut batch);
        let mut stuck = false;
        loop {
            match commit(&mut store, &mut ledger, &batch) {
                Ok(answers) => {
                    pace = if is_stocked(&batch, &answers) {
                        EASY_PACE
                    } else {
                        PACE
                    };
                    if stuck && told.send(Told::Unstuck).is_err() {
                        return;
                    }
                    if told.send(Told::Committed(answers)).is_err() {
                        return;
                    }
                    // What goes wrong here goes wrong at the next commit, too, and is told then.
                    let _ = store.copy_long_log();
                    break;
                }
                Err(error) if error.is_passing() => {
                    if !stuck && told.send(Told::Stuck(error)).is_err() {
                        return;
                    }
                    stuck = true;
                    std::thread::sleep(REST);
                    batch.extend(inbox.try_iter());
                    drop_overtaken(&mut batch);
                }
                Err(error) => {
                    let _ = told.send(Told::Broken(error));
                    return;
                }
            }
        }
    }
}

fn commit(
    store: &mut Store,
    ledger: &mut Ledger,
    batch: &[Request],
) -> Result<Vec<Answer>, StoreError> {
    store.write(|tx| {
        batch
            .iter()
            .map(|request| ledger.apply(tx, request, Utc::now()))
            .collect()
    })
}

/// Whether no slot waits for a claim, and as many were made ahead as were asked for.
fn is_stocked(batch: &[Request], answers: &[Answer]) -> bool {
    batch.iter().zip(answers).any(|both| {
        matches!(both, (Request::Dispatch(asked), Answer::Dispatched(got))
            if asked.free == 0 && got.claims.len() == asked.ahead)
    })
}

/// A start whose end is in the same batch need not be written: the end carries its facts.
pub(super) fn drop_overtaken(batch: &mut Vec<Request>) {
    let ended: Vec<AttemptId> = batch
        .iter()
        .filter_map(|request| match request {
            Request::Finish(finish) if finish.process.is_some() => Some(finish.attempt),
            _ => None,
        })
        .collect();
    if !ended.is_empty() {
        batch.retain(|request| {
            !matches!(request, Request::Started { attempt, .. } if ended.contains(attempt))
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::is_stocked;
    use crate::engine::ledger::{Answer, Dispatch, Dispatched, Request};

    #[test]
    fn an_empty_slot_or_a_claim_that_was_not_there_hurries_the_next_commit() {
        let stocked = |free, ahead| {
            let now = Utc::now();
            let asked = Dispatch {
                since: now,
                horizon: now,
                free,
                ahead,
                hooks: 0,
            };
            let batch = [Request::Leave, Request::Dispatch(asked)];
            let got = Answer::Dispatched(Dispatched::default());
            is_stocked(&batch, &[Answer::Noted, got])
        };
        assert!(stocked(0, 0));
        assert!(!stocked(1, 0));
        assert!(!stocked(0, 1));
        assert!(!is_stocked(&[Request::Leave], &[Answer::Noted]));
    }
}
