//! An envelope as a message.

use alloc::collections::BTreeMap;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};

use super::super::broker::headers;
use super::super::bus::Envelope;

/// On disk, as it is in a queue that is.
const PERSISTENT: u8 = 2;

/// What stands beside an envelope.
pub(super) fn properties(envelope: &Envelope) -> BasicProperties {
    let lines = headers(envelope).into_iter();
    let lines = lines.map(|(name, value)| {
        (ShortString::from(name), AMQPValue::LongString(LongString::from(value)))
    });
    let lines: BTreeMap<_, _> = lines.collect();
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(envelope.id().as_str().into())
        .with_type(envelope.event().name().into())
        .with_headers(FieldTable::from(lines))
}
