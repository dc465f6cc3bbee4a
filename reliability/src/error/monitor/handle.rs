use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::type_name;
use core::fmt::{self, Display, Formatter};
use std::sync::{OnceLock, PoisonError};

use super::groups::{First, Groups, Seen};
use super::shape::shape;
use super::text::Text;
use super::{Fingerprint, MonitorBuilder, Snapshot};
use crate::error::{Fault, Invalid, Name};
use crate::sync::Mutex;
use crate::time::Clock;

/// Keeps the errors that it is shown in groups, in bounded memory.
///
/// A handle: clones are the same monitor. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// use std::io;
/// use reliability::error::ErrorMonitor;
///
/// let errors = ErrorMonitor::standard("storage");
/// let read: io::Result<Vec<u8>> = Err(io::ErrorKind::NotFound.into());
/// let read = errors.watch(read);
/// assert!(read.is_err());
/// assert_eq!(errors.snapshot().groups[0].kind, "std::io::error::Error");
///
/// assert_eq!(errors.name().as_str(), "storage");
/// errors.clear();
/// assert_eq!(errors.snapshot().recorded, 0);
/// ```
#[derive(Clone)]
pub struct ErrorMonitor(Arc<Shared>);

struct Shared {
    name: Name,
    clock: Clock,
    groups: Mutex<Groups>,
}

/// What can be changed while an [`ErrorMonitor`] works.
///
/// # Examples
///
/// ```
/// use reliability::error::ErrorMonitor;
/// use reliability::error::monitor::Settings;
///
/// assert_eq!(Settings::standard().capacity, ErrorMonitor::DEFAULT_CAPACITY);
///
/// let errors = ErrorMonitor::standard("import");
/// errors.reconfigure(|settings| settings.capacity = 512)?;
/// assert_eq!(errors.settings().capacity, 512);
/// assert!(errors.reconfigure(|s| s.capacity = ErrorMonitor::CAPACITY_MAX + 1).is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How many kinds of error are kept apart: 1 to 4096. Default: 128.
    pub capacity: u32,
}

/// How much of a message makes its shape.
const SHAPED: usize = 512;
/// How much of a message is kept.
const KEPT: usize = 1024;

impl Settings {
    /// 128 kinds of error.
    pub fn standard() -> Self {
        Self { capacity: ErrorMonitor::DEFAULT_CAPACITY }
    }

    pub(super) fn validate(&self, name: &Name) -> Result<(), Invalid> {
        if (1..=ErrorMonitor::CAPACITY_MAX).contains(&self.capacity) {
            return Ok(());
        }
        let expected = alloc::format!("1 to {}", ErrorMonitor::CAPACITY_MAX);
        Err(Invalid::new(name.clone(), "capacity", expected, self.capacity)
            .with_advice("what is seen often is kept in any case; 128 is more than anybody reads"))
    }
}

impl ErrorMonitor {
    /// Kinds of error that are kept apart, where it is not said.
    pub const DEFAULT_CAPACITY: u32 = 128;
    /// The most kinds of error that can be kept apart.
    pub const CAPACITY_MAX: u32 = 4096;

    /// A monitor of that name with the defaults.
    pub fn standard(name: impl Into<Name>) -> Self {
        MonitorBuilder::new(name.into()).build_unchecked()
    }

    /// Begins with the defaults, each of which can be changed.
    pub fn builder(name: impl Into<Name>) -> MonitorBuilder {
        MonitorBuilder::new(name.into())
    }

    /// One for the whole process, named `global`: made when it is first asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::{ErrorMonitor, Reason, Rejected};
    ///
    /// ErrorMonitor::global().record(&Rejected::new(Reason::TimedOut, "price"));
    /// assert_eq!(ErrorMonitor::global().snapshot().recorded, 1);
    /// ```
    pub fn global() -> &'static ErrorMonitor {
        static GLOBAL: OnceLock<ErrorMonitor> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::standard("global"))
    }

    pub(super) fn new(name: Name, settings: Settings, clock: Clock) -> Self {
        let groups = Mutex::new(Groups::new(settings.capacity as usize));
        let monitor = Self(Arc::new(Shared { name, clock, groups }));
        list(&monitor);
        monitor
    }

    /// Records an error, and says to which group it belongs.
    ///
    /// Boxed and dynamic errors are faults as well: `record(&*boxed)`.
    pub fn record<E: Fault + ?Sized>(&self, error: &E) -> Fingerprint {
        self.record_as(type_name::<E>(), &error)
    }

    /// Records the error, if there is one, and hands the result on.
    ///
    /// On a success it does nothing and allocates nothing.
    ///
    /// # Errors
    ///
    /// The same as before.
    #[inline]
    pub fn watch<T, E: Fault>(&self, result: Result<T, E>) -> Result<T, E> {
        if let Err(error) = &result {
            self.record_failed(error);
        }
        result
    }

    #[cold]
    fn record_failed<E: Fault>(&self, error: &E) {
        self.record(error);
    }

    /// Records what is known by the name of its type.
    pub(crate) fn record_as(&self, kind: &'static str, error: &dyn Fault) -> Fingerprint {
        let message = Text::<KEPT>::of(|out| write!(out, "{}", Message(error)));
        let text = message.as_str();
        let start = &text[..text.floor_char_boundary(SHAPED.min(text.len()))];
        let fingerprint = match error.fingerprint() {
            Some(name) => Fingerprint::named(name),
            None => Fingerprint::of(kind, start),
        };
        let (class, severity) = (error.class(), error.severity());
        let seen = Seen { fingerprint, class, severity, now: self.0.clock.now() };
        if !self.0.groups.lock().count(seen) {
            let shape = error.fingerprint().map_or_else(|| shape(start), Into::into);
            let first = First { kind, shape: shape.into(), example: Box::from(text) };
            let gone = self.0.groups.lock().add(seen, first);
            drop(gone);
        }
        fingerprint
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// All groups, the most frequent first.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.0.clock.now();
        let groups = self.0.groups.lock();
        Snapshot {
            name: self.0.name.clone(),
            recorded: groups.recorded,
            evicted: groups.evicted,
            groups: groups.all(now),
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.groups.lock().clear();
    }

    /// What can be changed while it works, as it is now.
    pub fn settings(&self) -> Settings {
        Settings { capacity: self.0.groups.lock().capacity() as u32 }
    }

    /// Changes settings. A lower capacity lets go of the groups that are worth least.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing has changed, when the capacity is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::ErrorMonitor;
    ///
    /// let errors = ErrorMonitor::standard("shop");
    /// errors.reconfigure(|settings| settings.capacity = 16)?;
    /// assert_eq!(errors.settings().capacity, 16);
    /// # Ok::<(), reliability::error::Invalid>(())
    /// ```
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        settings.validate(&self.0.name)?;
        self.0.groups.lock().set_capacity(settings.capacity as usize);
        Ok(())
    }
}

/// What the error says of itself, as much of it as is kept.
pub(crate) fn describe<E: Fault + ?Sized>(error: &E) -> String {
    Text::<KEPT>::of(|out| write!(out, "{}", Message(&error))).as_str().into()
}

/// What the error says of itself.
struct Message<'a>(&'a dyn Fault);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.describe(f)
    }
}

impl fmt::Debug for ErrorMonitor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let groups = self.0.groups.lock();
        f.debug_struct("ErrorMonitor")
            .field("name", &self.0.name)
            .field("recorded", &groups.recorded)
            .field("groups", &groups.len())
            .field("capacity", &groups.capacity())
            .finish()
    }
}

static LISTED: std::sync::Mutex<Vec<Weak<Shared>>> = std::sync::Mutex::new(Vec::new());

fn list(monitor: &ErrorMonitor) {
    let mut listed = LISTED.lock().unwrap_or_else(PoisonError::into_inner);
    // Forget what is gone whenever the list would grow, so that it never outgrows what lives.
    if listed.len() == listed.capacity() {
        listed.retain(|weak| weak.strong_count() > 0);
    }
    listed.push(Arc::downgrade(&monitor.0));
}

/// Every monitor of the process, in the order in which they were made.
///
/// # Examples
///
/// ```
/// use reliability::error::ErrorMonitor;
/// use reliability::error::monitor::monitors;
///
/// let errors = ErrorMonitor::standard("import");
/// assert!(monitors().iter().any(|monitor| monitor.name() == errors.name()));
/// ```
pub fn monitors() -> Vec<ErrorMonitor> {
    let listed = LISTED.lock().unwrap_or_else(PoisonError::into_inner);
    listed.iter().filter_map(Weak::upgrade).map(ErrorMonitor).collect()
}
