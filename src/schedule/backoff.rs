//! How long a failed run waits before its next attempt.

use crate::domain::Span;

/// The wait after the `failed_attempts`-th failure (from 1): `base` doubled each time, at most `max`, then spread
/// by ±10 % so that jobs that failed together do not come back together. `unit_random` is in `0..1`.
pub(crate) fn backoff(base: Span, max: Span, failed_attempts: u32, unit_random: f64) -> Span {
    let doublings = failed_attempts.saturating_sub(1).min(63);
    let wait = base
        .as_millis()
        .saturating_mul(1 << doublings)
        .min(max.as_millis());
    let factor = 0.9 + 0.2 * unit_random.clamp(0.0, 1.0);
    Span::from_millis((wait as f64 * factor).round() as u64)
}
