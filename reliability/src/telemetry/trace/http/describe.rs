//! What semantic conventions call the parts of a request.

use core::fmt;

use http::header::{HOST, HeaderMap};
use http::uri::{Authority, Scheme};
use http::{Method, Uri, Version};

/// A name has few different values: methods that nobody knows are one.
pub(super) fn known_method(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

pub(super) const OTHER: &str = "_OTHER";

/// A request that names no scheme has come over a connection that a server listens on; what is in
/// front of that is not asked, for anybody could say it.
pub(super) fn scheme(uri: &Uri) -> &'static str {
    match uri.scheme() {
        None => "http",
        Some(scheme) if *scheme == Scheme::HTTP => "http",
        Some(scheme) if *scheme == Scheme::HTTPS => "https",
        Some(_) => OTHER,
    }
}

pub(super) fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The name or address without the brackets that an address of version 6 has in a URI.
pub(super) fn address(uri: &Uri) -> Option<&str> {
    uri.host().map(bare)
}

pub(super) fn port(uri: &Uri) -> Option<u16> {
    uri.host()?;
    uri.port_u16().or_else(|| usual_port(uri))
}

pub(super) fn usual_port(uri: &Uri) -> Option<u16> {
    match scheme(uri) {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

/// Whom a request is for that names it in a header only: HTTP before version 2.
pub(super) fn host_header(headers: &HeaderMap) -> Option<Authority> {
    let host = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    host.filter(|host| !host.host().is_empty())
}

pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// A URI without what only those may know who it is for.
pub(super) struct Redacted<'a>(pub(super) &'a Uri);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(uri) = self;
        if let Some(authority) = uri.authority() {
            write!(f, "{}://", uri.scheme_str().unwrap_or("http"))?;
            match authority.as_str().rsplit_once('@') {
                Some((_, host)) => write!(f, "REDACTED:REDACTED@{host}")?,
                None => f.write_str(authority.as_str())?,
            }
        }
        f.write_str(uri.path())?;
        uri.query().map_or(Ok(()), |query| write!(f, "?{}", RedactedQuery(query)))
    }
}

/// The keys of a query. What is no pair may be a secret as well.
pub(super) struct RedactedQuery<'a>(pub(super) &'a str);

impl fmt::Display for RedactedQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pair) in self.0.split('&').enumerate() {
            let between = if at == 0 { "" } else { "&" };
            match pair.split_once('=') {
                Some((key, _)) => write!(f, "{between}{key}=REDACTED")?,
                None if pair.is_empty() => f.write_str(between)?,
                None => write!(f, "{between}REDACTED")?,
            }
        }
        Ok(())
    }
}

/// The name of an error's type, where that says anything.
pub(super) fn error_type<E>() -> &'static str {
    let name = core::any::type_name::<E>();
    if name.contains("dyn ") { OTHER } else { name }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn an_unknown_method_is_no_name() {
        assert_eq!(known_method(&Method::PATCH), Some("PATCH"));
        assert_eq!(known_method(&Method::from_bytes(b"BREW-4711").unwrap()), None);
        assert_eq!(known_method(&Method::from_bytes(b"get").unwrap()), None);
    }

    #[test]
    fn what_is_secret_is_not_told() {
        let table = [
            ("https://tea.shop/a?b", "https://tea.shop/a?REDACTED"),
            ("https://me:secret@tea.shop:8443/a", "https://REDACTED:REDACTED@tea.shop:8443/a"),
            (
                "http://me@tea.shop/?a=1&&sig=2=3&c",
                "http://REDACTED:REDACTED@tea.shop/?a=REDACTED&&sig=REDACTED&REDACTED",
            ),
            ("/stock/tea?", "/stock/tea?"),
            ("*", "*"),
        ];
        for (uri, told) in table {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(Redacted(&uri).to_string(), told);
        }
    }

    #[test]
    fn a_port_that_is_not_named_is_the_usual_one() {
        let table = [
            ("https://tea.shop/", Some("tea.shop"), Some(443)),
            ("http://[::1]/", Some("::1"), Some(80)),
            ("http://127.0.0.1:81/", Some("127.0.0.1"), Some(81)),
            ("ftp://tea.shop/", Some("tea.shop"), None),
            ("/tea", None, None),
        ];
        for (uri, host, number) in table {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!((address(&uri), port(&uri)), (host, number), "{uri}");
        }
    }

    #[test]
    fn a_box_is_no_type_of_error() {
        assert_eq!(error_type::<core::fmt::Error>(), "core::fmt::Error");
        assert_eq!(error_type::<alloc::boxed::Box<dyn core::error::Error>>(), OTHER);
    }
}
