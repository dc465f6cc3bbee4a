use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::builder::BulkheadBuilder;
use super::enter::{Enter, EnterOwned};
use super::gate::{Gate, LIMIT_MAX, QUEUE_MAX};
use super::permit::{Held, OwnedPermit, Permit};
use super::settings::Settings;
use super::ticket::{Ticket, Waiting};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::sync::Counter;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::{Clock, saturating_nanos};

/// At most so many calls at a time, and at most so many waiting, for so long.
///
/// A handle: clones are the same bulkhead. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::bulkhead::Bulkhead;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bulkhead = Bulkhead::builder("inventory")
///     .concurrent(64)
///     .queue(128)
///     .wait(Duration::from_millis(100))
///     .build()?;
///
/// let permit = bulkhead.enter().await?;
/// // ... call the dependency ...
/// drop(permit);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Bulkhead {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(super) gate: Gate,
    pub(super) name: Name,
    pub(super) clock: Clock,
    wait_nanos: AtomicU64,
    rejected: Counter,
}

impl Bulkhead {
    /// Calls inside at a time, where [`concurrent`](BulkheadBuilder::concurrent) is not set.
    pub const DEFAULT_CONCURRENT: u32 = 64;
    /// Calls that wait, where [`queue`](BulkheadBuilder::queue) is not set.
    pub const DEFAULT_QUEUE: u32 = 128;
    /// The longest wait, where [`wait`](BulkheadBuilder::wait) is not set.
    pub const DEFAULT_WAIT: Duration = Duration::from_millis(100);
    /// The largest number of calls inside that can be asked for.
    pub const CONCURRENT_MAX: u32 = LIMIT_MAX;
    /// The longest queue that can be asked for.
    pub const QUEUE_MAX: u32 = QUEUE_MAX;

    /// A bulkhead with all defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::Bulkhead;
    ///
    /// assert_eq!(Bulkhead::standard("inventory").concurrent(), Bulkhead::DEFAULT_CONCURRENT);
    /// ```
    pub fn standard(name: impl Into<Name>) -> Self {
        let gate = Gate::new(Self::DEFAULT_CONCURRENT, Self::DEFAULT_QUEUE);
        Self::new(name.into(), Clock::default(), gate, Self::DEFAULT_WAIT)
    }

    /// A bulkhead with the defaults, each of which can be changed.
    ///
    /// `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> BulkheadBuilder {
        BulkheadBuilder::new(name.into())
    }

    pub(super) fn new(name: Name, clock: Clock, gate: Gate, wait: Duration) -> Self {
        Self { shared: Arc::new(Shared::new(name, clock, gate, wait)) }
    }

    /// Enters if there is room and nobody waits for it; never waits itself.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::BulkheadFull`]. Nobody knows when a call will end, so it says no
    /// `retry_after`.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::Reason;
    /// use reliability::resilience::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("inventory").concurrent(1).build()?;
    /// let inside = bulkhead.try_enter()?;
    /// let refused = bulkhead.try_enter().unwrap_err();
    /// assert_eq!(refused.reason(), Reason::BulkheadFull);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_enter(&self) -> Result<Permit<'_>, Rejected> {
        if self.shared.gate.try_enter() {
            Ok(Permit(Held(&*self.shared)))
        } else {
            Err(self.shared.refuse(Reason::BulkheadFull))
        }
    }

    /// [`try_enter`](Bulkhead::try_enter) with a permit that keeps the bulkhead alive.
    ///
    /// # Errors
    ///
    /// As [`try_enter`](Bulkhead::try_enter).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("inventory").build()?;
    /// let permit = bulkhead.try_enter_owned()?;
    /// let worker = std::thread::spawn(move || drop(permit));
    /// # worker.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_enter_owned(&self) -> Result<OwnedPermit, Rejected> {
        if self.shared.gate.try_enter() {
            Ok(OwnedPermit(Held(Arc::clone(&self.shared))))
        } else {
            Err(self.shared.refuse(Reason::BulkheadFull))
        }
    }

    /// Enters, or waits in the queue for a place: first come, first served.
    ///
    /// With a place free it is ready at once, without reading a clock or arming a timer. Waiting
    /// allocates nothing.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::BulkheadFull`]: at once when the queue is full or waiting is
    /// switched off, and when the longest wait is over.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime whose timer is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue. If the place was granted in that very moment, it goes
    /// to the next in the queue. Entering again joins the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::resilience::bulkhead::Bulkhead;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::builder("inventory")
    ///     .concurrent(1)
    ///     .queue(1)
    ///     .wait(Duration::from_secs(1))
    ///     .build()?;
    ///
    /// let first = bulkhead.try_enter()?;
    /// let waiting = tokio::spawn({
    ///     let bulkhead = bulkhead.clone();
    ///     async move { bulkhead.enter().await.map(drop) }
    /// });
    /// drop(first);
    /// waiting.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub fn enter(&self) -> Enter<'_> {
        Enter::new(self.ticket())
    }

    /// [`enter`](Bulkhead::enter) with a permit that keeps the bulkhead alive.
    ///
    /// # Errors
    ///
    /// As [`enter`](Bulkhead::enter).
    ///
    /// # Panics
    ///
    /// As [`enter`](Bulkhead::enter).
    ///
    /// # Cancel safety
    ///
    /// As [`enter`](Bulkhead::enter).
    ///
    /// # Examples
    ///
    /// See [`OwnedPermit`].
    pub fn enter_owned(&self) -> EnterOwned {
        EnterOwned::new(Ticket::new(Arc::clone(&self.shared)))
    }

    /// A place, if there is one and nobody waits for it.
    #[inline]
    pub(crate) fn enter_at_once(&self) -> Option<Permit<'_>> {
        self.shared.gate.try_enter().then(|| Permit(Held(&*self.shared)))
    }

    /// The same, where only a part of the places may be filled.
    pub(crate) fn enter_part(&self, part_of: impl Fn(u32) -> u32) -> Option<Permit<'_>> {
        self.shared.gate.try_enter_below(part_of).map(|_| Permit(Held(&*self.shared)))
    }

    /// Refuses a call that could not even wait, without the lock of the queue; false if it could. Its
    /// refusal is [`full`](Bulkhead::full).
    #[inline]
    pub(crate) fn refuse_at_once(&self) -> bool {
        let full = self.shared.gate.is_full();
        if full {
            self.shared.rejected.add(1);
        }
        full
    }

    /// What a call is told that was refused because it could not even wait.
    #[inline]
    pub(crate) fn full(&self) -> Rejected {
        Rejected::new(Reason::BulkheadFull, self.name().clone())
    }

    /// The way in for a driver that bounds the wait with a timer of its own.
    #[inline]
    pub(crate) fn ticket(&self) -> Waiting<'_> {
        Ticket::new(&self.shared)
    }

    /// What can be changed while calls are inside, as it is now.
    pub fn settings(&self) -> Settings {
        Settings { concurrent: self.concurrent(), wait: self.wait(), shed: self.shared.gate.shed() }
    }

    /// Changes settings while calls are inside.
    ///
    /// More places let those who wait in at once. Fewer throw nobody out: the surplus runs to its
    /// end, and nobody enters until there is room under the new limit. The longest wait holds for
    /// calls that begin to wait from now on; zero switches waiting off. The length of the queue is
    /// fixed, because its memory is.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing changes, when `concurrent` is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("inventory").concurrent(1).build()?;
    /// let first = bulkhead.try_enter()?;
    /// bulkhead.reconfigure(|settings| settings.concurrent = 2)?;
    /// let second = bulkhead.try_enter()?;
    ///
    /// bulkhead.reconfigure(|settings| settings.concurrent = 1)?;
    /// drop(first);
    /// assert!(bulkhead.try_enter().is_err(), "the second is still inside");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    /// Whether the bulkhead can work with these settings.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        super::builder::check(&self.shared.name, settings)
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        // The wait first: whom a new place lets in does not wait any more.
        self.shared.wait_nanos.store(saturating_nanos(settings.wait), Ordering::Relaxed);
        self.shared.gate.set_shed(settings.shed, || self.shared.clock.now());
        if settings.concurrent != self.concurrent() {
            self.shared.gate.set_limit(settings.concurrent);
        }
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// How many calls may be inside at a time.
    pub fn concurrent(&self) -> u32 {
        self.shared.gate.limit()
    }

    /// How many calls are inside: more than [`concurrent`](Bulkhead::concurrent) only while the
    /// surplus of a lowered limit runs to its end.
    pub fn in_use(&self) -> u32 {
        self.shared.gate.inside()
    }

    /// How many calls may wait.
    pub fn queue(&self) -> u32 {
        self.shared.gate.queue_capacity()
    }

    /// How many calls wait.
    pub fn queued(&self) -> u32 {
        self.shared.gate.waiting()
    }

    /// How long a call waits at most.
    pub fn wait(&self) -> Duration {
        self.shared.wait()
    }

    /// Whether the queue is one that does not drain, so that calls wait for at most the `target` of
    /// [`Shed`](super::Shed).
    pub fn is_shedding(&self) -> bool {
        self.shared.gate.stands()
    }

    /// How long a call that begins to wait now may do so.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.shared.longest_wait()
    }

    /// How many calls were refused since it was made.
    pub fn rejected(&self) -> u64 {
        self.shared.rejected.sum()
    }
}

#[cfg(all(test, not(reliability_loom)))]
impl Bulkhead {
    pub(super) fn gate(&self) -> &Gate {
        &self.shared.gate
    }
}

impl Shared {
    pub(super) fn new(name: Name, clock: Clock, gate: Gate, wait: Duration) -> Self {
        let wait_nanos = AtomicU64::new(saturating_nanos(wait));
        Self { gate, name, clock, wait_nanos, rejected: Counter::new() }
    }

    pub(super) fn wait(&self) -> Duration {
        Duration::from_nanos(self.wait_nanos.load(Ordering::Relaxed))
    }

    pub(super) fn may_wait(&self) -> bool {
        self.gate.queue_capacity() > 0 && !self.wait().is_zero()
    }

    pub(super) fn longest_wait(&self) -> Duration {
        let wait = self.wait();
        match self.gate.stands().then(|| self.gate.shed()).flatten() {
            Some(shed) => wait.min(shed.target),
            None => wait,
        }
    }

    /// Gives a place back.
    #[inline]
    pub(super) fn leave(&self) {
        self.gate.leave_at(|| self.clock.now());
    }

    /// Counts the refusal, and makes it.
    #[cold]
    pub(super) fn refuse(&self, reason: Reason) -> Rejected {
        self.rejected.add(1);
        Rejected::new(reason, self.name.clone())
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("name", self.name())
            .field("in_use", &self.in_use())
            .field("concurrent", &self.concurrent())
            .field("queued", &self.queued())
            .field("queue", &self.queue())
            .field("wait", &self.wait())
            .field("rejected", &self.rejected())
            .finish()
    }
}
