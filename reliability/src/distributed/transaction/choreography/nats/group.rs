//! Streams for topics, and consumers for groups.

use alloc::string::String;

use async_nats::jetstream::consumer::pull::Config as Pulling;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{ErrorCode, stream::ConsumerErrorKind};
use bytes::Bytes;

use super::super::bus::{BusError, Group};
use super::bus::Inner;
use super::error::{DECLARING, PUBLISHING, REMOVING, has_no_consumer, has_no_stream, of_request};
use super::names;

/// The most of what is no envelope that is kept.
const MOST_SET_ASIDE: i64 = 1_000;

/// The consumer of a group, which is there from now on.
pub(super) async fn declare(bus: &Inner, group: &Group) -> Result<PullConsumer, BusError> {
    bus.connected(DECLARING).await?;
    let stream = open(bus, topic(bus, group.topic())).await?;
    let settings = &bus.settings;
    let wanted = Pulling {
        durable_name: Some(names::escaped(group.name())),
        // What was published before is for those who were there.
        deliver_policy: DeliverPolicy::New,
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.redelivery,
        max_deliver: -1,
        max_ack_pending: i64::try_from(settings.most_pending).unwrap_or(i64::MAX),
        num_replicas: settings.replicas,
        ..Pulling::default()
    };
    let consumer = stream.create_consumer(wanted).await.map_err(|error| match error.kind() {
        ConsumerErrorKind::JetStream(said)
            if said.error_code() == ErrorCode::CONSUMER_NAME_EXIST =>
        {
            let name = names::escaped(group.name());
            foreign("consumer", &name)
        }
        _ => of_request(DECLARING, error),
    })?;
    bus.has_group(group.topic());
    Ok(consumer)
}

/// Removes the consumer of a group, and with the last one the stream: JetStream takes what nobody
/// listens to and forgets it at once, and without a stream it says that there is none.
pub(super) async fn remove(bus: &Inner, group: &Group) -> Result<(), BusError> {
    bus.connected(REMOVING).await?;
    let name = names::stream(&bus.settings.prefix, group.topic());
    let stream = match bus.context.get_stream(&name).await {
        Err(error) if has_no_stream(&error) => return Ok(()),
        found => found.map_err(|error| of_request(REMOVING, error))?,
    };
    match stream.delete_consumer(&names::escaped(group.name())).await {
        Err(error) if !has_no_consumer(&error) => return Err(of_request(REMOVING, error)),
        Ok(_) | Err(_) => {}
    }
    if is_heard(bus, group.topic()).await? {
        return Ok(());
    }
    bus.has_no_group(group.topic());
    match bus.context.delete_stream(&name).await {
        Err(error) if !has_no_stream(&error) => Err(of_request(REMOVING, error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether there is a group for which JetStream keeps what is published.
pub(super) async fn is_heard(bus: &Inner, topic: &str) -> Result<bool, BusError> {
    let stream = names::stream(&bus.settings.prefix, topic);
    match bus.context.get_stream(stream).await {
        Ok(stream) => Ok(stream.cached_info().state.consumer_count > 0),
        Err(error) if has_no_stream(&error) => Ok(false),
        Err(error) => Err(of_request(PUBLISHING, error)),
    }
}

/// Keeps what came and is no envelope.
pub(super) async fn set_aside(bus: &Inner, came: Bytes) -> Result<(), BusError> {
    let settings = &bus.settings;
    open(
        bus,
        Config {
            name: names::set_aside(&settings.prefix),
            subjects: vec![names::set_aside_subject(&settings.prefix)],
            max_messages: MOST_SET_ASIDE,
            discard: DiscardPolicy::Old,
            storage: StorageType::File,
            num_replicas: settings.replicas,
            ..Config::default()
        },
    )
    .await?;
    let subject = names::set_aside_subject(&settings.prefix);
    let sent = bus.context.publish(subject, came).await;
    let sent = sent.map_err(|error| of_request(PUBLISHING, error))?;
    sent.await.map(drop).map_err(|error| of_request(PUBLISHING, error))
}

fn topic(bus: &Inner, topic: &str) -> Config {
    let settings = &bus.settings;
    Config {
        name: names::stream(&settings.prefix, topic),
        subjects: vec![names::subject(&settings.prefix, topic)],
        // Until every group has acknowledged it, and nobody makes room for anything new.
        retention: RetentionPolicy::Interest,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        max_messages: i64::try_from(settings.most_messages).unwrap_or(i64::MAX),
        max_bytes: settings.most_bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        duplicate_window: settings.duplicates,
        num_replicas: settings.replicas,
        ..Config::default()
    }
}

/// A stream that is there, whoever has made it: if it keeps what it must keep.
async fn open(bus: &Inner, wanted: Config) -> Result<Stream, BusError> {
    let (name, retention) = (wanted.name.clone(), wanted.retention);
    let (subjects, discard) = (wanted.subjects.clone(), wanted.discard);
    let opened = match bus.context.get_or_create_stream(wanted).await {
        // Somebody else was quicker, and wants other limits.
        Err(_) if bus.context.get_stream(&name).await.is_ok() => {
            bus.context.get_stream(&name).await.map_err(|error| of_request(DECLARING, error))?
        }
        opened => opened.map_err(|error| of_request(DECLARING, error))?,
    };
    let found = &opened.cached_info().config;
    match found.retention == retention && found.subjects == subjects && found.discard == discard {
        true => Ok(opened),
        false => Err(foreign("stream", &name)),
    }
}

fn foreign(what: &str, name: &String) -> BusError {
    BusError::Unusable {
        what: alloc::format!(
            "NATS has another {what} under the name `{name}`: give the bus a `prefix` of its own, or \
             remove it"
        ),
    }
}
