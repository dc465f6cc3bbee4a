use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::time::Duration;

use super::component::{Component, Settings};
use super::start::{self, Start, StartFailed};
use super::{Degradation, Escalation, Recovery};
use crate::error::{Fault, Invalid, Name};
use crate::time::Clock;

/// Settings of a [`Component`] that is yet to be made.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Class;
/// use reliability::error::recovery::{Action, Component, Degradation, Recovery};
/// use reliability::time::Clock;
///
/// struct Ledger;
///
/// let ledger = Component::builder("ledger", async || Ok::<_, Class>(Ledger))
///     .recovery(Recovery::standard().on(Class::Permanent, Action::Escalate))
///     .restarts(5, Duration::from_secs(60))
///     .start_timeout(Duration::from_secs(10))
///     .degradation(Degradation::standard("ledger"))
///     .on_escalation(|escalation| eprintln!("wake somebody: {escalation:?}"))
///     .clock(Clock::coarse())
///     .start()
///     .await?;
/// assert_eq!((ledger.name().as_str(), ledger.generation()), ("ledger", 1));
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `start()`"]
pub struct ComponentBuilder<T> {
    name: Name,
    start: Start<T>,
    settings: Settings,
}

const RESTARTS_MAX: u32 = 1000;
const PERIOD_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl<T: Send + Sync + 'static> ComponentBuilder<T> {
    pub(super) fn new<F, Fut, E>(name: Name, constructor: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Fault,
    {
        let start = move || {
            let constructed = constructor();
            let starting =
                async move { constructed.await.map_err(|error| StartFailed::of(&error)) };
            Box::pin(starting) as _
        };
        let settings = Settings {
            recovery: Recovery::standard(),
            restarts: 3,
            within: Duration::from_secs(60),
            start_timeout: Duration::from_secs(30),
            degradation: Degradation::standard(name.clone()),
            escalate: None,
            clock: Clock::default(),
        };
        Self { name, start: Box::new(start), settings }
    }

    /// The plan. Default: [`Recovery::standard`].
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.settings.recovery = recovery;
        self
    }

    /// How many restarts there may be within a period before the next one is escalated instead: 0 to
    /// 1000 within 1 ms to 7 days. Default: 3 within a minute. A restart that fails counts, too.
    pub fn restarts(mut self, most: u32, within: Duration) -> Self {
        self.settings.restarts = most;
        self.settings.within = within;
        self
    }

    /// How long the constructor may take: above zero, up to 7 days. Default: 30 s.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.settings.start_timeout = limit;
        self
    }

    /// The switch that is raised where the plan says to degrade; it may be shared. Default: a
    /// [standard one](Degradation::standard) of the component's name.
    pub fn degradation(mut self, degradation: Degradation) -> Self {
        self.settings.degradation = degradation;
        self
    }

    /// Called where the plan says to escalate, and when there were too many restarts: at most once
    /// per period of [`restarts`](Self::restarts). A panic of it is caught.
    pub fn on_escalation(mut self, hook: impl Fn(&Escalation) + Send + Sync + 'static) -> Self {
        self.settings.escalate = Some(Arc::new(hook));
        self
    }

    /// The clock by which restarts are counted. Default: [`Clock::precise`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Makes the first instance.
    ///
    /// # Errors
    ///
    /// [`StartFailed`] when a setting makes no sense, and when the constructor fails, panics or takes
    /// too long. It is not tried again here; put a `Policy` around it for that.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime whose time driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what the constructor was at.
    ///
    /// # Examples
    ///
    /// See [`Component`].
    pub async fn start(self) -> Result<Component<T>, StartFailed> {
        self.validate().map_err(StartFailed::Invalid)?;
        let first = start::run(&self.start, self.settings.start_timeout).await?;
        Ok(Component::new(self.name, self.start, self.settings, first))
    }

    fn validate(&self) -> Result<(), Invalid> {
        let invalid = |setting, expected, got: &dyn fmt::Display| {
            Err(Invalid::new(self.name.clone(), setting, expected, got))
        };
        let Settings { restarts, within, start_timeout, .. } = &self.settings;
        if *restarts > RESTARTS_MAX {
            return invalid("restarts", "0 to 1000", restarts);
        }
        if !(Duration::from_millis(1)..=PERIOD_MAX).contains(within) {
            return invalid("within", "1ms to 7 days", &format_args!("{within:?}"));
        }
        if start_timeout.is_zero() || *start_timeout > PERIOD_MAX {
            let got = format_args!("{start_timeout:?}");
            return invalid("start_timeout", "above zero, up to 7 days", &got);
        }
        Ok(())
    }
}

impl<T> fmt::Debug for ComponentBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
