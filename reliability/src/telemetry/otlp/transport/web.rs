use core::time::Duration;
use std::io::Write;

use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use prost::bytes::Bytes;
use ureq::Agent;

use super::{USER_AGENT, chain};
use crate::telemetry::otlp::answer::{Answer, Head, of_http};
use crate::telemetry::otlp::settings::{Compression, Target};
use crate::time::wall_clock;

/// Answers are a few bytes; who sends more is no receiver.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Over HTTP, by a client that blocks, so that it works whatever runtime the program has, or none.
pub(super) struct Web {
    agent: Agent,
}

impl Web {
    pub(super) fn new() -> Self {
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Receivers are near; a proxy that was meant for the world would hide them.
            .proxy(None)
            .user_agent(USER_AGENT)
            .build();
        Self { agent: settings.into() }
    }

    pub(super) fn send(&self, target: &Target, body: &Bytes, timeout: Duration) -> Answer {
        match self.ask(target, body, timeout) {
            Ok(answer) => answer,
            Err(error) => Answer::later(chain(&error)),
        }
    }

    fn ask(&self, target: &Target, body: &Bytes, timeout: Duration) -> Result<Answer, ureq::Error> {
        let request = self.agent.post(target.endpoint.uri().clone());
        let mut request = request.config().timeout_global(Some(timeout)).build();
        for (name, value) in &target.headers {
            request = request.header(name.clone(), value.clone());
        }
        request = request.header(CONTENT_TYPE, "application/x-protobuf");
        let response = match target.compression {
            Compression::None => request.send(body.as_ref()),
            Compression::Gzip => {
                request.header(CONTENT_ENCODING, "gzip").send(&gzip(body).map_err(ureq::Error::Io)?)
            }
        };
        let (parts, mut body) = response?.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        let head = Head {
            content_type: text(&parts.headers, &CONTENT_TYPE).unwrap_or_default(),
            retry_after: text(&parts.headers, &RETRY_AFTER),
            location: text(&parts.headers, &LOCATION),
        };
        Ok(of_http(parts.status.as_u16(), &head, &body, wall_clock()))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder =
        GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
