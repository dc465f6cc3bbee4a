use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::time::Duration;

use tokio::sync::watch;

use super::error::store as of_store;
use super::{
    Failure, Happened, Parked, Place, Progress, ProgressWatch, Projection, ProjectionError,
    ReadStore, ReadTransaction,
};
use crate::distributed::transaction::event_sourcing::{Events as _, observe};
use crate::error::{Class, Fault as _, Invalid};
use crate::journal::{Journal, Page, Position, Record, Sequence, StreamId};
use crate::time::WallClock;

/// Keeps a read model up to date with a journal.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
///
/// use reliability::distributed::transaction::event_sourcing::{
///     Events, Failure, Happened, MemoryReadStore, MemoryTransaction, Projection, Projector,
/// };
/// use reliability::journal::{Append, Journal, StreamId};
///
/// #[derive(Events)]
/// #[events(kind = "account")]
/// enum AccountEvent {
///     Deposited(u64),
///     Withdrawn(u64),
/// }
///
/// type Sums = BTreeMap<String, u64>;
///
/// /// What each account has, by its key.
/// struct Balances;
///
/// impl Projection<MemoryTransaction<Sums>> for Balances {
///     type Event = AccountEvent;
///     const NAME: &'static str = "balances";
///
///     async fn reset(&mut self, rows: &mut MemoryTransaction<Sums>) -> Result<(), Failure> {
///         rows.model.clear();
///         Ok(())
///     }
///
///     async fn apply(
///         &mut self,
///         rows: &mut MemoryTransaction<Sums>,
///         happened: &Happened<AccountEvent>,
///     ) -> Result<(), Failure> {
///         let sum = rows.model.entry(happened.stream.key().to_owned()).or_default();
///         *sum = match happened.event {
///             AccountEvent::Deposited(cents) => *sum + cents,
///             AccountEvent::Withdrawn(cents) => sum.checked_sub(cents).ok_or("below zero")?,
///         };
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Journal::in_memory();
/// let account = StreamId::new("account", "4711")?;
/// for event in [AccountEvent::Deposited(5), AccountEvent::Withdrawn(2)] {
///     journal.append(Append::to(&account).event(event.write()?)).await?;
/// }
///
/// let store = MemoryReadStore::new(Sums::new());
/// let mut projector = Projector::of(&journal, store.clone(), Balances);
/// let progress = projector.catch_up().await?;
/// assert_eq!((progress.applied, progress.parked, progress.is_caught_up), (2, 0, true));
/// assert_eq!(store.model()["4711"], 3);
/// // `projector.follow()` stays at it.
/// # Ok(())
/// # }
/// ```
pub struct Projector<S, P> {
    journal: Journal,
    store: S,
    projection: P,
    page: usize,
    /// How many events one transaction takes in.
    most: usize,
    attempts: u32,
    every: Duration,
    clock: WallClock,
    /// Where it is, once it is known.
    at: Option<Position>,
    /// What is parked, as far as this projector knows: streams, and how many events.
    held: BTreeSet<StreamId>,
    parked: usize,
    applied: u64,
    progress: watch::Sender<Progress>,
}

/// Settings of a [`Projector`].
///
/// # Examples
///
/// See [`Projector`], and its [`builder`](Projector::builder).
#[must_use = "a builder does nothing until `build` is called"]
pub struct ProjectorBuilder<S, P>(Projector<S, P>);

/// Beyond, something else is wrong than single events.
const MOST_PARKED: usize = 10_000;

/// What became of a page.
enum Took {
    All,
    /// The event at that index could not be taken in.
    Failed(usize, Failure),
    /// Somebody else has the projection, and is elsewhere.
    Moved,
}

impl<S, P> Projector<S, P>
where
    S: ReadStore,
    P: Projection<S::Transaction>,
{
    /// Of that journal, in that store, by that projection.
    pub fn of(journal: &Journal, store: S, projection: P) -> Self {
        let nothing = Progress {
            position: Position::START,
            applied: 0,
            parked: 0,
            lag: Duration::ZERO,
            is_caught_up: false,
        };
        Self {
            journal: journal.clone(),
            store,
            projection,
            page: 500,
            most: usize::MAX,
            attempts: 3,
            every: Duration::from_secs(1),
            clock: WallClock::system(),
            at: None,
            held: BTreeSet::new(),
            parked: 0,
            applied: 0,
            progress: watch::Sender::new(nothing),
        }
    }

    /// Settings of one.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use reliability::distributed::transaction::event_sourcing::*;
    /// # use reliability::journal::Journal;
    /// # fn made<S: ReadStore, P: Projection<S::Transaction>>(journal: &Journal, store: S, projection: P)
    /// # -> Result<Projector<S, P>, reliability::error::Invalid> {
    /// Projector::builder(journal, store, projection).page(1_000).attempts(5).build()
    /// # }
    /// ```
    pub fn builder(journal: &Journal, store: S, projection: P) -> ProjectorBuilder<S, P> {
        ProjectorBuilder(Self::of(journal, store, projection))
    }

    /// The same with so many events in each transaction, at most.
    pub(in super::super) fn with_transactions_of(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// How far it has come, also while it works.
    pub fn progress(&self) -> ProgressWatch {
        ProgressWatch(self.progress.subscribe())
    }

    /// Takes in all that has happened since it was last here. A projection whose version has changed
    /// is built anew.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the database does not work. What was taken in before is
    /// there; call it again.
    ///
    /// # Cancel safety
    ///
    /// What was committed is there, and nothing else.
    pub async fn catch_up(&mut self) -> Result<Progress, ProjectionError> {
        loop {
            let at = self.at().await?;
            let records = self.journal.read_all(at, self.page).await?;
            let is_last = Page::is_last(&records, self.page);
            let Some(last) = records.last().map(|record| (record.position, record.at)) else {
                return Ok(self.tell(at, Duration::ZERO, true));
            };
            if self.take_page(at, records).await? {
                let lag = self.clock.now().duration_since(last.1).unwrap_or_default();
                let lag = if is_last { Duration::ZERO } else { lag };
                let progress = self.tell(last.0, lag, is_last);
                if is_last {
                    return Ok(progress);
                }
            }
        }
    }

    /// Takes in what happens, as it happens, for ever. When the journal or the database does not
    /// work, it waits, longer each time up to half a minute, and goes on where it was.
    ///
    /// # Errors
    ///
    /// What does not pass by itself.
    ///
    /// # Cancel safety
    ///
    /// What was committed is there, and nothing else.
    pub async fn follow(&mut self) -> Result<Infallible, ProjectionError> {
        let mut changes = self.journal.changes();
        let mut wait = self.every;
        loop {
            match self.catch_up().await {
                Ok(_) => {
                    wait = self.every;
                    // What other processes write may go unnoticed.
                    tokio::select! {
                        () = changes.next() => {}
                        () = tokio::time::sleep(self.every) => {}
                    }
                }
                Err(error) if error.class() == Class::Permanent => return Err(error),
                Err(error) => {
                    observe::failed(P::NAME, &error);
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(30)).max(self.every);
                }
            }
        }
    }

    /// Makes the model empty, and takes in everything from the beginning on. Who reads it meanwhile
    /// sees it grow.
    ///
    /// # Errors
    ///
    /// As of [`catch_up`](Self::catch_up).
    ///
    /// # Cancel safety
    ///
    /// As of [`catch_up`](Self::catch_up), by which it goes on.
    pub async fn rebuild(&mut self) -> Result<Progress, ProjectionError> {
        self.reset().await?;
        self.catch_up().await
    }

    /// The events that are parked, by position.
    ///
    /// # Errors
    ///
    /// When the database does not work.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn parked(&mut self) -> Result<Vec<Parked>, ProjectionError> {
        let mut rows = self.store.begin().await.map_err(of_store)?;
        rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)
    }

    /// Tries what is parked again, stream by stream, each up to the first event that cannot be taken
    /// in still. Returns how many were.
    ///
    /// # Errors
    ///
    /// As of [`catch_up`](Self::catch_up).
    ///
    /// # Cancel safety
    ///
    /// What was committed is there, and nothing else.
    pub async fn retry_parked(&mut self) -> Result<usize, ProjectionError> {
        self.at().await?;
        let (mut mended, mut stuck) = (0, BTreeSet::new());
        for parked in self.parked().await? {
            if stuck.contains(&parked.stream) {
                continue;
            }
            let before = Sequence::new(parked.sequence.get().saturating_sub(1));
            let found = self.journal.read(&parked.stream, before, 1).await?;
            let mut rows = self.store.begin().await.map_err(of_store)?;
            let left = rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)?;
            if left.iter().all(|it| it.position != parked.position) {
                // Somebody else has mended it meanwhile.
                continue;
            }
            let taken = match found.first() {
                Some(record) => Self::take(&mut self.projection, &mut rows, record).await,
                None => Ok(()),
            };
            match taken {
                Ok(()) => {
                    let position = Some(parked.position);
                    rows.unpark(P::NAME, position).await.map_err(of_store)?;
                    rows.commit().await.map_err(of_store)?;
                    mended += 1;
                }
                Err(_) => {
                    stuck.insert(parked.stream);
                }
            }
        }
        self.held = stuck;
        self.parked = self.parked.saturating_sub(mended);
        Ok(mended)
    }

    /// Where it is; the first time, and after a failure, as the store has it.
    async fn at(&mut self) -> Result<Position, ProjectionError> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let mut rows = self.store.begin().await.map_err(of_store)?;
        let place = rows.place(P::NAME).await.map_err(of_store)?;
        let parked = rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)?;
        drop(rows);
        match place {
            Some(place) if place.version == P::VERSION => {
                self.parked = parked.len();
                self.held = parked.into_iter().map(|parked| parked.stream).collect();
                self.at = Some(place.position);
                Ok(place.position)
            }
            _ => self.reset().await,
        }
    }

    async fn reset(&mut self) -> Result<Position, ProjectionError> {
        let mut rows = self.store.begin().await.map_err(of_store)?;
        self.projection.reset(&mut rows).await.map_err(ProjectionError::Reset)?;
        rows.unpark(P::NAME, None).await.map_err(of_store)?;
        let place = Place { version: P::VERSION, position: Position::START };
        rows.keep(P::NAME, place).await.map_err(of_store)?;
        rows.commit().await.map_err(of_store)?;
        self.held.clear();
        self.parked = 0;
        self.at = Some(place.position);
        Ok(place.position)
    }

    /// Whether all of it was taken in or parked; otherwise somebody else is at it.
    async fn take_page(
        &mut self,
        at: Position,
        records: Vec<Record>,
    ) -> Result<bool, ProjectionError> {
        let Some(end) = records.last().map(|record| record.position) else { return Ok(true) };
        let kinds = P::Event::KINDS;
        let ours = records.into_iter().filter(|record| kinds.contains(&record.stream.kind()));
        let ours: Vec<Record> = ours.collect();
        let (mut rest, mut from) = (ours.as_slice(), at);
        // How many are taken at once, and how often the first one has failed.
        let (mut many, mut failures, mut why) = (self.most, 0, None);
        loop {
            let (now, later) = rest.split_at(many.min(rest.len()));
            let to = if later.is_empty() { end } else { now.last().map_or(from, |it| it.position) };
            match self.take_all(from, to, now, why.as_deref()).await {
                Ok(Took::All) if later.is_empty() => return Ok(true),
                Ok(Took::All) => {
                    (rest, from, failures, why) = (later, to, 0, None);
                    many = self.most;
                }
                Ok(Took::Moved) => {
                    self.at = None;
                    return Ok(false);
                }
                // What stands before it is taken in first, and then it alone.
                Ok(Took::Failed(index, _)) if index > 0 => many = index,
                Ok(Took::Failed(_, error)) => {
                    (many, failures) = (1, failures + 1);
                    if let Some(first) = rest.first().filter(|_| failures >= self.attempts) {
                        self.held.insert(first.stream.clone());
                        why = Some(error.to_string());
                    }
                }
                Err(error) => {
                    // What is held is read anew.
                    self.at = None;
                    return Err(error);
                }
            }
        }
    }

    /// Takes these in and goes on to there, in one transaction. Those of streams that are held are
    /// parked, the first one for that reason.
    async fn take_all(
        &mut self,
        from: Position,
        to: Position,
        records: &[Record],
        why: Option<&str>,
    ) -> Result<Took, ProjectionError> {
        let mut rows = self.store.begin().await.map_err(of_store)?;
        let place = Place { version: P::VERSION, position: from };
        if rows.place(P::NAME).await.map_err(of_store)? != Some(place) {
            return Ok(Took::Moved);
        }
        let (mut applied, mut parked) = (0, 0);
        for (index, record) in records.iter().enumerate() {
            if self.held.contains(&record.stream) {
                let error = why.filter(|_| index == 0).unwrap_or(BEHIND).to_string();
                rows.park(P::NAME, &of(record, error)).await.map_err(of_store)?;
                parked += 1;
                continue;
            }
            if let Err(error) = Self::take(&mut self.projection, &mut rows, record).await {
                return Ok(Took::Failed(index, error));
            }
            applied += 1;
        }
        if self.parked + parked > MOST_PARKED {
            return Err(ProjectionError::TooManyParked { parked: self.parked + parked });
        }
        rows.keep(P::NAME, Place { position: to, ..place }).await.map_err(of_store)?;
        rows.commit().await.map_err(of_store)?;
        self.at = Some(to);
        self.parked += parked;
        self.applied += applied;
        observe::projected(P::NAME, applied, parked);
        if let (Some(why), Some(record)) = (why, records.first()) {
            observe::parked(P::NAME, record, why);
        }
        Ok(Took::All)
    }

    async fn take(
        projection: &mut P,
        rows: &mut S::Transaction,
        record: &Record,
    ) -> Result<(), Failure> {
        let Some(event) = P::Event::read(record)? else { return Ok(()) };
        let (stream, sequence) = (record.stream.clone(), record.sequence);
        let (position, at) = (record.position, record.at);
        projection.apply(rows, &Happened { event, stream, sequence, position, at }).await
    }

    fn tell(&mut self, position: Position, lag: Duration, is_caught_up: bool) -> Progress {
        let (applied, parked) = (self.applied, self.parked);
        let progress = Progress { position, applied, parked, lag, is_caught_up };
        observe::lag(P::NAME, lag);
        self.progress.send_replace(progress);
        progress
    }
}

/// Why an event is parked that nobody has tried.
const BEHIND: &str = "an event before it in its stream is parked";

fn of(record: &Record, error: String) -> Parked {
    let (stream, sequence, position) = (record.stream.clone(), record.sequence, record.position);
    Parked { stream, sequence, position, error }
}

impl<S, P> ProjectorBuilder<S, P> {
    /// How many records are looked at in one transaction; 1 to 100,000, by default 500.
    pub fn page(mut self, records: usize) -> Self {
        self.0.page = records;
        self
    }

    /// How often an event is tried before it is parked; 1 to 100, by default 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// How often to look, also when nobody says that something was written; 1 ms to an hour, by
    /// default a second. After a failure, the first wait is so long.
    pub fn every(mut self, time: Duration) -> Self {
        self.0.every = time;
        self
    }

    /// By which clock the lag is told: the system's by default.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.0.clock = clock.clone();
        self
    }

    /// The projector.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range.
    pub fn build(self) -> Result<Projector<S, P>, Invalid> {
        let Projector { page, attempts, every, .. } = &self.0;
        if !(1..=Journal::LONGEST_PAGE).contains(page) {
            return Err(Invalid::new("projector", "page", "1 to 100000", page));
        }
        if !(1..=100).contains(attempts) {
            return Err(Invalid::new("projector", "attempts", "1 to 100", attempts));
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(every) {
            let got = alloc::format!("{every:?}");
            return Err(Invalid::new("projector", "every", "1 ms to an hour", got));
        }
        Ok(self.0)
    }
}

impl<S, P> fmt::Debug for Projector<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projector")
            .field("of", &core::any::type_name::<P>())
            .field("at", &self.at)
            .field("parked", &self.parked)
            .finish_non_exhaustive()
    }
}

impl<S, P> fmt::Debug for ProjectorBuilder<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProjectorBuilder").field(&self.0).finish()
    }
}
