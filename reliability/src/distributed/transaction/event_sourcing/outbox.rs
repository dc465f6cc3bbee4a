use alloc::boxed::Box;
use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::time::Duration;

use super::projection::Away;
use super::turn::Turn;
use super::{
    Events, Failure, Happened, Parked, Progress, ProgressWatch, Projection, ProjectionError,
    Projector, ReadStore, observe,
};
use crate::error::{Class, Fault as _};
use crate::journal::{Journal, JournalError};

/// Tells the outside what has happened: a queue, a topic, another service.
///
/// # Examples
///
/// See [`Outbox`].
pub trait Publisher: Send + 'static {
    /// What it tells about.
    type Event: Events;

    /// Under which name its position is kept: one for each place that is told.
    const NAME: &'static str;

    /// Tells it. It comes at least once, those of a stream in their order: after a crash, again. Who
    /// receives it tells repetitions by stream and sequence ([`Inbox`](super::Inbox)), so both are
    /// to be part of the message.
    ///
    /// # Errors
    ///
    /// Whatever it meets with. It is tried again, and then parked, with all that come later in its
    /// stream, unless the other side [is away](Self::is_away).
    fn publish(
        &mut self,
        happened: &Happened<Self::Event>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Whether a failure says nothing of the event: who is to be told cannot be reached. Then nothing
    /// is parked, and the outbox waits. By default, whatever has an I/O error behind it.
    fn is_away(&self, failure: &Failure) -> bool {
        let mut error: Option<&(dyn Error + 'static)> = Some(&**failure);
        while let Some(found) = error {
            if found.is::<std::io::Error>() {
                return true;
            }
            error = found.source();
        }
        false
    }
}

/// Publishes events to the outside: at least once, and in order within each stream.
///
/// There is no table to write to beside the events, which could be forgotten: the journal is the
/// outbox. What has been published is kept in a [`ReadStore`], as for a read model. An event of
/// which nobody knows any more whether it was published is published again.
///
/// Any number of processes may run the same outbox: one of them publishes, by a lease of the journal
/// that it renews, and the others wait for it to be given back or to run out. One that was frozen for
/// longer finds that somebody else is further before it publishes anything; what it was just about
/// to send when it froze comes once more, and the [`Inbox`](super::Inbox) knows it. Who has the lease
/// stands in the [head](crate::journal::Journal::heads) of `outbox.<name>/turn`.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::{
///     Events, Failure, Happened, Inbox, MemoryReadStore, Outbox, Publisher,
/// };
/// use reliability::journal::{Append, Journal, StreamId};
///
/// #[derive(Events)]
/// #[events(kind = "order")]
/// enum OrderEvent {
///     Placed(u32),
/// }
///
/// struct Topic(tokio::sync::mpsc::UnboundedSender<(String, u64, u32)>);
///
/// impl Publisher for Topic {
///     type Event = OrderEvent;
///     const NAME: &'static str = "topic";
///
///     async fn publish(&mut self, happened: &Happened<OrderEvent>) -> Result<(), Failure> {
///         let OrderEvent::Placed(tea) = happened.event;
///         self.0.send((happened.stream.to_string(), happened.sequence.get(), tea))?;
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Journal::in_memory();
/// let order = StreamId::new("order", "4711")?;
/// journal.append(Append::to(&order).event(OrderEvent::Placed(3).write()?)).await?;
///
/// let (topic, mut messages) = tokio::sync::mpsc::unbounded_channel();
/// let mut outbox = Outbox::of(&journal, MemoryReadStore::new(()), Topic(topic));
/// outbox.catch_up().await?; // or `follow`, for ever
///
/// // The other side:
/// let mut inbox = Inbox::default();
/// let (stream, sequence, tea) = messages.recv().await.ok_or("nothing came")?;
/// assert!(inbox.accept(&stream, sequence)?);
/// assert!(!inbox.accept(&stream, sequence)?, "it came before");
/// assert_eq!(tea, 3);
/// # Ok(())
/// # }
/// ```
pub struct Outbox<S: ReadStore, P> {
    projector: Projector<S, Published<P, S::Transaction>>,
    turn: Turn,
}

/// A publisher as a projection that writes nothing but its position.
struct Published<P, T> {
    publisher: P,
    transaction: PhantomData<fn(T)>,
}

/// One event in each transaction: what was published before a crash is then not published again,
/// but for the last one.
const PAGE: usize = 1;

impl<P: Publisher, T: Send> Projection<T> for Published<P, T> {
    type Event = P::Event;
    const NAME: &'static str = P::NAME;

    async fn reset(&mut self, _: &mut T) -> Result<(), Failure> {
        Ok(())
    }

    async fn apply(&mut self, _: &mut T, happened: &Happened<P::Event>) -> Result<(), Failure> {
        let published = self.publisher.publish(happened).await;
        published.map_err(|failure| match self.publisher.is_away(&failure) {
            true => Box::new(Away(failure)),
            false => failure,
        })
    }
}

impl<S: ReadStore, P: Publisher> Outbox<S, P> {
    /// Of that journal; how far it is, is kept in that store.
    pub fn of(journal: &Journal, store: S, publisher: P) -> Self {
        let published = Published { publisher, transaction: PhantomData };
        let projector = Projector::of(journal, store, published).with_transactions_of(PAGE);
        Self { projector, turn: Turn::of(journal, P::NAME) }
    }

    /// Who publishes, for those who look at the list: a host and a process. It decides nothing.
    #[must_use]
    pub fn owner(mut self, owner: &str) -> Self {
        self.turn.owner = owner.into();
        self
    }

    /// How long nobody else publishes after this process has died; 1 ms to a day, by default 10
    /// seconds. It is renewed four times as often.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.turn.length = lease;
        self
    }

    /// How far it has come, also while it works.
    pub fn progress(&self) -> ProgressWatch {
        self.projector.progress()
    }

    /// Publishes all that has happened since it was last here. While another process does that,
    /// nothing is published here, and the answer is not [caught up](Progress::is_caught_up).
    ///
    /// # Errors
    ///
    /// As of [`Projector::catch_up`]; [`Away`](ProjectionError::Away) when nobody can be told.
    ///
    /// # Cancel safety
    ///
    /// The event that was being published is published again.
    pub async fn catch_up(&mut self) -> Result<Progress, ProjectionError> {
        if !self.take().await? {
            return Ok(self.not_caught_up());
        }
        let caught_up = tokio::select! {
            biased;
            () = self.turn.lost() => None,
            caught_up = self.projector.catch_up() => Some(caught_up),
        };
        match caught_up {
            Some(caught_up) => {
                self.turn.give_back().await;
                caught_up
            }
            None => {
                self.turn.lose();
                Ok(self.not_caught_up())
            }
        }
    }

    /// What was known when it was last ours may be over.
    async fn take(&mut self) -> Result<bool, JournalError> {
        self.projector.forget_place();
        self.turn.take().await
    }

    fn not_caught_up(&self) -> Progress {
        Progress { is_caught_up: false, ..self.projector.progress().now() }
    }

    /// Publishes what happens, as it happens, for ever; whenever no other process does.
    ///
    /// # Errors
    ///
    /// As of [`Projector::follow`].
    ///
    /// # Cancel safety
    ///
    /// As of [`catch_up`](Self::catch_up).
    pub async fn follow(&mut self) -> Result<Infallible, ProjectionError> {
        loop {
            match self.take().await {
                Ok(true) => {}
                Ok(false) => {
                    self.turn.wait().await;
                    continue;
                }
                Err(error) if error.class() == Class::Permanent => return Err(error.into()),
                Err(error) => {
                    observe::failed(P::NAME, &error.into());
                    self.turn.wait().await;
                    continue;
                }
            }
            tokio::select! {
                biased;
                () = self.turn.lost() => self.turn.lose(),
                followed = self.projector.follow() => {
                    self.turn.give_back().await;
                    return followed;
                }
            }
        }
    }

    /// What could not be published, by position.
    ///
    /// # Errors
    ///
    /// When the store does not work.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn parked(&mut self) -> Result<alloc::vec::Vec<Parked>, ProjectionError> {
        self.projector.parked().await
    }

    /// Publishes what is parked, as of [`Projector::retry_parked`], also while another process
    /// publishes the rest: it holds back what comes later in these streams until they are done.
    ///
    /// # Errors
    ///
    /// As of [`Projector::retry_parked`].
    ///
    /// # Cancel safety
    ///
    /// As of [`catch_up`](Self::catch_up).
    pub async fn retry_parked(&mut self) -> Result<usize, ProjectionError> {
        self.projector.retry_parked().await
    }
}

impl<S: ReadStore, P> fmt::Debug for Outbox<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outbox").field(&self.projector).finish()
    }
}
