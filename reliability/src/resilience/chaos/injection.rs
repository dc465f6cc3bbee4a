use core::time::Duration;

use super::Settings;
use crate::resilience::split_mix::{GAMMA, mix};

/// What is done to one attempt.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::chaos::{Chaos, Injection};
///
/// // For a client that does by itself what is asked for here.
/// let chaos = Chaos::builder("inventory").latency(Duration::from_millis(200), 1.0).build()?;
/// chaos.switch_on();
/// let begins_after = match chaos.strike() {
///     Injection::Latency(latency) => latency,
///     _ => Duration::ZERO,
/// };
/// assert_eq!(begins_after, Duration::from_millis(200));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// Nothing.
    Nothing,
    /// It begins that much later.
    Latency(Duration),
    /// It fails without having begun.
    Error,
    /// It never begins, and never ends by itself.
    Hang,
}

/// What happens to an attempt, given a random number: the whole decision, without clock or state.
///
/// The upper 53 bits are read as a number of the unit interval, which the rates cut into pieces:
/// first hangs, then errors, then latencies. So each has its own probability, to within 2^-53, and
/// changing the rate of latencies does not change which attempts hang. Where between its bounds a
/// latency lies is decided by a number that is mixed from the first.
///
/// # Examples
///
/// ```
/// use reliability::resilience::chaos::{Injection, Settings, decide};
///
/// let mut settings = Settings::default();
/// settings.error_rate = 0.25;
/// assert_eq!(decide(0, &settings), Injection::Error);
/// assert_eq!(decide(u64::MAX / 4 + 1, &settings), Injection::Nothing);
/// ```
pub fn decide(draw: u64, settings: &Settings) -> Injection {
    let at = (draw >> 11) as f64 / (1_u64 << 53) as f64;
    let hang = settings.hang_rate;
    let error = hang + settings.error_rate;
    let latency = error + settings.latency_rate;
    if at < hang {
        Injection::Hang
    } else if at < error {
        Injection::Error
    } else if at < latency {
        Injection::Latency(between(settings.latency_from, settings.latency_to, mix(draw)))
    } else {
        Injection::Nothing
    }
}

/// The `index`-th number of the sequence that begins with `seed`.
pub(super) fn draw(seed: u64, index: u64) -> u64 {
    mix(seed.wrapping_add(index.wrapping_add(1).wrapping_mul(GAMMA)))
}

/// Uniform between the two, both included.
fn between(from: Duration, to: Duration, random: u64) -> Duration {
    let span = to.saturating_sub(from).as_nanos();
    let part = (span + 1).saturating_mul(u128::from(random)) >> 64;
    from.saturating_add(Duration::from_nanos_u128(part.min(span)))
}
