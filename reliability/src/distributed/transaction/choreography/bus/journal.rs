mod member;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::time::SystemTime;

use super::{Answer, Bus, BusError, Envelope, Group, Subscription};
use crate::error::Invalid;
use crate::fnv::Fnv;
use crate::journal::{
    Append, Claim, Due, Event, Heads, Journal, JournalError, Record, Sequence, StreamId,
};
use member::Member;

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
/// How many envelopes of a group that is removed are looked at in one go.
const AT_ONCE: usize = 1_000;
/// What the records of that stream say.
const DECLARED: &str = "Declared";
const REMOVED: &str = "Removed";
/// What has been acknowledged and not been forgotten yet.
const SETTLED: &str = "settled";

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

    /// The groups of a topic, and how many envelopes wait for each, at most 100,000: those of a group that
    /// nobody is in any more become more and more, until somebody [removes](Bus::remove) it.
    ///
    /// # Errors
    ///
    /// What the journal can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::choreography::bus::{Bus, Group, JournalBus};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = JournalBus::in_memory();
    /// bus.declare(Group::of("place_order", "stock")?).await?;
    /// for (group, waiting) in bus.waiting("place_order").await? {
    ///     println!("{group}: {waiting}");
    /// }
    /// # assert_eq!(bus.waiting("place_order").await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn waiting(&self, topic: &str) -> Result<Vec<(Group, usize)>, BusError> {
        let (_, _, groups) = self.0.groups(topic).await?;
        let mut all = Vec::with_capacity(groups.len());
        for group in groups {
            let waiting = self.0.waiting(&group).await?;
            all.push((group, waiting));
        }
        Ok(all)
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

    fn remove(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move { self.0.remove(&group).await })
    }
}

impl Inner {
    async fn groups(&self, topic: &str) -> Result<(StreamId, Sequence, Vec<Group>), BusError> {
        let stream = StreamId::new(GROUPS, topic)?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await.map_err(read)?;
        let last = records.last().map_or(Sequence::START, |record| record.sequence);
        let mut groups: Vec<Group> = Vec::new();
        for record in &records {
            let name: String = record.event.read_json().map_err(read)?;
            match record.event.name() {
                REMOVED => groups.retain(|group| group.name() != name),
                _ => groups.push(Group::of(topic, &name)?),
            }
        }
        Ok((stream, last, groups))
    }

    async fn declare(&self, group: &Group) -> Result<(), BusError> {
        loop {
            let (stream, last, groups) = self.groups(group.topic()).await?;
            if groups.iter().any(|it| it.name() == group.name()) {
                return Ok(());
            }
            if groups.len() >= MOST_GROUPS {
                let what = format!(
                    "`{}` has {MOST_GROUPS} groups already: `remove` those that nobody is in any more, \
                     which `waiting` lists",
                    group.topic()
                );
                return Err(BusError::Full { what });
            }
            // What it was once sent is not for who declares it again.
            if let Some(removed_at) = self.removed_at(group).await? {
                self.clear(group, removed_at).await?;
            }
            let declared = Event::json(DECLARED, 1, group.name()).map_err(read)?;
            match self.journal.append(Append::to(&stream).after(last).event(declared)).await {
                Err(JournalError::Conflict { .. }) => {}
                other => return other.map(drop).map_err(wrote),
            }
        }
    }

    async fn remove(&self, group: &Group) -> Result<(), BusError> {
        loop {
            let (stream, last, groups) = self.groups(group.topic()).await?;
            if groups.iter().all(|it| it.name() != group.name()) {
                break;
            }
            let removed = Event::json(REMOVED, 1, group.name()).map_err(read)?;
            match self.journal.append(Append::to(&stream).after(last).event(removed)).await {
                Ok(_) => break,
                Err(JournalError::Conflict { .. }) => {}
                Err(error) => return Err(wrote(error)),
            }
        }
        match self.removed_at(group).await? {
            Some(removed_at) => self.clear(group, removed_at).await,
            // Somebody was quicker, and has declared it again.
            None => Ok(()),
        }
    }

    /// Throws away what waits for a group since before it was removed: also what somebody has left
    /// who died over it. What comes later is for who has declared it again.
    async fn clear(&self, group: &Group, removed_at: SystemTime) -> Result<(), BusError> {
        let all = Heads::of(&kind(group)).most(AT_ONCE);
        let mut behind: Option<StreamId> = None;
        loop {
            let page = match &behind {
                Some(last) => all.clone().after(last),
                None => all.clone(),
            };
            let heads = self.journal.heads(page).await.map_err(read)?;
            let Some(last) = heads.last() else { return Ok(()) };
            behind = Some(last.stream.clone());
            for head in heads.into_iter().filter(|head| head.created_at <= removed_at) {
                let append = Append::to(&head.stream).due(Due::Never).status(SETTLED);
                let rested = self.journal.append(append).await.map_err(wrote)?;
                match self.journal.remove(&head.stream, rested.sequence).await {
                    // Somebody holds it, or publishes it: it is gone when it is settled, or with the
                    // next sweep.
                    Ok(()) | Err(JournalError::Busy { .. } | JournalError::Conflict { .. }) => {}
                    Err(error) => return Err(wrote(error)),
                }
            }
        }
    }

    /// When it was removed last, by the journal's clock; `None` for one that is there, or never was.
    async fn removed_at(&self, group: &Group) -> Result<Option<SystemTime>, BusError> {
        let stream = StreamId::new(GROUPS, group.topic())?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await.map_err(read)?;
        let of = |record: &&Record| {
            record.event.read_json::<String>().is_ok_and(|name| name == group.name())
        };
        let last = records.iter().rev().find(of);
        Ok(last.filter(|record| record.event.name() == REMOVED).map(|record| record.at))
    }

    async fn waiting(&self, group: &Group) -> Result<usize, BusError> {
        let heads = Heads::of(&kind(group)).most(Journal::LONGEST_PAGE);
        let heads = self.journal.heads(heads).await.map_err(read)?;
        Ok(heads.iter().filter(|head| head.status != SETTLED).count())
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
        let settled = Heads::of(&kind(group)).with_status(SETTLED);
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
    let digest = |mut hash: Fnv| {
        for part in [group.topic(), "/", group.name()] {
            hash.write(part.as_bytes());
        }
        hash.get()
    };
    let start: String = whole.chars().take(31).collect();
    let other = Fnv::from_start(0x9e37_79b9_7f4a_7c15);
    format!("{start}.{:016x}{:016x}", digest(Fnv::new()), digest(other))
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

impl fmt::Debug for JournalBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JournalBus").field(&self.0.journal).finish()
    }
}
