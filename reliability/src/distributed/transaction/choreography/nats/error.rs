//! What the errors of the client and of the server mean for who has asked.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::error::Error;

use async_nats::client::RequestErrorKind;
use async_nats::jetstream::context::{
    GetStreamError, GetStreamErrorKind, PublishError, PublishErrorKind,
};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{ConnectError, ConnectErrorKind};

pub(super) use super::super::broker::{away, unknown};
use super::super::bus::BusError;
use crate::error::Invalid;

pub(super) const PUBLISHING: &str = "publishing an event to NATS";
pub(super) const DECLARING: &str = "declaring a group in NATS";
pub(super) const REMOVING: &str = "removing a group from NATS";
pub(super) const SETTLING: &str = "telling NATS what became of an event";
pub(super) const RECEIVING: &str = "receiving from NATS";

pub(super) fn unavailable(what: &'static str, why: impl Error + Send + Sync + 'static) -> BusError {
    BusError::Unavailable { what, source: Box::new(why) }
}

/// There is no connection yet.
pub(super) fn of_connect(error: ConnectError) -> BusError {
    let unusable = |advice: &str| BusError::Unusable {
        what: alloc::format!("NATS lets nobody in: {error}; {advice}"),
    };
    match error.kind() {
        ConnectErrorKind::ServerParse => {
            // It may have a password, so it is not shown.
            let expected = "URLs such as `nats://host:4222`, with commas between them";
            BusError::Invalid(Invalid::new("bus", "servers", expected, "something else"))
        }
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            unusable("look at the user, its password or its keys, in the URL or in `configure`")
        }
        ConnectErrorKind::Tls => {
            unusable("give `configure` a TLS configuration that the server takes")
        }
        _ => unavailable("connecting to NATS", error),
    }
}

/// An event was not stored, or nobody knows.
pub(super) fn of_publish(error: PublishError) -> BusError {
    match error.kind() {
        PublishErrorKind::TimedOut => unknown(PUBLISHING, "JetStream has not answered in time"),
        PublishErrorKind::BrokenPipe => unknown(PUBLISHING, "the connection was lost"),
        PublishErrorKind::MaxPayloadExceeded => too_large(&error),
        PublishErrorKind::StreamNotFound | PublishErrorKind::MaxAckPending => {
            unavailable(PUBLISHING, error)
        }
        _ => match of_jetstream(&error) {
            Some(refused) => of_refusal(PUBLISHING, &refused),
            None => unknown(PUBLISHING, &error.to_string()),
        },
    }
}

/// Something that may be done again was not done, or nobody knows.
pub(super) fn of_request(
    what: &'static str,
    error: impl Error + Send + Sync + 'static,
) -> BusError {
    match of_jetstream(&error) {
        Some(refused) => of_refusal(what, &refused),
        None => unavailable(what, error),
    }
}

/// The server was asked, and has not said that it has heard.
pub(super) fn of_settling(error: &async_nats::RequestError) -> BusError {
    match error.kind() {
        RequestErrorKind::NoResponders => {
            away(SETTLING, Some("JetStream does not answer, or the group is gone".into()))
        }
        _ => unknown(SETTLING, &error.to_string()),
    }
}

/// What JetStream has said, if it was that.
pub(super) fn of_jetstream(error: &(dyn Error + 'static)) -> Option<jetstream::Error> {
    let mut error = Some(error);
    while let Some(it) = error {
        if let Some(said) = it.downcast_ref::<jetstream::Error>() {
            return Some(said.clone());
        }
        error = it.source();
    }
    None
}

/// Whether the stream that was named is not there.
pub(super) fn has_no_stream(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(said) if said.code() == 404)
}

/// Whether the consumer that was named is not there, or its stream.
pub(super) fn has_no_consumer(error: &ConsumerError) -> bool {
    matches!(error.kind(), ConsumerErrorKind::JetStream(said) if said.code() == 404)
}

/// JetStream has said no, and has done nothing.
pub(super) fn of_refusal(what: &'static str, refused: &jetstream::Error) -> BusError {
    let text = refused.to_string();
    match refused.error_code() {
        ErrorCode::STREAM_STORE_FAILED if text.contains("exceeded") => full(&text),
        ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::MEMORY_RESOURCES_EXCEEDED
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED => full(&text),
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM => {
            too_large(&text)
        }
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            no_jetstream()
        }
        _ if matches!(refused.code(), 400 | 401 | 403) => BusError::Unusable {
            what: alloc::format!("{what} is refused: {text}; see what else has its streams"),
        },
        _ => BusError::Unavailable { what, source: Box::new(refused.clone()) },
    }
}

pub(super) fn no_jetstream() -> BusError {
    let what = "NATS runs without JetStream, which keeps events: start it with `nats-server -js`, \
                or let the account use it";
    BusError::Unusable { what: what.into() }
}

fn full(text: &str) -> BusError {
    BusError::Full {
        what: alloc::format!(
            "NATS has no room, and nothing has happened: {text}; let the groups keep up, or allow \
             more with `most_messages`, `most_bytes`, or the server's limits"
        ),
    }
}

fn too_large(text: &dyn core::fmt::Display) -> BusError {
    BusError::Unusable {
        what: alloc::format!(
            "NATS takes no message as large as that: {text}; set its `max_payload` to 1 MB"
        ),
    }
}
