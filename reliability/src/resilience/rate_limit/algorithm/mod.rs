//! The algorithms, each a pure core: its rule, a state, and the time as an argument.
//!
//! All of them answer one question, *when may these permits be used?*, and so share one trait,
//! [`Limiter`]. A check asks for permits that may be used now; a reservation also takes later ones.
//!
//! ```
//! use std::time::Duration;
//! use reliability::resilience::rate_limit::algorithm::{Limiter, TokenBucket};
//! use reliability::resilience::rate_limit::{Decision, Quota};
//! use reliability::time::Instant;
//!
//! let bucket = TokenBucket::new(Quota::per_second(100).burst(2));
//! let mut state = bucket.empty();
//! let now = Instant::from_nanos(5);
//! assert_eq!(bucket.check(&mut state, now, 2), Decision::Allowed { remaining: 0 });
//!
//! let wait = Duration::from_millis(15);
//! let booking = bucket.book(&mut state, now, 1, wait).expect("the next comes in 10 ms");
//! assert_eq!(booking.starts_at(), now.saturating_add(Duration::from_millis(10)));
//! ```

mod fixed_window;
mod leaky_bucket;
mod sliding_counter;
mod sliding_log;
mod token_bucket;

use core::fmt;
use core::time::Duration;

pub use fixed_window::FixedWindow;
pub use leaky_bucket::LeakyBucket;
pub use sliding_counter::{SlidingCounter, Windows};
pub use sliding_log::{Log, SlidingLog};
pub use token_bucket::TokenBucket;

use super::decision::{Left, Wait};
use super::{Decision, Quota};
use crate::time::Instant;

/// How permits are dealt out.
///
/// | algorithm | a burst after a quiet time | never more than, in any time t | state | a check |
/// |---|---|---|---|---|
/// | [`TokenBucket`](Algorithm::TokenBucket) | `burst` | `burst + rate * t` | 8 bytes | lock-free |
/// | [`LeakyBucket`](Algorithm::LeakyBucket) | none: equal gaps | `1 + rate * t` | 8 bytes | lock-free |
/// | [`FixedWindow`](Algorithm::FixedWindow) | a window's permits | two windows' at a boundary | 8 bytes | lock-free |
/// | [`SlidingLog`](Algorithm::SlidingLog) | a window's permits | `permits` per period, exactly | 8 bytes per permit | a short lock |
/// | [`SlidingCounter`](Algorithm::SlidingCounter) | a window's permits | `permits` per period, about | 16 bytes | a short lock |
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{Algorithm, Quota, RateLimit};
///
/// let partner = RateLimit::builder("partner-api")
///     .quota(Quota::per_minute(600))
///     .algorithm(Algorithm::SlidingLog)
///     .build()?;
/// assert!(partner.check().is_allowed());
///
/// let names = Algorithm::ALL.map(Algorithm::as_str);
/// assert_eq!(names[..2], ["token_bucket", "leaky_bucket"]);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Algorithm {
    /// A bucket that permits flow into at the rate of the quota, and that holds `burst` of them.
    /// The default: it is smooth, exact, and one word.
    #[default]
    TokenBucket,
    /// Calls leave one after the other, in equal gaps: for a dependency that bears no bursts. A
    /// check is allowed only where nobody else left within the last gap; who may wait gets in line,
    /// and the line has `burst` places.
    LeakyBucket,
    /// So many permits in each period of the clock, as many partners count. Around the boundary of
    /// two windows twice as many can be used at once.
    FixedWindow,
    /// So many permits in any stretch of time as long as the period, to the nanosecond: for a quota
    /// that must not be exceeded once. It remembers each permit, 8 bytes.
    SlidingLog,
    /// As the log, but with two counts instead of all times: it takes what was used in the window
    /// before as evenly spread.
    SlidingCounter,
}

impl Algorithm {
    /// All algorithms, in the order in which they are declared.
    pub const ALL: [Algorithm; 5] = [
        Algorithm::TokenBucket,
        Algorithm::LeakyBucket,
        Algorithm::FixedWindow,
        Algorithm::SlidingLog,
        Algorithm::SlidingCounter,
    ];

    /// The name in snake case, as it stands in `#[resilient(..)]`, files and telemetry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::TokenBucket => "token_bucket",
            Algorithm::LeakyBucket => "leaky_bucket",
            Algorithm::FixedWindow => "fixed_window",
            Algorithm::SlidingLog => "sliding_log",
            Algorithm::SlidingCounter => "sliding_counter",
        }
    }

    pub(super) const fn is_window(self) -> bool {
        !matches!(self, Algorithm::TokenBucket | Algorithm::LeakyBucket)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Permits that were booked, to be used from a certain time on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::Quota;
/// use reliability::resilience::rate_limit::algorithm::{LeakyBucket, Limiter};
/// use reliability::time::Instant;
///
/// let line = LeakyBucket::new(Quota::per_second(10).burst(5));
/// let mut state = line.empty();
/// let now = Instant::from_nanos(5);
/// let longest = Duration::from_secs(1);
/// let first = line.book(&mut state, now, 1, longest).expect("nobody is in line");
/// let second = line.book(&mut state, now, 1, longest).expect("one is in line");
/// assert_eq!((first.starts_at(), first.permits()), (now, 1));
/// assert_eq!(second.starts_at(), now.saturating_add(Duration::from_millis(100)));
/// assert_eq!(second.remaining(), 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    pub(super) starts_at: Instant,
    pub(super) permits: u32,
    /// Where the algorithm has noted them: a time, a place in a window, or the number of a window.
    pub(super) place: u64,
    /// What it had noted before them, where that helps to give them back.
    pub(super) before: u64,
    pub(super) remaining: u32,
}

impl Booking {
    /// From when on the permits may be used. It has passed already if they may be used at once.
    pub const fn starts_at(&self) -> Instant {
        self.starts_at
    }

    /// How many permits.
    pub const fn permits(&self) -> u32 {
        self.permits
    }

    /// A part of the same permits.
    #[cfg(feature = "std")]
    pub(super) const fn of_permits(self, permits: u32) -> Self {
        Self { permits, ..self }
    }

    /// How many more could be had at the moment of the booking.
    pub const fn remaining(&self) -> u32 {
        self.remaining
    }
}

/// One algorithm with its settings: decides, and changes the state, by nothing but its arguments.
///
/// Time may stand still and go backwards: that never makes more permits.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::Quota;
/// use reliability::resilience::rate_limit::algorithm::{Limiter, TokenBucket};
/// use reliability::time::Instant;
///
/// let bucket = TokenBucket::new(Quota::per_second(100).burst(4));
/// let (mut state, now) = (bucket.empty(), Instant::from_nanos(5));
/// assert_eq!(bucket.most_at_once(), 4);
///
/// // Three are taken, and given back when the call is not made.
/// let booking = bucket.book(&mut state, now, 3, Duration::ZERO).expect("there are four");
/// assert_eq!(bucket.remaining(&state, now), 1);
/// bucket.give_back(&mut state, now, &booking);
/// assert_eq!(bucket.remaining(&state, now), 4);
///
/// // Under another quota what was used stays used.
/// assert!(bucket.check(&mut state, now, 1).is_allowed());
/// let smaller = TokenBucket::new(Quota::per_second(100).burst(2));
/// smaller.carry_over(&mut state, now, &bucket);
/// assert_eq!(smaller.remaining(&state, now), 1);
/// ```
pub trait Limiter: fmt::Debug + Clone {
    /// What is remembered between calls.
    type State: fmt::Debug + Clone;

    /// The state in which nothing was used yet.
    fn empty(&self) -> Self::State;

    /// How many permits one call may ask for.
    fn most_at_once(&self) -> u32;

    /// Takes all the permits if they may be used within `longest`; else none.
    ///
    /// Permits are booked in the order of calls: who may wait is not passed by who comes later.
    ///
    /// # Errors
    ///
    /// The time from `now` after which they could be used, [`Duration::MAX`] if they are more than
    /// [`most_at_once`](Limiter::most_at_once). Nothing changes.
    fn book(
        &self,
        state: &mut Self::State,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration>;

    /// Gives permits back that were not used, as far as that lets nobody have too many: those who
    /// booked later keep their time, and what came back by itself in the meantime is not counted
    /// twice.
    fn give_back(&self, state: &mut Self::State, now: Instant, booking: &Booking);

    /// How many permits could be had now.
    fn remaining(&self, state: &Self::State, now: Instant) -> u32;

    /// Takes over a state from the same algorithm with other settings: what was used stays used,
    /// though no more than all that there is now, and those who wait keep their places.
    fn carry_over(&self, state: &mut Self::State, now: Instant, before: &Self);

    /// Takes the permits if all of them may be used now.
    #[inline]
    fn check(&self, state: &mut Self::State, now: Instant, permits: u32) -> Decision {
        match self.book(state, now, permits, Duration::ZERO) {
            Ok(booking) => Decision::Allowed { remaining: booking.remaining },
            Err(retry_after) => Decision::Limited { retry_after },
        }
    }
}

/// An algorithm whose settings are two words, so that they can be changed while threads decide.
pub(super) trait Settable: Limiter {
    fn of(quota: Quota) -> Self;
    fn from_words(words: [u64; 2]) -> Self;
    fn words(&self) -> [u64; 2];
    /// How much of what there is at once is used, in parts of 2^16 and more where somebody waits.
    /// With 0 the state says no more than an empty one.
    fn used(&self, state: &Self::State, now: Instant) -> u64;
}

/// An algorithm whose state is a word, so that threads decide without a lock.
pub(super) trait Word: Settable<State = u64> {
    /// Whether the permits may be used at once, as [`check`](Limiter::check) says it, in so few
    /// operations that they stay in registers. `None` where more has to be looked at, and
    /// [`book`](Limiter::book) asked.
    fn decide(&self, state: u64, now: Instant, permits: u32) -> Option<Verdict>;
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Verdict {
    /// The state after it, and what is left.
    Allowed(u64, Left),
    /// The state stays as it is.
    Limited(Wait),
}

/// Says no for ever to more permits than there ever are at once.
fn check_at_once(permits: u32, most: u32) -> Result<(), Duration> {
    if permits <= most { Ok(()) } else { Err(Duration::MAX) }
}

/// `used` of `all`, rounded up, in parts of 2^16.
fn parts(used: u64, all: u64) -> u64 {
    let parts = (u128::from(used) << 16).div_ceil(all.max(1).into());
    u64::try_from(parts).unwrap_or(u64::MAX)
}

/// How long until `at`, and whether that is within `longest`.
#[inline]
fn within(now: Instant, at: Instant, longest: Duration) -> Result<(), Duration> {
    // First of all without a `Duration`, whose making is a division.
    if at <= now { Ok(()) } else { within_a_wait(now, at, longest) }
}

#[cold]
fn within_a_wait(now: Instant, at: Instant, longest: Duration) -> Result<(), Duration> {
    let wait = at.saturating_duration_since(now);
    if wait <= longest { Ok(()) } else { Err(wait) }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
