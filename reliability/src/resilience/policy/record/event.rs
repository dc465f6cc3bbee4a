use core::time::Duration;

use crate::error::{Class, Disposition, Reason, Rejected};
use crate::resilience::concurrency_limit::Priority;
use crate::time::Instant;

/// One thing that happened to a call under a policy that is recorded.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::policy::record::EventKind;
///
/// let policy = Policy::builder("price").timeout(Duration::from_secs(1)).build()?;
/// let recorded = policy.record(100);
/// policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
///
/// let recording = recorded.finish();
/// let first = &recording.events()[0];
/// assert_eq!(first.call, 1);
/// assert_eq!(first.kind, EventKind::Began { repeatable: true, inherited: None });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Which call, counted from 1 in the order in which they began.
    pub call: u64,
    /// When, on the precise clock of the process that recorded it.
    pub at: Instant,
    /// What happened.
    pub kind: EventKind,
}

/// What an [`Event`] is: inputs, such as how an attempt ended, and decisions, such as to try again.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::error::{Reason, Rejected};
/// use reliability::resilience::policy::record::EventKind;
/// use reliability::resilience::{Policy, Retry};
///
/// let policy = Policy::builder("price").retry(Retry::attempts(3)).build()?;
/// let recorded = policy.record(100);
/// let slow = async || Err::<u32, _>(Rejected::new(Reason::TimedOut, "inventory"));
/// assert!(policy.call(slow).await.is_err());
///
/// // How long it was decided to wait, attempt by attempt.
/// let recording = recorded.finish();
/// let pauses = recording.events().iter().filter_map(|event| match event.kind {
///     EventKind::Retries { pause, .. } => Some(pause),
///     _ => None,
/// });
/// assert_eq!(pauses.count(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The call began.
    Began {
        /// Whether its work may be repeated, if the policy says so.
        repeatable: bool,
        /// The deadline of its caller's, if one was known.
        inherited: Option<Instant>,
    },
    /// Less was done for the call, because things were degraded when it came in.
    Degraded {
        /// How far.
        level: u8,
        /// For how long they would still have been.
        remaining: Option<Duration>,
        /// How much the call matters.
        priority: Priority,
        /// The random number that said whether the call was shed.
        draw: u64,
    },
    /// An attempt was let in by all layers.
    Admitted,
    /// An attempt was refused by a layer.
    Refused {
        /// Why.
        reason: Reason,
        /// How long it was told to stay away.
        retry_after: Option<Duration>,
    },
    /// The attempt has to wait, for its work or for a place.
    Waits {
        /// What ends the wait at the latest.
        until: Option<Instant>,
        /// Whether that is a deadline of the caller's.
        inherited: bool,
    },
    /// A rate limit that several processes share has answered, and the turn that it named has come.
    Answered {
        /// Whether it refused the attempt.
        limited: bool,
        /// How long it told it to stay away.
        retry_after: Option<Duration>,
    },
    /// The first request of an attempt that may be hedged is under way.
    HedgesAfter {
        /// After how long another one is sent: what is configured, or what the policy has made of how
        /// long attempts took; nothing while too little is known.
        delay: Option<Duration>,
    },
    /// Chaos stands in the place of a request that may be hedged. A failure that it injects is a
    /// [`RequestEnded`](EventKind::RequestEnded).
    Delayed {
        /// Which one; the first is 0.
        request: u32,
        /// When it begins; nothing if it hangs.
        until: Option<Instant>,
    },
    /// The delay of a request is over.
    Begins {
        /// Which one; the first is 0.
        request: u32,
    },
    /// The answer is late, the budget had a token, and another request was sent.
    Hedged {
        /// The number of the request, counted from 1.
        hedge: u32,
        /// After how long the next one is sent, if there may be another one.
        delay: Option<Duration>,
    },
    /// The answer is late, but the budget had no token for another request.
    HedgeDenied,
    /// One of several requests ended.
    RequestEnded {
        /// Which one; the first is 0.
        request: u32,
        /// How.
        outcome: Outcome,
    },
    /// The answer of another request than the first is that of the attempt.
    HedgeWon {
        /// The number of the request, counted from 1.
        hedge: u32,
    },
    /// The call looked for an answer in the policy's cache.
    LookedUp {
        /// Which key, counted from 1 in the order in which they were first asked for.
        key: u64,
        /// Whether its errors are for others, too.
        shares_errors: bool,
        /// What it found.
        found: Looked,
    },
    /// What came of the call was given to the cache, and to those who waited for it.
    Settled {
        /// The key that it was looked up by.
        key: u64,
        /// Whether it had failed, and the stale answer stands in.
        stale: bool,
    },
    /// An attempt ended.
    Ended(Outcome),
    /// There is to be another attempt.
    Retries {
        /// After this pause.
        pause: Duration,
        /// The random number that it was made of.
        draw: u64,
    },
    /// Another attempt was worth it, but the retry budget denied it.
    Denied {
        /// The random number that was drawn for the pause.
        draw: u64,
    },
    /// Another attempt was worth it, but there is no time for the pause.
    NoTime {
        /// The random number that was drawn for the pause.
        draw: u64,
    },
    /// The fallback was asked.
    FellBack,
    /// The call was dropped.
    Cancelled,
    /// The work panicked.
    Panicked,
}

impl EventKind {
    pub(in crate::resilience::policy) const fn ok() -> Self {
        EventKind::Ended(Outcome::Ok)
    }

    pub(in crate::resilience::policy) fn refused(rejected: &Rejected) -> Self {
        EventKind::Refused { reason: rejected.reason(), retry_after: rejected.retry_after() }
    }

    pub(in crate::resilience::policy) fn delayed(request: u32, until: Instant) -> Self {
        EventKind::Delayed { request, until: Some(until).filter(|at| at.as_nanos() < u64::MAX) }
    }
}

/// What a call found in a cache.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "cache")] {
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::cache::{Cache, Sharing};
/// use reliability::resilience::policy::record::{EventKind, Looked};
///
/// let policy = Policy::builder("price").cache(Cache::standard("price")).build()?;
/// let recorded = policy.record(100);
/// for _ in 0..2 {
///     let price = policy.call_cached("tea", Sharing::errors(), async || Ok::<_, Rejected>(299));
///     assert_eq!(price.await, Ok(299));
/// }
///
/// let recording = recorded.finish();
/// let found = recording.events().iter().filter_map(|event| match event.kind {
///     EventKind::LookedUp { found, .. } => Some(found),
///     _ => None,
/// });
/// assert_eq!(found.collect::<Vec<_>>(), [Looked::Miss, Looked::Hit]);
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Looked {
    /// A fresh value.
    Hit,
    /// An error that was kept.
    NegativeHit,
    /// A value that another call refreshes.
    Stale,
    /// Nothing, so that it makes the call.
    Miss,
    /// A value that it refreshes.
    Refresh,
    /// Another call that asks for the same, and whose answer it waits for.
    Joined,
    /// That call's answer.
    Coalesced,
    /// That call was gone, so that it makes a call of its own.
    HandedOver,
    /// It waited in vain.
    GaveUp,
}

impl Looked {
    pub(super) const ALL: [(Looked, &str); 9] = [
        (Looked::Hit, "hit"),
        (Looked::NegativeHit, "negative_hit"),
        (Looked::Stale, "stale"),
        (Looked::Miss, "miss"),
        (Looked::Refresh, "refresh"),
        (Looked::Joined, "joined"),
        (Looked::Coalesced, "coalesced"),
        (Looked::HandedOver, "handed_over"),
        (Looked::GaveUp, "gave_up"),
    ];

    /// Whether the call goes on to ask the dependency.
    pub(super) fn leads(self) -> bool {
        matches!(self, Looked::Miss | Looked::Refresh | Looked::HandedOver)
    }
}

/// How an attempt ended.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::error::{Reason, Rejected};
/// use reliability::resilience::policy::record::{EventKind, Outcome};
/// use reliability::resilience::{Breaker, Policy};
///
/// let policy = Policy::builder("price").breaker(Breaker::standard("price")).build()?;
/// let recorded = policy.record(100);
/// let full = async || Err::<u32, _>(Rejected::new(Reason::BulkheadFull, "inventory"));
/// assert!(policy.call(full).await.is_err());
///
/// let recording = recorded.finish();
/// let Some(EventKind::Ended(Outcome::Error(facts))) = recording.events().last().map(|e| &e.kind) else {
///     panic!("it ended with an error");
/// };
/// assert_eq!(facts.reason, Some(Reason::BulkheadFull));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Well.
    Ok,
    /// With an error of the work's.
    Error(ErrorFacts),
    /// Refused, or its time was up.
    Rejected(Reason),
}

/// What policies know of an error.
///
/// # Examples
///
/// See [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorFacts {
    /// Its class.
    pub class: Class,
    /// What is done with it.
    pub disposition: Disposition,
    /// How long the other side asked us to stay away.
    pub retry_after: Option<Duration>,
    /// The refusal of another policy that it stands for.
    pub reason: Option<Reason>,
}
