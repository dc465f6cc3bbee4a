use core::time::Duration;

use super::builder::{OtlpBuilder, Receiver};
use super::endpoint::Endpoint;
use super::settings::{Compression, Protocol, header};
use super::{InvalidSetting, Signal};
use crate::telemetry::InvalidVariable;
use crate::telemetry::percent::percent_decode;
use crate::telemetry::variables::Variables;

impl OtlpBuilder {
    /// The settings that these variables say, and the defaults for all others: what
    /// [`Otlp::from_env`](super::Otlp::from_env) does with those of the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use reliability::telemetry::otlp::OtlpBuilder;
    ///
    /// let variables = HashMap::from([("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")]);
    /// let invalid = OtlpBuilder::from_variables(|name| variables.get(name).map(|it| it.to_string()));
    /// assert_eq!(
    ///     invalid.err().map(|invalid| invalid.to_string()).as_deref(),
    ///     Some(
    ///         "the variable OTEL_EXPORTER_OTLP_TIMEOUT must be milliseconds from 1 to 3600000, such \
    ///          as `10000`, but is `10s`; give it such a value, or unset it",
    ///     ),
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] for the first variable that makes no sense. It never holds the value of a
    /// header.
    pub fn from_variables(
        look_up: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidVariable> {
        Self::from_variables_in(Variables::new(&look_up))
    }

    pub(in crate::telemetry) fn from_variables_in(
        variables: Variables<'_>,
    ) -> Result<Self, InvalidVariable> {
        let mut builder = Self::new();
        builder.shared = receiver(variables, &SHARED)?;
        check_shared(&builder.shared)?;
        for (signal, names) in Signal::ALL.into_iter().zip(&OWN) {
            builder.own[signal.index()] = receiver(variables, names)?;
            if let Some(own) = &builder.own[signal.index()].endpoint {
                Endpoint::exact("endpoint", own).map_err(|it| refused(names.endpoint, own, &it))?;
            }
        }
        for (signal, name) in Signal::ALL.into_iter().zip(EXPORTERS) {
            let exported = variables.read(name, EXPORTER_EXPECTED, exporter)?;
            builder.exported[signal.index()] = exported.unwrap_or(true);
        }
        if variables.disabled()? {
            builder.exported = [false; 3];
        }
        for (signal, names) in [(Signal::Traces, &BSP), (Signal::Logs, &BLRP)] {
            let limits = &mut builder.limits[signal.index()];
            limits.queue = count(variables, names.queue)?.unwrap_or(limits.queue);
            let batch = count(variables, names.batch)?;
            if let Some(batch) = batch.filter(|batch| *batch > limits.queue) {
                let expected = alloc::format!("at most {}, which is the queue", limits.queue);
                return Err(InvalidVariable::new(names.batch, expected, batch.to_string()));
            }
            limits.batch = batch.unwrap_or(limits.batch.min(limits.queue));
            limits.interval = millis(variables, names.delay)?.unwrap_or(limits.interval);
        }
        let metrics = &mut builder.limits[Signal::Metrics.index()];
        metrics.interval = millis(variables, METRIC_INTERVAL)?.unwrap_or(metrics.interval);
        Ok(builder)
    }
}

/// The names of the variables that say where something goes.
struct Names {
    endpoint: &'static str,
    protocol: &'static str,
    headers: &'static str,
    compression: &'static str,
    timeout: &'static str,
    certificates: [&'static str; 3],
}

macro_rules! names {
    ($prefix:literal) => {
        Names {
            endpoint: concat!($prefix, "ENDPOINT"),
            protocol: concat!($prefix, "PROTOCOL"),
            headers: concat!($prefix, "HEADERS"),
            compression: concat!($prefix, "COMPRESSION"),
            timeout: concat!($prefix, "TIMEOUT"),
            certificates: [
                concat!($prefix, "CERTIFICATE"),
                concat!($prefix, "CLIENT_KEY"),
                concat!($prefix, "CLIENT_CERTIFICATE"),
            ],
        }
    };
}

const SHARED: Names = names!("OTEL_EXPORTER_OTLP_");
const OWN: [Names; 3] = [
    names!("OTEL_EXPORTER_OTLP_TRACES_"),
    names!("OTEL_EXPORTER_OTLP_METRICS_"),
    names!("OTEL_EXPORTER_OTLP_LOGS_"),
];
const EXPORTERS: [&str; 3] =
    ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"];
const METRIC_INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";

/// The names of the variables that say how much is kept.
struct BatchNames {
    queue: &'static str,
    batch: &'static str,
    delay: &'static str,
}

const BSP: BatchNames = BatchNames {
    queue: "OTEL_BSP_MAX_QUEUE_SIZE",
    batch: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    delay: "OTEL_BSP_SCHEDULE_DELAY",
};
const BLRP: BatchNames = BatchNames {
    queue: "OTEL_BLRP_MAX_QUEUE_SIZE",
    batch: "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    delay: "OTEL_BLRP_SCHEDULE_DELAY",
};

fn receiver(variables: Variables<'_>, names: &'static Names) -> Result<Receiver, InvalidVariable> {
    for name in names.certificates {
        if variables.get(name).is_some() {
            // Going on without it would send to whoever answers.
            let expected = "unset: certificates of your own cannot be given";
            return Err(InvalidVariable::new(name, expected, "set"));
        }
    }
    let headers = match variables.get(names.headers) {
        Some(text) => headers(names.headers, &text)?,
        None => Vec::new(),
    };
    Ok(Receiver {
        endpoint: variables.get(names.endpoint),
        protocol: variables.read(names.protocol, "`http/protobuf` or `grpc`", protocol)?,
        headers,
        compression: variables.read(names.compression, "`gzip` or `none`", compression)?,
        timeout: millis(variables, names.timeout)?,
    })
}

fn check_shared(shared: &Receiver) -> Result<(), InvalidVariable> {
    let Some(endpoint) = &shared.endpoint else { return Ok(()) };
    let protocol = shared.protocol.unwrap_or_default();
    let checked = Endpoint::shared("endpoint", endpoint, Signal::Traces, protocol);
    checked.map(drop).map_err(|invalid| refused(SHARED.endpoint, endpoint, &invalid))
}

fn refused(name: &'static str, value: &str, invalid: &InvalidSetting) -> InvalidVariable {
    let expected = alloc::format!("{} ({})", invalid.expected(), invalid.advice());
    // What stands before an `@` is a user and a password.
    let got = if value.contains('@') { "one with an `@`" } else { value };
    InvalidVariable::new(name, expected, got)
}

fn protocol(text: &str) -> Option<Protocol> {
    match text.to_ascii_lowercase().as_str() {
        "http/protobuf" => Some(Protocol::HttpProtobuf),
        "grpc" => Some(Protocol::Grpc),
        _ => None,
    }
}

fn compression(text: &str) -> Option<Compression> {
    match text.to_ascii_lowercase().as_str() {
        "gzip" => Some(Compression::Gzip),
        "none" => Some(Compression::None),
        _ => None,
    }
}

const EXPORTER_EXPECTED: &str = "`otlp` or `none`, or names of other exporters";

/// Whether `otlp` is among the exporters that are named.
fn exporter(text: &str) -> Option<bool> {
    const KNOWN: [&str; 6] = ["otlp", "none", "prometheus", "console", "logging", "zipkin"];
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    names
        .iter()
        .all(|name| KNOWN.contains(&name.as_str()))
        .then(|| names.iter().any(|name| name == "otlp"))
}

/// Names and values, as in `key1=value1,key2=value2`, the values with `%` before what would part
/// them.
fn headers(name: &'static str, text: &str) -> Result<Vec<(String, String)>, InvalidVariable> {
    let parts: Vec<&str> = text.split(',').filter(|part| !part.trim().is_empty()).collect();
    let read = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let value = percent_decode(value.trim())?;
        header(key, &value).is_ok().then(|| (key.trim().to_owned(), value))
    };
    let one = |(at, part): (usize, &&str)| {
        read(part).ok_or_else(|| {
            // Not the entry itself, which may hold a key.
            let got = alloc::format!("wrong in entry {} of {}", at + 1, parts.len());
            let expected = "names and values of headers, such as `api-key=abc,team=a%2Cb`";
            InvalidVariable::new(name, expected, got)
        })
    };
    parts.iter().enumerate().map(one).collect()
}

fn count(variables: Variables<'_>, name: &'static str) -> Result<Option<u64>, InvalidVariable> {
    let in_range = |count: &u64| (1..=crate::sync::Room::ITEMS_MAX).contains(count);
    variables.read(name, "a number from 1 to 16777215, such as `2048`", |text| {
        text.parse().ok().filter(in_range)
    })
}

fn millis(
    variables: Variables<'_>,
    name: &'static str,
) -> Result<Option<Duration>, InvalidVariable> {
    const HOUR: u64 = 60 * 60 * 1000;
    variables.read(name, "milliseconds from 1 to 3600000, such as `10000`", |text| {
        let millis = text.parse().ok().filter(|millis| (1..=HOUR).contains(millis));
        millis.map(Duration::from_millis)
    })
}
