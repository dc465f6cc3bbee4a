use alloc::string::{String, ToString};
use core::fmt;

use http::Uri;

use super::{InvalidSetting, Protocol, Signal};

/// Where a receiver is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    uri: Uri,
}

impl Endpoint {
    /// The address of one receiver for all kinds: over HTTP each has its own path below it.
    pub(super) fn shared(
        setting: &'static str,
        address: &str,
        signal: Signal,
        protocol: Protocol,
    ) -> Result<Self, InvalidSetting> {
        let base = Self::exact(setting, address)?;
        match protocol {
            Protocol::Grpc => Ok(base),
            Protocol::HttpProtobuf => {
                let address = base.uri.to_string();
                let slash = if address.ends_with('/') { "" } else { "/" };
                Self::exact(setting, &alloc::format!("{address}{slash}{}", signal.path()))
            }
        }
    }

    /// The address as it is used.
    pub(super) fn exact(setting: &'static str, address: &str) -> Result<Self, InvalidSetting> {
        let wrong = |advice: String| {
            let expected = "an address with scheme and host";
            InvalidSetting::new(setting, expected, alloc::format!("`{address}`"), advice)
        };
        if address.contains('@') {
            // Not told: it may hold a password.
            let expected = "an address without user and password";
            let advice = "send them in a header: `.header(\"authorization\", ..)`";
            return Err(InvalidSetting::new(setting, expected, "one with an `@`", advice));
        }
        if !address.contains("://") {
            return Err(wrong(alloc::format!("write `http://{address}`")));
        }
        let uri: Uri = address.parse().map_err(|error| wrong(alloc::format!("{error}")))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong("write `http://localhost:4318`".into()));
        }
        if uri.query().is_some() {
            return Err(wrong("leave out what comes after `?`".into()));
        }
        match uri.scheme_str() {
            Some("http") => Ok(Self { uri }),
            Some("https") if cfg!(feature = "otlp-tls") => Ok(Self { uri }),
            Some("https") => Err(InvalidSetting::new(
                setting,
                "an address of scheme `http`, since the feature `otlp-tls` is off",
                alloc::format!("`{address}`"),
                "switch it on, or send to a collector on this machine",
            )),
            _ => Err(wrong("its scheme is `http` or `https`".into())),
        }
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.uri.to_string().trim_end_matches('/'))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(address: &str, protocol: Protocol) -> Result<String, String> {
        let endpoint = Endpoint::shared("endpoint", address, Signal::Logs, protocol);
        endpoint.map(|it| it.to_string()).map_err(|it| it.to_string())
    }

    #[test]
    fn over_http_each_kind_has_its_path_below_the_address() {
        for (address, whole) in [
            ("http://collector:4318", "http://collector:4318/v1/logs"),
            ("http://collector:4318/", "http://collector:4318/v1/logs"),
            ("http://[::1]:4318/otlp/", "http://[::1]:4318/otlp/v1/logs"),
        ] {
            assert_eq!(shared(address, Protocol::HttpProtobuf), Ok(whole.into()));
        }
        let grpc = shared("http://collector:4317", Protocol::Grpc);
        assert_eq!(grpc, Ok("http://collector:4317".into()));
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        for (address, told) in [
            ("collector:4318", "write `http://collector:4318`"),
            ("ftp://collector", "its scheme is `http` or `https`"),
            ("http://", "but is `http://`"),
            ("http://collector/?key=1", "leave out what comes after `?`"),
            ("http://a:secret@collector", "send them in a header"),
        ] {
            let error = shared(address, Protocol::HttpProtobuf).err().unwrap_or_default();
            assert!(error.contains(told), "{address}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn https_needs_its_feature() {
        let secure = shared("https://collector", Protocol::Grpc);
        assert_eq!(secure.is_ok(), cfg!(feature = "otlp-tls"), "{secure:?}");
    }
}
