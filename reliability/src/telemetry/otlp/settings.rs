use alloc::string::String;
use core::fmt;
use core::time::Duration;

use http::{HeaderName, HeaderValue};

use super::endpoint::Endpoint;

/// How the messages travel.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::otlp::{Otlp, Protocol};
///
/// let otlp = Otlp::builder().protocol(Protocol::HttpProtobuf).build()?;
/// assert!(otlp.health().signals[0].endpoint.starts_with("http://localhost:4318/"));
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Protobuf in the body of HTTP requests, to port 4318.
    #[default]
    HttpProtobuf,
    /// gRPC, to port 4317. Takes the feature `otlp-grpc`.
    Grpc,
}

impl Protocol {
    /// Where a receiver on this machine listens.
    pub(super) const fn default_endpoint(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http://localhost:4318",
            Self::Grpc => "http://localhost:4317",
        }
    }
}

/// Whether requests are made smaller before they are sent.
///
/// # Examples
///
/// See [`OtlpBuilder`](super::OtlpBuilder).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// As they are: best where the receiver is near.
    #[default]
    None,
    /// By gzip: about a tenth of the bytes, for about 10 ms of a core for each megabyte.
    Gzip,
}

/// Where one kind of telemetry goes, and how.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    pub(super) protocol: Protocol,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) compression: Compression,
    pub(super) timeout: Duration,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of headers are keys and passwords.
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Target")
            .field("endpoint", &self.endpoint)
            .field("protocol", &self.protocol)
            .field("headers", &names)
            .field("compression", &self.compression)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// How much is kept, and when it goes out, for one kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// How many spans or records wait at most.
    pub(super) queue: u64,
    /// How many bytes those take at most, as estimated.
    pub(super) queue_bytes: u64,
    /// How many go in one request.
    pub(super) batch: u64,
    /// How long they wait for others.
    pub(super) interval: Duration,
}

impl Limits {
    /// As OpenTelemetry has them.
    pub(super) const TRACES: Self =
        Self { queue: 2048, queue_bytes: 16 << 20, batch: 512, interval: Duration::from_secs(5) };
    pub(super) const LOGS: Self = Self { interval: Duration::from_secs(1), ..Self::TRACES };
    pub(super) const METRICS: Self = Self { interval: Duration::from_secs(60), ..Self::TRACES };
}

/// A request is not made larger than that, since receivers take 4 MiB.
pub(super) const REQUEST_BYTES_MAX: usize = 2 << 20;

/// The name and value of a header, or what is wrong with it, without the value.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let key = HeaderName::from_bytes(name.trim().as_bytes())
        .map_err(|_| alloc::format!("`{name}`, which is no name of a header"))?;
    let mut value = HeaderValue::from_str(value.trim())
        .map_err(|_| alloc::format!("a value of `{name}` that no header can carry"))?;
    value.set_sensitive(true);
    Ok((key, value))
}
