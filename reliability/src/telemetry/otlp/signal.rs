use core::fmt;

/// One of the three signals of telemetry, each of which has its own queue, and may have its own
/// receiver.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::otlp::Signal;
///
/// assert_eq!(Signal::ALL.map(Signal::as_str), ["traces", "metrics", "logs"]);
/// assert_eq!(Signal::Logs.to_string(), "logs");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Numbers.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The name, as it stands in addresses and in the attribute of our own metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What is counted.
    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "points",
            Self::Logs => "records",
        }
    }

    /// Where a receiver takes it over HTTP, below its address.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }

    /// The method that takes it over gRPC.
    #[cfg(feature = "otlp-grpc")]
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Traces => 0,
            Self::Metrics => 1,
            Self::Logs => 2,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
