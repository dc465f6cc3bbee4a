use core::convert::Infallible;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;

use super::{
    Events, Failure, Happened, Parked, Progress, ProgressWatch, Projection, ProjectionError,
    Projector, ReadStore,
};
use crate::journal::Journal;

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
    /// stream.
    fn publish(
        &mut self,
        happened: &Happened<Self::Event>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Publishes events to the outside: at least once, and in order within each stream.
///
/// There is no table to write to beside the events, which could be forgotten: the journal is the
/// outbox. What has been published is kept in a [`ReadStore`], as for a read model. An event of
/// which nobody knows any more whether it was published is published again.
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
pub struct Outbox<S: ReadStore, P>(Projector<S, Published<P, S::Transaction>>);

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
        self.publisher.publish(happened).await
    }
}

impl<S: ReadStore, P: Publisher> Outbox<S, P> {
    /// Of that journal; how far it is, is kept in that store.
    pub fn of(journal: &Journal, store: S, publisher: P) -> Self {
        let published = Published { publisher, transaction: PhantomData };
        Self(Projector::of(journal, store, published).with_transactions_of(PAGE))
    }

    /// How far it has come, also while it works.
    pub fn progress(&self) -> ProgressWatch {
        self.0.progress()
    }

    /// Publishes all that has happened since it was last here.
    ///
    /// # Errors
    ///
    /// As of [`Projector::catch_up`].
    ///
    /// # Cancel safety
    ///
    /// The event that was being published is published again.
    pub async fn catch_up(&mut self) -> Result<Progress, ProjectionError> {
        self.0.catch_up().await
    }

    /// Publishes what happens, as it happens, for ever.
    ///
    /// # Errors
    ///
    /// As of [`Projector::follow`].
    ///
    /// # Cancel safety
    ///
    /// As of [`catch_up`](Self::catch_up).
    pub async fn follow(&mut self) -> Result<Infallible, ProjectionError> {
        self.0.follow().await
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
        self.0.parked().await
    }

    /// Publishes what is parked, as of [`Projector::retry_parked`].
    ///
    /// # Errors
    ///
    /// As of [`Projector::retry_parked`].
    ///
    /// # Cancel safety
    ///
    /// As of [`catch_up`](Self::catch_up).
    pub async fn retry_parked(&mut self) -> Result<usize, ProjectionError> {
        self.0.retry_parked().await
    }
}

impl<S: ReadStore, P> fmt::Debug for Outbox<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outbox").field(&self.0).finish()
    }
}
