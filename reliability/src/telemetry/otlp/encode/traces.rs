use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as wire;

use super::common::{attributes, nanos, own_scope};
use crate::telemetry::Attribute;
use crate::telemetry::trace::{Event, Kind, Link, Span, SpanId, Status, Trace, TraceId};

/// Says which rule kept a trace, on its local root.
const KEPT_BY: &str = "reliability.trace.kept_by";
/// Says how many spans there was no room for, on the local root.
const SPANS_DROPPED: &str = "reliability.trace.spans_dropped";

pub(in crate::telemetry::otlp) fn traces(
    resource: &Resource,
    traces: Vec<Trace>,
) -> ExportTraceServiceRequest {
    let spans = traces.into_iter().flat_map(spans).collect();
    let of_scope =
        wire::ScopeSpans { scope: Some(own_scope()), spans, ..wire::ScopeSpans::default() };
    let of_resource = wire::ResourceSpans {
        resource: Some(resource.clone()),
        scope_spans: vec![of_scope],
        ..wire::ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }
}

fn spans(mut trace: Trace) -> impl Iterator<Item = wire::Span> {
    if let Some(root) = trace.spans.first_mut() {
        if !trace.kept_by.is_empty() {
            root.attributes.push(Attribute::new(KEPT_BY, trace.kept_by));
        }
        if trace.spans_dropped > 0 {
            root.attributes.push(Attribute::new(SPANS_DROPPED, trace.spans_dropped));
        }
    }
    let (id, state) = (trace.id, trace.state.unwrap_or_default());
    trace.spans.into_iter().map(move |of_trace| span(id, &state, of_trace))
}

fn span(trace: TraceId, state: &str, span: Span) -> wire::Span {
    let end = span.start.checked_add(span.duration).unwrap_or(span.start);
    wire::Span {
        trace_id: trace.to_bytes().into(),
        span_id: span.id.to_bytes().into(),
        trace_state: state.into(),
        parent_span_id: span.parent.map(SpanId::to_bytes).map(Vec::from).unwrap_or_default(),
        flags: flags(&span),
        name: span.name.into_owned(),
        kind: kind(span.kind).into(),
        start_time_unix_nano: nanos(span.start),
        end_time_unix_nano: nanos(end),
        attributes: attributes(span.attributes),
        // Ours are counted together, and most of them are attributes.
        dropped_attributes_count: span.dropped,
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect(),
        status: Some(status(span.status)),
        ..wire::Span::default()
    }
}

/// That the span is recorded, and that it is known whether its parent is elsewhere.
fn flags(span: &Span) -> u32 {
    use wire::SpanFlags;
    const SAMPLED: u32 = 1;
    let remote = match span.parent_is_remote {
        true => SpanFlags::ContextIsRemoteMask as u32,
        false => 0,
    };
    SAMPLED | SpanFlags::ContextHasIsRemoteMask as u32 | remote
}

fn kind(kind: Kind) -> wire::span::SpanKind {
    use wire::span::SpanKind as Wire;
    match kind {
        Kind::Internal => Wire::Internal,
        Kind::Server => Wire::Server,
        Kind::Client => Wire::Client,
        Kind::Producer => Wire::Producer,
        Kind::Consumer => Wire::Consumer,
    }
}

fn status(status: Status) -> wire::Status {
    use wire::status::StatusCode;
    let (code, message) = match status {
        Status::Unset => (StatusCode::Unset, String::new()),
        Status::Ok => (StatusCode::Ok, String::new()),
        Status::Error(message) => (StatusCode::Error, message.into_owned()),
    };
    wire::Status { message, code: code.into() }
}

fn event(event: Event) -> wire::span::Event {
    wire::span::Event {
        time_unix_nano: nanos(event.at),
        name: event.name.into_owned(),
        attributes: attributes(event.attributes),
        ..wire::span::Event::default()
    }
}

fn link(link: Link) -> wire::span::Link {
    wire::span::Link {
        trace_id: link.trace_id.to_bytes().into(),
        span_id: link.span_id.to_bytes().into(),
        attributes: attributes(link.attributes),
        ..wire::span::Link::default()
    }
}
