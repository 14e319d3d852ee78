//! Numbers that look random and are the same for a seed (splitmix64, Steele 2014).

#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::io::Write as _;
use std::time::Duration;

pub(crate) struct Chance(u64);

impl Chance {
    /// `PUNCTUAL_SEED` draws others; the seed in use is told where a test fails.
    pub(crate) fn new(salt: u64) -> Self {
        let seed = setting("PUNCTUAL_SEED", 20_261_201);
        let _ = writeln!(std::io::stderr(), "PUNCTUAL_SEED={seed}");
        Self(seed ^ salt)
    }

    /// Below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Lets a random part of the time go by: the moment of a blow is what is tested here.
    pub(crate) fn moment(&mut self, most_us: u64) {
        std::thread::sleep(Duration::from_micros(self.below(most_us)));
    }
}

/// A number from the environment, for those who want more of a test than usual.
pub(crate) fn setting(name: &str, usual: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|given| given.parse().ok()).unwrap_or(usual)
}
