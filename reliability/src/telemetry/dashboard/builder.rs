use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use axum::Router;

use super::frame::Frames;
use super::{ServeError, Serving, routes, serving};
use crate::error::Invalid;
use crate::telemetry::Resource;

/// The page, before it is served.
///
/// # Examples
///
/// As a part of the service that a program has anyway:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::Router;
/// use reliability::telemetry::dashboard::Dashboard;
///
/// let page = Dashboard::builder().build()?.into_router();
/// let service: Router = Router::new().nest("/reliability/", page);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Dashboard {
    pub(super) settings: DashboardBuilder,
}

impl Dashboard {
    /// A page that only shows, for a few clients.
    pub fn builder() -> DashboardBuilder {
        DashboardBuilder {
            service: None,
            operators: None,
            hosts: Vec::new(),
            exposed: false,
            clients: 16,
        }
    }

    /// The routes, for a server that the program has anyway. Who may reach them is up to that
    /// server. Panels are asked from now on until the router is dropped.
    ///
    /// Nest it under a path that ends with a slash.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn into_router(self) -> Router {
        let frames = Frames::start(&self.settings);
        routes::router(Arc::new(self.settings), frames)
    }

    /// Serves it there until the answer is dropped or shut down.
    ///
    /// # Errors
    ///
    /// [`ServeError`] when the address is nobody's or taken, and when it is not on loopback without
    /// [`exposed`](DashboardBuilder::exposed).
    ///
    /// # Cancel safety
    ///
    /// A dropped call serves nothing.
    pub async fn serve(self, address: &str) -> Result<Serving, ServeError> {
        serving::start(self, address).await
    }
}

/// What can be said of a [`Dashboard`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::telemetry::dashboard::Dashboard;
///
/// let page = Dashboard::builder()
///     .service("shop")
///     .operators("correct horse battery staple")
///     .host("shop.internal")
///     .clients(4)
///     .build()?
///     .serve("127.0.0.1:0")
///     .await?;
/// println!("look at {}", page.url());
/// # page.shutdown().await;
///
/// // A token that can be guessed is none.
/// assert!(Dashboard::builder().operators("secret").build().is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DashboardBuilder {
    pub(super) service: Option<String>,
    pub(super) operators: Option<Token>,
    pub(super) hosts: Vec<String>,
    pub(super) exposed: bool,
    pub(super) clients: usize,
}

impl DashboardBuilder {
    /// The name above the page. Default: `service.name` of the [`Resource`], or the program's.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Lets those who know the token act: force breakers, switch chaos. At least 16 characters, that
    /// nobody can guess. Default: nobody may.
    #[must_use]
    pub fn operators(mut self, token: impl Into<String>) -> Self {
        self.operators = Some(Token(token.into()));
        self
    }

    /// A name under which the page is reached, beside `localhost` and addresses in numbers.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into().to_lowercase());
        self
    }

    /// Allows addresses that other machines can reach. There is no password and no encryption, so
    /// put something in front of it that has both.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::telemetry::dashboard::Dashboard;
    ///
    /// // In a container: only what stands in front of it reaches the port.
    /// let page = Dashboard::builder().exposed().build()?.serve("0.0.0.0:0").await?;
    /// # page.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn exposed(mut self) -> Self {
        self.exposed = true;
        self
    }

    /// How many may look at a time. From 1 to 1,000; default 16.
    #[must_use]
    pub fn clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }

    /// The page.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting is outside of its range.
    pub fn build(self) -> Result<Dashboard, Invalid> {
        let invalid = |setting: &'static str, expected: &'static str, got: String| {
            Err(Invalid::new("dashboard", setting, expected, got))
        };
        if !(1..=1_000).contains(&self.clients) {
            return invalid("clients", "a number from 1 to 1000", self.clients.to_string());
        }
        match &self.operators {
            Some(Token(token)) if token.chars().count() < 16 => {
                // Not the token itself: the message ends up in a log.
                let got = alloc::format!("{} characters long", token.chars().count());
                invalid("operators", "a token of at least 16 characters", got)
            }
            _ => Ok(Dashboard { settings: self }),
        }
    }

    pub(super) fn service_name(&self) -> String {
        let detected = || Resource::detect().unwrap_or_default();
        match &self.service {
            Some(name) => name.clone(),
            None => {
                let resource = detected();
                let name = resource.text("service.name").unwrap_or("service");
                name.strip_prefix("unknown_service:").unwrap_or(name).to_string()
            }
        }
    }
}

/// What operators know and nobody else.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// Takes as long whatever is wrong.
    pub(super) fn is(&self, other: &str) -> bool {
        let (own, other) = (self.0.as_bytes(), other.as_bytes());
        let differing = own
            .iter()
            .enumerate()
            .fold(0, |all, (at, byte)| all | (byte ^ other.get(at).copied().unwrap_or(!byte)));
        differing == 0 && own.len() == other.len()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_compared_whole_and_never_shown() {
        let token = Token("correct horse battery".into());
        assert!(token.is("correct horse battery"));
        for wrong in ["", "correct", "correct horse batterz", "correct horse battery staple"] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert!(
            !format!("{:?}", Dashboard::builder().operators("correct horse battery"))
                .contains("horse")
        );
        let error = Dashboard::builder().operators("short").build().map_err(|e| e.to_string());
        assert!(error.is_err_and(|told| told.contains("16 characters") && !told.contains("short")));
    }
}
