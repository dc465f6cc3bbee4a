use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::builder::RateLimitBuilder;
use super::place::Place;
use super::reservation::Reservation;
use super::shared::Shared;
use super::until_ready::UntilReady;
use super::{Algorithm, Decision, ReserveError, Settings};
use crate::error::{Name, Rejected};
use crate::resilience::Invalid;

/// At most so many calls in so much time.
///
/// A handle: clones are the same limit. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{Quota, RateLimit};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = RateLimit::builder("partner-api").quota(Quota::per_second(100).burst(20)).build()?;
///
/// if limit.check().is_allowed() {
///     // ... call the partner ...
/// }
/// limit.until_ready().await?; // or else wait for the turn
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RateLimit {
    shared: Arc<Shared>,
}

impl RateLimit {
    /// The longest wait that can be asked for.
    pub const WAIT_MAX: Duration = Duration::from_secs(3600);

    /// A limit with the [standard settings](Settings::standard): a token bucket with 100 permits per
    /// second.
    ///
    /// `name` stands in refusals and logs.
    pub fn standard(name: impl Into<Name>) -> Self {
        // The standard settings are valid, which a test holds.
        let (algorithm, settings) = (Algorithm::default(), Settings::standard());
        Self::new(Shared::new(name.into(), algorithm, settings, 0, crate::time::Clock::default()))
    }

    /// A limit with the standard settings, each of which can be changed.
    ///
    /// `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> RateLimitBuilder {
        RateLimitBuilder::new(name.into())
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// Takes a permit if there is one now; never waits.
    ///
    /// # Examples
    ///
    /// See [`Decision`].
    // Where it is not inlined, a division says how many permits are left to callers who do not ask.
    #[inline(always)]
    pub fn check(&self) -> Decision {
        self.shared.take(1).into()
    }

    /// Takes so many permits if all of them are there now; else none.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when `permits` is 0 or more than there ever are at once: the burst of a bucket,
    /// less what [`leases`](RateLimitBuilder::leases) set aside, or all permits of a window.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::{Decision, Quota, RateLimit};
    ///
    /// let limit = RateLimit::builder("api").quota(Quota::per_minute(60).burst(10)).build()?;
    /// assert_eq!(limit.check_n(8)?, Decision::Allowed { remaining: 2 });
    /// assert!(!limit.check_n(3)?.is_allowed());
    /// assert_eq!(limit.check_n(2)?, Decision::Allowed { remaining: 0 });
    ///
    /// let never = limit.check_n(11).unwrap_err();
    /// assert_eq!(never.setting(), "permits");
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    #[inline]
    pub fn check_n(&self, permits: u32) -> Result<Decision, Invalid> {
        if permits != 1 {
            self.check_permits(permits)?;
        }
        Ok(self.shared.take(permits).into())
    }

    /// [`check`](RateLimit::check) for the `?` operator.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::RateLimited`](crate::error::Reason::RateLimited), with the time
    /// after which a permit comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::Reason;
    /// use reliability::resilience::rate_limit::{Quota, RateLimit};
    ///
    /// let limit = RateLimit::builder("api").quota(Quota::per_day(1)).build()?;
    /// limit.try_acquire()?;
    /// let refused = limit.try_acquire().unwrap_err();
    /// assert_eq!(refused.reason(), Reason::RateLimited);
    /// assert!(refused.retry_after().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<(), Rejected> {
        match self.shared.take(1) {
            Ok(_) => Ok(()),
            Err(wait) => Err(self.shared.refuse(wait.duration())),
        }
    }

    /// Waits for a permit, up to [`WAIT_MAX`](RateLimit::WAIT_MAX) or what
    /// [`within`](UntilReady::within) says.
    ///
    /// The turn is taken when the future is first polled, and its time is known from then on: first
    /// come, first served. A permit that is there is taken without arming a timer.
    ///
    /// # Errors
    ///
    /// [`Rejected`] at once when the turn would come too late.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime whose timer is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the turn back, unless others wait behind it for a time that counts
    /// on it: see [`Reservation`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::resilience::rate_limit::{Quota, RateLimit};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limit = RateLimit::builder("api").quota(Quota::per_second(10).burst(1)).build()?;
    /// let begun = tokio::time::Instant::now();
    /// for _ in 0..4 {
    ///     limit.until_ready().await?;
    /// }
    /// assert_eq!(begun.elapsed().as_millis(), 300);
    ///
    /// let refused = limit.until_ready().within(Duration::from_millis(50)).await;
    /// assert!(refused.is_err(), "the next one comes in 100 ms");
    /// # Ok(())
    /// # }
    /// ```
    pub fn until_ready(&self) -> UntilReady<'_> {
        UntilReady::new(&self.shared, 1)
    }

    /// Waits for so many permits at once: [`until_ready`](RateLimit::until_ready).
    ///
    /// # Errors
    ///
    /// [`Invalid`] as in [`check_n`](RateLimit::check_n), before anything is awaited.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::RateLimit;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limit = RateLimit::standard("api");
    /// limit.until_ready_n(10)?.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn until_ready_n(&self, permits: u32) -> Result<UntilReady<'_>, Invalid> {
        self.check_permits(permits)?;
        Ok(UntilReady::new(&self.shared, permits))
    }

    /// Takes permits that may be used within `longest`, at most
    /// [`WAIT_MAX`](RateLimit::WAIT_MAX), and says when.
    ///
    /// # Errors
    ///
    /// [`ReserveError`] when the permits would come later, or are more than there ever are at once.
    ///
    /// # Examples
    ///
    /// See [`Reservation`].
    pub fn reserve(&self, permits: u32, longest: Duration) -> Result<Reservation, ReserveError> {
        self.check_permits(permits).map_err(ReserveError::TooMany)?;
        let place = Place::book(Arc::clone(&self.shared), permits, longest);
        place.map(Reservation::new).map_err(ReserveError::Rejected)
    }

    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Whether a permit was there, for who is not refused yet if not.
    #[inline]
    pub(crate) fn take_at_once(&self) -> bool {
        self.shared.take_quietly(1).is_ok()
    }

    /// A place for a call that may wait as long as the settings say; none if there is a permit now.
    pub(crate) fn place_in_policy(&self) -> Result<Option<Place<&Shared>>, Rejected> {
        let longest = self.settings().longest_wait(self.algorithm());
        let mut place = Place::book(&*self.shared, 1, longest)?;
        if !place.delay().is_zero() {
            return Ok(Some(place));
        }
        place.commit();
        Ok(None)
    }

    #[cold]
    fn check_permits(&self, permits: u32) -> Result<(), Invalid> {
        let most = self.shared.most_at_once();
        if (1..=most).contains(&permits) {
            return Ok(());
        }
        let expected = alloc::format!("1 to {most}, which is all there is at once");
        Err(Invalid::new(self.name().clone(), "permits", expected, permits)
            .with_advice("ask for them in portions, or give the quota a larger burst"))
    }

    /// Changes the settings while calls are running.
    ///
    /// What was used stays used: after a burst of 10 under a quota of 20 there are 20 left under one
    /// of 30, and none under one of 5. Those who wait keep their times, and permits that were
    /// reserved before a change of the quota cannot be given back after it. Changes are made one
    /// after the other: the closure must not look at the limit but at the settings it is given.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing changes, under the conditions of
    /// [`build`](RateLimitBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::{Decision, Quota, RateLimit};
    ///
    /// let limit = RateLimit::builder("api").quota(Quota::per_hour(20)).build()?;
    /// assert!(limit.check_n(10)?.is_allowed());
    /// limit.reconfigure(|settings| settings.quota = Quota::per_hour(30))?;
    /// assert_eq!(limit.remaining(), 20);
    /// limit.reconfigure(|settings| settings.quota = Quota::per_hour(5))?;
    /// assert_eq!(limit.remaining(), 0);
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        self.shared.reconfigure(change)
    }

    /// Says what is wrong with settings for this limit.
    pub(crate) fn check_settings(&self, settings: &Settings) -> Result<(), Invalid> {
        self.shared.check(settings)
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Takes over checked settings.
    pub(crate) fn apply(&self, settings: &Settings) {
        self.shared.apply(settings);
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.shared.settings()
    }

    /// How permits are dealt out.
    pub fn algorithm(&self) -> Algorithm {
        self.shared.algorithm()
    }

    /// How many permits a thread takes at once; 0 if each is taken by itself. See
    /// [`leases`](RateLimitBuilder::leases).
    pub fn leases(&self) -> u32 {
        self.shared.lease_size()
    }

    /// How many permits could be had now, apart from those that threads have leased.
    pub fn remaining(&self) -> u32 {
        self.shared.remaining()
    }

    /// How many calls were refused since it was made.
    pub fn rejected(&self) -> u64 {
        self.shared.rejected()
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { quota, wait } = self.settings();
        f.debug_struct("RateLimit")
            .field("name", self.name())
            .field("quota", &format_args!("{quota}"))
            .field("algorithm", &self.algorithm())
            .field("leases", &self.leases())
            .field("wait", &wait)
            .field("remaining", &self.remaining())
            .field("rejected", &self.rejected())
            .finish()
    }
}
