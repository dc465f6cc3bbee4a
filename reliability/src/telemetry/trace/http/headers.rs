use alloc::string::{String, ToString};

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::super::{Baggage, Context, TraceState};
use super::Propagators;

/// Which trace and span.
///
/// # Examples
///
/// See [`extract`].
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What vendors have added to it.
///
/// # Examples
///
/// See [`extract`].
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// What is packed for those further down.
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use reliability::telemetry::trace::http::{BAGGAGE, extract};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(BAGGAGE, "tenant=7".parse()?);
/// assert_eq!(extract(&headers).baggage().get("tenant"), Some("7"));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// More than this of one header is not looked at; everybody has to accept 8192 bytes.
const READ_MAX: usize = 16 * 1024;

/// The context that came with a message; an empty one where none did. Whatever stands there, this
/// does not fail: what is wrong is as if it were not there, and so are headers that are not among the
/// [`Propagators`] in force.
///
/// A `tracestate` without a good `traceparent` is thrown away, and a `traceparent` that is there
/// twice is none. (W3C Trace Context level 2, sections 3.2.1 and 3.3.1.)
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use reliability::telemetry::trace::Context;
/// use reliability::telemetry::trace::http::{TRACEPARENT, TRACESTATE, extract};
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let mut headers = HeaderMap::new();
/// headers.insert(TRACEPARENT, caller.parse()?);
/// headers.insert(TRACESTATE, "vendor=7".parse()?);
/// extract(&headers).in_scope(|| {
///     println!("handled as a part of the caller's trace");
/// });
///
/// // What makes no sense is as if it were not there.
/// headers.insert(TRACEPARENT, "7".parse()?);
/// assert_eq!(extract(&headers).trace_id(), Context::default().trace_id());
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn extract(headers: &HeaderMap) -> Context {
    extract_by(Propagators::in_force(), headers)
}

fn extract_by(propagators: Propagators, headers: &HeaderMap) -> Context {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    let parent = match (parents.next(), parents.next()) {
        (Some(parent), None) if propagators.has_trace_context() => parent.to_str().ok(),
        _ => None,
    };
    let context = parent
        .and_then(|parent| Context::from_traceparent(parent.trim_matches([' ', '\t'])).ok())
        .map(|context| {
            let state = joined(headers, &TRACESTATE).and_then(|state| TraceState::parse(&state));
            context.with_state(state.unwrap_or_default())
        })
        .unwrap_or_default();
    match joined(headers, &BAGGAGE).filter(|_| propagators.has_baggage()) {
        Some(baggage) => context.with_baggage(Baggage::parse(&baggage)),
        None => context,
    }
}

/// Writes a context into the headers of a message that is about to be sent, in place of whatever
/// stood there; of an empty one, nothing. Headers that are not among the [`Propagators`] in force are
/// left as they are.
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use reliability::telemetry::trace::Context;
/// use reliability::telemetry::trace::http::{TRACEPARENT, inject};
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = Context::from_traceparent(caller)?;
/// let mut headers = HeaderMap::new();
/// inject(&context, &mut headers);
/// assert_eq!(headers[TRACEPARENT], caller);
/// # Ok::<(), reliability::telemetry::trace::InvalidTraceparent>(())
/// ```
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    inject_by(Propagators::in_force(), context, headers);
}

fn inject_by(propagators: Propagators, context: &Context, headers: &mut HeaderMap) {
    for (name, is_ours) in [
        (&TRACEPARENT, propagators.has_trace_context()),
        (&TRACESTATE, propagators.has_trace_context()),
        (&BAGGAGE, propagators.has_baggage()),
    ] {
        if is_ours {
            headers.remove(name);
        }
    }
    let mut write = |name: HeaderName, value: String| {
        // All that is made of valid parts is a valid value.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    if let Some(parent) = context.traceparent().filter(|_| propagators.has_trace_context()) {
        write(TRACEPARENT, parent);
        let state = context.state_on_the_wire();
        if !state.is_empty() {
            write(TRACESTATE, state.to_string());
        }
    }
    if propagators.has_baggage() && !context.baggage().is_empty() {
        write(BAGGAGE, context.baggage().to_string());
    }
}

/// Several headers of one name are one list. (RFC 9110, section 5.3.)
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut joined: Option<String> = None;
    for value in headers.get_all(name) {
        let value = value.to_str().unwrap_or("");
        let all = joined.get_or_insert_default();
        if all.len() + value.len() >= READ_MAX {
            break;
        }
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(value);
    }
    joined
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::expect_used, reason = "helpers of tests")]

    use super::*;
    use proptest::prelude::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(values: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn several_headers_are_one_list() {
        let context = extract(&headers(&[
            ("traceparent", PARENT),
            ("tracestate", "a=1, b=2"),
            ("tracestate", ""),
            ("tracestate", "c=3"),
            ("baggage", "x=1"),
            ("baggage", "y=2"),
        ]));
        assert_eq!(context.state().as_str(), "a=1,b=2,c=3");
        assert_eq!(
            (context.baggage().get("x"), context.baggage().get("y")),
            (Some("1"), Some("2"))
        );

        let mut sent = headers(&[("traceparent", "what is"), ("traceparent", "not true")]);
        inject(&context, &mut sent);
        assert_eq!(sent.get_all("traceparent").iter().count(), 1);
        assert_eq!(sent["traceparent"], PARENT);
        assert_eq!(sent["tracestate"], "a=1,b=2,c=3");
        assert_eq!(sent["baggage"], "x=1,y=2");
    }

    #[test]
    fn two_traceparents_are_none_and_a_state_alone_is_nothing() {
        for parents in [&[PARENT, PARENT][..], &["00-1-2-3"], &[]] {
            let mut received = headers(&[("tracestate", "a=1"), ("baggage", "x=1")]);
            for parent in parents {
                received.append("traceparent", parent.parse().expect("a value"));
            }
            let context = extract(&received);
            assert_eq!(context.trace_id(), None, "{parents:?}");
            assert!(context.state().is_empty());
            assert_eq!(context.baggage().get("x"), Some("1"));
        }
    }

    #[test]
    fn headers_that_are_not_wanted_are_neither_read_nor_touched() {
        let received =
            headers(&[("traceparent", PARENT), ("tracestate", "a=1"), ("baggage", "x=1")]);
        let (none, all) = (Propagators::none(), Propagators::all());
        for (propagators, told) in [
            (none, [None, None, None]),
            (none.with_trace_context(), [Some(PARENT), Some("a=1"), None]),
            (none.with_baggage(), [None, None, Some("x=1")]),
            (all, [Some(PARENT), Some("a=1"), Some("x=1")]),
        ] {
            let context = extract_by(propagators, &received);
            let mut sent = HeaderMap::new();
            inject_by(all, &context, &mut sent);
            let sent = |name: HeaderName| sent.get(name).and_then(|value| value.to_str().ok());
            assert_eq!([TRACEPARENT, TRACESTATE, BAGGAGE].map(sent), told);

            let there = [("traceparent", "there"), ("tracestate", "there"), ("baggage", "there")];
            let mut sent = headers(&there);
            inject_by(propagators, &extract_by(all, &received), &mut sent);
            let sent = |name: HeaderName| sent.get(name).and_then(|value| value.to_str().ok());
            let told = told.map(|told| told.or(Some("there")));
            assert_eq!([TRACEPARENT, TRACESTATE, BAGGAGE].map(sent), told);
        }
    }

    #[test]
    fn an_empty_context_takes_away_what_was_there() {
        let mut sent =
            headers(&[("traceparent", PARENT), ("tracestate", "a=1"), ("baggage", "x=1")]);
        inject(&Context::empty(), &mut sent);
        assert!(sent.is_empty());
    }

    #[test]
    fn who_is_not_decided_yet_says_so() {
        let unsampled = PARENT.replace("-01", "-00");
        let received =
            headers(&[("traceparent", &unsampled), ("tracestate", "reliability=undecided")]);
        let mut sent = HeaderMap::new();
        inject(&extract(&received), &mut sent);
        assert_eq!(sent["tracestate"], "reliability=undecided");
        // Once somebody keeps it, there is nothing left to say.
        let received = headers(&[("traceparent", PARENT), ("tracestate", "reliability=undecided")]);
        inject(&extract(&received), &mut sent);
        assert_eq!(sent.get("tracestate"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_can_be_sent_on(
            values in prop::collection::vec((0_usize..3, prop::collection::vec(any::<u8>(), 0..80)), 0..6),
        ) {
            let mut received = HeaderMap::new();
            for (name, value) in values {
                let name = [TRACEPARENT, TRACESTATE, BAGGAGE][name].clone();
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    received.append(name, value);
                }
            }
            let context = extract(&received);
            let mut sent = HeaderMap::new();
            inject(&context, &mut sent);
            prop_assert_eq!(extract(&sent), context);
        }
    }
}
