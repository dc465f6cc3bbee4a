mod counted;
pub(super) mod live;
mod outcome;
pub(super) mod registry;
pub(super) mod tally;
pub(super) mod timeline;

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;
use core::time::Duration;

pub use counted::Core;
pub use outcome::{GrpcStatus, HttpStatus, Outcome};
pub use registry::{Registered, all, find};
pub use tally::GoodAndBad;
pub use timeline::Timeline;

use self::live::Live;
use super::{Decision, Definition, InvalidDefinition, Objective, Stance, Status};
use crate::error::{Fault, Reason};
use crate::resilience::registry::Site;
use crate::sync::Mutex;

/// A promise that is kept count of.
///
/// A handle: clones are the same promise, and so are all that refer to one [`Core`]. Recording adds to
/// counters of the thread's own, 1 to 2 ns for each objective it concerns; everything else is done
/// by who reads.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Core, Definition, Objective, Slo, Target, Window};
///
/// static CHECKOUT: Slo = {
///     static CORE: Core = Core::new(
///         Definition::new("checkout", Window::days(30))
///             .objective(Objective::availability(Target::percent("99.95")))
///             .objective(Objective::latency(Target::percent("99"), Duration::from_millis(500))),
///     );
///     Slo::from_core(&CORE)
/// };
///
/// CHECKOUT.record(true);
/// CHECKOUT.record_latency(Duration::from_millis(20));
/// println!("{}", CHECKOUT.status());
/// ```
#[derive(Clone)]
pub struct Slo(Handle);

#[derive(Clone)]
enum Handle {
    Static(&'static Core),
    Shared(Arc<Core>),
}

/// A handle that does not keep what was made from being dropped.
#[derive(Debug, Clone)]
pub(super) enum WeakSlo {
    Static(&'static Core),
    Shared(Weak<Core>),
}

impl WeakSlo {
    pub(super) fn upgrade(&self) -> Option<Slo> {
        match self {
            Self::Static(core) => Some(Slo::from_core(core)),
            Self::Shared(core) => core.upgrade().map(Slo::shared),
        }
    }
}

impl Slo {
    /// The handle of a core in a `static`.
    pub const fn from_core(core: &'static Core) -> Self {
        Self(Handle::Static(core))
    }

    /// A promise that is made at run time: listed until its last handle is dropped.
    ///
    /// # Errors
    ///
    /// [`InvalidDefinition`] when it makes no sense.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::{self, Definition, Objective, Slo, Target, Window};
    ///
    /// let definition = Definition::with_name(format!("tenant-{}", 7), Window::days(30));
    /// let answered = Objective::availability(Target::percent("99.9"));
    /// let tenant = Slo::new(definition.objective(answered))?;
    ///
    /// tenant.record(true);
    /// assert!(sre::find("tenant-7").is_some());
    /// # Ok::<(), reliability::sre::InvalidDefinition>(())
    /// ```
    pub fn new(definition: Definition) -> Result<Self, InvalidDefinition> {
        definition.check()?;
        let core = Arc::new(Core::unchecked(definition, None));
        registry::list(&core);
        Ok(Self(Handle::Shared(core)))
    }

    /// Counts a call that was answered, or was not: for objectives of availability, error rate and
    /// throughput.
    #[inline]
    pub fn record(&self, good: bool) {
        self.record_outcome(Outcome::of(good));
    }

    /// The same for who knows more than good and bad.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::sre::{Definition, HttpStatus, Objective, Slo, Target, Window};
    ///
    /// const STATUS: HttpStatus = HttpStatus::standard();
    ///
    /// let definition = Definition::new("search", Window::days(30))
    ///     .objective(Objective::availability(Target::percent("99.9")))
    ///     .objective(Objective::latency(Target::percent("99"), Duration::from_millis(500)))
    ///     .min_events(20);
    /// let search = Slo::new(definition)?;
    /// assert!(search.wants_latency());
    ///
    /// search.record_outcome(STATUS.outcome(503));
    /// // Whoever gave up after a second has waited for longer than was promised.
    /// search.record_cancelled(Duration::from_secs(1));
    /// # Ok::<(), reliability::sre::InvalidDefinition>(())
    /// ```
    #[inline]
    pub fn record_outcome(&self, outcome: Outcome) {
        let concerns = match outcome {
            Outcome::Good => self.concerns.good,
            Outcome::Bad | Outcome::Excluded => self.concerns.bad,
        };
        self.tally.add(concerns, outcome);
    }

    /// What an error is to this promise: by its class, as [`Outcome::of_class`] says, but a refusal by a
    /// degradation that a [`Watch`](super::Watch) raises while the budget burns is excluded.
    ///
    /// Were it bad, the promise would burn on for what is done because it burns. Refusals by a
    /// degradation that something else raises are bad, as all others are.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::recovery::Degradation;
    /// use reliability::error::{Reason, Rejected};
    /// use reliability::sre::{Outcome, Slo, Watch};
    ///
    /// static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };
    /// static CHEAPER: Degradation = Degradation::declared("cheaper");
    ///
    /// let watch = Watch::builder().degrade(CHECKOUT.clone(), CHEAPER.clone()).by_hand()?;
    /// let by = |name| Rejected::new(Reason::Degraded, name);
    /// assert_eq!(CHECKOUT.outcome_of(&by("cheaper")), Outcome::Excluded);
    /// assert_eq!(CHECKOUT.outcome_of(&by("another")), Outcome::Bad);
    /// # drop(watch);
    /// # Ok::<(), reliability::sre::StateError>(())
    /// ```
    pub fn outcome_of<E: Fault + ?Sized>(&self, error: &E) -> Outcome {
        match error.rejection() {
            Some(rejected)
                if rejected.reason() == Reason::Degraded && self.raises(rejected.policy()) =>
            {
                Outcome::Excluded
            }
            _ => Outcome::of_class(error.class()),
        }
    }

    /// Counts how long a call took: for objectives of latency, each with its own threshold.
    #[inline]
    pub fn record_latency(&self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let mut left = self.concerns.latency;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            let threshold = self.concerns.threshold_nanos[left.trailing_zeros() as usize];
            left &= left - 1;
            self.tally.add(bit, Outcome::of(nanos < threshold));
        }
    }

    /// Counts a call and how long it took.
    ///
    /// A latency counts of calls that went well: an error that comes at once is not a quick answer,
    /// and one that comes late is bad already.
    #[inline]
    pub fn record_call(&self, outcome: Outcome, latency: Duration) {
        self.record_outcome(outcome);
        if outcome == Outcome::Good {
            self.record_latency(latency);
        }
    }

    /// Counts a call that its caller gave up after so long.
    ///
    /// It says nothing about whether the call would have been answered. Where it had already taken
    /// longer than a threshold, that was missed.
    pub fn record_cancelled(&self, after: Duration) {
        self.record_outcome(Outcome::Excluded);
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        let mut left = self.concerns.latency;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            let threshold = self.concerns.threshold_nanos[left.trailing_zeros() as usize];
            left &= left - 1;
            if nanos >= threshold {
                self.tally.add(bit, Outcome::Bad);
            }
        }
    }

    /// Counts an answer that somebody has looked at: for objectives of correctness.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sre::{Definition, Objective, Slo, Target, Window};
    ///
    /// let right = Objective::correctness(Target::percent("99.99"));
    /// let prices = Slo::new(Definition::new("prices", Window::days(30)).objective(right))?;
    /// // One of a thousand answers is worked out a second time, and held against the first.
    /// prices.record_correct(299 == 2 * 149 + 1);
    /// # Ok::<(), reliability::sre::InvalidDefinition>(())
    /// ```
    #[inline]
    pub fn record_correct(&self, correct: bool) {
        self.tally.add(self.concerns.correctness, Outcome::of(correct));
    }

    /// Whether a call must be timed for one of the objectives.
    #[inline]
    pub fn wants_latency(&self) -> bool {
        self.concerns.latency != 0
    }

    /// How the promise is kept now.
    ///
    /// Reads the counters and moves the windows. Events are placed at the time at which they are first
    /// read, so somebody must read from time to time: a [`Watch`](super::Watch) does.
    pub fn status(&self) -> Status {
        self.live().lock().step(self)
    }

    /// What follows from the budget: the strictest stance of all objectives, as of now.
    pub fn stance(&self) -> Stance {
        self.status().stance()
    }

    /// The last 256 decisions, the oldest first.
    pub fn history(&self) -> Vec<Decision> {
        self.live().lock().history().cloned().collect()
    }

    /// Tells the time by that timeline from now on: for simulations and tests.
    pub fn follow(&self, timeline: Timeline) {
        match self.live.get() {
            Some(live) => live.lock().follow(timeline),
            None => {
                let live = || Mutex::new(Live::new(&self.definition, timeline.clone()));
                self.live.get_or_init(live).lock().follow(timeline.clone());
            }
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The objective of that name.
    pub fn objective(&self, name: &str) -> Option<&Objective> {
        self.definition.objectives().iter().find(|objective| objective.name == name)
    }

    /// Where it is declared; `None` when it was made by hand.
    pub fn site(&self) -> Option<Site> {
        self.site
    }

    pub(super) fn downgrade(&self) -> WeakSlo {
        match &self.0 {
            Handle::Static(core) => WeakSlo::Static(core),
            Handle::Shared(core) => WeakSlo::Shared(Arc::downgrade(core)),
        }
    }

    pub(super) fn shared(core: Arc<Core>) -> Self {
        Self(Handle::Shared(core))
    }
}

/// What is private of a core is reached through its handle.
impl Deref for Slo {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        match &self.0 {
            Handle::Static(core) => core,
            Handle::Shared(core) => core,
        }
    }
}

/// The same promise, not an equal one.
impl PartialEq for Slo {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq::<Core>(&**self, &**other)
    }
}

impl Eq for Slo {}

/// What is promised; [`status`](Slo::status) says how it is kept.
impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.definition().fmt(f)
    }
}

impl fmt::Debug for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
