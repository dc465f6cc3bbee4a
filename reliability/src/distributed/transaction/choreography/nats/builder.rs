use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use async_nats::jetstream::context::RequestErrorKind;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{Context, ContextBuilder};
use async_nats::{ConnectOptions, Event, ServerAddr};

use super::super::broker::{Standing, check_between, check_prefix, check_time};
use super::super::bus::BusError;
use super::bus::{Inner, NatsBus, SYSTEM};
use super::error::{no_jetstream, of_connect, of_refusal, of_request};
use crate::error::Invalid;
use crate::resilience::retry::Backoff;

/// The settings of a [`NatsBus`].
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::nats::NatsBus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = NatsBus::builder("nats://127.0.0.1").replicas(9).build().await;
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "`bus`: `replicas` must be 1 to 5, but is 9; give `replicas` such a value",
/// );
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct NatsBusBuilder {
    servers: String,
    options: ConnectOptions,
    settings: Settings,
}

/// What a bus goes by.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) prefix: String,
    pub(super) patience: Duration,
    pub(super) timeout: Duration,
    pub(super) redelivery: Duration,
    pub(super) duplicates: Duration,
    pub(super) most_messages: u64,
    pub(super) most_bytes: Option<u64>,
    pub(super) most_pending: usize,
    pub(super) replicas: usize,
    pub(super) forgetful: bool,
}

const HOUR: Duration = Duration::from_secs(3_600);
const TIMES: RangeInclusive<Duration> = Duration::from_millis(1)..=HOUR;
const LONG_TIMES: RangeInclusive<Duration> = Duration::from_millis(100)..=HOUR;
const WINDOWS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(7 * 86_400);
const RECONNECT: Backoff =
    Backoff::exponential(Duration::from_millis(10)).max(Duration::from_secs(2));

impl NatsBusBuilder {
    pub(super) fn new(servers: &str) -> Self {
        Self {
            servers: servers.to_string(),
            options: ConnectOptions::new().name("reliability bus"),
            settings: Settings {
                prefix: "reliability".to_string(),
                patience: Duration::from_secs(5),
                timeout: Duration::from_secs(10),
                redelivery: Duration::from_secs(30),
                duplicates: Duration::from_secs(120),
                most_messages: 1_000_000,
                most_bytes: None,
                most_pending: 100_000,
                replicas: 1,
                forgetful: false,
            },
        }
    }

    /// Changes how connections are made, beyond what a URL says: credentials, TLS, a name. What the
    /// bus hears of its connections by, and when it makes new ones, stays its own.
    ///
    /// For TLS, take `async-nats` with one of its features `ring` and `aws-lc-rs` as well.
    pub fn configure(mut self, change: impl FnOnce(ConnectOptions) -> ConnectOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// What the names of its streams begin with: 1 to 32 of `a-z`, `0-9`, `_` and `-`, by default
    /// `reliability`. Buses with different prefixes know nothing of each other.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.settings.prefix = prefix.to_string();
        self
    }

    /// How long a call waits for a connection while the server is away; 1 ms to an hour, by default 5
    /// seconds. Nothing has happened when it gives up.
    pub fn patience(mut self, time: Duration) -> Self {
        self.settings.patience = time;
        self
    }

    /// How long to wait for an answer of the server; 1 ms to an hour, by default 10 seconds. Whether
    /// something has happened is unknown when a call gives up.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.settings.timeout = time;
        self
    }

    /// How long a member may be silent before what it holds comes to others; 100 ms to an hour, by
    /// default 30 seconds. All processes of a group are to say the same.
    pub fn redelivery(mut self, time: Duration) -> Self {
        self.settings.redelivery = time;
        self
    }

    /// For how long JetStream knows what was published, to store it once; 100 ms to 7 days, by
    /// default 2 minutes. For streams that are made from now on.
    pub fn duplicates(mut self, window: Duration) -> Self {
        self.settings.duplicates = window;
        self
    }

    /// How many events of a topic may be on their way, 1 to 1,000,000,000; a million by default. For
    /// streams that are made from now on.
    pub fn most_messages(mut self, messages: u64) -> Self {
        self.settings.most_messages = messages;
        self
    }

    /// How many bytes of a topic may be on their way, 1 MiB to 1 PiB; by default what the server
    /// allows. It sets them aside for each topic at once. For streams that are made from now on.
    pub fn most_bytes(mut self, bytes: u64) -> Self {
        self.settings.most_bytes = Some(bytes);
        self
    }

    /// How many events all members of a group together may hold or have given back to come later, 1
    /// to 10,000,000; by default 100,000. The group gets no more until one of them is settled.
    pub fn most_pending(mut self, events: usize) -> Self {
        self.settings.most_pending = events;
        self
    }

    /// On how many servers of a cluster each event is kept, 1 to 5; by default 1. For streams that
    /// are made from now on.
    pub fn replicas(mut self, servers: usize) -> Self {
        self.settings.replicas = servers;
        self
    }

    /// Takes a server of the versions 2.9.7 to 2.9.15 as well, which may lose events when it is started
    /// again: see [versions](super#versions). Without that, [`build`](NatsBusBuilder::build) refuses
    /// it; with it, the bus tells by the event `reliability.bus.forgets` and by its health.
    pub fn allow_forgetful_servers(mut self) -> Self {
        self.settings.forgetful = true;
        self
    }

    /// Connects. The connection lives in the runtime in which this is called.
    ///
    /// # Errors
    ///
    /// [`Invalid`](BusError::Invalid) for a setting out of its range,
    /// [`Unusable`](BusError::Unusable) when the server does not let us in, has no JetStream or
    /// [forgets](NatsBusBuilder::allow_forgetful_servers),
    /// [`Unavailable`](BusError::Unavailable) when it cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left behind when it is dropped before it returns.
    pub async fn build(self) -> Result<NatsBus, BusError> {
        self.settings.check()?;
        let servers = self.addresses()?;
        let standing = Arc::new(Standing::new(SYSTEM));
        let heard = Arc::clone(&standing);
        let options = self
            .options
            .connection_timeout(self.settings.patience)
            .request_timeout(Some(self.settings.timeout))
            .max_reconnects(None)
            .reconnect_delay_callback(|attempt| {
                let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
                RECONNECT.delay(attempt, Duration::ZERO, fastrand::u64(..))
            })
            .event_callback(move |event| {
                tell(&heard, &event);
                core::future::ready(())
            });
        let client = options.connect(servers).await.map_err(of_connect)?;
        standing.made();
        let context = ContextBuilder::new()
            .timeout(self.settings.timeout)
            .ack_timeout(self.settings.timeout)
            .build(client.clone());
        has_jetstream(&context).await?;
        let version = client.server_info().version;
        if forgets(&version) {
            let what = alloc::format!(
                "NATS {version} forgets unsettled events when it is started again; take 2.9.16 or newer"
            );
            if !self.settings.forgetful {
                let what = alloc::format!(
                    "{what}, or say `allow_forgetful_servers` where events may be lost"
                );
                return Err(BusError::Unusable { what });
            }
            standing.forgets(&what);
        }
        Ok(NatsBus::new(Inner::new(client, context, self.settings, standing)))
    }

    fn addresses(&self) -> Result<Vec<ServerAddr>, Invalid> {
        let servers = self.servers.split(',').map(str::trim);
        let servers: Result<Vec<ServerAddr>, _> = servers.map(str::parse).collect();
        servers.map_err(|error| {
            // They may have a password, so they are not shown.
            let expected = "URLs such as `nats://host:4222`, with commas between them";
            Invalid::new("bus", "servers", expected, error)
        })
    }
}

impl Settings {
    fn check(&self) -> Result<(), Invalid> {
        check_prefix(&self.prefix)?;
        check_time("patience", self.patience, &TIMES)?;
        check_time("timeout", self.timeout, &TIMES)?;
        check_time("redelivery", self.redelivery, &LONG_TIMES)?;
        check_time("duplicates", self.duplicates, &WINDOWS)?;
        check_between("most_messages", self.most_messages, &(1..=1_000_000_000))?;
        if let Some(bytes) = self.most_bytes {
            check_between("most_bytes", bytes, &((1 << 20)..=(1 << 50)))?;
        }
        check_between("most_pending", self.most_pending, &(1..=10_000_000))?;
        check_between("replicas", self.replicas, &(1..=5))
    }
}

/// Asks for no more than whether it answers: what it says of itself differs from version to version.
async fn has_jetstream(context: &Context) -> Result<(), BusError> {
    let answered: Result<Response<serde::de::IgnoredAny>, _> = context.request("INFO", &()).await;
    let error = match answered {
        Ok(Response::Ok(_)) => return Ok(()),
        Ok(Response::Err { error }) => return Err(of_refusal(ASKING, &error)),
        Err(error) => error,
    };
    match error.kind() {
        RequestErrorKind::NoResponders => Err(no_jetstream()),
        _ => Err(of_request(ASKING, error)),
    }
}

const ASKING: &str = "asking NATS for JetStream";

/// Whether a server of that version cleans up, when it is started, what is still waited for.
fn forgets(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|number| number.parse().unwrap_or(u32::MAX));
    let mut next = || numbers.next().unwrap_or_default();
    matches!([next(), next(), next()], [2, 9, 7..=15])
}

fn tell(standing: &Standing, event: &Event) {
    match event {
        Event::Connected => standing.made(),
        Event::Disconnected | Event::Closed => standing.lost(event),
        Event::ServerError(_) | Event::ClientError(_) | Event::SlowConsumer(_) => {
            standing.complained(event);
        }
        Event::LameDuckMode | Event::Draining => {}
    }
}

impl fmt::Debug for NatsBusBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsBusBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_servers_forget() {
        let all =
            ["2.9.6", "2.9.7", "2.9.10", "2.9.15", "2.9.15-beta.1", "2.9.16", "2.9.25", "2.10.7"];
        let forgetting: Vec<_> = all.into_iter().filter(|version| forgets(version)).collect();
        assert_eq!(forgetting, ["2.9.7", "2.9.10", "2.9.15", "2.9.15-beta.1"]);
        assert!(!forgets("2.9") && !forgets("") && !forgets("3.9.10") && !forgets("2.9.x"));
    }
}
