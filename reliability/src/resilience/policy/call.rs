use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::time::Duration;

use super::Policy;
use super::attempt::Attempt;
use super::classify::Classifier;
use super::degrade::Degraded;
use super::events;
use super::fallback::Fallback;
use super::inner::Inner;
use super::pause::Pause;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::step::{Held, Waiting};
use super::totals::Total;
use super::wait::Bound;
use super::whose::Whose;
use crate::error::{Failure, Reason, Rejected};
use crate::resilience::concurrency_limit::Priority;
use crate::time::Instant;

/// One call under a [`Policy`], from its first attempt to its last.
///
/// This is what `#[resilient]` expands to, and what [`Policy::call`] is made of:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::resilience::Invalid> {
/// use reliability::error::{Failure, Rejected};
/// use reliability::resilience::{Call, Classifier, Next, Policy, Retry};
///
/// let policy = Policy::builder("price").retry(Retry::attempts(3)).build()?;
///
/// let errors = Classifier::by_fault();
/// let mut call = Call::new(&policy, &errors);
/// let price: Result<u32, Failure<Rejected>> = loop {
///     let outcome = call.attempt(async { Ok(7) }).await;
///     match call.judge(outcome) {
///         Next::Done(result) => break result,
///         Next::Again(pause) => pause.await,
///     }
/// };
/// assert_eq!(price, Ok(7));
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// Dropping a call at any point gives back what it holds: its place in the bulkhead or in its
/// queue, and a probe of a half-open breaker, which does not count as an outcome. The call is
/// counted as cancelled. When it is dropped because its work panicked, it is counted as panicked,
/// and by the breaker as a failure.
#[must_use = "a call does nothing until it is given an attempt"]
pub struct Call<'a, E> {
    pub(super) policy: &'a Inner,
    pub(super) classifier: &'a Classifier<E>,
    /// Of the policy, read when the call began, or 1.
    pub(super) attempts_max: u32,
    // This and the next three are one word, and so are written at once.
    pub(super) attempts: u32,
    /// The next admission step of this attempt; below the number of steps while it is admitted.
    pub(super) step: u16,
    pub(super) phase: Phase,
    pub(super) priority: Priority,
    /// Nothing as long as the call holds nothing, waits for nothing and is ready at once: then there
    /// is nothing to make, and nothing to drop. [`Phase::Over`] says so too, and is all that the
    /// drop of a call looks at: it stands in the future of every caller.
    pub(super) more: ManuallyDrop<Option<More<'a>>>,
}

/// What most calls need a part of, and the simplest need nothing of.
pub(super) struct More<'a> {
    pub(super) held: Held<'a>,
    pub(super) waiting: Option<Waiting<'a>>,
    /// Nothing until the call has to wait: until then no clock is read.
    pub(super) times: Option<Times>,
    pub(super) whose: Whose,
    /// What is done less of for this call.
    pub(super) degraded: Degraded,
    /// Its number in a recording.
    #[cfg(feature = "record")]
    pub(super) recorded: Option<u64>,
}

impl Default for More<'_> {
    #[inline]
    fn default() -> Self {
        Self {
            held: Held::default(),
            waiting: None,
            times: None,
            whose: Whose::NOBODY,
            degraded: Degraded::NORMAL,
            #[cfg(feature = "record")]
            recorded: None,
        }
    }
}

/// Since when a call waits, and what ends that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// When the call first had to wait.
    pub(super) waited_since: Option<Instant>,
    /// When this attempt first had to.
    pub(super) attempt_waited_since: Option<Instant>,
    /// When the work of this attempt first had to, unless that has been counted.
    pub(super) work_since: Option<Instant>,
    pub(super) deadline_started: Option<Instant>,
    /// What ends the wait that the timer is armed for.
    pub(super) bound: Bound,
    pub(super) previous_pause: Duration,
}

impl Times {
    const NONE: Times = Times {
        waited_since: None,
        attempt_waited_since: None,
        work_since: None,
        deadline_started: None,
        bound: Bound::NEVER,
        previous_pause: Duration::ZERO,
    };
}

/// Where in its life a call is; decides what dropping it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between attempts, or waiting for admission.
    Outside,
    /// Chaos stands in for the work.
    #[cfg(feature = "chaos")]
    Disturbed,
    /// An attempt's work has begun.
    Working,
    /// The work has panicked: who drops the call here is unwinding through it.
    Polling,
    /// An outcome was counted.
    Finished,
    /// An outcome was counted, and there is nothing to drop.
    Over,
}

impl Phase {
    /// Whether the work itself has not been polled in this attempt.
    #[inline]
    pub(super) fn is_before_work(self) -> bool {
        #[cfg(feature = "chaos")]
        if self == Phase::Disturbed {
            return true;
        }
        self == Phase::Outside
    }
}

/// Says that whoever drops the call now is unwinding through code of its caller's, if that panics; to
/// be forgotten if it does not. A call that is ready at once has nothing to write then.
pub(super) struct Unwinding<'c>(pub(super) &'c mut Phase);

impl Drop for Unwinding<'_> {
    #[cold]
    fn drop(&mut self) {
        *self.0 = Phase::Polling;
    }
}

/// What to do after an attempt.
///
/// # Examples
///
/// See [`Call`].
#[derive(Debug)]
pub enum Next<T, E> {
    /// The call is over, and this is its result.
    Done(Result<T, Failure<E>>),
    /// Make another attempt after this pause.
    Again(Pause),
}

impl<'a, E> Call<'a, E> {
    /// Begins a call. Nothing is admitted or timed before the first attempt is polled.
    #[inline]
    pub fn new(policy: &'a Policy, classifier: &'a Classifier<E>) -> Self {
        let policy = policy.inner();
        // Read once: were the figure raised after `may_retry` has denied, then the arguments of a
        // further attempt would be gone.
        let attempts_max = policy.attempts_max();
        Self {
            policy,
            classifier,
            attempts_max,
            attempts: 0,
            step: 0,
            phase: Phase::Outside,
            priority: Priority::Critical,
            more: ManuallyDrop::new(None),
        }
    }

    /// Begins a call that makes one attempt even if the policy has a `retry`: for work that must not
    /// be repeated under a policy that is shared.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::{Failure, Rejected};
    /// use reliability::resilience::{Call, Classifier, Policy, Retry};
    ///
    /// let policy = Policy::builder("orders").retry(Retry::attempts(3)).build()?;
    /// let errors = Classifier::by_fault();
    /// let mut call = Call::once(&policy, &errors);
    /// assert!(!call.may_retry());
    ///
    /// let outcome: Result<u32, Failure<Rejected>> = call.attempt(async { Ok(17) }).await;
    /// assert_eq!(call.conclude(outcome), Ok(17));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn once(policy: &'a Policy, classifier: &'a Classifier<E>) -> Self {
        let mut call = Self::new(policy, classifier);
        call.limit_to_one_attempt();
        call
    }

    #[inline]
    pub(in crate::resilience) fn limit_to_one_attempt(&mut self) {
        self.attempts_max = 1;
    }

    /// Whether another attempt may follow the one that is about to be made: if so, what the body
    /// consumes has to be kept.
    #[inline]
    pub fn may_retry(&self) -> bool {
        self.attempts_max > self.attempts + 1
    }

    /// One attempt: admission, then `work` under timeout and deadline.
    #[inline]
    pub fn attempt<F, T>(&mut self, work: F) -> Attempt<'_, 'a, F, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.begin_attempt();
        Attempt::new(self, work)
    }

    #[inline]
    pub(in crate::resilience) fn begin_attempt(&mut self) {
        if self.attempts > 0 {
            self.leave_attempt();
            self.phase = Phase::Outside;
        }
        self.attempts += 1;
    }

    /// Makes the future of a request. Who drops the call here is unwinding through the work's maker.
    #[inline]
    pub(super) fn make<F>(&mut self, make: impl FnOnce() -> F) -> F {
        let unwinding = Unwinding(&mut self.phase);
        let work = make();
        core::mem::forget(unwinding);
        work
    }

    /// Says whether the outcome of an attempt is the result of the call, or there is another try.
    #[inline]
    pub fn judge<T>(&mut self, outcome: Result<T, Failure<E>>) -> Next<T, E> {
        match outcome {
            Ok(value) => {
                self.succeed();
                Next::Done(Ok(value))
            }
            Err(failure) => match self.judge_failure(failure) {
                Ok(pause) => Next::Again(pause),
                Err(failure) => Next::Done(Err(failure)),
            },
        }
    }

    /// Takes the outcome of an attempt as the result of the call, for work that is not repeated.
    ///
    /// # Errors
    ///
    /// The failure that it was given.
    #[inline]
    pub fn conclude<T>(&mut self, outcome: Result<T, Failure<E>>) -> Result<T, Failure<E>> {
        match outcome {
            Ok(value) => {
                self.succeed();
                Ok(value)
            }
            Err(failure) => Err(self.conclude_failure(failure)),
        }
    }

    /// Whether the fallback is asked for an answer to this failure. Counts it, so ask once.
    pub fn wants_fallback(&self, failure: &Failure<E>) -> bool {
        let deadline_is_over = self.policy.deadline_covers_fallback()
            && matches!(failure, Failure::Rejected(rejected)
                if rejected.reason() == Reason::DeadlineExceeded);
        let wanted = self.classifier.failure_disposition(failure).fallback && !deadline_is_over;
        if wanted {
            self.count_answered(failure);
            self.count_fallback(failure);
        }
        wanted
    }

    pub(super) fn count_fallback(&self, failure: &Failure<E>) {
        #[cfg(feature = "record")]
        self.tell_alone(|_| EventKind::FellBack);
        self.policy.totals.count(Total::FellBack);
        events::fell_back(self.policy, self.classifier.failure_class(failure));
    }

    /// Runs the fallback's future, under the deadline if that is written outside of `fallback`.
    pub fn fall_back<F, T>(&mut self, work: F) -> Fallback<'_, 'a, F, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected>,
    {
        self.fall_back_with(work, E::from)
    }

    /// The same, for an expansion that has asked for `From<Rejected>` elsewhere: the compiler would
    /// complain twice.
    #[doc(hidden)]
    pub fn fall_back_with<F, T>(
        &mut self,
        work: F,
        refuse: fn(Rejected) -> E,
    ) -> Fallback<'_, 'a, F, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        Fallback::new(self, work, refuse)
    }

    #[inline]
    pub(super) fn step(&self) -> usize {
        usize::from(self.step)
    }

    #[inline]
    pub(super) fn more(&mut self) -> &mut More<'a> {
        if self.more.is_none() {
            // Whole, and not what is inside: there is nothing to drop.
            self.more = ManuallyDrop::new(Some(More::default()));
        }
        self.more.get_or_insert_default()
    }

    #[inline]
    pub(super) fn times(&self) -> Option<&Times> {
        self.more.as_ref().and_then(|more| more.times.as_ref())
    }

    pub(super) fn times_mut(&mut self) -> &mut Times {
        self.more().times.get_or_insert(Times::NONE)
    }
}

impl<E> fmt::Debug for Call<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("policy", &self.policy.name)
            .field("attempts", &self.attempts)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
