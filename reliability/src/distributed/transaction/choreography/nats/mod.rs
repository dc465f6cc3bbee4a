//! The bus over NATS JetStream.
//!
//! A topic is a stream, and a group of it a durable consumer that pulls: what JetStream has stored is
//! kept until every group has acknowledged it, and not longer, so that a stream has what is on its way
//! and nothing else. When it has [as much as it may](NatsBusBuilder::most_messages), publishing is
//! refused; nothing that somebody waits for makes room.
//!
//! ```no_run
//! use reliability::distributed::transaction::choreography::bus::{
//!     Bus, Envelope, Group, TransactionId,
//! };
//! use reliability::distributed::transaction::choreography::nats::NatsBus;
//! use reliability::journal::Event;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = NatsBus::connect("nats://127.0.0.1").await?;
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
//! - **Published** is what JetStream has acknowledged. The event's id goes along as `Nats-Msg-Id`, so
//!   that what is published again within the [window](NatsBusBuilder::duplicates) is stored once.
//! - **Acknowledged** is what JetStream has answered for. It writes acknowledgements to disk a little
//!   later: after a crash of the server the last ones may come again.
//! - **A member that is gone** is one that was silent for the time of
//!   [redelivery](NatsBusBuilder::redelivery): what it held comes to others. One that is alive says so
//!   by itself, however long its work takes; one that is dropped gives back what it holds at once.
//! - **Time** until what was given back comes again is kept by the server.
//! - **A server that is killed** is connected to again, with pauses that grow from 10 ms to 2 s. What it
//!   has acknowledged outlives a crash of its process. It outlives a loss of power as far as the server
//!   waits for the disk: for those of version 2.10 and newer set `sync_interval: always`, or have
//!   [replicas](NatsBusBuilder::replicas).
//!
//! # Versions
//!
//! All of that is so with servers 2.9.16 and newer. Those from 2.9.7 to 2.9.15, among them the one of
//! Debian 12, clean up a stream when they are started, however they were ended, and forget more than
//! they should: what was given back or is held, so that it does not come again, and what waits for a
//! group that has not acknowledged anything yet, while another group of the topic has. No client can
//! prevent that, so a bus refuses them when it is built: take a newer server. Where events may be lost,
//! as on the machine of a developer, say
//! [`allow_forgetful_servers`](NatsBusBuilder::allow_forgetful_servers): the bus serves them then, and
//! tells of it by the [event](crate::telemetry) `reliability.bus.forgets` and in its
//! [health](NatsBus::health). It looks once: do not mix versions behind one list of servers.
//!
//! # Names
//!
//! With the [prefix](NatsBusBuilder::prefix) `reliability`, the topic `place_order` is the stream
//! `reliability_place_order` of the subject `reliability.place_order`, and a group is the consumer of its
//! name. NATS takes dots for itself, so that those of a name become `=`. What came and is no envelope
//! is in the stream `reliability=set-aside`, the newest 1,000 of it.

mod builder;
mod bus;
mod error;
mod group;
mod held;
mod names;
mod pump;
mod subscription;

pub use builder::NatsBusBuilder;
pub use bus::NatsBus;
