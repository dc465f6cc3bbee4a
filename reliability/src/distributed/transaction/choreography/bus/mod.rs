//! What carries events from participant to participant: durable, at least once, in any order.
//!
//! A [`Bus`] is asked for little, so that much can be one: it keeps what is published until every
//! [`Group`] has acknowledged it. What comes twice, or in another order, is the business of those who
//! receive; a choreography's participants have an inbox for it.
//!
//! ```
//! use reliability::distributed::transaction::choreography::bus::{
//!     Bus, Envelope, Group, JournalBus, TransactionId,
//! };
//! use reliability::journal::Event;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = JournalBus::in_memory();
//! let stock = Group::of("place_order", "stock")?;
//! bus.declare(stock.clone()).await?;
//!
//! let placed = Event::json("Placed", 1, &["tea"])?;
//! bus.publish(Envelope::new("place_order", TransactionId::new(17), "order-1", placed)?).await?;
//!
//! let mut events = bus.subscribe(stock).await?;
//! let delivery = events.next().await?;
//! assert_eq!(delivery.envelope().event().name(), "Placed");
//! delivery.ack().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | bus | for | durable | needs |
//! |---|---|---|---|
//! | [`JournalBus::in_memory`] | tests, one process | no | |
//! | [`JournalBus::on`] | whoever shares a [`Journal`](crate::journal::Journal): one process with SQLite, several machines with PostgreSQL | as the journal is | |
//! | [`NatsBus`](super::nats::NatsBus) | several machines | as JetStream is | the feature `nats`, a NATS server |
//! | [`RabbitMqBus`](super::rabbitmq::RabbitMqBus) | several machines | as quorum queues are | the feature `rabbitmq`, a RabbitMQ server |
//! | whatever implements [`Bus`] | | as it says | |
//!
//! Every one of them must pass the [`conformance`] suite.

pub mod conformance;
mod delivery;
mod envelope;
mod error;
mod group;
mod journal;
#[cfg(all(test, not(reliability_loom)))]
mod tests;

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;

pub use delivery::{Delivery, Settle};
pub use envelope::{Envelope, EventId, TransactionId};
pub use error::BusError;
pub use group::Group;
pub use journal::{JournalBus, JournalBusBuilder};

/// What a [`Bus`] answers, by and by.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BusError>> + Send + 'a>>;

/// Carries envelopes to groups of subscribers: write one to bring your own broker.
///
/// [`Envelope`] and [`Group`] have checked what they hold, so a bus gets what is valid. What it must
/// do stands at each method, and is checked by the [conformance suite](conformance).
///
/// It may deliver an envelope more than once, and in any order. It may not lose one that it has
/// answered for, whatever crashes: neither its own process nor that of a subscriber.
///
/// # Examples
///
/// A bus that counts what goes through it:
///
/// ```
/// # use std::sync::atomic::{AtomicUsize, Ordering};
/// use reliability::distributed::transaction::choreography::bus::*;
///
/// #[derive(Debug)]
/// struct Counting<B> {
///     inner: B,
///     published: AtomicUsize,
/// }
///
/// impl<B: Bus> Bus for Counting<B> {
///     fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
///         self.published.fetch_add(1, Ordering::Relaxed);
///         self.inner.publish(envelope)
///     }
///     fn declare(&self, group: Group) -> Answer<'_, ()> {
///         self.inner.declare(group)
///     }
///     fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>> {
///         self.inner.subscribe(group)
///     }
///     fn remove(&self, group: Group) -> Answer<'_, ()> {
///         self.inner.remove(group)
///     }
/// }
///
/// let bus = Counting { inner: JournalBus::in_memory(), published: AtomicUsize::new(0) };
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let bus = Counting { inner: JournalBus::in_memory(), published: AtomicUsize::new(0) };
/// # bus.declare(Group::of("a", "b").unwrap()).await.unwrap();
/// # }
/// ```
pub trait Bus: fmt::Debug + Send + Sync + 'static {
    /// Gives an envelope to every group of its [topic](Envelope::topic) that has been declared; it is
    /// durable, for all of them, before this answers. The same [id](Envelope::id) again is the same
    /// event again: it may be delivered once more or not.
    ///
    /// Where there is no group, it is kept until there is one, or refused with
    /// [`Nobody`](BusError::Nobody): never dropped.
    ///
    /// # Errors
    ///
    /// After [`Unknown`](BusError::Unknown) it may have been published, and after
    /// [`Full`](BusError::Full) to some groups and not to others: it is to be published again. After
    /// every other error it was not.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it was published or not, to all groups or to some.
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()>;

    /// Makes sure that a group is there: from then on it gets whatever is published to its topic, also
    /// while nobody is subscribed. A second time changes nothing.
    ///
    /// # Errors
    ///
    /// [`Unusable`](BusError::Unusable) when there is something else under that name; and what the
    /// broker can meet with.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, the group is there or not.
    fn declare(&self, group: Group) -> Answer<'_, ()>;

    /// Becomes a member of a group, which is declared if it is not there. An envelope goes to one of
    /// its members at a time.
    ///
    /// # Errors
    ///
    /// As of [`declare`](Self::declare).
    ///
    /// # Cancel safety
    ///
    /// As of [`declare`](Self::declare); nothing is delivered to a subscription that nobody has.
    fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>>;

    /// The opposite of [`declare`](Self::declare), for a group that is gone for good: what waits for it is
    /// thrown away, and nothing is kept for it any more. One that is not there is removed already. When
    /// it is declared again, it begins with what is published after that.
    ///
    /// Stop its members first: one that is still subscribed may declare it again. What one of them holds
    /// is gone when it settles it, and perhaps not before a second `remove`. And let nobody publish, or declare
    /// another group of the topic while its last one is removed.
    ///
    /// # Errors
    ///
    /// What the broker can meet with. Then it is there, or removed, or removed in part: remove it again.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, as after an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::choreography::bus::{Bus, Group, JournalBus};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = JournalBus::in_memory();
    /// let fax = Group::of("place_order", "fax")?;
    /// bus.declare(fax.clone()).await?;
    /// // The last fax machine is switched off.
    /// bus.remove(fax).await?;
    /// assert!(bus.waiting("place_order").await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    fn remove(&self, group: Group) -> Answer<'_, ()>;
}

/// A member of a [`Group`], made by [`Bus::subscribe`].
///
/// What was delivered to it and neither acknowledged nor given back when it is dropped, or its
/// process dies, comes again to another one, as soon as the bus finds out.
///
/// # Examples
///
/// See the [module](self).
pub trait Subscription: fmt::Debug + Send + 'static {
    /// The next envelope, when there is one. While this member holds
    /// [so many](Group::most_unsettled) that it has not settled, none comes.
    ///
    /// What comes to the group and is no envelope is set aside, as the bus says, and holds nothing up.
    ///
    /// # Errors
    ///
    /// What the broker can meet with. After a transient error the next call tries again, by itself
    /// connecting anew if need be; [`Closed`](BusError::Closed) is for ever.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the next call goes on.
    fn next(&mut self) -> Answer<'_, Delivery>;
}
