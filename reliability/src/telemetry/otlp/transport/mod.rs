//! The two ways to a receiver.

#[cfg(feature = "otlp-grpc")]
mod grpc;
mod web;

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost::bytes::Bytes;

use super::answer::Answer;
use super::settings::{Protocol, Target};
use super::{InvalidSetting, Signal};
use crate::telemetry::quiet::quietly;

/// Brings requests to where they are taken.
pub(super) trait Transport {
    /// Sends one, and waits for the answer, at most that long.
    fn send(&mut self, signal: Signal, body: &Bytes, timeout: Duration) -> Answer;
}

/// The receivers of all signals, each by its protocol.
pub(super) struct Wires {
    targets: [Option<Target>; 3],
    web: web::Web,
    #[cfg(feature = "otlp-grpc")]
    grpc: Option<grpc::Grpc>,
}

impl Wires {
    /// Connects to nobody yet.
    pub(super) fn new(targets: [Option<Target>; 3]) -> Result<Self, InvalidSetting> {
        let grpc = targets.iter().flatten().any(|target| target.protocol == Protocol::Grpc);
        if grpc && cfg!(not(feature = "otlp-grpc")) {
            return Err(InvalidSetting::new(
                "protocol",
                "`HttpProtobuf`, since the feature `otlp-grpc` is off",
                "`Grpc`",
                "switch it on, or send to the HTTP port of the receiver, which usually is 4318",
            ));
        }
        Ok(Self {
            web: web::Web::new(),
            #[cfg(feature = "otlp-grpc")]
            grpc: if grpc { Some(grpc::Grpc::new(&targets)?) } else { None },
            targets,
        })
    }

    fn send_one(&mut self, signal: Signal, body: &Bytes, timeout: Duration) -> Answer {
        let Some(target) = &self.targets[signal.index()] else {
            return Answer::never("this signal has no receiver");
        };
        #[cfg(feature = "otlp-grpc")]
        if let (Protocol::Grpc, Some(grpc)) = (target.protocol, &mut self.grpc) {
            return grpc.send(signal, body, timeout);
        }
        self.web.send(target, body, timeout)
    }
}

impl Transport for Wires {
    fn send(&mut self, signal: Signal, body: &Bytes, timeout: Duration) -> Answer {
        // A bug in a client must not end the thread, which nobody would notice.
        let send = AssertUnwindSafe(|| quietly(|| self.send_one(signal, body, timeout)));
        catch_unwind(send).unwrap_or_else(|_| Answer::later("the client panicked"))
    }
}

/// The text of an error and of what caused it.
fn chain(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Many repeat what caused them.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

const USER_AGENT: &str = concat!("reliability-otlp-exporter/", env!("CARGO_PKG_VERSION"));
