use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::common::v1 as wire;
use opentelemetry_proto::tonic::resource::v1::Resource as WireResource;

use crate::telemetry::{Attribute, Resource, Value};

pub(in crate::telemetry::otlp) fn resource(resource: &Resource) -> WireResource {
    WireResource {
        attributes: attributes(resource.attributes().to_vec()),
        ..WireResource::default()
    }
}

/// Who measured: this crate, or the part of the program that a log record names.
pub(super) fn scope(name: &str) -> wire::InstrumentationScope {
    wire::InstrumentationScope { name: name.into(), ..wire::InstrumentationScope::default() }
}

pub(super) fn own_scope() -> wire::InstrumentationScope {
    wire::InstrumentationScope { version: env!("CARGO_PKG_VERSION").into(), ..scope("reliability") }
}

pub(super) fn attributes(attributes: Vec<Attribute>) -> Vec<wire::KeyValue> {
    attributes.into_iter().map(attribute).collect()
}

fn attribute(attribute: Attribute) -> wire::KeyValue {
    wire::KeyValue {
        key: attribute.key.into_owned(),
        value: Some(value(attribute.value)),
        ..wire::KeyValue::default()
    }
}

pub(super) fn value(value: Value) -> wire::AnyValue {
    use wire::any_value::Value as Wire;
    let value = match value {
        Value::Boolean(value) => Wire::BoolValue(value),
        Value::Integer(value) => Wire::IntValue(value),
        Value::Float(value) => Wire::DoubleValue(value),
        Value::Text(value) => Wire::StringValue(value.into_owned()),
    };
    wire::AnyValue { value: Some(value) }
}

/// Nanoseconds since 1970, which `u64` holds until the year 2554.
pub(in crate::telemetry::otlp) fn nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
