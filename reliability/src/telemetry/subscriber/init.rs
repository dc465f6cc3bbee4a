use alloc::string::{String, ToString};
#[cfg(feature = "otlp")]
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
#[cfg(feature = "otlp")]
use core::time::Duration;
use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Layer;
use super::wanted::Wanted;
use crate::error::{Class, Fault};
use crate::telemetry::InvalidVariable;
#[cfg(feature = "otlp")]
use crate::telemetry::log;
use crate::telemetry::log::Format;
#[cfg(feature = "otlp")]
use crate::telemetry::otlp::{self, Otlp};
#[cfg(any(feature = "otlp", feature = "http"))]
use crate::telemetry::trace;
use crate::telemetry::trace::{Recorder, Rules, Sampler};
use crate::telemetry::variables::Variables;

/// Starts all telemetry of the process, as the environment says.
///
/// | variable | what it says | without it |
/// |---|---|---|
/// | `RUST_LOG` | which events and spans of `tracing`: `info,shop::stock=debug` | `info` |
/// | `RELIABILITY_LOG_FORMAT` | lines as `text` or `json` | text on a terminal, else JSON |
/// | `OTEL_TRACES_SAMPLER`, `.._ARG` | decides when a trace begins: `parentbased_traceidratio` | decides when it ends: all that failed or was slow, and 1 % of the rest ([`Rules::standard`]) |
/// | `OTEL_EXPORTER_OTLP_ENDPOINT` and all others of the exporter | where to, with the feature `otlp` | nothing is exported; others without it are warned of |
/// | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | who it is: see [`Resource`](crate::telemetry::Resource) | the name of the program |
/// | `OTEL_PROPAGATORS` | headers that carry a trace from process to process, with the feature `http`: `tracecontext`, `baggage`, `none` | both |
/// | `OTEL_SDK_DISABLED` | `true`: lines only, nothing is recorded or exported | `false` |
///
/// Keep what it returns until the program ends.
///
/// # Errors
///
/// [`InitError`] when a variable makes no sense, and nothing is started then; and when the recorder or a
/// subscriber of `tracing` was there already, after which the recorder may be running.
///
/// # Examples
///
/// See the [module](super).
pub fn init() -> Result<Telemetry, InitError> {
    start(Variables::of_process())
}

fn start(variables: Variables<'_>) -> Result<Telemetry, InitError> {
    let plan = Plan::read(variables)?;
    if let Some(traces) = plan.traces {
        let recorder = match traces {
            Traces::Head(sampler) => Recorder::builder().sampler(sampler),
            Traces::Tail => Recorder::builder().rules(Rules::standard()),
        };
        recorder.start().map_err(InitError::of)?;
    }
    let layer = Layer::new().lines(plan.format).with_filter(plan.targets);
    tracing_subscriber::registry().with(layer).try_init().map_err(|_| InitError {
        what: "another subscriber of `tracing` was there before: add \
               `telemetry::subscriber::Layer` to that one instead of calling `telemetry::init`"
            .into(),
        source: None,
    })?;
    // What it names and nobody has is told to the subscriber that is there now.
    #[cfg(feature = "http")]
    trace::http::Propagators::from_variables(variables).put_into_force();
    // Last, so that nothing is left over of what is not started.
    #[cfg(feature = "otlp")]
    let otlp = plan.otlp.map(export).transpose()?;
    for told in &plan.in_vain {
        tracing::event!(
            name: "reliability.otlp.left_out",
            target: "reliability",
            tracing::Level::WARN,
            "{told}",
        );
    }
    Ok(Telemetry {
        #[cfg(feature = "otlp")]
        otlp,
    })
}

/// Sends what is kept and said to the exporter.
#[cfg(feature = "otlp")]
fn export(builder: otlp::OtlpBuilder) -> Result<Otlp, InitError> {
    let otlp = builder.build().map_err(InitError::of)?;
    trace::add_sink(Arc::new(otlp.clone())).forget();
    log::add_sink(Arc::new(otlp.clone())).forget();
    Ok(otlp)
}

/// What is to be started. Everything is read before anything is.
struct Plan {
    targets: Targets,
    format: Format,
    traces: Option<Traces>,
    #[cfg(feature = "otlp")]
    otlp: Option<otlp::OtlpBuilder>,
    /// What the environment asks of exporters, and nobody does: said once there is who hears it.
    in_vain: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Traces {
    Head(Sampler),
    Tail,
}

const TARGETS: &str = "levels and targets, such as `info` or `warn,shop::stock=debug`";

impl Plan {
    fn read(variables: Variables<'_>) -> Result<Self, InitError> {
        let targets = variables.read("RUST_LOG", TARGETS, |text| text.parse().ok())?;
        let format =
            variables.read("RELIABILITY_LOG_FORMAT", "`text` or `json`", |text| match text {
                "text" => Some(Format::Text),
                "json" => Some(Format::Json),
                _ => None,
            })?;
        let disabled = variables.disabled()?;
        let sampler = match variables.get("OTEL_TRACES_SAMPLER") {
            None => None,
            Some(name) => {
                let argument = variables.get("OTEL_TRACES_SAMPLER_ARG");
                let sampler = Sampler::named(&name, argument.as_deref());
                Some(sampler.map_err(|it| {
                    let name = it.setting().to_string();
                    InvalidVariable::new(name, it.expected().to_string(), it.got())
                })?)
            }
        };
        let traces = sampler.map_or(Traces::Tail, Traces::Head);
        let by_default = if io::stderr().is_terminal() { Format::Text } else { Format::Json };
        let targets = targets.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
        let wanted = if disabled {
            Wanted { otlp: false, in_vain: Vec::new() }
        } else {
            Wanted::of(variables, cfg!(feature = "otlp"))
        };
        Ok(Self {
            format: format.unwrap_or(by_default),
            traces: (!disabled).then_some(traces),
            #[cfg(feature = "otlp")]
            otlp: if wanted.otlp {
                // Where lines say what is wrong, it is not said twice.
                let is_told = targets.would_enable("reliability", &tracing::Level::WARN);
                Some(otlp::OtlpBuilder::from_variables_in(variables)?.stderr(!is_told))
            } else {
                None
            },
            in_vain: wanted.in_vain,
            targets,
        })
    }
}

/// All telemetry of the process. When it is dropped, what is on its way is sent, for five seconds at
/// most.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "telemetry is flushed when this is dropped: keep it until the program ends"]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    otlp: Option<Otlp>,
}

impl Telemetry {
    /// The exporter, if there is one: to look at its health.
    #[cfg(feature = "otlp")]
    pub fn otlp(&self) -> Option<&Otlp> {
        self.otlp.as_ref()
    }
}

#[cfg(feature = "otlp")]
impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(otlp) = self.otlp.take() {
            // It tells by itself what it could not deliver.
            let _ = otlp.shutdown(Duration::from_secs(5));
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}

/// Why telemetry was not started.
///
/// It is [permanent](Class::Permanent).
///
/// # Examples
///
/// ```
/// use reliability::telemetry::subscriber::{self, InitError};
///
/// // Telemetry is no reason not to sell tea.
/// let telemetry = subscriber::init().map_err(|error: InitError| eprintln!("{error}"));
/// println!("{}", if telemetry.is_ok() { "we are watched" } else { "nobody sees us" });
/// ```
#[non_exhaustive]
pub struct InitError {
    what: String,
    source: Option<alloc::boxed::Box<dyn Error + Send + Sync>>,
}

impl InitError {
    fn of(source: impl Error + Send + Sync + 'static) -> Self {
        Self { what: source.to_string(), source: Some(source.into()) }
    }
}

impl From<InvalidVariable> for InitError {
    fn from(invalid: InvalidVariable) -> Self {
        Self::of(invalid)
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "telemetry was not started: {}", self.what)
    }
}

impl fmt::Debug for InitError {
    /// As for people: it is what they see of an error with which `main` ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for InitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl Fault for InitError {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pairs: &[(&str, &str)]) -> Result<Plan, String> {
        let look_up = |name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
        };
        Plan::read(Variables::new(&look_up)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_environment_says_is_done() {
        let all = plan(&[
            ("RUST_LOG", "warn,shop=debug"),
            ("RELIABILITY_LOG_FORMAT", "json"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
        ]);
        let all = all.expect("is valid");
        assert_eq!(all.format, Format::Json);
        assert!(all.targets.would_enable("shop::stock", &tracing::Level::DEBUG));
        assert!(!all.targets.would_enable("hyper", &tracing::Level::INFO));
        assert_eq!(all.traces, Some(Traces::Head(Sampler::always_on())));
        assert_eq!(plan(&[]).expect("is valid").traces, Some(Traces::Tail));
        let disabled = plan(&[("OTEL_SDK_DISABLED", "TRUE")]).expect("is valid");
        assert_eq!(disabled.traces, None);
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn nothing_is_exported_unless_somebody_asks_for_it() {
        let exports = |pairs: &[(&str, &str)]| plan(pairs).expect("is valid").otlp.is_some();
        assert!(!exports(&[]));
        assert!(!exports(&[("OTEL_TRACES_EXPORTER", "none")]));
        assert!(exports(&[("OTEL_METRICS_EXPORTER", "otlp")]));
        assert!(exports(&[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://localhost:1/v1/logs")]));
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
        assert!(exports(&[endpoint]));
        assert!(!exports(&[endpoint, ("OTEL_SDK_DISABLED", "true")]));
    }

    #[test]
    fn what_is_asked_of_exporters_in_vain_is_told() {
        let in_vain = |pairs: &[(&str, &str)]| !plan(pairs).expect("is valid").in_vain.is_empty();
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
        assert_eq!(in_vain(&[endpoint]), cfg!(not(feature = "otlp")));
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        assert!(in_vain(&[protocol]), "nothing says where to");
        assert!(!in_vain(&[protocol, ("OTEL_SDK_DISABLED", "true")]));
        assert!(!in_vain(&[]));
    }

    #[test]
    fn main_that_ends_with_the_error_reads_like_a_message() {
        let look_up = |name: &str| (name == "OTEL_TRACES_SAMPLER").then(|| "always".to_string());
        let Err(error) = Plan::read(Variables::new(&look_up)) else { panic!("it was taken") };
        assert_eq!(
            format!("{error:?}"),
            "telemetry was not started: the variable OTEL_TRACES_SAMPLER must be `always_on`, \
             `always_off`, `traceidratio`, or one of them behind `parentbased_`, but is `always`; \
             give it such a value, or unset it"
        );
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (name, value, told) in [
            ("RUST_LOG", "loud=very", "levels and targets, such as `info`"),
            ("RELIABILITY_LOG_FORMAT", "xml", "`text` or `json`, but is `xml`"),
            ("OTEL_SDK_DISABLED", "yes", "`true` or `false`, but is `yes`"),
            ("OTEL_TRACES_SAMPLER", "sometimes", "`always_on`, `always_off`"),
        ] {
            let Err(error) = plan(&[(name, value)]) else { panic!("{value} was taken") };
            assert!(error.starts_with("telemetry was not started: "), "{error}");
            assert!(error.contains(told), "{error}");
        }
    }
}
