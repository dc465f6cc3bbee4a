//! What the errors of the client and of the server mean for who has asked.

use alloc::boxed::Box;
use alloc::string::ToString;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};

pub(super) use super::super::broker::{away, unknown};
use super::super::bus::BusError;

pub(super) const PUBLISHING: &str = "publishing an event to RabbitMQ";
pub(super) const DECLARING: &str = "declaring a group in RabbitMQ";
pub(super) const REMOVING: &str = "removing a group from RabbitMQ";
pub(super) const SETTLING: &str = "telling RabbitMQ what became of an event";
pub(super) const RECEIVING: &str = "receiving from RabbitMQ";
pub(super) const CONNECTING: &str = "connecting to RabbitMQ";

/// It was refused, or the way to the server is gone: nothing has happened that matters.
pub(super) fn of(what: &'static str, error: lapin::Error) -> BusError {
    let refused = |advice: &str| BusError::Unusable {
        what: alloc::format!("{what} is refused: {error}; {advice}"),
    };
    match error.kind() {
        ErrorKind::ProtocolError(said) => match said.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                refused("look at the user, its password, and what it may do in the virtual host")
            }
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => refused(
                "there is something else under that name, or with other limits: give the bus a \
                 `prefix` of its own, the limits it was made with, or remove it",
            ),
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
                refused("name a virtual host that is there and that the user may use")
            }
            _ => BusError::Unavailable { what, source: Box::new(error) },
        },
        ErrorKind::InvalidProtocolVersion(_) => refused("RabbitMQ 3.10 or newer is needed"),
        ErrorKind::AuthProviderError(_) => refused("look at what `configure` brings"),
        _ => BusError::Unavailable { what, source: Box::new(error) },
    }
}

/// It was sent, or may have been.
pub(super) fn of_sent(what: &'static str, error: &lapin::Error) -> BusError {
    match error.kind() {
        ErrorKind::InvalidChannel(_)
        | ErrorKind::InvalidChannelState(..)
        | ErrorKind::InvalidConnectionState(_) => away(what, Some(error.to_string())),
        _ => unknown(what, &error.to_string()),
    }
}

/// Whether what was named is not there.
pub(super) fn is_missing(error: &lapin::Error) -> bool {
    let missing = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    matches!(error.kind(), ErrorKind::ProtocolError(said) if *said.kind() == missing)
}

pub(super) fn full(what: &str) -> BusError {
    BusError::Full {
        what: alloc::format!(
            "RabbitMQ has no room: {what}; let the groups keep up, or allow more, and publish the \
             event again: other groups may have it already"
        ),
    }
}
