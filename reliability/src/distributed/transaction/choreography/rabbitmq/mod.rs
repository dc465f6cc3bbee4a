//! The bus over RabbitMQ.
//!
//! There is one exchange, to which everything is published with its topic as the routing key; a group
//! is a quorum queue that is bound to it. Whoever wants to look on binds a queue of their own.
//!
//! ```no_run
//! use reliability::distributed::transaction::choreography::bus::{
//!     Bus, Envelope, Group, TransactionId,
//! };
//! use reliability::distributed::transaction::choreography::rabbitmq::RabbitMqBus;
//! use reliability::journal::Event;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = RabbitMqBus::connect("amqp://guest:guest@127.0.0.1/%2f").await?;
//! let stock = Group::of("place_order", "stock")?;
//! bus.declare(stock.clone()).await?;
//!
//! let placed = Event::json("Placed", 1, &["tea"])?;
//! bus.publish(Envelope::new("place_order", TransactionId::new(17), "order-1", placed)?).await?;
//!
//! let mut events = bus.subscribe(stock).await?;
//! let delivery = events.next().await?;
//! println!("{}", delivery.envelope().id());
//! delivery.ack().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it relies on
//!
//! - **Published** is what all queues of the topic have confirmed, which a quorum queue does when it is
//!   on the disks of most of its nodes. Messages are persistent and mandatory: one that no queue takes
//!   comes back. RabbitMQ stores what is published again once more, so that repetitions come to the
//!   groups, which tell them by the event's id.
//! - **Acknowledged** is what was sent to RabbitMQ: it does not answer to that. When the connection is
//!   lost on the way, the event comes again.
//! - **A member that is gone** is one whose connection is: at once when its process dies, after missed
//!   heartbeats (a minute, or as `?heartbeat=` in the URL says) when its machine does. RabbitMQ ends a
//!   channel that has held something for longer than its `consumer_timeout`, 30 minutes by default, and
//!   gives what it held to others.
//! - **Time** until what was given back comes again is not known to RabbitMQ's queues: such an event is
//!   copied into a queue beside the group's, where it expires into the group's queue, and then
//!   acknowledged. There are ten of these for delays of up to 1 s, 4 s, 16 s, and so on to a day; each is
//!   made when it is first needed. It expires in its own time, but not before those that were put there
//!   earlier, so that it may take up to four times as long as it was to. A crash in between leaves both.
//! - **A server that is killed** is connected to again, with pauses that grow from 10 ms to 2 s. What it
//!   has confirmed outlives that, but for the queues of the last moment: RabbitMQ writes which queues it
//!   has a little later than it says so (seen with 3.10.8: within a second or so). If the only node, or most
//!   nodes, are killed before that, the new queue is without a leader from then on, and what it had is
//!   lost: calls that need it end as [`Unavailable`](super::bus::BusError::Unavailable) or
//!   [`Unknown`](super::bus::BusError::Unknown) until the queue is removed. So declare groups when you
//!   deploy, some seconds before they are needed; the first delay of each length makes a queue too.
//! - **A group that does not keep up** has [so many](RabbitMqBusBuilder::most_messages) in its queue; then
//!   publishing is refused with [`Full`](super::bus::BusError::Full), while other groups of the topic
//!   may have the event already. Publish it again later, as the same one.
//!
//! # Names
//!
//! With the [prefix](RabbitMqBusBuilder::prefix) `reliability` the exchange is `reliability`, the group
//! `stock` of the topic `place_order` is the queue `reliability/place_order/stock`, and that of its
//! delays of up to 16 s is `reliability/place_order/stock/later/16`. What came and is no envelope
//! is in the queue `reliability/set-aside`, the newest 1,000 of it. The event's id is the `message_id` of
//! a message, and its name the `type`.

mod builder;
mod bus;
mod channels;
mod error;
mod group;
mod holding;
mod link;
mod message;
mod names;
mod subscription;

pub use builder::RabbitMqBusBuilder;
pub use bus::RabbitMqBus;
