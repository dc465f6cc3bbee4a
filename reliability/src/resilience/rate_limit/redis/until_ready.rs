use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::time::Duration;

use super::reservation::Reservation;
use super::shared::Shared;
use crate::error::Rejected;
use crate::resilience::rate_limit::RateLimit;

/// Waits for permits of all processes; made by
/// [`RedisRateLimit::until_ready`](super::RedisRateLimit::until_ready), which says how.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::redis::RedisRateLimit;
///
/// // Nothing listens there, and without the server nobody is let through.
/// let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1:1/").build()?;
/// let ready = limit.until_ready().within(Duration::from_millis(200)).await;
/// assert!(ready.is_err());
/// assert!(limit.is_away());
/// # Ok(())
/// # }
/// ```
#[must_use = "it does nothing unless awaited"]
pub struct UntilReady<'a> {
    shared: &'a Arc<Shared>,
    permits: u32,
    longest: Duration,
}

impl<'a> UntilReady<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, permits: u32) -> Self {
        Self { shared, permits, longest: RateLimit::WAIT_MAX }
    }

    /// Waits for at most so long; who would have to wait for longer is refused at once.
    pub fn within(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }
}

impl<'a> IntoFuture for UntilReady<'a> {
    type Output = Result<(), Rejected>;
    /// In a box, as its name cannot be written; beside a question to a server that is nothing.
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(Reservation::until_ready(self.shared, self.permits, self.longest))
    }
}

impl fmt::Debug for UntilReady<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UntilReady").field(&self.shared.name).finish()
    }
}
