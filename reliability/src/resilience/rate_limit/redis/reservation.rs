use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use tokio::runtime::Handle;

use super::script::{Answer, Booked, Place};
use super::shared::Shared;
use crate::error::Rejected;
use crate::resilience::rate_limit::{Reservation as Local, ReserveError};
use crate::time::Instant;

/// Permits of all processes that are taken and may be used from a certain time on; made by
/// [`RedisRateLimit::reserve`](super::RedisRateLimit::reserve).
///
/// Whoever reserves and then does not call gives the permits back: by
/// [`cancel`](Reservation::cancel), which waits until the server has heard of it, or by dropping the
/// reservation, which leaves that to a task. Where the server cannot be told, permits come back with
/// time, as if the call had been made.
///
/// They are given back as far as that lets nobody have too many, under the rules of
/// [`rate_limit::Reservation`](Local): not those that came back by themselves, and not those in front
/// of others who wait, in whichever process.
///
/// # Examples
///
/// See [`RedisRateLimit::reserve`](super::RedisRateLimit::reserve).
#[must_use = "the permits are given back as soon as the reservation is dropped"]
pub struct Reservation(Held);

enum Held {
    Stored(Stored),
    /// Taken by a process that is alone.
    Local(Local),
}

/// Permits that the server has noted.
struct Stored {
    shared: Arc<Shared>,
    key: String,
    /// By this process's clock.
    starts_at: Instant,
    /// None once they are used or given back.
    place: Option<Place>,
    /// On which they are given back.
    runtime: Handle,
}

impl Reservation {
    pub(super) async fn book(
        shared: &Arc<Shared>,
        permits: u32,
        longest: Duration,
    ) -> Result<Self, ReserveError> {
        Self::book_at(shared, shared.key(None), permits, longest).await
    }

    /// The same, under that key of the server's.
    async fn book_at(
        shared: &Arc<Shared>,
        key: String,
        permits: u32,
        longest: Duration,
    ) -> Result<Self, ReserveError> {
        shared.check_permits(permits).map_err(ReserveError::TooMany)?;
        let limited = |retry_after| Err(ReserveError::Rejected(shared.refuse(retry_after)));
        match shared.book(&key, permits, longest).await {
            Some(Answer::Limited(retry_after)) => limited(retry_after),
            Some(Answer::Booked(Booked { wait, place, .. })) => Ok(Self(Held::Stored(Stored {
                shared: Arc::clone(shared),
                key,
                starts_at: shared.clock.now().saturating_add(wait),
                place: Some(place),
                runtime: Handle::current(),
            }))),
            None => match shared.alone() {
                Err(retry_after) => limited(retry_after),
                Ok(local) => match local.reserve(permits, longest) {
                    Ok(local) => Ok(Self(Held::Local(local))),
                    Err(ReserveError::Rejected(rejected)) => {
                        limited(rejected.retry_after().unwrap_or_default())
                    }
                    // More than the local quota ever has at once waits for the server.
                    Err(ReserveError::TooMany(_)) => limited(shared.asked_again_in()),
                },
            },
        }
    }

    /// How long until the permits may be used; zero if they may be used now.
    pub fn delay(&self) -> Duration {
        match &self.0 {
            Held::Stored(stored) => stored.delay(),
            Held::Local(local) => local.delay(),
        }
    }

    /// How many permits.
    pub fn permits(&self) -> u32 {
        match &self.0 {
            Held::Stored(stored) => stored.place.as_ref().map_or(0, Place::permits),
            Held::Local(local) => local.permits(),
        }
    }

    /// Keeps the permits: the call is made.
    pub fn commit(self) {
        match self.0 {
            Held::Stored(mut stored) => stored.place = None,
            Held::Local(local) => local.commit(),
        }
    }

    /// Gives the permits back: the call is not made. Ready when the server has heard of it, or
    /// cannot be told.
    ///
    /// # Cancel safety
    ///
    /// Whoever drops the future may or may not have given the permits back.
    pub async fn cancel(self) {
        if let Held::Stored(mut stored) = self.0
            && let Some(place) = stored.place.take()
        {
            stored.shared.give_back(&stored.key, &place).await;
        }
    }

    /// Waits until the permits may be used, and keeps them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the reservation.
    pub async fn ready(self) {
        match self.0 {
            Held::Local(local) => local.ready().await,
            Held::Stored(mut stored) => {
                // The limit's clock decides, and the timer only wakes the task.
                while !stored.delay().is_zero() {
                    tokio::time::sleep(stored.delay()).await;
                }
                stored.place = None;
            }
        }
    }

    /// Waits for permits within `longest`.
    pub(super) async fn until_ready(
        shared: &Arc<Shared>,
        permits: u32,
        longest: Duration,
    ) -> Result<(), Rejected> {
        Self::until_ready_at(shared, shared.key(None), permits, longest).await
    }

    /// The same, under that key of the server's.
    pub(super) async fn until_ready_at(
        shared: &Arc<Shared>,
        key: String,
        permits: u32,
        longest: Duration,
    ) -> Result<(), Rejected> {
        match Self::book_at(shared, key, permits, longest).await {
            Ok(reservation) => {
                reservation.ready().await;
                Ok(())
            }
            Err(ReserveError::Rejected(rejected)) => Err(rejected),
            // The burst has become smaller since it was asked for.
            Err(ReserveError::TooMany(_)) => Err(shared.refuse(Duration::MAX)),
        }
    }
}

impl Stored {
    fn delay(&self) -> Duration {
        self.starts_at.saturating_duration_since(self.shared.clock.now())
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            let (shared, key) = (Arc::clone(&self.shared), core::mem::take(&mut self.key));
            self.runtime.spawn(async move { shared.give_back(&key, &place).await });
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("permits", &self.permits())
            .field("delay", &self.delay())
            .finish_non_exhaustive()
    }
}
