use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::id::{check_kind, shortened};
use super::{Epoch, Sequence, StreamId};
use crate::error::Invalid;

/// Asks for streams that are due and that nobody holds: the work of a worker.
///
/// Of those that are due, higher priority comes first, then what has been due for longer.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::journal::Claim;
///
/// let claim = Claim::of(["order", "refund"]).by("worker-1").lease(Duration::from_secs(30)).most(16);
/// assert_eq!(claim.kinds(), ["order", "refund"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a claim does nothing until a journal is given it"]
pub struct Claim {
    pub(super) kinds: Vec<String>,
    pub(super) owner: String,
    pub(super) lease: Duration,
    pub(super) most: usize,
}

impl Claim {
    /// The longest lease: a day.
    pub const LONGEST_LEASE: Duration = Duration::from_secs(86_400);
    /// The most streams that one claim gives.
    pub const MOST: usize = 10_000;

    /// A claim of streams of those kinds, 1 to 64 of them: one stream, for 30 seconds.
    pub fn of<'a>(kinds: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            kinds: kinds.into_iter().map(ToString::to_string).collect(),
            owner: String::new(),
            lease: Duration::from_secs(30),
            most: 1,
        }
    }

    /// Who claims, for those who look at the list: a host and a process. It decides nothing.
    pub fn by(mut self, owner: &str) -> Self {
        self.owner = owner.to_string();
        self
    }

    /// How long nobody else gets them; 1 ms to a day, 30 seconds by default. Long enough that a
    /// living worker [renews](super::Journal::renew) it twice meanwhile, and no longer than a stream
    /// may lie after a worker has died.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How many streams at most; 1 to 10,000, 1 by default.
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The kinds that are claimed.
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// Who claims.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// How long nobody else gets them.
    pub const fn lease_length(&self) -> Duration {
        self.lease
    }

    /// How many streams at most.
    pub const fn limit(&self) -> usize {
        self.most
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        if !(1..=64).contains(&self.kinds.len()) {
            return Err(Invalid::new("journal", "kinds", "1 to 64", self.kinds.len()));
        }
        // No stream has another one: it would claim nothing, for ever.
        self.kinds.iter().try_for_each(|kind| check_kind(kind))?;
        if !(1..=Self::MOST).contains(&self.most) {
            return Err(Invalid::new("journal", "most", "1 to 10000", self.most));
        }
        check_owner(&self.owner)?;
        check_lease(self.lease)
    }
}

pub(super) fn check_owner(owner: &str) -> Result<(), Invalid> {
    if owner.len() > 255 || owner.chars().any(char::is_control) {
        let expected = "at most 255 bytes without control characters";
        return Err(Invalid::new("journal", "owner", expected, shortened(owner)));
    }
    Ok(())
}

pub(super) fn check_lease(lease: Duration) -> Result<(), Invalid> {
    if (Duration::from_millis(1)..=Claim::LONGEST_LEASE).contains(&lease) {
        return Ok(());
    }
    Err(Invalid::new("journal", "lease", "1 ms to a day", alloc::format!("{lease:?}")))
}

/// The right to work at a stream - not to be confused with the permits that a thread leases from a
/// rate limit - until it runs out or somebody else has claimed the stream.
///
/// What counts is the epoch: an append that shows it is refused as soon as it is not the current
/// one any more, however late the worker wakes up. That the lease has run out decides only when
/// others may claim.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::journal::{Append, Claim, Due, Epoch, Journal, Lease, Sequence, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let (journal, order) = (Journal::in_memory(), StreamId::new("order", "4711")?);
/// journal.append(Append::to(&order).due(Due::Now)).await?;
/// let claimed = journal.claim(Claim::of(["order"]).by("me")).await?;
/// assert_eq!(claimed, [Lease::new(order, Epoch::new(1), Sequence::START)]);
/// assert!(journal.claim(Claim::of(["order"]).by("you")).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The stream that may be worked at.
    pub stream: StreamId,
    /// What an append shows.
    pub epoch: Epoch,
    /// Where the stream was when it was claimed.
    pub sequence: Sequence,
}

impl Lease {
    /// What a store answers.
    pub const fn new(stream: StreamId, epoch: Epoch, sequence: Sequence) -> Self {
        Self { stream, epoch, sequence }
    }
}

/// What there is to know about a stream without reading it.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Journal, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let (journal, order) = (Journal::in_memory(), StreamId::new("order", "4711")?);
/// journal.append(Append::to(&order).status("placed")).await?;
/// let head = journal.head(&order).await?.expect("it is there");
/// assert_eq!((head.status.as_str(), head.due_at), ("placed", None));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// Its name.
    pub stream: StreamId,
    /// The number of its last record.
    pub sequence: Sequence,
    /// The number of its last claim.
    pub epoch: Epoch,
    /// What its last writer said of it.
    pub status: String,
    /// How urgent it is.
    pub priority: i16,
    /// When somebody has to work at it; `None` for never.
    pub due_at: Option<SystemTime>,
    /// Who holds it, and until when.
    pub held: Option<Held>,
    /// When it was begun.
    pub created_at: SystemTime,
    /// When it was last appended to.
    pub changed_at: SystemTime,
}

/// Who holds a stream.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::journal::Held;
///
/// let now = SystemTime::now();
/// let held = Held { owner: "worker-1".into(), since: now, until: now + Duration::from_secs(30) };
/// assert!(held.is_over(held.until) && !held.is_over(now));
/// // Somebody has set the clock back: nobody waits for it.
/// assert!(held.is_over(now - Duration::from_secs(3_600)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it calls itself.
    pub owner: String,
    /// When it was claimed, or its lease renewed.
    pub since: SystemTime,
    /// When others may claim it.
    pub until: SystemTime,
}

impl Held {
    /// Whether others may claim it: the lease has run out, or was given in the future, because
    /// somebody has set the clock back.
    pub fn is_over(&self, now: SystemTime) -> bool {
        now >= self.until || now < self.since
    }
}

/// Asks for the heads of streams: what an operator's list shows.
///
/// # Examples
///
/// ```
/// use reliability::journal::Heads;
///
/// let stuck = Heads::of("order").with_status("stuck").most(50);
/// assert_eq!(stuck.kind(), Some("order"));
/// assert_eq!(Heads::all().kind(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a query does nothing until a journal is given it"]
pub struct Heads {
    pub(super) kind: Option<String>,
    pub(super) status: Option<String>,
    pub(super) after: Option<StreamId>,
    pub(super) most: Option<usize>,
}

impl Heads {
    /// The heads of all streams, by kind and key.
    pub fn all() -> Self {
        Self::default()
    }

    /// The heads of the streams of that kind, by key.
    pub fn of(kind: &str) -> Self {
        Self { kind: Some(kind.to_string()), ..Self::default() }
    }

    /// Only those of whom their last writer said so.
    pub fn with_status(mut self, status: &str) -> Self {
        self.status = Some(status.to_string());
        self
    }

    /// Only those behind that one: the last of the page before.
    pub fn after(mut self, stream: &StreamId) -> Self {
        self.after = Some(stream.clone());
        self
    }

    /// How many at most; 1,000 by default.
    pub fn most(mut self, most: usize) -> Self {
        self.most = Some(most);
        self
    }

    /// The kind, if it asks for one.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// The status, if it asks for one.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// The stream behind which it begins.
    pub fn behind(&self) -> Option<&StreamId> {
        self.after.as_ref()
    }

    /// How many at most.
    pub fn limit(&self) -> usize {
        self.most.unwrap_or(1_000)
    }
}
