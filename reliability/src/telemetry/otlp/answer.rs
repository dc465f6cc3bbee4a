use alloc::string::String;
use core::time::Duration;
use std::time::SystemTime;

use prost::Message;

/// What a receiver made of a request. The codes are those of the
/// [protocol](https://opentelemetry.io/docs/specs/otlp/).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// Taken, except for that many items; it may have said something.
    Taken { refused: u64, said: String },
    /// Not now; perhaps after that time.
    Later { after: Option<Duration>, why: String },
    /// Not today nor tomorrow.
    Never { why: String },
}

impl Answer {
    pub(super) fn later(why: impl Into<String>) -> Self {
        Self::Later { after: None, why: why.into() }
    }

    pub(super) fn never(why: impl Into<String>) -> Self {
        Self::Never { why: why.into() }
    }
}

/// What a receiver says in the body of an answer, whichever the signal: the three messages have
/// the same shape.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// `google.rpc.Status`, in the body of refusals over HTTP and in the details of those over gRPC.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Detail>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Detail {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

/// The answer to a request that was taken, by the bytes of its message.
pub(super) fn taken(message: &[u8]) -> Answer {
    let Ok(response) = Response::decode(message) else {
        return Answer::never("the answer is no OTLP; is this address an OTLP receiver's?");
    };
    let partial = response.partial_success.unwrap_or_default();
    Answer::Taken {
        refused: u64::try_from(partial.rejected).unwrap_or(0),
        said: readable(&partial.error_message),
    }
}

/// The answer of a receiver over HTTP.
pub(super) fn of_http(status: u16, head: &Head<'_>, body: &[u8], now: SystemTime) -> Answer {
    match status {
        // Some receivers answer in JSON whatever they are asked in; it holds nothing they refused
        // that would not also be counted there.
        200..=299 if head.content_type.starts_with("application/json") => {
            Answer::Taken { refused: 0, said: String::new() }
        }
        200..=299 => taken(body),
        429 | 502 | 503 | 504 => Answer::Later {
            after: head.retry_after.and_then(|text| retry_after(text, now)),
            why: told(status, head, body),
        },
        300..=399 => {
            let to = head.location.map(|to| alloc::format!(" to {to}")).unwrap_or_default();
            Answer::never(alloc::format!("HTTP {status}: it points{to}; write that address"))
        }
        401 | 403 => Answer::never(alloc::format!(
            "{}; is the right key in the headers?",
            told(status, head, body)
        )),
        404 | 405 => Answer::never(alloc::format!(
            "{}; is this address an OTLP receiver's?",
            told(status, head, body)
        )),
        _ => Answer::never(told(status, head, body)),
    }
}

/// The headers of an answer that matter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'a> {
    pub(super) content_type: &'a str,
    pub(super) retry_after: Option<&'a str>,
    pub(super) location: Option<&'a str>,
}

fn told(status: u16, head: &Head<'_>, body: &[u8]) -> String {
    let said = if head.content_type.starts_with("application/x-protobuf") {
        RpcStatus::decode(body).map(|status| status.message).unwrap_or_default()
    } else {
        String::from_utf8_lossy(body).into_owned()
    };
    let said = readable(&said);
    let colon = if said.is_empty() { "" } else { ": " };
    alloc::format!("HTTP {status}{colon}{said}")
}

/// Seconds, or a date, by [RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}

/// One short line of what somebody else wrote.
pub(super) fn readable(text: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect();
    if line.chars().count() > CHARACTERS_MAX {
        short.push_str("..");
    }
    short
}

#[cfg(feature = "otlp-grpc")]
pub(super) mod grpc {
    use super::{Answer, Duration, Message, RpcStatus, readable};

    #[derive(Clone, PartialEq, Message)]
    struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        retry_delay: Option<Delay>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Delay {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }

    /// The answer of a receiver over gRPC, by the number of its code and the details in its trailers.
    pub(in crate::telemetry::otlp) fn refusal(code: i32, said: &str, details: &[u8]) -> Answer {
        let why = alloc::format!("gRPC {}: {}", name(code), readable(said));
        let after = delay(details);
        match code {
            // Cancelled, deadline exceeded, aborted, out of range, unavailable, data loss.
            1 | 4 | 10 | 11 | 14 | 15 => Answer::Later { after, why },
            // Resource exhausted: only worth another try where the receiver says when.
            8 if after.is_some() => Answer::Later { after, why },
            7 | 16 => Answer::Never { why: why + "; is the right key in the headers?" },
            12 => Answer::Never { why: why + "; is this address an OTLP receiver's, for gRPC?" },
            _ => Answer::Never { why },
        }
    }

    fn delay(details: &[u8]) -> Option<Duration> {
        let details = RpcStatus::decode(details).ok()?.details;
        let info = details.iter().find(|it| it.type_url.ends_with("google.rpc.RetryInfo"))?;
        let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay?;
        let (seconds, nanos) = (u64::try_from(delay.seconds), u32::try_from(delay.nanos));
        Some(Duration::from_secs(seconds.ok()?) + Duration::from_nanos(nanos.ok()?.into()))
    }

    fn name(code: i32) -> &'static str {
        const NAMES: [&str; 17] = [
            "ok",
            "cancelled",
            "unknown",
            "invalid argument",
            "deadline exceeded",
            "not found",
            "already exists",
            "permission denied",
            "resource exhausted",
            "failed precondition",
            "aborted",
            "out of range",
            "unimplemented",
            "internal",
            "unavailable",
            "data loss",
            "unauthenticated",
        ];
        usize::try_from(code).ok().and_then(|code| NAMES.get(code)).unwrap_or(&"unknown")
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::telemetry::otlp::answer::Detail;

        fn details(delay: Duration) -> Vec<u8> {
            let delay =
                Delay { seconds: delay.as_secs() as i64, nanos: delay.subsec_nanos() as i32 };
            let value = RetryInfo { retry_delay: Some(delay) }.encode_to_vec();
            let type_url = "type.googleapis.com/google.rpc.RetryInfo".into();
            let details = vec![Detail { type_url, value }];
            RpcStatus { code: 8, message: "full".into(), details }.encode_to_vec()
        }

        #[test]
        fn codes_that_are_worth_another_try_are_those_of_the_protocol() {
            for code in 1..=16 {
                let later = matches!(refusal(code, "", &[]), Answer::Later { .. });
                assert_eq!(later, [1, 4, 10, 11, 14, 15].contains(&code), "{code}");
            }
        }

        #[test]
        fn a_receiver_that_has_no_room_is_asked_again_when_it_says_so() {
            let delay = Duration::from_millis(2_500);
            let answer = refusal(8, "full", &details(delay));
            let why = "gRPC resource exhausted: full".into();
            assert_eq!(answer, Answer::Later { after: Some(delay), why });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn http(status: u16, head: Head<'_>, body: &[u8]) -> Answer {
        of_http(status, &head, body, UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn statuses_that_are_worth_another_try_are_those_of_the_protocol() {
        for status in 300..600 {
            let later = matches!(http(status, Head::default(), b""), Answer::Later { .. });
            assert_eq!(later, [429, 502, 503, 504].contains(&status), "{status}");
        }
    }

    #[test]
    fn a_receiver_says_when_to_come_again_in_seconds_or_by_a_date() {
        for (text, after) in [
            ("7", Some(7)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:17 GMT", Some(0)),
            ("soon", None),
        ] {
            let head = Head { retry_after: Some(text), ..Head::default() };
            let answer = http(503, head, b" no\n room ");
            let after = after.map(Duration::from_secs);
            assert_eq!(answer, Answer::Later { after, why: "HTTP 503: no room".into() }, "{text}");
        }
    }

    #[test]
    fn what_was_not_taken_of_a_request_is_counted() {
        let partial = PartialSuccess { rejected: 3, error_message: "too old".into() };
        let body = Response { partial_success: Some(partial) }.encode_to_vec();
        let head = Head { content_type: "application/x-protobuf", ..Head::default() };
        assert_eq!(http(200, head, &body), Answer::Taken { refused: 3, said: "too old".into() });
        assert_eq!(http(200, head, b""), Answer::Taken { refused: 0, said: "".into() });
    }

    #[test]
    fn a_page_for_people_is_no_answer() {
        let head = Head { content_type: "text/html", ..Head::default() };
        let answer = http(200, head, b"<html>log in</html>");
        assert!(matches!(answer, Answer::Never { .. }), "{answer:?}");
        let json = Head { content_type: "application/json", ..Head::default() };
        assert_eq!(http(200, json, b"{}"), Answer::Taken { refused: 0, said: "".into() });
    }

    #[test]
    fn a_refusal_says_what_the_receiver_said() {
        let head = Head { content_type: "application/x-protobuf", ..Head::default() };
        let said = RpcStatus { code: 3, message: "no name".into(), details: vec![] };
        let answer = http(400, head, &said.encode_to_vec());
        assert_eq!(answer, Answer::never("HTTP 400: no name"));
        let moved = Head { location: Some("https://b/v1/logs"), ..Head::default() };
        let told = "HTTP 308: it points to https://b/v1/logs; write that address";
        assert_eq!(http(308, moved, b""), Answer::never(told));
        let Answer::Never { why } = http(401, Head::default(), &[b'x'; 999]) else {
            panic!("never");
        };
        assert!(why.len() < 270 && why.contains("is the right key in the headers"), "{why}");
    }
}
