use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::fmt;
use core::time::Duration;

use redis::AsyncConnectionConfig;

use super::builder::RedisRateLimitBuilder;
use super::reservation::Reservation;
use super::script::Scripts;
use super::settings::Settings;
use super::shared::Shared;
use super::until_ready::UntilReady;
use crate::error::{Name, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Decision, RateLimit, ReserveError, listed};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sync::{Counter, Mutex};

#[cfg(doc)]
use super::WhileAway;
#[cfg(doc)]
use crate::error::Reason;

/// At most so many calls in so much time, of all processes together.
///
/// A handle: clones are the same limit, and share one connection. See the [module](super) for what
/// happens when the server is away.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct RedisRateLimit {
    shared: Arc<Shared>,
}

impl RedisRateLimit {
    /// How long the server may take, where [`timeout`](RedisRateLimitBuilder::timeout) is not set.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);

    /// How often a server that is away is tried again.
    pub const PROBE_EVERY: Duration = Duration::from_secs(1);

    /// A limit that is kept in the server of that URL, under the key `reliability:name`.
    ///
    /// `name` also stands in refusals and logs. Processes that say the same name share the quota.
    pub fn builder(name: impl Into<Name>, url: impl Into<String>) -> RedisRateLimitBuilder {
        RedisRateLimitBuilder::new(name.into(), url.into())
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn new(
        builder: RedisRateLimitBuilder,
        client: redis::Client,
    ) -> Result<Self, Invalid> {
        let RedisRateLimitBuilder { name, settings, timeout, clock, .. } = builder;
        let local = RateLimit::builder(name.clone()).quota(settings.local()).clock(clock.clone());
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        let shared = Shared {
            name,
            client,
            config,
            connection: Mutex::new(None),
            making: tokio::sync::Mutex::new(()),
            scripts: Scripts::new(),
            settings: Mutex::new(settings),
            local: local.build()?,
            timeout,
            clock,
            ask_again_at: AtomicU64::new(0),
            remaining: AtomicU32::new(settings.quota.burst),
            calls_away: Counter::new(),
            rejected: Counter::new(),
        };
        let shared = Arc::new(shared);
        let weak: Weak<Shared> = Arc::downgrade(&shared);
        listed::list(weak);
        Ok(Self { shared })
    }

    /// Takes a permit if there is one now.
    ///
    /// # Cancel safety
    ///
    /// Whoever drops the future may have taken the permit: the server may have decided already.
    pub async fn check(&self) -> Decision {
        self.shared.decide(None, 1).await
    }

    /// Takes a permit of that key: each has the whole quota.
    ///
    /// While the server is away, all keys of a process have its
    /// [local quota](super::WhileAway::Local) together.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::resilience::rate_limit::Quota;
    /// use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
    ///
    /// // Nothing listens there, so that the process decides by its local quota.
    /// let limit = RedisRateLimit::builder("tenants", "redis://127.0.0.1:1/")
    ///     .while_away(WhileAway::Local(Quota::per_second(10)))
    ///     .build()?;
    /// assert!(limit.check_key("acme").await.is_allowed());
    /// assert_eq!(limit.calls_away(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check_key(&self, key: &str) -> Decision {
        self.shared.decide(Some(key), 1).await
    }

    /// Takes so many permits if all of them are there now; else none.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when `permits` is 0 or more than the burst.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    pub async fn check_n(&self, permits: u32) -> Result<Decision, Invalid> {
        self.shared.check_permits(permits)?;
        Ok(self.shared.decide(None, permits).await)
    }

    /// [`check`](Self::check) for the `?` operator.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::RateLimited`], with the time after which a permit comes back.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    pub async fn try_acquire(&self) -> Result<(), Rejected> {
        match self.check().await {
            Decision::Allowed { .. } => Ok(()),
            Decision::Limited { retry_after } => Err(self.shared.rejected_for(retry_after)),
        }
    }

    /// Waits for a permit, up to an hour ([`RateLimit::WAIT_MAX`]) or what
    /// [`within`](UntilReady::within) says.
    ///
    /// The turn is taken when the server has answered, and its time is known from then on: first
    /// come, first served, whichever the process.
    ///
    /// While the server is away, what was declared for then decides: who is alone waits for the local
    /// quota, and with [`WhileAway::Refuse`] nobody waits.
    ///
    /// # Errors
    ///
    /// [`Rejected`] at once when the turn would come too late.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the turn back, as a [`Reservation`] does; but whoever drops it before
    /// the server has answered may have taken the permit.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use reliability::resilience::rate_limit::redis::RedisRateLimit;
    ///
    /// # async fn shown() -> Result<(), Box<dyn std::error::Error>> {
    /// let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1/").build()?;
    /// limit.until_ready().await?;
    /// limit.until_ready().within(Duration::from_millis(50)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn until_ready(&self) -> UntilReady<'_> {
        UntilReady::new(&self.shared, 1)
    }

    /// Waits for so many permits at once: [`until_ready`](Self::until_ready).
    ///
    /// # Errors
    ///
    /// [`Invalid`] as in [`check_n`](Self::check_n), before anything is awaited.
    pub fn until_ready_n(&self, permits: u32) -> Result<UntilReady<'_>, Invalid> {
        self.shared.check_permits(permits)?;
        Ok(UntilReady::new(&self.shared, permits))
    }

    /// Takes permits that may be used within `longest`, at most [`RateLimit::WAIT_MAX`], and says
    /// when.
    ///
    /// # Errors
    ///
    /// [`ReserveError`] when the permits would come later, or are more than there ever are at once.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use reliability::resilience::rate_limit::redis::RedisRateLimit;
    ///
    /// # async fn shown() -> Result<(), Box<dyn std::error::Error>> {
    /// let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1/").build()?;
    /// let reservation = limit.reserve(5, Duration::from_secs(1)).await?;
    /// if reservation.delay().is_zero() {
    ///     reservation.commit(); // ... and make the call
    /// } else {
    ///     reservation.cancel().await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reserve(
        &self,
        permits: u32,
        longest: Duration,
    ) -> Result<Reservation, ReserveError> {
        Reservation::book(&self.shared, permits, longest).await
    }

    /// Changes the settings while calls are running.
    ///
    /// What was used stays used, in the server as well: its state is carried over by the first call
    /// under the new quota. Change all processes alike; as long as one says something else, each
    /// applies its own quota to its own calls. Permits that were reserved before a change cannot be
    /// given back after it.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing changes, when a quota is out of its range.
    ///
    /// # Examples
    ///
    /// See [`Settings`].
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        self.shared.reconfigure(change)
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.shared.settings()
    }

    /// How many permits were left when the server last gave some.
    pub fn remaining(&self) -> u32 {
        self.shared.remaining.load(Ordering::Relaxed)
    }

    /// How many calls of this process were refused since it was made.
    pub fn rejected(&self) -> u64 {
        self.shared.rejected.sum()
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// Whether the server did not answer when it was last asked.
    pub fn is_away(&self) -> bool {
        self.shared.is_away()
    }

    /// How many calls were decided without the server since it was made.
    pub fn calls_away(&self) -> u64 {
        self.shared.calls_away.sum()
    }
}

impl fmt::Debug for RedisRateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.settings();
        f.debug_struct("RedisRateLimit")
            .field("name", self.name())
            .field("quota", &format_args!("{}", settings.quota))
            .field("while_away", &settings.while_away)
            .field("wait", &settings.wait)
            .field("is_away", &self.is_away())
            .finish_non_exhaustive()
    }
}
