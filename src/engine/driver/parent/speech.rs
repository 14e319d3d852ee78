//! Words on their way to the runner: said together, as late as it can bear.

use std::mem;
use std::time::{Duration, Instant};

use super::Word;

/// How long words are kept back while there are heirs to go on with, so that the runner hears many at once. It
/// commits no oftener than that.
const PACE: Duration = Duration::from_millis(8);

#[derive(Default)]
pub(super) struct Speech {
    unsaid: Vec<u8>,
    /// When the last words went.
    said: Option<Instant>,
    /// The runner has something to do about them.
    is_urgent: bool,
}

impl Speech {
    pub(super) fn say(&mut self, word: &Word) {
        // Nothing in a word cannot be said in JSON.
        let _ = serde_json::to_writer(&mut self.unsaid, word);
        self.unsaid.push(b'\n');
    }

    /// Says one that the runner waits for.
    pub(super) fn hurry(&mut self, word: &Word) {
        self.is_urgent = true;
        self.say(word);
    }

    /// How long a runner that has enough to go on with can wait for what was not said yet.
    pub(super) fn can_wait(&self) -> Option<Duration> {
        if self.is_urgent {
            return None;
        }
        PACE.checked_sub(self.said?.elapsed())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unsaid.is_empty()
    }

    /// What goes now.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.is_urgent = false;
        self.said = Some(Instant::now());
        mem::take(&mut self.unsaid)
    }
}
