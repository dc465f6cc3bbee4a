//! How the shop asks its partners, and what it knows when no answer comes.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reliability::distributed::transaction::saga::{EffectId, Outcome};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::saga::Refused;

/// A service of somebody else.
#[derive(Debug)]
pub(crate) struct Partner {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    forgets_keys: bool,
}

/// What it has said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Bytes,
}

/// Why there is no answer. It makes all the difference whether it may have been done.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It was not done.
    Refused(String),
    /// It may have been done.
    Lost(String),
}

impl Partner {
    /// With `forgets_keys`, each request claims to be the first one of its kind: that is how not to
    /// do it.
    pub(crate) fn at(address: SocketAddr, forgets_keys: bool) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, address, forgets_keys }
    }

    /// Asks once. The effect's name tells the partner that it has been asked before.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        effect: &EffectId,
        body: &Value,
    ) -> Result<Answer, Unanswered> {
        let key = match self.forgets_keys {
            true => format!("{effect}-{:x}", fastrand::u64(..)),
            false => effect.to_string(),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("idempotency-key", key)
            .body(Full::from(body.to_string()))
            .map_err(|error| Unanswered::Refused(error.to_string()))?;
        let answer = self.client.request(request).await.map_err(|error| {
            let why = error.to_string();
            if error.is_connect() { Unanswered::Refused(why) } else { Unanswered::Lost(why) }
        })?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| Unanswered::Lost(error.to_string()))?;
        match head.status {
            // It says so itself, and before it has done anything.
            StatusCode::SERVICE_UNAVAILABLE => Err(Unanswered::Refused(head.status.to_string())),
            status if status.is_server_error() => Err(Unanswered::Lost(status.to_string())),
            status => Ok(Answer { status, body: body.to_bytes() }),
        }
    }
}

impl Answer {
    /// That it is done.
    pub(crate) fn done(&self) -> Result<(), Unanswered> {
        match self.status.is_success() {
            true => Ok(()),
            false => Err(Unanswered::Lost(self.status.to_string())),
        }
    }

    /// What it was asked for. That it makes no sense does not mean that it was not done.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Unanswered> {
        self.done()?;
        serde_json::from_slice(&self.body).map_err(|error| Unanswered::Lost(error.to_string()))
    }
}

impl From<Unanswered> for Outcome<Refused> {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(_) => Self::transient(unanswered),
            Unanswered::Lost(_) => Self::unknown(unanswered),
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "not now: {why}"),
            Self::Lost(why) => write!(f, "no answer: {why}"),
        }
    }
}

impl Error for Unanswered {}
