use alloc::string::{String, ToString};
use core::fmt;

use tokio::sync::watch;

use super::observe;
use crate::sync::Mutex;

/// How a bus stands with its broker.
///
/// # Examples
///
/// ```no_run
/// use reliability::distributed::transaction::choreography::nats::NatsBus;
///
/// # async fn shown(bus: NatsBus) {
/// let health = bus.health();
/// if !health.is_connected() {
///     eprintln!("the broker is away: {health}");
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    connected: bool,
    losses: u64,
    last_error: Option<String>,
}

impl Health {
    /// Whether there is a connection now. While there is none, one is made again and again.
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// How often a connection was lost since the bus was made.
    pub const fn losses(&self) -> u64 {
        self.losses
    }

    /// What the broker, or the way to it, last complained of.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.connected { "connected" } else { "away" };
        write!(f, "{state}, lost {} times", self.losses)?;
        match &self.last_error {
            Some(error) => write!(f, ", last for: {error}"),
            None => Ok(()),
        }
    }
}

/// How a bus stands, for all parts of it.
#[derive(Debug)]
pub(in super::super) struct Standing {
    system: &'static str,
    state: watch::Sender<State>,
    last_error: Mutex<Option<String>>,
}

/// Whether there is a connection, and how many there were before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) struct State {
    pub(in super::super) connected: bool,
    pub(in super::super) losses: u64,
}

impl Standing {
    pub(in super::super) fn new(system: &'static str) -> Self {
        Self { system, state: watch::Sender::new(State::default()), last_error: Mutex::new(None) }
    }

    #[cfg(feature = "nats")]
    pub(in super::super) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// There is a connection.
    pub(in super::super) fn made(&self) {
        let made =
            self.state.send_if_modified(|state| !core::mem::replace(&mut state.connected, true));
        if made && self.state.borrow().losses > 0 {
            observe::restored(self.system);
        }
    }

    /// The connection is gone.
    pub(in super::super) fn lost(&self, why: &dyn fmt::Display) {
        let lost = self.state.send_if_modified(|state| {
            let lost = core::mem::take(&mut state.connected);
            state.losses += u64::from(lost);
            lost
        });
        if lost {
            self.complained(why);
            observe::lost(self.system, why);
        }
    }

    pub(in super::super) fn complained(&self, of: &dyn fmt::Display) {
        *self.last_error.lock() = Some(of.to_string());
    }

    /// The broker does not keep what it has confirmed.
    #[cfg(feature = "nats")]
    pub(in super::super) fn forgets(&self, what: &dyn fmt::Display) {
        self.complained(what);
        observe::forgets(self.system, what);
    }

    pub(in super::super) fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    pub(in super::super) fn health(&self) -> Health {
        let State { connected, losses } = *self.state.borrow();
        Health { connected, losses, last_error: self.last_error() }
    }
}
