//! What `H`, `~` and `--jitter` draw from: a hash of the job's name and the database's salt.
//!
//! The same job keeps its value through restarts and edits, and a fleet of machines spreads. The function is part
//! of the stored promise: changing it would move every spread job at an upgrade, so it is written out here instead
//! of being taken from a library, and a test holds its values.

use crate::domain::Span;

/// Who draws: the name of the job and the salt of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed<'a> {
    pub name: &'a str,
    pub salt: &'a str,
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

impl Seed<'_> {
    /// A number below `bound`, the same for ever for one seed and purpose.
    pub(super) fn draw(self, purpose: &str, bound: u64) -> u64 {
        self.hash(purpose) % bound.max(1)
    }

    /// A fixed offset in `0..jitter`.
    pub(super) fn jitter(self, jitter: Span) -> Span {
        Span::from_millis(self.draw("jitter", jitter.as_millis()))
    }

    /// 64-bit FNV-1a over salt, name and purpose, each ended by a zero byte, then the finaliser of
    /// `MurmurHash3`: FNV alone leaves names that differ only in their last letter close together.
    fn hash(self, purpose: &str) -> u64 {
        let mut hash = FNV_OFFSET;
        for part in [self.salt, self.name, purpose] {
            for byte in part.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
            }
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}
