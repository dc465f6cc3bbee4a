use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use super::snapshot::{Snapshot, digest};
use super::{Aggregate, Applies, Events, LoadError, Snapshots, observe};
use crate::error::Invalid;
use crate::journal::{Event, Journal, JournalError, Page, Record, Sequence, StreamId};

/// The aggregates of one kind in a journal: loads them, and carries out commands on them.
///
/// Cheap to clone. Any number of them, in any number of processes, may work on one journal.
///
/// # Examples
///
/// See the [module](super).
pub struct Repository<A> {
    pub(super) journal: Journal,
    pub(super) attempts: u32,
    page: usize,
    pub(super) aggregate: PhantomData<fn() -> A>,
}

/// Settings of a [`Repository`].
///
/// # Examples
///
/// ```
/// # use reliability::distributed::transaction::event_sourcing::*;
/// # use reliability::journal::{Event, Journal, JournalError, Record};
/// # #[derive(Default)]
/// # struct Lamp;
/// # enum Turned { On }
/// # impl Events for Turned {
/// #     const KINDS: &'static [&'static str] = &["lamp"];
/// #     fn name(&self) -> &'static str { "On" }
/// #     fn write(&self) -> Result<Event, JournalError> { Event::json("On", 1, &()) }
/// #     fn read(_: &Record) -> Result<Option<Self>, EventError> { Ok(Some(Self::On)) }
/// # }
/// # impl Applies<Lamp> for Turned {
/// #     fn apply_to(&self, to: Lamp) -> Result<Lamp, OutOfPlace> { Ok(to) }
/// # }
/// # impl Aggregate for Lamp {
/// #     type Command = ();
/// #     type Event = Turned;
/// #     type Refused = ();
/// #     fn initial() -> Self { Self }
/// #     fn decide(&self, _: &()) -> Result<Vec<Turned>, ()> { Ok(vec![Turned::On]) }
/// # }
/// let journal = Journal::in_memory();
/// let lamps: Repository<Lamp> = Repository::builder(&journal).attempts(20).build()?;
/// let refused = Repository::<Lamp>::builder(&journal).attempts(0).build();
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "`repository`: `attempts` must be 1 to 1000, but is 0; give `attempts` such a value",
/// );
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct RepositoryBuilder<A> {
    repository: Repository<A>,
}

/// An aggregate as it was read.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// Its state.
    pub state: A,
    /// The record behind which it is in that state; [`Sequence::START`] for one to which nothing
    /// has happened yet.
    pub sequence: Sequence,
    /// The record behind which its last snapshot was made.
    pub(super) snapshot: Sequence,
    /// The number of snapshots that are kept.
    pub(super) snapshots: Sequence,
}

impl<A: Aggregate> Repository<A> {
    /// Of those in that journal.
    pub fn on(journal: &Journal) -> Self {
        Self { journal: journal.clone(), attempts: 8, page: 1_000, aggregate: PhantomData }
    }

    /// Settings of one in that journal.
    pub fn builder(journal: &Journal) -> RepositoryBuilder<A> {
        RepositoryBuilder { repository: Self::on(journal) }
    }

    /// The kind of its streams.
    pub fn kind() -> &'static str {
        A::Event::KINDS.first().copied().unwrap_or_default()
    }

    /// The stream of the aggregate with that key.
    ///
    /// # Errors
    ///
    /// As of [`StreamId::new`]: the key must be 1 to 255 bytes without control characters.
    pub fn stream(key: &str) -> Result<StreamId, Invalid> {
        StreamId::new(Self::kind(), key)
    }

    /// The aggregate with that key as it is now. One to which nothing has happened is as it begins.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or holds what this program does not understand.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn load(&self, key: &str) -> Result<Loaded<A>, LoadError> {
        let stream = Self::stream(key)?;
        let from = self.snapshot(&stream).await?;
        self.read_on(&stream, from, None).await
    }

    /// The aggregate with that key as it was behind that record, or as it is now when there are not
    /// so many.
    ///
    /// # Errors
    ///
    /// As of [`load`](Self::load).
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn load_at(&self, key: &str, sequence: Sequence) -> Result<Loaded<A>, LoadError> {
        self.read_on(&Self::stream(key)?, Loaded::initial(), Some(sequence)).await
    }

    /// Forgets the aggregate with that key and all that has happened to it, if this is how many
    /// records there are. What was said of its commands is kept, so that one which is given again
    /// begins nothing anew.
    ///
    /// # Errors
    ///
    /// [`JournalError::Conflict`] when something else has happened meanwhile.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, it is forgotten or not.
    pub async fn forget(&self, key: &str, sequence: Sequence) -> Result<(), JournalError> {
        let stream = Self::stream(key)?;
        let snapshots = Self::beside(&stream)?;
        if let Some(head) = self.journal.head(&snapshots).await? {
            self.journal.remove(&snapshots, head.sequence).await?;
        }
        self.journal.remove(&stream, sequence).await
    }

    /// Applies what has happened behind what was read before.
    pub(super) async fn read_on(
        &self,
        stream: &StreamId,
        mut from: Loaded<A>,
        until: Option<Sequence>,
    ) -> Result<Loaded<A>, LoadError> {
        let left = |sequence: Sequence| {
            let left = until.map_or(u64::MAX, |until| until.get().saturating_sub(sequence.get()));
            usize::try_from(left).unwrap_or(usize::MAX)
        };
        loop {
            let most = self.page.min(left(from.sequence));
            if most == 0 {
                return Ok(from);
            }
            let records = self.journal.read(stream, from.sequence, most).await?;
            let is_last = Page::is_last(&records, most);
            observe::loaded(records.len());
            for record in records {
                from = applied(from, &record)?;
            }
            if is_last {
                return Ok(from);
            }
        }
    }

    /// The last snapshot, if it is of use; else the beginning.
    async fn snapshot(&self, stream: &StreamId) -> Result<Loaded<A>, LoadError> {
        let Some(snapshots) = A::SNAPSHOTS else { return Ok(Loaded::initial()) };
        let beside = Self::beside(stream)?;
        let Some(head) = self.journal.head(&beside).await? else {
            observe::snapshot("none");
            return Ok(Loaded::initial());
        };
        let last = Sequence::new(head.sequence.get().saturating_sub(1));
        let newest = self.journal.read(&beside, last, 1).await?;
        let mut loaded = Loaded { snapshots: head.sequence, ..Loaded::initial() };
        let read = newest.last().map(|record| snapshots.read(&record.event));
        match read {
            Some(Ok(snapshot)) if self.is_of(stream, &snapshot).await? => {
                observe::snapshot("used");
                (loaded.state, loaded.sequence) = (snapshot.state, snapshot.sequence);
                loaded.snapshot = snapshot.sequence;
            }
            // Of another form, or of a stream that was begun anew: all its events are there.
            _ => observe::snapshot("ignored"),
        }
        Ok(loaded)
    }

    /// Whether the stream has the record behind which the snapshot was made.
    async fn is_of(&self, stream: &StreamId, made: &Snapshot<A>) -> Result<bool, JournalError> {
        let Some(before) = made.sequence.get().checked_sub(1) else { return Ok(false) };
        let behind = self.journal.read(stream, Sequence::new(before), 1).await?;
        Ok(behind.first().is_some_and(|record| digest(&record.event) == made.digest))
    }

    /// Where the snapshots of an aggregate are.
    pub(super) fn beside(stream: &StreamId) -> Result<StreamId, Invalid> {
        StreamId::new(&alloc::format!("{}.snapshot", stream.kind()), stream.key())
    }

    /// The next snapshot, if it is time for one, and it is not too large.
    pub(super) fn due_snapshot(
        read: &Loaded<A>,
        state: &A,
        sequence: Sequence,
        last: &Event,
    ) -> Option<Event> {
        let snapshots: Snapshots<A> = A::SNAPSHOTS?;
        if !snapshots.is_due(read.snapshot, sequence) {
            return None;
        }
        let written = snapshots.write(state, sequence, digest(last)).ok();
        written.filter(|event| event.payload().len() <= Event::LONGEST_PAYLOAD)
    }
}

impl<A: Aggregate> Loaded<A> {
    pub(super) fn initial() -> Self {
        let (sequence, snapshot, snapshots) = (Sequence::START, Sequence::START, Sequence::START);
        Self { state: A::initial(), sequence, snapshot, snapshots }
    }
}

/// As it is behind that record.
fn applied<A: Aggregate>(from: Loaded<A>, record: &Record) -> Result<Loaded<A>, LoadError> {
    let (stream, sequence) = (&record.stream, record.sequence);
    let event = A::Event::read(record).map_err(|source| LoadError::Event {
        stream: stream.clone(),
        sequence,
        source: Box::new(source),
    })?;
    let state = match event {
        Some(event) => event.apply_to(from.state).map_err(|source| LoadError::OutOfPlace {
            stream: stream.clone(),
            sequence,
            source,
        })?,
        None => from.state,
    };
    Ok(Loaded { state, sequence, ..from })
}

impl<A> RepositoryBuilder<A> {
    /// How often a command is decided at most, when others are quicker; 1 to 1,000, by default 8.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.repository.attempts = attempts;
        self
    }

    /// How many records are read at once; 1 to 100,000, by default 1,000.
    pub fn page(mut self, records: usize) -> Self {
        self.repository.page = records;
        self
    }

    /// The repository.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range.
    pub fn build(self) -> Result<Repository<A>, Invalid> {
        let Repository { attempts, page, .. } = self.repository;
        if !(1..=1_000).contains(&attempts) {
            return Err(Invalid::new("repository", "attempts", "1 to 1000", attempts));
        }
        if !(1..=Journal::LONGEST_PAGE).contains(&page) {
            return Err(Invalid::new("repository", "page", "1 to 100000", page));
        }
        Ok(self.repository)
    }
}

impl<A> Clone for Repository<A> {
    fn clone(&self) -> Self {
        let Self { attempts, page, aggregate, .. } = *self;
        Self { journal: self.journal.clone(), attempts, page, aggregate }
    }
}

impl<A> fmt::Debug for Repository<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("of", &core::any::type_name::<A>())
            .field("journal", &self.journal)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for RepositoryBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RepositoryBuilder").field(&self.repository).finish()
    }
}

/// The stream that says what became of the command of that key.
pub(super) fn command_stream(kind: &str, key: &str) -> Result<StreamId, Invalid> {
    let kind: String = alloc::format!("{kind}.command");
    StreamId::new(&kind, key)
}
