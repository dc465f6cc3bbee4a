use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::error::{Class, Reason};
use crate::resilience::Policy;
use crate::resilience::breaker::State;

/// What a policy counts from here on, to be asserted on; made by [`watch`].
///
/// See [`watch`] for an example.
#[derive(Debug, Clone)]
pub struct Watched {
    policy: Policy,
    before: Counts,
    since: &'static str,
}

/// Watches a policy from here on: what it counted before, in other tests perhaps, does not matter.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::{Reason, Rejected};
/// use reliability::resilience::breaker::{Breaker, Settings};
/// use reliability::resilience::Policy;
/// use reliability::testing::{self, Script};
///
/// testing::run(|_| async {
///     let breaker = Breaker::builder("stock").settings(Settings::consecutive()).build().unwrap();
///     let policy = Policy::builder("stock")
///         .breaker(breaker)
///         .timeout(Duration::from_millis(100))
///         .build()
///         .unwrap();
///     let stock = testing::watch(&policy);
///
///     let inventory = Script::<u32, Rejected>::new().hang().forever();
///     for _ in 0..8 {
///         assert!(policy.call(|| inventory.call()).await.is_err());
///     }
///     stock
///         .saw()
///         .rejected(Reason::TimedOut, 5)
///         .rejected(Reason::BreakerOpen, 3)
///         .breaker_opened(1)
///         .nothing_else();
/// });
/// ```
pub fn watch(policy: &Policy) -> Watched {
    Watched { policy: policy.clone(), before: Counts::of(policy), since: "since it is watched" }
}

/// Asserts on what a policy has counted since it was built.
///
/// For a policy that other tests of the same process use, too, [`watch`] it instead.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::testing::assert_policy;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::builder("rates").timeout(Duration::from_secs(1)).build()?;
/// policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
///
/// assert_policy(&policy).ok(1).nothing_else();
/// # Ok(())
/// # }
/// ```
pub fn assert_policy(policy: &Policy) -> Saw {
    let before = Counts::default();
    Watched { policy: policy.clone(), before, since: "since it was built" }.saw()
}

impl Watched {
    /// What was counted until now, to be asserted on.
    pub fn saw(&self) -> Saw {
        let now = Counts::of(&self.policy);
        let counts = now.0.iter().map(|(count, now)| (*count, now - self.before.get(*count)));
        Saw {
            policy: self.policy.clone(),
            counts: Counts(counts.collect()),
            named: Vec::new(),
            since: self.since,
        }
    }
}

/// What a policy has counted, as a chain of assertions.
///
/// Each method panics when the count is another one, with all counts in the message.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::{Class, Fault, Rejected};
/// use reliability::resilience::breaker::{Breaker, State};
/// use reliability::resilience::{Policy, Retry};
/// use reliability::testing::{self, Script};
///
/// #[derive(Debug, Clone, Fault)]
/// enum Failed {
///     #[fault(transient)]
///     Reset,
///     #[fault(from)]
///     Rejected(Rejected),
/// }
///
/// testing::run(|_| async {
///     let policy = Policy::builder("stock")
///         .retry(Retry::attempts(2))
///         .breaker(Breaker::standard("stock"))
///         .timeout(Duration::from_secs(1))
///         .build()
///         .unwrap();
///     let stock = Script::new().err(Failed::Reset).ok(7).err(Failed::Reset).times(2);
///     assert!(policy.call(|| stock.call()).await.is_ok());
///     assert!(policy.call(|| stock.call()).await.is_err());
///
///     testing::assert_policy(&policy)
///         .ok(1)
///         .failed(Class::Transient, 1)
///         .retries(2)
///         .breaker_is(State::Closed)
///         .breaker_opened(0)
///         .nothing_else();
/// });
/// ```
#[derive(Debug)]
pub struct Saw {
    policy: Policy,
    counts: Counts,
    named: Vec<Count>,
    since: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Ok,
    Failed(Class),
    Rejected(Reason),
    Cancelled,
    Panicked,
    Retries,
    RetriesDenied,
    Fallbacks,
    Hedges,
    HedgesWon,
    HedgesDenied,
    BreakerOpened,
}

#[derive(Debug, Clone, Default)]
struct Counts(Vec<(Count, u64)>);

impl Counts {
    fn of(policy: &Policy) -> Self {
        let totals = policy.totals();
        let mut counts = Vec::from([
            (Count::Ok, totals.ok()),
            (Count::Cancelled, totals.cancelled()),
            (Count::Panicked, totals.panicked()),
            (Count::Retries, totals.retries()),
            (Count::RetriesDenied, totals.retries_denied()),
            (Count::Fallbacks, totals.fallbacks()),
            (Count::Hedges, totals.hedges()),
            (Count::HedgesWon, totals.hedges_won()),
            (Count::HedgesDenied, totals.hedges_denied()),
        ]);
        counts.extend(Class::ALL.map(|class| (Count::Failed(class), totals.failed(class))));
        counts.extend(Reason::ALL.map(|reason| (Count::Rejected(reason), totals.rejected(reason))));
        if let Some(breaker) = policy.breaker() {
            let snapshot = breaker.snapshot();
            let into_open = [State::Closed, State::HalfOpen, State::Open];
            let opened = into_open.map(|from| snapshot.transitions(from, State::Open)).iter().sum();
            counts.push((Count::BreakerOpened, opened));
        }
        Self(counts)
    }

    fn get(&self, wanted: Count) -> u64 {
        self.0.iter().find(|(count, _)| *count == wanted).map_or(0, |(_, number)| *number)
    }
}

impl Saw {
    /// So many calls ended well.
    #[track_caller]
    pub fn ok(self, times: u64) -> Self {
        self.assert(Count::Ok, times)
    }

    /// So many calls ended with an error of that class, after their last attempt.
    #[track_caller]
    pub fn failed(self, class: Class, times: u64) -> Self {
        self.assert(Count::Failed(class), times)
    }

    /// So many calls were refused, or given up, for that reason.
    #[track_caller]
    pub fn rejected(self, reason: Reason, times: u64) -> Self {
        self.assert(Count::Rejected(reason), times)
    }

    /// So many calls were dropped before they were done.
    #[track_caller]
    pub fn cancelled(self, times: u64) -> Self {
        self.assert(Count::Cancelled, times)
    }

    /// The work of so many calls panicked.
    #[track_caller]
    pub fn panicked(self, times: u64) -> Self {
        self.assert(Count::Panicked, times)
    }

    /// There were so many attempts after first ones.
    #[track_caller]
    pub fn retries(self, times: u64) -> Self {
        self.assert(Count::Retries, times)
    }

    /// So many retries were denied by the budget.
    #[track_caller]
    pub fn retries_denied(self, times: u64) -> Self {
        self.assert(Count::RetriesDenied, times)
    }

    /// So many calls asked their fallback.
    #[track_caller]
    pub fn fallbacks(self, times: u64) -> Self {
        self.assert(Count::Fallbacks, times)
    }

    /// So many hedges were sent.
    #[track_caller]
    pub fn hedges(self, times: u64) -> Self {
        self.assert(Count::Hedges, times)
    }

    /// The answers of so many hedges were taken.
    #[track_caller]
    pub fn hedges_won(self, times: u64) -> Self {
        self.assert(Count::HedgesWon, times)
    }

    /// So many hedges were denied by the budget.
    #[track_caller]
    pub fn hedges_denied(self, times: u64) -> Self {
        self.assert(Count::HedgesDenied, times)
    }

    /// The breaker opened so many times.
    #[track_caller]
    pub fn breaker_opened(self, times: u64) -> Self {
        self.assert(Count::BreakerOpened, times)
    }

    /// The breaker is in that state.
    #[track_caller]
    pub fn breaker_is(self, state: State) -> Self {
        let found = self.policy.breaker().map(crate::resilience::Breaker::state);
        if found != Some(state) {
            let found = found.map_or_else(|| "absent".to_string(), |state| state.to_string());
            self.fail(&alloc::format!("its breaker should be {state}, but is {found}"));
        }
        self
    }

    /// Nothing was counted that this chain does not name.
    #[track_caller]
    pub fn nothing_else(self) {
        let unnamed = |count: &Count| !self.named.contains(count);
        let others = self.counts.0.iter().filter(|(count, number)| *number > 0 && unnamed(count));
        let others: Vec<String> =
            others.map(|(count, number)| alloc::format!("{number} {count}")).collect();
        if !others.is_empty() {
            self.fail(&alloc::format!(
                "nothing else should be counted, but it counted {}",
                others.join(", ")
            ));
        }
    }

    #[track_caller]
    fn assert(mut self, count: Count, times: u64) -> Self {
        let found = self.counts.get(count);
        if found != times {
            self.fail(&alloc::format!(
                "it should have counted {times} {count}, but counted {found}"
            ));
        }
        self.named.push(count);
        self
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("policy `{}`: {what}\n{self}", self.policy.name())
    }
}

impl fmt::Display for Saw {
    /// All that was counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "counted {}:", self.since)?;
        let mut counted = self.counts.0.iter().filter(|(_, number)| *number > 0).peekable();
        if counted.peek().is_none() {
            f.write_str("\n    nothing")?;
        }
        counted.try_for_each(|(count, number)| write!(f, "\n    {number} {count}"))
    }
}

impl fmt::Display for Count {
    /// Goes on after a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Ok => f.write_str("ok"),
            Count::Failed(class) => write!(f, "failed as {class}"),
            Count::Rejected(reason) => write!(f, "rejected for {}", reason.as_str()),
            Count::Cancelled => f.write_str("cancelled"),
            Count::Panicked => f.write_str("panicked"),
            Count::Retries => f.write_str("retries"),
            Count::RetriesDenied => f.write_str("retries denied"),
            Count::Fallbacks => f.write_str("fallbacks"),
            Count::Hedges => f.write_str("hedges"),
            Count::HedgesWon => f.write_str("hedges that won"),
            Count::HedgesDenied => f.write_str("hedges denied"),
            Count::BreakerOpened => f.write_str("times that the breaker opened"),
        }
    }
}
