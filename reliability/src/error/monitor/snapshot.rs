use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::Fingerprint;
use crate::error::{Class, Name, Severity, plural};

/// What an [`ErrorMonitor`](super::ErrorMonitor) knows at one moment.
///
/// # Examples
///
/// ```
/// use reliability::error::{ErrorMonitor, Reason, Rejected};
///
/// let errors = ErrorMonitor::standard("shop");
/// errors.record(&Rejected::new(Reason::TimedOut, "price"));
/// println!("{}", errors.snapshot());
/// assert_eq!(errors.snapshot().recorded, 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The monitor's name.
    pub name: Name,
    /// Errors that were recorded since it was made or cleared, with those whose groups are gone.
    pub recorded: u64,
    /// Groups that gave way to others.
    pub evicted: u64,
    /// The groups, the most frequent first.
    pub groups: Vec<ErrorGroup>,
}

/// What a monitor knows of one kind of error.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, ErrorMonitor, ResultExt};
///
/// let errors = ErrorMonitor::standard("import");
/// for line in ["seven", "eight"] {
///     let parsed = line.parse::<u32>().with_context(|| format!("line '{line}'"));
///     assert!(errors.watch(parsed).is_err());
/// }
///
/// let group = &errors.snapshot().groups[0];
/// assert_eq!((group.count, group.overcount), (2, 0));
/// assert_eq!(group.class, Class::Permanent);
/// // The first message as it was, and what both have in common.
/// assert!(group.example.starts_with("line 'seven': "));
/// assert!(!group.shape.contains("seven"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ErrorGroup {
    /// What its errors have in common.
    pub fingerprint: Fingerprint,
    /// The name of their type.
    pub kind: &'static str,
    /// Their message, without what differs.
    pub shape: String,
    /// The message of the first of them with all that led to it, cut after 1024 bytes.
    pub example: String,
    /// The class of the last one.
    pub class: Class,
    /// The worst severity of them.
    pub severity: Severity,
    /// How many there were, at most.
    pub count: u64,
    /// How many of the count may have been of other kinds, whose place this one took.
    pub overcount: u64,
    /// How long ago it was first seen, since it has a group.
    pub first_seen_ago: Duration,
    /// How long ago it was last seen.
    pub last_seen_ago: Duration,
    /// How many there are per minute lately: the weight of each falls to 1/e within a minute.
    pub per_minute: f64,
}

impl fmt::Display for Snapshot {
    /// A table: one line per group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, recorded, groups, .. } = self;
        let groups_of = plural(groups.len() as u64, "group", "groups");
        writeln!(f, "errors of {name}: {recorded} in {groups_of}")?;
        groups.iter().try_for_each(|group| group.fmt_row(f))
    }
}

impl ErrorGroup {
    fn fmt_row(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, rate) = (self.count, self.per_minute);
        let (class, severity, shape) = (self.class, self.severity, &self.shape);
        writeln!(f, "{count:>9} {rate:>8.1}/min {severity:<8} {class:<10} {shape}")
    }
}
