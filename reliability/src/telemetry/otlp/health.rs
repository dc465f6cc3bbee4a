use alloc::string::String;
use core::fmt;
use core::time::Duration;
use std::time::SystemTime;

use super::Signal;

/// How an exporter does, from [`Otlp::health`](super::Otlp::health).
///
/// # Examples
///
/// ```
/// use reliability::telemetry::otlp::{Otlp, Signal};
///
/// let otlp = Otlp::builder().endpoint("http://127.0.0.1:4318").build()?;
/// let health = otlp.health();
/// assert!(health.is_well());
/// assert_eq!(health.signal(Signal::Logs).map(|logs| logs.queued), Some(0));
/// println!("{health}");
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// Whether the thread that sends is there. It is not after a shutdown.
    pub running: bool,
    /// Each signal that is exported.
    pub signals: Vec<SignalHealth>,
}

impl Health {
    /// Whether it runs, and the last request of each signal was taken.
    pub fn is_well(&self) -> bool {
        self.running && self.signals.iter().all(|signal| signal.failing_since.is_none())
    }

    /// That signal; `None` if it is not exported.
    pub fn signal(&self, signal: Signal) -> Option<&SignalHealth> {
        self.signals.iter().find(|health| health.signal == signal)
    }

    /// What was lost of all signals, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.signals.iter().map(|signal| signal.dropped.total()).sum()
    }
}

/// How the export of one signal does. All counts are of spans, points, or records.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::telemetry::log::{Record, Level};
/// use reliability::telemetry::otlp::{Otlp, Signal};
///
/// let otlp = Otlp::builder()
///     .interval(Duration::from_secs(3_600))
///     .queue(100)
///     .queue_bytes(1 << 20)
///     .batch(50)
///     .without(Signal::Traces)
///     .build()?;
/// otlp.log(Record::new(SystemTime::now(), Level::Info, "started"));
///
/// let health = otlp.health();
/// let logs = health.signal(Signal::Logs).expect("they are exported");
/// assert_eq!((logs.queued + logs.in_flight, logs.exported, logs.failures), (1, 0, 0));
/// assert!(health.signal(Signal::Traces).is_none());
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignalHealth {
    /// Which signal.
    pub signal: Signal,
    /// Where it goes.
    pub endpoint: String,
    /// How many wait to be sent.
    pub queued: u64,
    /// About how many bytes those take.
    pub queued_bytes: u64,
    /// How many are in a request that was not answered well yet.
    pub in_flight: u64,
    /// How many the receiver has taken.
    pub exported: u64,
    /// How many were lost, and why.
    pub dropped: Dropped,
    /// How many requests failed, those counted that were sent again.
    pub failures: u64,
    /// When a request was taken last.
    pub last_success: Option<SystemTime>,
    /// Since when every request fails; `None` while they do not.
    pub failing_since: Option<SystemTime>,
    /// What the last failure was, also when all is well again.
    pub last_error: Option<Failure>,
}

/// Why something was not delivered, and how often.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::otlp::{Otlp, Signal};
///
/// let otlp = Otlp::builder().build()?;
/// let health = otlp.health();
/// for signal in &health.signals {
///     for (reason, lost) in signal.dropped.by_reason() {
///         println!("{} of {} lost: {reason}", lost, signal.signal);
///     }
///     assert_eq!(signal.dropped.total(), 0);
/// }
/// assert_eq!(health.lost(), 0);
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// There was no room: more came than the receiver took.
    pub queue_full: u64,
    /// The receiver did not want it.
    pub refused: u64,
    /// The receiver could not be reached for too long.
    pub gave_up: u64,
    /// Numbers that newer ones of the same metrics replaced before they could be sent.
    pub superseded: u64,
    /// It could not be written: a histogram whose counts do not belong to its bounds.
    pub invalid: u64,
    /// It came after the shutdown, or was left over when its time was over.
    pub shut_down: u64,
}

impl Dropped {
    /// All of them.
    pub const fn total(&self) -> u64 {
        let Self { queue_full, refused, gave_up, superseded, invalid, shut_down } = *self;
        queue_full + refused + gave_up + superseded + invalid + shut_down
    }

    /// Each reason, by the name that it has in metrics, and its count.
    pub fn by_reason(&self) -> [(&'static str, u64); 6] {
        [
            ("queue_full", self.queue_full),
            ("refused", self.refused),
            ("gave_up", self.gave_up),
            ("superseded", self.superseded),
            ("invalid", self.invalid),
            ("shut_down", self.shut_down),
        ]
    }
}

/// A request that failed.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::otlp::Otlp;
///
/// let otlp = Otlp::builder().build()?;
/// for signal in otlp.health().signals {
///     match signal.last_error {
///         Some(failure) => println!("{} failed: {}", signal.signal, failure.why),
///         None => println!("{} never failed", signal.signal),
///     }
/// }
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// When.
    pub at: SystemTime,
    /// What the receiver or the system said.
    pub why: String,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.running {
            f.write_str("stopped\n")?;
        }
        self.signals.iter().try_for_each(|signal| writeln!(f, "{signal}"))
    }
}

impl fmt::Display for SignalHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signal, endpoint, queued, in_flight, exported, .. } = self;
        write!(f, "{signal} to {endpoint}: {exported} exported, {queued} queued, ")?;
        write!(f, "{in_flight} in flight, {}", self.dropped)?;
        if let (Some(_), Some(error)) = (self.failing_since, &self.last_error) {
            write!(f, "; failing: {}", error.why)?;
        }
        Ok(())
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dropped", self.total())?;
        let mut reasons = self.by_reason().into_iter().filter(|(_, count)| *count > 0);
        if let Some((reason, count)) = reasons.next() {
            write!(f, " ({reason} {count}")?;
            reasons.try_for_each(|(reason, count)| write!(f, ", {reason} {count}"))?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// What was not delivered by the end of a [`flush`](super::Otlp::flush) or a
/// [`shutdown`](super::Otlp::shutdown).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::telemetry::log::{Record, Level};
/// use reliability::telemetry::otlp::Otlp;
///
/// // Nobody listens there.
/// let otlp = Otlp::builder().endpoint("http://127.0.0.1:9").stderr(false).build()?;
/// otlp.log(Record::new(SystemTime::now(), Level::Info, "started"));
///
/// let undelivered = otlp.flush(Duration::from_millis(50)).unwrap_err();
/// assert!(undelivered.items > 0);
/// println!("after {:?}: {}", undelivered.within, undelivered.why.unwrap_or_default());
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undelivered {
    /// How many spans, points and records still wait, or were lost meanwhile.
    pub items: u64,
    /// How long it was tried.
    pub within: Duration,
    /// What the last failure was, if there was one.
    pub why: Option<String>,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, within, why } = self;
        write!(f, "{items} spans, points and records were not delivered within {within:?}: ")?;
        f.write_str(why.as_deref().unwrap_or("the receiver has not answered yet"))
    }
}

impl core::error::Error for Undelivered {}

impl crate::error::Fault for Undelivered {
    fn class(&self) -> crate::error::Class {
        crate::error::Class::Transient
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
