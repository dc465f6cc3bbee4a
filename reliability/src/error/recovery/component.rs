use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::ops::Deref;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::intensity::Intensity;
use super::start::{self, Start};
use super::{Action, ComponentBuilder, Degradation, Escalation, Recovery, events};
use crate::error::{Class, Fault, Name, Severity, describe};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::{Clock, Instant};

/// Something that calls go through, and that can be made anew when it is broken: a pool, a client,
/// a connection.
///
/// A handle: clones are the same component.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::error::Fault;
/// use reliability::error::recovery::{Component, Recovered};
///
/// #[derive(Debug, Fault)]
/// #[fault(transient, recover = restart)]
/// struct ConnectionsLost;
///
/// struct Ledger;
/// impl Ledger {
///     async fn connect() -> Result<Self, ConnectionsLost> { Ok(Ledger) }
///     async fn append(&self) -> Result<u32, ConnectionsLost> { Err(ConnectionsLost) }
/// }
///
/// let ledger = Component::builder("ledger", Ledger::connect)
///     .on_escalation(|escalation| eprintln!("wake somebody: {escalation:?}"))
///     .start()
///     .await?;
///
/// let current = ledger.current();
/// if let Err(error) = current.append().await {
///     assert_eq!(ledger.recover(&current, &error).await, Recovered::Restarted);
/// }
/// assert_eq!(ledger.generation(), 2);
///
/// // Or both in one: the work, and what is to be done about its error.
/// assert!(ledger.run(async |ledger| ledger.append().await).await.is_err());
/// assert_eq!((ledger.generation(), ledger.escalations()), (3, 0));
/// assert!(!ledger.degradation().is_degraded());
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// - One restart at a time. Whoever meets an error of an instance that has been replaced meanwhile
///   restarts nothing: the error was the old one's.
/// - The old instance stays in use until the new one is there, and for as long as somebody holds it.
///   If the constructor fails, panics, takes too long or is dropped, the old one stays.
/// - Nothing that the constructor, the hook or the drop of an instance does gets out: a panic there
///   is caught, and told as a failure.
pub struct Component<T>(Arc<Shared<T>>);

pub(super) struct Settings {
    pub(super) recovery: Recovery,
    pub(super) restarts: u32,
    pub(super) within: Duration,
    pub(super) start_timeout: Duration,
    pub(super) degradation: Degradation,
    pub(super) escalate: Option<Hook>,
    pub(super) clock: Clock,
}

type Hook = Arc<dyn Fn(&Escalation) + Send + Sync>;

struct Shared<T> {
    name: Name,
    start: Start<T>,
    settings: Settings,
    state: Mutex<State<T>>,
    /// Held by who restarts.
    turn: tokio::sync::Mutex<()>,
    escalations: AtomicU64,
}

struct State<T> {
    instance: Arc<T>,
    generation: u64,
    intensity: Intensity,
    told_at: Option<Instant>,
    suppressed: u64,
}

/// One instance of a [`Component`]: derefs to it, and keeps it alive.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::error::Class;
/// use reliability::error::recovery::Component;
///
/// let address = async || Ok::<_, Class>("10.0.0.7:5432".to_owned());
/// let leader = Component::builder("leader", address).start().await?;
///
/// let current = leader.current();
/// assert_eq!(current.len(), 13);
/// assert_eq!(current.generation(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Instance<T> {
    instance: Arc<T>,
    generation: u64,
}

/// What was done about an error.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::error::Class;
/// use reliability::error::recovery::{Component, Recovered};
///
/// let ledger = Component::builder("ledger", async || Ok::<_, Class>(())).start().await?;
/// let current = ledger.current();
/// assert_eq!(ledger.recover(&current, &Class::Transient).await, Recovered::Retry);
/// assert_eq!(ledger.recover(&current, &Class::Overloaded).await, Recovered::Degraded(1));
/// assert_eq!(ledger.recover(&current, &Class::Cancelled).await, Recovered::Nothing);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovered {
    /// Nothing, and nothing is to be done.
    Nothing,
    /// Nothing yet: another try is worth it.
    Retry,
    /// Nothing yet: another answer is wanted.
    FallBack,
    /// There is a new instance, made for this error or for one of the same instance.
    Restarted,
    /// The constructor did not make one; the old instance stays.
    RestartFailed,
    /// The degradation is at this level now.
    Degraded(u8),
    /// A person was told, or had been told not long ago.
    Escalated,
}

/// What is kept of an error while it is dealt with.
struct Told {
    action: Action,
    error: String,
    class: Class,
    severity: Severity,
}

impl<T: Send + Sync + 'static> Component<T> {
    /// Begins a component that `constructor` makes, now and at each restart.
    ///
    /// `name` stands in events and escalations.
    pub fn builder<F, Fut, E>(name: impl Into<Name>, constructor: F) -> ComponentBuilder<T>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Fault,
    {
        ComponentBuilder::new(name.into(), constructor)
    }

    pub(super) fn new(name: Name, start: Start<T>, settings: Settings, first: T) -> Self {
        let state = State {
            instance: Arc::new(first),
            generation: 1,
            intensity: Intensity::new(settings.restarts, settings.within),
            told_at: None,
            suppressed: 0,
        };
        Self(Arc::new(Shared {
            name,
            start,
            settings,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::new(()),
            escalations: AtomicU64::new(0),
        }))
    }

    /// The instance in use.
    pub fn current(&self) -> Instance<T> {
        let state = self.0.state.lock();
        Instance { instance: Arc::clone(&state.instance), generation: state.generation }
    }

    /// Runs work on the instance in use; does what the plan says about its error, and then returns
    /// that. Work that goes well counts towards lifting a degradation.
    ///
    /// The work runs once: put it under a `Policy` to have it retried, with the new instance if there
    /// is one.
    ///
    /// # Errors
    ///
    /// The work's own.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the work, or the restart, after which the old instance stays.
    pub async fn run<W, Fut, R, E>(&self, work: W) -> Result<R, E>
    where
        W: FnOnce(Instance<T>) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: Fault,
    {
        let current = self.current();
        let generation = current.generation;
        let result = work(current).await;
        match &result {
            Ok(_) => self.0.settings.degradation.went_well(),
            Err(error) => {
                let told = self.look_at(error);
                self.act(generation, told).await;
            }
        }
        result
    }

    /// Does what the plan says about an error that `instance` met.
    ///
    /// # Panics
    ///
    /// When it restarts outside of a tokio runtime whose time driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the constructor; the old instance stays, the try counts as a restart, and
    /// the next error begins another one.
    pub fn recover<'a, E: Fault + ?Sized>(
        &'a self,
        instance: &Instance<T>,
        error: &E,
    ) -> impl Future<Output = Recovered> + Send + use<'a, T, E> {
        let (generation, told) = (instance.generation, self.look_at(error));
        self.act(generation, told)
    }

    /// What is to be done, and what has to be known for that.
    fn look_at<E: Fault + ?Sized>(&self, error: &E) -> Told {
        let action = self.0.settings.recovery.action(error);
        let is_told = matches!(action, Action::Restart | Action::Escalate);
        let text = if is_told { describe(error) } else { String::new() };
        Told { action, error: text, class: error.class(), severity: error.severity() }
    }

    async fn act(&self, generation: u64, told: Told) -> Recovered {
        match told.action {
            Action::Nothing => Recovered::Nothing,
            Action::Retry => Recovered::Retry,
            Action::FallBack => Recovered::FallBack,
            Action::Degrade => Recovered::Degraded(self.0.settings.degradation.raise()),
            Action::Escalate => self.escalate(told),
            Action::Restart => self.restart(generation, told).await,
        }
    }

    async fn restart(&self, generation: u64, told: Told) -> Recovered {
        let shared = &*self.0;
        let _turn = shared.turn.lock().await;
        let now = shared.settings.clock.now();
        let admitted = {
            let mut state = shared.state.lock();
            if state.generation != generation {
                return Recovered::Restarted;
            }
            state.intensity.admit(now)
        };
        if !admitted {
            return self.escalate(told);
        }
        match start::run(&shared.start, shared.settings.start_timeout).await {
            Ok(instance) => {
                let old = {
                    let mut state = shared.state.lock();
                    state.generation += 1;
                    core::mem::replace(&mut state.instance, Arc::new(instance))
                };
                events::restarted(&shared.name, generation + 1, &told.error);
                contained(|| drop(old));
                Recovered::Restarted
            }
            Err(failed) => {
                events::restart_failed(&shared.name, &alloc::format!("{failed}"));
                Recovered::RestartFailed
            }
        }
    }

    fn escalate(&self, told: Told) -> Recovered {
        let shared = &*self.0;
        shared.escalations.fetch_add(1, Ordering::Relaxed);
        let now = shared.settings.clock.now();
        let suppressed = {
            let mut state = shared.state.lock();
            let silence = |at: Instant| now.saturating_duration_since(at) < shared.settings.within;
            if state.told_at.is_some_and(silence) {
                state.suppressed += 1;
                return Recovered::Escalated;
            }
            state.told_at = Some(now);
            core::mem::take(&mut state.suppressed)
        };
        let escalation = Escalation {
            component: shared.name.clone(),
            action: told.action,
            error: told.error,
            class: told.class,
            severity: told.severity,
            suppressed,
        };
        events::escalated(&escalation);
        if let Some(hook) = &shared.settings.escalate {
            contained(|| hook(&escalation));
        }
        Recovered::Escalated
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// Which instance is in use: 1 is the first.
    pub fn generation(&self) -> u64 {
        self.0.state.lock().generation
    }

    /// How many errors were escalated, told or not.
    pub fn escalations(&self) -> u64 {
        self.0.escalations.load(Ordering::Relaxed)
    }

    /// The switch that is raised where the plan says to degrade.
    pub fn degradation(&self) -> &Degradation {
        &self.0.settings.degradation
    }
}

/// Runs what belongs to the user; a panic of it ends here, and has been told by the panic hook.
fn contained(run: impl FnOnce()) {
    // There is nobody to hand the payload to.
    let _ = catch_unwind(AssertUnwindSafe(run));
}

impl<T> Clone for Component<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Component<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("name", &self.0.name)
            .field("generation", &self.0.state.lock().generation)
            .field("degradation", &self.0.settings.degradation)
            .finish_non_exhaustive()
    }
}

impl<T> Instance<T> {
    /// Which instance this is: 1 is the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl<T> Deref for Instance<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.instance
    }
}

impl<T> Clone for Instance<T> {
    fn clone(&self) -> Self {
        Self { instance: Arc::clone(&self.instance), generation: self.generation }
    }
}

impl<T: fmt::Debug> fmt::Debug for Instance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("generation", &self.generation)
            .field("instance", &self.instance)
            .finish()
    }
}
