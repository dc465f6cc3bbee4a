use crate::error::recovery::DegradationSnapshot;
use crate::resilience::concurrency_limit::Priority;

/// How far a policy is degraded, and what it has done less of so far.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::resilience::Invalid> {
/// use reliability::error::Rejected;
/// use reliability::error::recovery::Degradation;
/// use reliability::resilience::Policy;
/// use reliability::resilience::concurrency_limit::Priority;
/// use reliability::resilience::degrade::{Degrade, Measures};
///
/// let search = Degradation::standard("search");
/// let degrade = Degrade::when(&search, Measures::none().shed(1.0)).answered();
/// let policy = Policy::builder("search").degrade(degrade).build()?;
/// search.raise();
/// let found = policy.call_or(|| async { Ok::<_, Rejected>(100) }, |_| async { Ok(10) }).await;
/// assert_eq!(found, Ok(10));
///
/// let now = policy.degraded().unwrap();
/// assert_eq!(now.degradation.level, 1);
/// assert_eq!((now.shed(Priority::Critical), now.answered), (1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The switch that the policy follows.
    pub degradation: DegradationSnapshot,
    pub(super) shed: [u64; 4],
    /// Calls that were kept out because the part of the limit was full that may be filled.
    pub crowded: u64,
    /// Calls that were kept out and got an answer nevertheless.
    pub answered: u64,
    /// Attempts that would have been followed by another one.
    pub not_retried: u64,
}

impl Snapshot {
    /// Calls of that priority that were shed.
    pub fn shed(&self, priority: Priority) -> u64 {
        self.shed[priority as usize]
    }

    /// Calls that were shed, of all priorities.
    pub fn all_shed(&self) -> u64 {
        self.shed.iter().sum()
    }
}
