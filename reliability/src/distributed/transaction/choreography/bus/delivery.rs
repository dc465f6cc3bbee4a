use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use super::{Answer, BusError, Envelope};

/// An envelope that has come, and that its bus wants to hear of.
///
/// One that is dropped comes again, at the latest when its [`Subscription`](super::Subscription) is
/// dropped.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "what is not acknowledged comes again"]
pub struct Delivery {
    envelope: Envelope,
    settle: Box<dyn Settle>,
}

/// How a bus hears what became of a [`Delivery`]: what a bus brings.
///
/// # Examples
///
/// One that takes note of it in a channel:
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::choreography::bus::{
///     Answer, Delivery, Envelope, Settle, TransactionId,
/// };
/// use reliability::journal::Event;
/// use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
///
/// struct Note(UnboundedSender<&'static str>);
///
/// impl Settle for Note {
///     fn ack(self: Box<Self>) -> Answer<'static, ()> {
///         let _ = self.0.send("ack");
///         Box::pin(async { Ok(()) })
///     }
///     fn nack(self: Box<Self>, _after: Duration) -> Answer<'static, ()> {
///         let _ = self.0.send("nack");
///         Box::pin(async { Ok(()) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let placed = Event::json("Placed", 1, &"tea")?;
/// let envelope = Envelope::new("place_order", TransactionId::new(1), "order-1", placed)?;
/// let (notes, mut noted) = unbounded_channel();
/// Delivery::new(envelope, Note(notes)).ack().await?;
/// assert_eq!(noted.recv().await, Some("ack"));
/// # Ok(())
/// # }
/// ```
pub trait Settle: Send + 'static {
    /// It is done with, durably before this answers.
    fn ack(self: Box<Self>) -> Answer<'static, ()>;

    /// It is to come again, to whatever member, no sooner than after that time.
    fn nack(self: Box<Self>, after: Duration) -> Answer<'static, ()>;
}

impl Delivery {
    /// What a bus delivers.
    pub fn new(envelope: Envelope, settle: impl Settle) -> Self {
        Self { envelope, settle: Box::new(settle) }
    }

    /// What has come.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// It has been taken care of, and does not come again; save that it may have been sent twice
    /// already.
    ///
    /// # Errors
    ///
    /// What the bus can meet with. Then it comes again.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it is acknowledged, or comes again.
    pub async fn ack(
        self, // a delivery is settled once: take the `next` one from the subscription
    ) -> Result<(), BusError> {
        self.settle.ack().await
    }

    /// It cannot be taken care of now: it comes again, to whatever member of the group, no sooner than
    /// after that time; at most a [day](Delivery::LONGEST_DELAY).
    ///
    /// # Errors
    ///
    /// What the bus can meet with. Then it comes again sooner or later.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it comes again sooner or later.
    pub async fn nack(
        self, // a delivery is settled once: take the `next` one from the subscription
        after: Duration,
    ) -> Result<(), BusError> {
        self.settle.nack(after.min(Self::LONGEST_DELAY)).await
    }

    /// The longest time after which one that was given back comes again: a day.
    pub const LONGEST_DELAY: Duration = Duration::from_secs(86_400);
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}
