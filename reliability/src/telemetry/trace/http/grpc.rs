//! How gRPC is written in HTTP: which requests are calls, which method they name, and how they ended.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use http::{StatusCode, Uri};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// `application/grpc`, `application/grpc+proto`; not `application/grpc-web`, which has its status in
/// its body. (gRPC over HTTP/2, "Requests".)
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    let content = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let rest = content.and_then(|content| content.strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

/// `shop.Orders/Take`, of a path that is one of a method.
pub(super) fn method(uri: &Uri) -> Option<&str> {
    let method = uri.path().strip_prefix('/')?;
    let (service, name) = method.rsplit_once('/')?;
    (!service.is_empty() && !name.is_empty()).then_some(method)
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(u8);

/// By their numbers. (gRPC, "Status codes and their use in gRPC".)
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Code {
    pub(super) const OK: Self = Self(0);
    pub(super) const CANCELLED: Self = Self(1);
    pub(super) const UNKNOWN: Self = Self(2);
    pub(super) const UNIMPLEMENTED: Self = Self(12);

    /// What stands in headers or trailers. A number that nobody knows is `UNKNOWN`.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let digits = headers.get(STATUS)?.to_str().ok().filter(|it| is_plain(it));
        let number = digits.and_then(|digits| digits.parse().ok());
        let known = number.filter(|number| usize::from(*number) < NAMES.len());
        Some(known.map_or(Self::UNKNOWN, Self))
    }

    /// What the status of an answer means that is none of gRPC, such as one of a proxy. (gRPC, "HTTP
    /// to gRPC Status Code Mapping".)
    pub(super) fn of_status(status: StatusCode) -> Option<Self> {
        match status.as_u16() {
            200 => None,
            400 => Some(Self(13)),
            401 => Some(Self(16)),
            403 => Some(Self(7)),
            404 => Some(Self::UNIMPLEMENTED),
            429 | 502..=504 => Some(Self(14)),
            _ => Some(Self::UNKNOWN),
        }
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("UNKNOWN")
    }

    /// What a server is to blame for. (Semantic conventions for gRPC, "Server".)
    pub(super) const fn is_error_of_server(self) -> bool {
        matches!(self.0, 2 | 4 | 12..=15)
    }
}

/// Digits without a sign, and without zeros in front.
fn is_plain(number: &str) -> bool {
    number.bytes().all(|byte| byte.is_ascii_digit()) && (number == "0" || !number.starts_with('0'))
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(name: &'static str, value: &'static str) -> HeaderMap {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        HeaderMap::from_iter([(name, value)])
    }

    #[test]
    fn a_call_is_known_by_its_content() {
        let table = [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web+proto", false),
            ("application/grpcx", false),
            ("application/json", false),
        ];
        for (content, expected) in table {
            assert_eq!(is_call(&of("content-type", content)), expected, "{content}");
        }
        assert!(!is_call(&HeaderMap::new()));
    }

    #[test]
    fn a_path_is_a_method_or_not() {
        let table = [
            ("/shop.Orders/Take", Some("shop.Orders/Take")),
            ("/Orders/Take", Some("Orders/Take")),
            ("http://shop/shop.Orders/Take", Some("shop.Orders/Take")),
            ("/Orders", None),
            ("//Take", None),
            ("/Orders/", None),
            ("*", None),
        ];
        for (path, expected) in table {
            assert_eq!(method(&path.parse().unwrap()), expected, "{path}");
        }
    }

    #[test]
    fn a_status_is_one_of_seventeen() {
        let table = [
            ("0", "OK"),
            ("5", "NOT_FOUND"),
            ("16", "UNAUTHENTICATED"),
            ("17", "UNKNOWN"),
            ("256", "UNKNOWN"),
            ("-1", "UNKNOWN"),
            ("+5", "UNKNOWN"),
            ("05", "UNKNOWN"),
            ("", "UNKNOWN"),
        ];
        for (number, name) in table {
            let code = Code::of(&of("grpc-status", number));
            assert_eq!(code.map(Code::name), Some(name), "{number:?}");
        }
        assert_eq!(Code::of(&HeaderMap::new()), None);
        assert_eq!(Code::of_status(StatusCode::OK), None);
        assert_eq!(Code::of_status(StatusCode::BAD_GATEWAY).map(Code::name), Some("UNAVAILABLE"));
        assert_eq!(Code::of_status(StatusCode::IM_A_TEAPOT), Some(Code::UNKNOWN));
    }

    #[test]
    fn a_server_is_to_blame_for_six() {
        let blamed = (0..17).map(Code).filter(|code| code.is_error_of_server());
        let names: alloc::vec::Vec<_> = blamed.map(Code::name).collect();
        let expected = [
            "UNKNOWN",
            "DEADLINE_EXCEEDED",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
        ];
        assert_eq!(names, expected);
    }
}
