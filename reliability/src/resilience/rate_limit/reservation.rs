use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::place::Place;
use super::shared::Shared;
use super::until_ready::wait_for;
use crate::error::{Class, Fault, Rejected};
use crate::resilience::Invalid;

/// Permits that are taken and may be used from a certain time on; made by
/// [`RateLimit::reserve`](super::RateLimit::reserve).
///
/// Whoever reserves and then does not call gives the permits back by dropping the reservation, and
/// who calls says so with [`commit`](Reservation::commit) or waits with
/// [`ready`](Reservation::ready).
///
/// They are given back as far as that lets nobody have too many: not those that have come back by
/// themselves in the meantime, and not those in front of others who wait, since these count on them
/// with the time they were told. A counting window also gives them back while others wait.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::{Quota, RateLimit};
///
/// let limit = RateLimit::builder("api").quota(Quota::per_minute(60).burst(5)).build()?;
/// let reservation = limit.reserve(5, Duration::ZERO)?;
/// assert_eq!(limit.remaining(), 0);
/// reservation.cancel();
/// assert_eq!(limit.remaining(), 5);
///
/// limit.reserve(5, Duration::ZERO)?.commit();
/// let later = limit.reserve(1, Duration::from_secs(2))?;
/// assert!(later.delay() > Duration::from_millis(900));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the permits are given back as soon as the reservation is dropped"]
pub struct Reservation {
    place: Place<Arc<Shared>>,
}

impl Reservation {
    pub(super) fn new(place: Place<Arc<Shared>>) -> Self {
        Self { place }
    }

    /// How long until the permits may be used; zero if they may be used now.
    pub fn delay(&self) -> Duration {
        self.place.delay()
    }

    /// How many permits.
    pub fn permits(&self) -> u32 {
        self.place.booking().map_or(0, |booking| booking.permits())
    }

    /// Keeps the permits: the call is made.
    pub fn commit(mut self) {
        self.place.commit();
    }

    /// Gives the permits back: the call is not made. The same as dropping it.
    pub fn cancel(self) {}

    /// Waits until the permits may be used, and keeps them.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime whose timer is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the reservation.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::resilience::rate_limit::RateLimit;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limit = RateLimit::standard("api");
    /// let reservation = limit.reserve(1, Duration::from_secs(1))?;
    /// // ... prepare the call meanwhile ...
    /// reservation.ready().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(self) {
        wait_for(self.place).await;
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("limit", self.place.shared().name())
            .field("permits", &self.permits())
            .field("delay", &self.delay())
            .finish()
    }
}

/// Why there is no [`Reservation`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::{Quota, RateLimit, ReserveError};
///
/// let limit = RateLimit::builder("api").quota(Quota::per_hour(60).burst(2)).build()?;
/// limit.reserve(2, Duration::ZERO)?.commit();
/// let refused = limit.reserve(1, Duration::from_secs(1)).unwrap_err();
/// assert!(matches!(refused, ReserveError::Rejected(_)), "the next one comes in a minute");
/// let never = limit.reserve(3, Duration::from_secs(1)).unwrap_err();
/// assert!(matches!(never, ReserveError::TooMany(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReserveError {
    /// The permits would come too late.
    Rejected(Rejected),
    /// So many permits are never there at once.
    TooMany(Invalid),
}

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReserveError::Rejected(rejected) => rejected.fmt(f),
            ReserveError::TooMany(invalid) => invalid.fmt(f),
        }
    }
}

impl Error for ReserveError {}

impl Fault for ReserveError {
    fn class(&self) -> Class {
        match self {
            ReserveError::Rejected(rejected) => rejected.class(),
            ReserveError::TooMany(invalid) => invalid.class(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            ReserveError::Rejected(rejected) => rejected.retry_after(),
            ReserveError::TooMany(_) => None,
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            ReserveError::Rejected(rejected) => Some(rejected),
            ReserveError::TooMany(_) => None,
        }
    }
}
