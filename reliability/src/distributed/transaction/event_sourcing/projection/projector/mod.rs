mod builder;
mod parked;
mod take;

use alloc::collections::BTreeSet;
use core::convert::Infallible;
use core::fmt;
use core::time::Duration;

pub use builder::ProjectorBuilder;
use tokio::sync::watch;

use super::error::store as of_store;
use super::{
    Place, Progress, ProgressWatch, Projection, ProjectionError, ReadStore, ReadTransaction,
};
use crate::distributed::transaction::event_sourcing::observe;
use crate::error::{Class, Fault as _};
use crate::journal::{Journal, Page, Position, StreamId};
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
    /// Where the journal ended when there was more than a page to take in.
    end: Option<Position>,
    /// What is parked, as far as this projector knows: streams, and how many events.
    held: BTreeSet<StreamId>,
    parked: usize,
    applied: u64,
    progress: watch::Sender<Progress>,
}

/// Beyond, something else is wrong than single events.
const MOST_PARKED: usize = 10_000;

impl<S, P> Projector<S, P>
where
    S: ReadStore,
    P: Projection<S::Transaction>,
{
    /// Of that journal, in that store, by that projection.
    pub fn of(journal: &Journal, store: S, projection: P) -> Self {
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
            end: None,
            held: BTreeSet::new(),
            parked: 0,
            applied: 0,
            progress: watch::Sender::new(Progress::nothing()),
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

    /// Where it is, and what is parked, is asked of the store again.
    pub(in super::super) fn forget_place(&mut self) {
        self.at = None;
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
        let mut is_first = true;
        loop {
            let at = self.at().await?;
            let records = self.journal.read_all(at, self.page).await?;
            let is_last = Page::is_last(&records, self.page);
            if !is_last && core::mem::take(&mut is_first) {
                // There is a way to go: how far is it?
                self.end = self.journal.end().await?;
            }
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
        let mut rows = self.store.begin().await.map_err(of_store)?;
        // Nobody else begins meanwhile.
        rows.place(P::NAME).await.map_err(of_store)?;
        self.reset(rows).await?;
        self.catch_up().await
    }

    /// Where it is; the first time, and after a failure, as the store has it.
    async fn at(&mut self) -> Result<Position, ProjectionError> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let mut rows = self.store.begin().await.map_err(of_store)?;
        let place = rows.place(P::NAME).await.map_err(of_store)?;
        let Some(place) = place.filter(|place| place.version == P::VERSION) else {
            // In the same transaction: of two that are new, the second one finds what the first has
            // made.
            return self.reset(rows).await;
        };
        let parked = rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)?;
        drop(rows);
        self.parked = parked.len();
        self.held = parked.into_iter().map(|parked| parked.stream).collect();
        self.at = Some(place.position);
        Ok(place.position)
    }

    async fn reset(&mut self, mut rows: S::Transaction) -> Result<Position, ProjectionError> {
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

    fn tell(&mut self, position: Position, lag: Duration, is_caught_up: bool) -> Progress {
        let (applied, parked, end) = (self.applied, self.parked, self.end);
        let progress = Progress { position, end, applied, parked, lag, is_caught_up };
        observe::lag(P::NAME, lag);
        self.progress.send_replace(progress);
        progress
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
