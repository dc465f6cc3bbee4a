use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::telemetry::variables::Variables;

/// Whether the environment asks for an exporter, and what it asks for in vain.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    /// Without a word there is nobody to send to: OpenTelemetry's default, an exporter to this machine,
    /// would tell most programs again and again that nobody listens there.
    pub(super) otlp: bool,
    /// What is set and does nothing, and what to do.
    pub(super) in_vain: Vec<String>,
}

const SIGNALS: [&str; 3] = ["TRACES", "METRICS", "LOGS"];

/// What follows `OTEL_EXPORTER_OTLP_`, or that and the name of a signal, and says how to send, not where
/// to.
const MANNERS: [&str; 8] = [
    "PROTOCOL",
    "HEADERS",
    "TIMEOUT",
    "COMPRESSION",
    "INSECURE",
    "CERTIFICATE",
    "CLIENT_KEY",
    "CLIENT_CERTIFICATE",
];

/// Of exporters that other libraries have.
const OTHERS: [&str; 3] = [
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
    "OTEL_EXPORTER_JAEGER_ENDPOINT",
    "OTEL_EXPORTER_JAEGER_AGENT_HOST",
];

impl Wanted {
    /// What these variables want of a program with the exporter, or without it.
    pub(super) fn of(variables: Variables<'_>, has_otlp: bool) -> Self {
        let has = |name: &str| variables.get(name).is_some();
        let exporters = |signal: &str| variables.get(&format!("OTEL_{signal}_EXPORTER"));
        let otlp = has("OTEL_EXPORTER_OTLP_ENDPOINT")
            || SIGNALS.iter().any(|signal| {
                has(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))
                    || exporters(signal).is_some_and(|names| names.contains("otlp"))
            });
        let mut in_vain = Vec::new();
        if otlp && !has_otlp {
            in_vain.push(
                "the environment says where telemetry goes over OTLP, but nothing is exported: the \
                 feature `otlp` is off; switch it on in Cargo.toml, or unset the variables"
                    .into(),
            );
        }
        // Who names others, or none, has said it.
        let open: Vec<&str> =
            SIGNALS.into_iter().filter(|signal| exporters(signal).is_none()).collect();
        if !otlp && !open.is_empty() {
            let shared = MANNERS.iter().map(|manner| format!("OTEL_EXPORTER_OTLP_{manner}"));
            let own = open.iter().flat_map(|signal| {
                MANNERS.iter().map(move |manner| format!("OTEL_EXPORTER_OTLP_{signal}_{manner}"))
            });
            let set: Vec<String> = shared.chain(own).filter(|name| has(name)).collect();
            if !set.is_empty() {
                in_vain.push(no_address(&set, has_otlp));
            }
        }
        for name in OTHERS.into_iter().filter(|name| has(name)) {
            in_vain.push(format!(
                "{name} is set, but there is no such exporter: send OTLP, which its receivers take, \
                 with OTEL_EXPORTER_OTLP_ENDPOINT, or unset it"
            ));
        }
        Self { otlp, in_vain }
    }
}

fn no_address(set: &[String], has_otlp: bool) -> String {
    let are = if set.len() == 1 { "is" } else { "are" };
    let them = if set.len() == 1 { "it" } else { "them" };
    let feature = if has_otlp { "" } else { " and switch on the feature `otlp` in Cargo.toml," };
    format!(
        "{} {are} set, but nothing is exported, because no variable says where to: set \
         OTEL_EXPORTER_OTLP_ENDPOINT, such as `http://localhost:4318`, or for gRPC \
         `http://localhost:4317`,{feature} or unset {them}",
        set.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn wanted(pairs: &[(&str, &str)], has_otlp: bool) -> Wanted {
        let look_up = |name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
        };
        Wanted::of(Variables::new(&look_up), has_otlp)
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
    const PROTOCOL: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

    #[test]
    fn what_is_set_and_does_nothing_is_told_with_what_to_set() {
        for (pairs, told) in [
            (&[PROTOCOL][..], "OTEL_EXPORTER_OTLP_PROTOCOL is set, but nothing is exported"),
            (
                &[("OTEL_EXPORTER_OTLP_HEADERS", "a=b"), PROTOCOL],
                "OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_HEADERS are set",
            ),
            (
                &[("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "10")],
                "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT is set",
            ),
            (&[PROTOCOL, ("OTEL_TRACES_EXPORTER", "none")], "set OTEL_EXPORTER_OTLP_ENDPOINT"),
            (
                &[("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://z")],
                "OTEL_EXPORTER_ZIPKIN_ENDPOINT is set",
            ),
        ] {
            let wanted = wanted(pairs, true);
            assert!(!wanted.otlp, "{pairs:?}");
            let [message] = &wanted.in_vain[..] else { panic!("{pairs:?}: {wanted:?}") };
            assert!(message.contains(told), "{message}");
            assert!(!message.contains("feature"), "{message}");
        }
    }

    #[test]
    fn what_does_something_or_is_said_not_to_is_not_told() {
        let none = ["TRACES", "METRICS", "LOGS"].map(|it| format!("OTEL_{it}_EXPORTER"));
        let none = none.iter().map(|name| (&**name, "none"));
        let none: Vec<(&str, &str)> = none.chain([PROTOCOL]).collect();
        for (pairs, otlp) in [
            (&[][..], false),
            (&[ENDPOINT], true),
            (&[ENDPOINT, PROTOCOL], true),
            (&[("OTEL_METRICS_EXPORTER", "otlp"), PROTOCOL], true),
            (&[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l"), PROTOCOL], true),
            (&[("OTEL_LOGS_EXPORTER", "none"), ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "1")], false),
            (&none, false),
        ] {
            let wanted = wanted(pairs, true);
            assert_eq!(wanted, Wanted { otlp, in_vain: Vec::new() }, "{pairs:?}");
        }
    }

    #[test]
    fn an_exporter_that_was_not_compiled_is_asked_for_in_vain() {
        for pairs in [[ENDPOINT], [PROTOCOL]] {
            let [message] = &wanted(&pairs, false).in_vain[..] else { panic!("{pairs:?}") };
            assert!(message.contains("the feature `otlp`"), "{message}");
        }
        assert!(wanted(&[], false).in_vain.is_empty());
    }
}
