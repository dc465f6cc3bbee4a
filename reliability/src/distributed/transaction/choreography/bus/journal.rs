use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::pin::Pin;
use core::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Answer, Bus, BusError, Delivery, Envelope, Group, Settle, Subscription};
use crate::error::Invalid;
use crate::journal::{
    Append, Changes, Claim, Due, Event, Journal, JournalError, Lease, Sequence, StreamId,
};
use crate::resilience::retry::Backoff;
use crate::time::{Clock, Instant};

/// A bus in a [`Journal`]: for the participants of one process, and for those of several that share a
/// journal in PostgreSQL. It is as durable as the journal is.
///
/// For each group an envelope is a stream by itself, which is due until it is acknowledged. A member
/// that takes one holds it for [so long](JournalBusBuilder::lease); what its process leaves behind when
/// it dies comes again after that time.
///
/// # Examples
///
/// See the [module](super). In a file, it outlives its process:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::distributed::transaction::choreography::bus::JournalBus;
/// use reliability::journal::Journal;
///
/// let bus = JournalBus::on(&Journal::in_memory()); // or `Journal::open("events.db")`
/// # let _ = bus;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct JournalBus(Arc<Inner>);

/// The settings of a [`JournalBus`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::choreography::bus::JournalBus;
/// use reliability::journal::Journal;
///
/// let bus = JournalBus::builder(&Journal::in_memory()).lease(Duration::from_secs(5)).build()?;
/// # let _ = bus;
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct JournalBusBuilder {
    journal: Journal,
    lease: Duration,
    poll: Duration,
}

struct Inner {
    journal: Journal,
    lease: Duration,
    poll: Duration,
}

/// The kind of the streams that hold the groups of a topic.
const GROUPS: &str = "bus.groups";
/// The most groups of a topic: one commit publishes to all of them.
const MOST_GROUPS: usize = 500;
/// The most envelopes that one claim takes.
const AT_ONCE: usize = 32;
/// What has been acknowledged and not been forgotten yet.
const SETTLED: &str = "settled";
/// How long to wait for a journal that does not answer.
const AGAIN: Backoff = Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));

impl JournalBus {
    /// The bus of a journal that is gone with the process: for tests.
    pub fn in_memory() -> Self {
        Self::on(&Journal::in_memory())
    }

    /// The bus of that journal. All who open one on the same journal have the same bus.
    pub fn on(journal: &Journal) -> Self {
        let JournalBusBuilder { journal, lease, poll } = Self::builder(journal);
        Self(Arc::new(Inner { journal, lease, poll }))
    }

    /// The same with other settings.
    pub fn builder(journal: &Journal) -> JournalBusBuilder {
        let (lease, poll) = (Duration::from_secs(30), Duration::from_secs(1));
        JournalBusBuilder { journal: journal.clone(), lease, poll }
    }
}

impl JournalBusBuilder {
    /// How long a member may hold an envelope before it is given to another one; 10 ms to a day, 30
    /// seconds by default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How often to look for what other processes have published, where the journal does not tell;
    /// 1 ms to a minute, a second by default.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// The bus.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense.
    pub fn build(self) -> Result<JournalBus, Invalid> {
        let Self { journal, lease, poll } = self;
        if !(Duration::from_millis(10)..=Claim::LONGEST_LEASE).contains(&lease) {
            return Err(Invalid::new("bus", "lease", "10 ms to a day", format!("{lease:?}")));
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(&poll) {
            return Err(Invalid::new("bus", "poll", "1 ms to a minute", format!("{poll:?}")));
        }
        Ok(JournalBus(Arc::new(Inner { journal, lease, poll })))
    }
}

impl Bus for JournalBus {
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
        Box::pin(self.0.publish(envelope))
    }

    fn declare(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move { self.0.declare(&group).await })
    }

    fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>> {
        Box::pin(async move {
            self.0.declare(&group).await?;
            self.0.sweep(&group).await?;
            Ok(Box::new(Member::new(Arc::clone(&self.0), group)) as Box<dyn Subscription>)
        })
    }
}

impl Inner {
    async fn groups(&self, topic: &str) -> Result<(StreamId, Sequence, Vec<Group>), BusError> {
        let stream = StreamId::new(GROUPS, topic)?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await.map_err(read)?;
        let last = records.last().map_or(Sequence::START, |record| record.sequence);
        let groups = records.iter().map(|record| {
            let name: String = record.event.read_json().map_err(read)?;
            Ok(Group::of(topic, &name)?)
        });
        Ok((stream, last, groups.collect::<Result<_, BusError>>()?))
    }

    async fn declare(&self, group: &Group) -> Result<(), BusError> {
        loop {
            let (stream, last, groups) = self.groups(group.topic()).await?;
            if groups.iter().any(|it| it.name() == group.name()) {
                return Ok(());
            }
            if groups.len() >= MOST_GROUPS {
                let what = format!("`{}` has {MOST_GROUPS} groups already", group.topic());
                return Err(BusError::Full { what });
            }
            let declared = Event::json("Declared", 1, group.name()).map_err(read)?;
            match self.journal.append(Append::to(&stream).after(last).event(declared)).await {
                Err(JournalError::Conflict { .. }) => {}
                other => return other.map(drop).map_err(wrote),
            }
        }
    }

    async fn publish(&self, envelope: Envelope) -> Result<(), BusError> {
        let (_, _, groups) = self.groups(envelope.topic()).await?;
        if groups.is_empty() {
            return Err(BusError::Nobody { topic: envelope.topic().to_string() });
        }
        let written = Event::bytes("Published", 1, envelope.write());
        let append = |group: &Group| {
            let stream = StreamId::new(&kind(group), envelope.id().as_str())?;
            Ok(Append::to(&stream).event(written.clone()).due(Due::Now))
        };
        let all: Result<Vec<Append>, Invalid> = groups.iter().map(append).collect();
        self.journal.append_all(all?).await.map(drop).map_err(wrote)
    }

    /// Forgets what was acknowledged by a process that died before it could forget it.
    async fn sweep(&self, group: &Group) -> Result<(), BusError> {
        let settled = crate::journal::Heads::of(&kind(group)).with_status(SETTLED);
        for head in self.journal.heads(settled).await.map_err(read)? {
            // Somebody else may be at it, or it was published once more.
            let _ = self.journal.remove(&head.stream, head.sequence).await;
        }
        Ok(())
    }
}

/// The kind of the streams of a group. What is too long for one ends in a digest of the whole.
pub(super) fn kind(group: &Group) -> String {
    let whole = format!("bus.{}.{}", group.topic(), group.name());
    if whole.len() <= StreamId::LONGEST_KIND && !group.topic().contains('.') {
        return whole;
    }
    let digest = |seed: u64| {
        let bytes = group.topic().bytes().chain([b'/']).chain(group.name().bytes());
        bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let start: String = whole.chars().take(31).collect();
    // FNV-1a, from its own start and from another one.
    format!("{start}.{:016x}{:016x}", digest(0xcbf2_9ce4_8422_2325), digest(0x9e37_79b9_7f4a_7c15))
}

fn read(error: JournalError) -> BusError {
    match error {
        JournalError::Unavailable { what, source } => BusError::Unavailable { what, source },
        JournalError::Unknown { source } => BusError::Unknown { what: "a commit", source },
        JournalError::Invalid(invalid) => BusError::Invalid(invalid),
        JournalError::Closed => BusError::Closed,
        JournalError::Busy { .. } => {
            BusError::Unavailable { what: "a commit", source: Box::new(error) }
        }
        other => BusError::Unusable { what: format!("the journal of the bus: {other}") },
    }
}

fn wrote(error: JournalError) -> BusError {
    match error {
        // Somebody else has changed the same stream: all of it is to be done again.
        JournalError::Conflict { .. } | JournalError::Fenced { .. } => {
            BusError::Unavailable { what: "a commit", source: Box::new(error) }
        }
        other => read(other),
    }
}

/// A member of a group.
struct Member {
    inner: Arc<Inner>,
    group: Group,
    claim: Claim,
    changes: Changes,
    room: Arc<Semaphore>,
    taken: VecDeque<(Envelope, Held)>,
    /// Since when those are held, at least.
    held_since: Instant,
    /// A claim on its way: it goes on with the next call when one is dropped.
    taking: Option<Taking>,
    failures: u32,
}

type Taken = Result<Vec<(Envelope, Held)>, BusError>;
type Taking = Pin<Box<dyn core::future::Future<Output = Taken> + Send>>;

/// An envelope in the hands of a member.
struct Held {
    inner: Arc<Inner>,
    lease: Lease,
    permit: OwnedSemaphorePermit,
}

impl Member {
    fn new(inner: Arc<Inner>, group: Group) -> Self {
        let claim = Claim::of([kind(&group).as_str()]).by(group.name()).lease(inner.lease);
        let (changes, taken) = (inner.journal.changes(), VecDeque::new());
        let room = Arc::new(Semaphore::new(group.most_unsettled()));
        let held_since = Clock::default().now();
        Self { inner, group, claim, changes, room, taken, held_since, taking: None, failures: 0 }
    }

    async fn next(&mut self) -> Result<Delivery, BusError> {
        loop {
            if !self.taken.is_empty() {
                self.hold_on().await?;
                if let Some((envelope, held)) = self.taken.pop_front() {
                    return Ok(Delivery::new(envelope, held));
                }
            }
            if self.taking.is_none() {
                let permits = permits(&self.room).await?;
                self.held_since = Clock::default().now();
                let (inner, claim) = (Arc::clone(&self.inner), self.claim.clone());
                self.taking = Some(Box::pin(take(inner, claim, permits)));
            }
            let Some(taking) = &mut self.taking else { continue };
            let taken = taking.await;
            self.taking = None;
            match taken {
                Ok(taken) => {
                    self.failures = 0;
                    self.taken.extend(taken);
                }
                Err(error) => {
                    // So that who asks in a loop does not do so as fast as it can.
                    self.failures = self.failures.saturating_add(1);
                    let pause = AGAIN.delay(self.failures, Duration::ZERO, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                    return Err(error);
                }
            }
            if self.taken.is_empty() {
                let _ = tokio::time::timeout(self.inner.poll, self.changes.next()).await;
            }
        }
    }
}

impl Member {
    /// What has waited for those before it is held on, or left to whoever has it by now: it would
    /// come twice.
    async fn hold_on(&mut self) -> Result<(), BusError> {
        let (now, length) = (Clock::default().now(), self.inner.lease);
        if now.saturating_duration_since(self.held_since) < length / 4 {
            return Ok(());
        }
        let leases: Vec<Lease> = self.taken.iter().map(|(_, held)| held.lease.clone()).collect();
        let mut is_held =
            self.inner.journal.renew(&leases, length).await.map_err(read)?.into_iter();
        self.taken.retain(|_| is_held.next().unwrap_or_default());
        self.held_since = now;
        Ok(())
    }
}

/// As many as there is room for, and one at least.
async fn permits(room: &Arc<Semaphore>) -> Result<Vec<OwnedSemaphorePermit>, BusError> {
    let first = Arc::clone(room).acquire_owned().await.map_err(|_| BusError::Closed)?;
    let mut permits = Vec::from([first]);
    while permits.len() < AT_ONCE
        && let Ok(permit) = Arc::clone(room).try_acquire_owned()
    {
        permits.push(permit);
    }
    Ok(permits)
}

async fn take(inner: Arc<Inner>, claim: Claim, permits: Vec<OwnedSemaphorePermit>) -> Taken {
    let leases = inner.journal.claim(claim.most(permits.len())).await.map_err(read)?;
    let mut taken = Vec::with_capacity(leases.len());
    for (lease, permit) in leases.into_iter().zip(permits) {
        let records = inner.journal.read(&lease.stream, Sequence::START, 1).await.map_err(read)?;
        let held = Held { inner: Arc::clone(&inner), lease, permit };
        match records.first().map(|record| Envelope::read(record.event.payload())) {
            Some(Ok(envelope)) => taken.push((envelope, held)),
            // What is no envelope is kept for whoever looks, and comes to nobody.
            _ => held.settle(Due::Never, "unreadable").await?,
        }
    }
    Ok(taken)
}

impl Held {
    async fn settle(&self, due: Due, status: &'static str) -> Result<(), BusError> {
        let append = Append::to(&self.lease.stream).fenced(&self.lease).due(due).status(status);
        match self.inner.journal.append(append.release()).await {
            // Somebody else has it by now, and will say what becomes of it.
            Ok(_) | Err(JournalError::Fenced { .. }) => Ok(()),
            Err(error) => Err(wrote(error)),
        }
    }
}

impl Settle for Held {
    fn ack(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move {
            // Published once more while it was held, it has more records, and is one event all the
            // same: whoever receives it would know it again.
            self.settle(Due::Never, SETTLED).await?;
            let head = self.inner.journal.head(&self.lease.stream).await;
            if let Ok(Some(head)) = head
                && head.status == SETTLED
            {
                let _ = self.inner.journal.remove(&self.lease.stream, head.sequence).await;
            }
            drop(self.permit);
            Ok(())
        })
    }

    fn nack(self: Box<Self>, after: Duration) -> Answer<'static, ()> {
        Box::pin(async move { self.settle(Due::After(after), "").await })
    }
}

impl Subscription for Member {
    fn next(&mut self) -> Answer<'_, Delivery> {
        Box::pin(Member::next(self))
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("group", &self.group).finish_non_exhaustive()
    }
}

impl fmt::Debug for JournalBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JournalBus").field(&self.0.journal).finish()
    }
}
