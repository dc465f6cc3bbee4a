use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use super::connections::Bounded;
use super::frame::Frames;
use super::{Dashboard, routes};
use crate::error::{Class, Fault};

/// Serves the page there, for who looks from this machine: [`Dashboard`] with all defaults.
///
/// # Errors
///
/// [`ServeError`] when the address is taken, or not on loopback.
///
/// # Cancel safety
///
/// A dropped call serves nothing.
///
/// # Examples
///
/// See the [module](super).
pub async fn serve(address: &str) -> Result<Serving, ServeError> {
    start(Dashboard { settings: Dashboard::builder() }, address).await
}

pub(super) async fn start(page: Dashboard, address: &str) -> Result<Serving, ServeError> {
    let failed = |source: io::Error| ServeError { address: address.into(), why: Why::Io(source) };
    let settings = Arc::new(page.settings);
    let addresses: alloc::vec::Vec<SocketAddr> =
        tokio::net::lookup_host(address).await.map_err(failed)?.collect();
    if !settings.exposed && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(ServeError { address: address.into(), why: Why::Exposed });
    }
    let listener = TcpListener::bind(addresses.as_slice()).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let frames = Frames::start(&settings);
    let sampler = frames.sampler();
    let router = routes::router(settings.clone(), frames);
    let router = routes::own_names_only(router, settings.clone());
    // Each who looks holds one connection, and the browser takes a few for what it loads.
    let listener = Bounded::new(listener, settings.clients * 2 + 8);
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        // Also when the other end is dropped.
        let stopped = async {
            let _ = stopped.await;
        };
        let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
    });
    Ok(Serving { address: bound, stop: Some(stop), sampler, task })
}

/// How long connections have to end when the page does. Those who look are told at once; this is
/// for who has sent half of a request.
const PATIENCE: Duration = Duration::from_secs(1);

/// The page while it is served. When it is dropped the page is gone.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
#[must_use = "the page is gone when this is dropped"]
pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    /// Without it there are no more frames, so those who follow them are done.
    sampler: AbortHandle,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to type into a browser.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Ends it, and waits until the port is free, about a second at most.
    ///
    /// # Cancel safety
    ///
    /// A dropped call ends it as well, without waiting.
    pub async fn shutdown(mut self) {
        self.end();
        if timeout(PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }

    fn end(&mut self) {
        self.sampler.abort();
        drop(self.stop.take());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}

/// Why the page is not served.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::telemetry::dashboard;
///
/// // There is no password: that the others of the network see it has to be asked for.
/// let error = dashboard::serve("0.0.0.0:0").await.unwrap_err();
/// println!("{error}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ServeError {
    address: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Io(io::Error),
    Exposed,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        match &self.why {
            Why::Io(source) => write!(
                f,
                "the page cannot be served at `{address}`: {source}; write an address and a port \
                 that is free, such as 127.0.0.1:9090"
            ),
            Why::Exposed => write!(
                f,
                "other machines can reach `{address}`, and the page has no password: write \
                 127.0.0.1 for this machine alone, or `Dashboard::builder().exposed()` if \
                 something in front of it decides who may look"
            ),
        }
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Why::Io(source) => Some(source),
            Why::Exposed => None,
        }
    }
}

impl Fault for ServeError {
    fn class(&self) -> Class {
        match &self.why {
            Why::Io(source) if source.kind() == io::ErrorKind::AddrInUse => Class::Transient,
            _ => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
