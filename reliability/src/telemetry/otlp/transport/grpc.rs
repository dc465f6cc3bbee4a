use core::time::Duration;

use prost::bytes::{Buf, BufMut, Bytes};
use tokio::runtime::Runtime;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::{USER_AGENT, chain};
use crate::telemetry::otlp::answer::{Answer, grpc, taken};
use crate::telemetry::otlp::settings::{Compression, Protocol, Target};
use crate::telemetry::otlp::{InvalidSetting, Signal};

/// Over gRPC, by a runtime of its own that lives on the thread that sends and nowhere else.
pub(super) struct Grpc {
    // Before the runtime, whose tasks serve them.
    lines: [Option<Line>; 3],
    runtime: Runtime,
}

struct Line {
    client: tonic::client::Grpc<Channel>,
    headers: MetadataMap,
}

impl Grpc {
    /// Must be called, and dropped, on a thread that belongs to no runtime.
    pub(super) fn new(targets: &[Option<Target>; 3]) -> Result<Self, InvalidSetting> {
        let refused = |why: String| {
            InvalidSetting::new(
                "protocol",
                "possible",
                "not",
                alloc::format!("the system says: {why}"),
            )
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let mut lines = [const { None }; 3];
        {
            let _inside = runtime.enter();
            for (line, target) in lines.iter_mut().zip(targets) {
                if let Some(target) = target.as_ref().filter(|it| it.protocol == Protocol::Grpc) {
                    *line = Some(Line::new(target)?);
                }
            }
        }
        Ok(Self { lines, runtime })
    }

    pub(super) fn send(&mut self, signal: Signal, body: &Bytes, timeout: Duration) -> Answer {
        let Some(line) = &mut self.lines[signal.index()] else {
            return Answer::never("this signal has no receiver");
        };
        let sent = async { tokio::time::timeout(timeout, line.send(signal, body.clone())).await };
        match self.runtime.block_on(sent) {
            Ok(answer) => answer,
            Err(_) => Answer::later(alloc::format!("no answer within {timeout:?}")),
        }
    }
}

impl Line {
    fn new(target: &Target) -> Result<Self, InvalidSetting> {
        let wrong = |error: tonic::transport::Error| {
            let got = alloc::format!("`{}`", target.endpoint);
            let expected = "an address that gRPC can use";
            InvalidSetting::new("endpoint", expected, got, chain(&error))
        };
        let endpoint = Endpoint::from(target.endpoint.uri().clone());
        let endpoint = endpoint.connect_timeout(target.timeout).user_agent(USER_AGENT);
        let endpoint = secured(endpoint.map_err(wrong)?, target).map_err(wrong)?;
        let client = tonic::client::Grpc::new(endpoint.connect_lazy());
        let headers = target.headers.iter().cloned().collect();
        Ok(Self {
            client: match target.compression {
                Compression::None => client,
                Compression::Gzip => client.send_compressed(CompressionEncoding::Gzip),
            },
            headers: MetadataMap::from_headers(headers),
        })
    }

    async fn send(&mut self, signal: Signal, body: Bytes) -> Answer {
        match self.try_to_send(signal, body.clone()).await {
            Ok(answer) => answer,
            // Nobody looks after a connection between two requests, so that one which the receiver
            // has closed meanwhile is found out by using it. That is no failure yet.
            Err(_) => match self.try_to_send(signal, body).await {
                Ok(answer) => answer,
                Err(why) => Answer::later(why),
            },
        }
    }

    /// The answer of the receiver, or why there is none.
    async fn try_to_send(&mut self, signal: Signal, body: Bytes) -> Result<Answer, String> {
        self.client.ready().await.map_err(|error| chain(&error))?;
        let mut request = Request::new(body);
        *request.metadata_mut() = self.headers.clone();
        let method = http::uri::PathAndQuery::from_static(signal.method());
        match self.client.unary(request, method, Raw).await {
            Ok(response) => Ok(taken(response.get_ref())),
            // One that has a cause was made here and did not come from the receiver: its code is
            // `unknown` where a connection broke, which would not be worth another try if the
            // receiver had said so.
            Err(status) => match core::error::Error::source(&status) {
                Some(cause) => Err(chain(cause)),
                None => {
                    let (code, said) = (status.code().into(), status.message());
                    Ok(grpc::refusal(code, said, status.details()))
                }
            },
        }
    }
}

#[cfg(feature = "otlp-tls")]
fn secured(endpoint: Endpoint, target: &Target) -> Result<Endpoint, tonic::transport::Error> {
    match target.endpoint.uri().scheme_str() {
        Some("https") => {
            endpoint.tls_config(tonic::transport::ClientTlsConfig::new().with_webpki_roots())
        }
        _ => Ok(endpoint),
    }
}

#[cfg(not(feature = "otlp-tls"))]
#[allow(clippy::unnecessary_wraps, reason = "with TLS it can fail")]
fn secured(endpoint: Endpoint, _: &Target) -> Result<Endpoint, tonic::transport::Error> {
    Ok(endpoint)
}

/// Messages that are bytes already: encoded once, however often they are sent.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.reserve(item.len());
        into.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
