//! Queues for groups.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;

use lapin::options::{
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ExchangeKind};
use tokio::time::timeout;

use super::super::bus::{BusError, Group};
use super::bus::Inner;
use super::error::{DECLARING, REMOVING, away, of};
use super::names;

/// The most of what is no envelope that is kept.
const MOST_SET_ASIDE: i64 = 1_000;
/// A queue of RabbitMQ 4 throws away what was delivered twenty times, unless it is told otherwise.
const MOST_DELIVERIES: i64 = 1_000_000_000;

/// The queue of a group, which is there from now on.
pub(super) async fn declare(bus: &Inner, group: &Group) -> Result<String, BusError> {
    let channel = bus.link.channel(DECLARING).await?;
    let queue = names::queue(&bus.settings.prefix, group);
    let declared = async {
        let exchange = bus.settings.prefix.as_str();
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let (kind, none) = (ExchangeKind::Topic, FieldTable::default());
        channel.exchange_declare(exchange.into(), kind, options, none.clone()).await?;
        make(&channel, &queue, with_limit(bus)).await?;
        let (key, options) = (group.topic().into(), QueueBindOptions::default());
        channel.queue_bind(queue.as_str().into(), exchange.into(), key, options, none).await
    };
    within(bus, DECLARING, declared).await?;
    Ok(queue)
}

/// Removes the queue of a group, and those beside it first: what expires in them goes to that one.
pub(super) async fn remove(bus: &Inner, group: &Group) -> Result<(), BusError> {
    let channel = bus.link.channel(REMOVING).await?;
    let queue = names::queue(&bus.settings.prefix, group);
    let laters: Vec<String> = names::levels().map(|it| names::later(&queue, it)).collect();
    let removed = async {
        // RabbitMQ takes one that is not there for removed already.
        for name in laters.iter().chain([&queue]) {
            channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await?;
        }
        Ok(())
    };
    let removed = within(bus, REMOVING, removed).await;
    laters.iter().for_each(|later| bus.forget_later(later));
    removed
}

/// The queue beside that of a group from which what expires goes to that of the group.
pub(super) async fn declare_later(bus: &Inner, queue: &str, later: &str) -> Result<(), BusError> {
    if bus.knows_later(later) {
        return Ok(());
    }
    let channel = bus.link.channel(DECLARING).await?;
    let mut table = with_limit(bus);
    table.insert("x-dead-letter-exchange".into(), text(""));
    table.insert("x-dead-letter-routing-key".into(), text(queue));
    // Only then it leaves the one when the other has confirmed it.
    table.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    within(bus, DECLARING, make(&channel, later, table)).await?;
    bus.has_later(later);
    Ok(())
}

/// The queue of what came and is no envelope.
pub(super) async fn declare_set_aside(bus: &Inner) -> Result<String, BusError> {
    let channel = bus.link.channel(DECLARING).await?;
    let name = names::set_aside(&bus.settings.prefix);
    let mut table = quorum();
    table.insert("x-max-length".into(), AMQPValue::LongLongInt(MOST_SET_ASIDE));
    within(bus, DECLARING, make(&channel, &name, table)).await?;
    Ok(name)
}

async fn within<T>(
    bus: &Inner,
    what: &'static str,
    declared: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, BusError> {
    match timeout(bus.settings.timeout, declared).await {
        Ok(declared) => declared.map_err(|error| of(what, error)),
        Err(_) => Err(away(what, Some("RabbitMQ has not answered in time".into()))),
    }
}

async fn make(channel: &Channel, name: &str, table: Table) -> Result<(), lapin::Error> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), options, FieldTable::from(table)).await.map(drop)
}

type Table = BTreeMap<ShortString, AMQPValue>;

fn quorum() -> Table {
    let mut table = Table::new();
    table.insert("x-queue-type".into(), text("quorum"));
    table
}

/// Who publishes is refused when it is full: nothing that somebody waits for makes room.
fn with_limit(bus: &Inner) -> Table {
    let mut table = quorum();
    let most = i64::try_from(bus.settings.most_messages).unwrap_or(i64::MAX);
    table.insert("x-max-length".into(), AMQPValue::LongLongInt(most));
    table.insert("x-overflow".into(), text("reject-publish"));
    table.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(MOST_DELIVERIES));
    if let Some(nodes) = bus.settings.replicas {
        let nodes = i64::try_from(nodes).unwrap_or(i64::MAX);
        table.insert("x-quorum-initial-group-size".into(), AMQPValue::LongLongInt(nodes));
    }
    table
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}
