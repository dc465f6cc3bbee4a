//! What buses over a broker have in common: how they stand with it, and what is told of them.
//!
//! | bus | needs | durable when `publish` answers |
//! |---|---|---|
//! | [`NatsBus`](super::nats::NatsBus) | a NATS server 2.9.16 or newer with JetStream | JetStream has stored it |
//! | [`RabbitMqBus`](super::rabbitmq::RabbitMqBus) | RabbitMQ 3.10 or newer | all queues have confirmed it |
//!
//! Both carry an [`Envelope`] as it [writes itself](super::bus::Envelope::write),
//! and beside it, in headers, what others look for in a message:
//!
//! | header | what it says |
//! |---|---|
//! | `traceparent` | the trace that the event belongs to, as the W3C has it |
//! | `ce-id`, `ce-type`, `ce-source`, `ce-subject` | the event's id, its name, its topic, and the key of its transaction, under the names that CloudEvents has for them |
//!
//! # In numbers
//!
//! | metric | unit | by |
//! |---|---|---|
//! | `reliability.bus.published` | `{event}` | `messaging.system`, `reliability.bus.outcome`: `confirmed`, `unknown`, `full`, `nobody`, `failed` |
//! | `reliability.bus.delivered` | `{event}` | `messaging.system` |
//! | `reliability.bus.settled` | `{event}` | `messaging.system`, `reliability.bus.outcome`: `acked`, `nacked`, `dropped`, `failed` |
//! | `reliability.bus.set_aside` | `{message}` | `messaging.system` |
//! | `reliability.bus.lost` | `{connection}` | `messaging.system` |
//!
//! That a connection was lost and is there again, that something was set aside, and that a broker is of
//! a version that forgets, are [events](crate::telemetry) as well.

mod error;
mod health;
mod observe;
mod settings;

use alloc::string::ToString;
use alloc::vec::Vec;

pub(super) use error::{away, unknown};
pub use health::Health;
pub(super) use health::Standing;
pub(super) use observe::{delivered, published, set_aside, settled};
pub(super) use settings::{check_between, check_prefix, check_time};

use super::bus::Envelope;

/// What others look for in a message, as headers.
pub(super) fn headers(envelope: &Envelope) -> Vec<(&'static str, alloc::string::String)> {
    let mut headers = alloc::vec![
        ("ce-id", envelope.id().to_string()),
        ("ce-type", envelope.event().name().to_string()),
        ("ce-source", envelope.topic().to_string()),
        ("ce-subject", envelope.key().to_string()),
    ];
    if let Some(traceparent) = envelope.traceparent() {
        headers.push(("traceparent", traceparent.to_string()));
    }
    headers
}
