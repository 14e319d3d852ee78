//! Inputs made from good ones by small accidents, the same for a seed: what can be done where
//! there is no libFuzzer.

use std::fs;
use std::io;
use std::path::Path;

/// Longest input: as long as a file of a few hundred lines.
const LONGEST: usize = 4_096;

/// What accidents like to leave behind.
const BITS: [&str; 24] = [
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\"",
    "'",
    "\\",
    "%",
    "#",
    "=",
    "-",
    ",",
    "*",
    "{",
    "}",
    "~",
    "\u{feff}",
    "\u{202e}",
    "é",
    "🎉",
    "99999999999999999999",
    "18446744073709551615",
    "-1",
];

pub(crate) struct Mutator {
    state: u64,
    seeds: Vec<Vec<u8>>,
    /// Words of the language, taken from the seeds.
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// Begins with the good inputs of a directory.
    pub(crate) fn new(seeds: &Path, seed: u64) -> io::Result<Self> {
        let mut paths: Vec<_> = fs::read_dir(seeds)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        paths.sort();
        let files: Vec<Vec<u8>> = paths.iter().map(fs::read).collect::<io::Result<_>>()?;
        // A whole file and each of its lines are good inputs.
        let lines = files
            .iter()
            .flat_map(|file| file.split(|&byte| byte == b'\n'));
        let lines: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
        let words = lines
            .iter()
            .flat_map(|line| line.split(|byte| !byte.is_ascii_alphanumeric()))
            .filter(|word| !word.is_empty())
            .map(<[u8]>::to_vec)
            .chain(BITS.iter().map(|bit| bit.as_bytes().to_vec()))
            .collect();
        Ok(Self {
            state: seed,
            seeds: files.into_iter().chain(lines).collect(),
            words,
        })
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn accident(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(12)).min(input.len());
        match self.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 => input.insert(at, self.below(256) as u8),
            2 => drop(input.drain(at..end)),
            3 => {
                let piece = input[at..end].to_vec();
                let times = self.below(40);
                input.splice(at..at, piece.repeat(times));
            }
            4 => {
                let other = self.below(self.seeds.len());
                let other = &self.seeds[other];
                let rest = other[at.min(other.len())..].to_vec();
                input.truncate(at);
                input.extend(rest);
            }
            _ => {
                let word = self.below(self.words.len());
                let word = self.words[word].clone();
                let until = if self.below(2) == 0 { at } else { end };
                input.splice(at..until, word);
            }
        }
    }
}

impl Iterator for Mutator {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let chosen = self.below(self.seeds.len());
        let mut input = self.seeds[chosen].clone();
        for _ in 0..=self.below(6) {
            self.accident(&mut input);
        }
        input.truncate(LONGEST);
        Some(input)
    }
}
