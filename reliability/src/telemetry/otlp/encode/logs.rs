use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as WireValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::common::{attributes, nanos, scope};
use crate::telemetry::log::{Level, Record};
use crate::telemetry::trace::{SpanId, TraceId};

/// The records, those of one scope together, in the order in which they were said.
pub(in crate::telemetry::otlp) fn logs(
    resource: &Resource,
    records: Vec<Record>,
) -> ExportLogsServiceRequest {
    let mut scopes: Vec<ScopeLogs> = Vec::new();
    for of_record in records {
        let is_of = |logs: &&mut ScopeLogs| {
            logs.scope.as_ref().is_some_and(|scope| scope.name == of_record.scope)
        };
        match scopes.iter_mut().rev().find(is_of) {
            Some(logs) => logs.log_records.push(record(of_record)),
            None => scopes.push(ScopeLogs {
                scope: Some(scope(&of_record.scope)),
                log_records: vec![record(of_record)],
                ..ScopeLogs::default()
            }),
        }
    }
    let of_resource = ResourceLogs {
        resource: Some(resource.clone()),
        scope_logs: scopes,
        ..ResourceLogs::default()
    };
    ExportLogsServiceRequest { resource_logs: vec![of_resource] }
}

fn record(record: Record) -> LogRecord {
    let at = nanos(record.at);
    LogRecord {
        time_unix_nano: at,
        observed_time_unix_nano: at,
        severity_number: number(record.level).into(),
        severity_text: record.level.as_str().into(),
        body: Some(AnyValue { value: Some(WireValue::StringValue(record.body)) }),
        attributes: attributes(record.attributes),
        flags: u32::from(record.sampled),
        trace_id: record.trace_id.map(TraceId::to_bytes).map(Vec::from).unwrap_or_default(),
        span_id: record.span_id.map(SpanId::to_bytes).map(Vec::from).unwrap_or_default(),
        ..LogRecord::default()
    }
}

fn number(level: Level) -> SeverityNumber {
    match level {
        Level::Trace => SeverityNumber::Trace,
        Level::Debug => SeverityNumber::Debug,
        Level::Info => SeverityNumber::Info,
        Level::Warn => SeverityNumber::Warn,
        Level::Error => SeverityNumber::Error,
    }
}
