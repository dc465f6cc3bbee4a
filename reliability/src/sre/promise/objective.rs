use alloc::borrow::Cow;
use core::fmt;
use core::time::Duration;

use super::definition::put;
use crate::sre::Target;

/// One thing that is promised, and how much of it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Objective, Target};
///
/// let answered = Objective::availability(Target::percent("99.95"));
/// let quick = Objective::latency(Target::percent("99"), Duration::from_millis(500));
/// assert_eq!(answered.to_string(), "availability 99.95%");
/// assert_eq!(quick.to_string(), "latency 99% < 500ms");
///
/// // The same promise from the other side, a rate of work, and what samples of answers say.
/// let failed = Objective::error_rate(Target::percent("0.05"));
/// let busy = Objective::throughput(Target::percent("99"), 100, Duration::from_secs(60));
/// let right = Objective::correctness(Target::percent("99.99")).named("prices are right");
/// assert_eq!(right.name, "prices are right");
/// # let _ = (failed, busy);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Objective {
    /// What it is called among the objectives of its definition.
    pub name: Cow<'static, str>,
    /// What is counted.
    pub indicator: Indicator,
    /// How much of it must be good.
    pub target: Target,
}

/// What is counted, as good or bad.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Indicator, Objective, Target};
///
/// let quick = Objective::latency(Target::percent("99"), Duration::from_millis(500));
/// assert_eq!(quick.indicator, Indicator::Latency { threshold: Duration::from_millis(500) });
///
/// // Made of parts, where the name comes from a file.
/// let name = format!("{} of the day", "answers");
/// let checked =
///     Objective::from_parts(name.into(), Indicator::Correctness, Target::percent("99.99"));
/// assert_eq!(checked.name, "answers of the day");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Indicator {
    /// Calls that were answered, of all that were made.
    Availability,
    /// The same, promised from the other side: how many calls may fail.
    ErrorRate,
    /// Calls that took less than the threshold, of all that were timed.
    Latency {
        /// A call that takes as long as this is bad.
        threshold: Duration,
    },
    /// Slices of time in which at least so many calls went well, of all slices.
    Throughput {
        /// How many make a slice a good one.
        at_least: u64,
        /// How long a slice is.
        slice: Duration,
    },
    /// Answers that were right, of all that somebody has looked at.
    Correctness,
}

impl Objective {
    /// So many calls are answered.
    pub const fn availability(target: Target) -> Self {
        Self::new("availability", Indicator::Availability, target)
    }

    /// At most so many calls fail: 0.1 % is the same promise as an availability of 99.9 %.
    pub const fn error_rate(at_most: Target) -> Self {
        let target = Target::parts_per_billion(at_most.budget_parts_per_billion());
        Self::new("error-rate", Indicator::ErrorRate, target)
    }

    /// So many calls take less than the threshold: "99 % below 500 ms".
    pub const fn latency(target: Target, threshold: Duration) -> Self {
        Self::new("latency", Indicator::Latency { threshold }, target)
    }

    /// In so many slices of time at least so many calls go well.
    pub const fn throughput(target: Target, at_least: u64, slice: Duration) -> Self {
        Self::new("throughput", Indicator::Throughput { at_least, slice }, target)
    }

    /// So many answers are right.
    pub const fn correctness(target: Target) -> Self {
        Self::new("correctness", Indicator::Correctness, target)
    }

    /// The same under another name: two objectives of one definition need two names.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        put(&mut self.name, Cow::Borrowed(name));
        self
    }

    /// An objective from its parts, with a name that is made at run time.
    pub const fn from_parts(name: Cow<'static, str>, indicator: Indicator, target: Target) -> Self {
        Self { name, indicator, target }
    }

    /// What stands where there is none.
    pub(in crate::sre) const BLANK: Objective =
        Objective::new("", Indicator::Availability, Target::parts_per_billion(0));

    const fn new(name: &'static str, indicator: Indicator, target: Target) -> Self {
        Self { name: Cow::Borrowed(name), indicator, target }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, indicator, target } = self;
        match indicator {
            Indicator::Latency { threshold } => write!(f, "{name} {target} < {threshold:?}"),
            Indicator::Throughput { at_least, slice } => {
                write!(f, "{name} {target} >= {at_least} per {slice:?}")
            }
            Indicator::ErrorRate => {
                let at_most = Target::parts_per_billion(target.budget_parts_per_billion());
                write!(f, "{name} <= {at_most}")
            }
            Indicator::Availability | Indicator::Correctness => write!(f, "{name} {target}"),
        }
    }
}
