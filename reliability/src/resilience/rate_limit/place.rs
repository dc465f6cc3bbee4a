use core::ops::Deref;
use core::time::Duration;

use super::RateLimit;
use super::algorithm::Booking;
use super::shared::Shared;
use crate::error::Rejected;
use crate::time::Instant;

/// Permits that were taken and not yet used; gives them back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<H: Deref<Target = Shared>> {
    shared: H,
    /// None once the permits are used.
    booking: Option<Booking>,
    /// The version of the settings under which they were taken.
    version: u64,
}

impl<H: Deref<Target = Shared>> Place<H> {
    /// Takes permits that may be used within `longest`.
    pub(crate) fn book(shared: H, permits: u32, longest: Duration) -> Result<Self, Rejected> {
        let version = shared.version();
        let longest = longest.min(RateLimit::WAIT_MAX);
        match shared.book(shared.clock().now(), permits, longest) {
            Ok(booking) => Ok(Self { shared, booking: Some(booking), version }),
            Err(retry_after) => {
                shared.count_rejected();
                Err(shared.refuse(retry_after))
            }
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn booking(&self) -> Option<&Booking> {
        self.booking.as_ref()
    }

    /// From when on the permits may be used.
    pub(crate) fn starts_at(&self) -> Instant {
        self.booking.map_or(Instant::ZERO, |booking| booking.starts_at())
    }

    /// How long until then, on the limit's own clock.
    pub(crate) fn delay(&self) -> Duration {
        self.starts_at().saturating_duration_since(self.shared.clock().now())
    }

    /// The permits are used.
    pub(crate) fn commit(&mut self) {
        self.booking = None;
    }
}

impl<H: Deref<Target = Shared>> Drop for Place<H> {
    fn drop(&mut self) {
        if let Some(booking) = self.booking.take() {
            self.shared.give_back(&booking, self.version);
        }
    }
}
