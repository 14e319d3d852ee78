//! What the runner says, as it comes in: orders, and what has to be remembered between them.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use crate::domain::Options;

use super::super::super::ledger::Claim;
use super::Order;
use super::nursery::Nursery;
use super::waiting::Birth;

/// Read at once.
const CHUNK: usize = 16 << 10;

#[derive(Default)]
pub(super) struct Orders {
    known: HashMap<i64, Arc<Options>>,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
}

impl Orders {
    /// Reads what there is. Zero is the end of it, and what is no order ends it, too.
    pub(super) fn take(&mut self, mut line: impl Read, nursery: &Nursery) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let count = line.read(&mut chunk)?;
        self.begun.extend_from_slice(&chunk[..count]);
        let Some(last) = self.begun.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(count);
        };
        let rest = self.begun.split_off(last + 1);
        let lines = std::mem::replace(&mut self.begun, rest);
        let lines = lines.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            self.follow(serde_json::from_slice(line)?, nursery)?;
        }
        Ok(count)
    }

    fn follow(&mut self, order: Order<'_>, nursery: &Nursery) -> io::Result<()> {
        match order {
            Order::Options(id, options) => {
                self.known.insert(id, Arc::new(options.into_owned()));
            }
            Order::ForgetOptions => self.known.clear(),
            Order::Start {
                claim,
                turn,
                decided,
            } => {
                let options = self.known.get(&claim.settings);
                let claim = Claim {
                    options: Arc::clone(options.ok_or(io::ErrorKind::InvalidData)?),
                    row: claim.into_owned(),
                };
                nursery.lock().waiting.expect(Birth::Attempt {
                    claim: Box::new(claim),
                    turn,
                    decided,
                });
            }
            Order::Hasten(attempt, slot) => nursery.lock().waiting.hasten(attempt, slot),
            Order::Recall(attempt) => nursery.lock().recall(attempt),
            Order::Hook(hook) => {
                let hook = Box::new(hook.into_owned());
                nursery.lock().waiting.expect(Birth::Hook(hook));
            }
            Order::Ending(attempt, why) => nursery.lock().living.note(attempt, why),
            Order::Recycle(attempt) => {
                nursery.spares.recycle(&nursery.launcher.output_of(attempt));
            }
        }
        Ok(())
    }
}
