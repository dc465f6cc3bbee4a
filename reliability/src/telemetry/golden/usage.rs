use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use super::delta::{Delta, text};
use super::red::percent;
use super::sources::{self, Limited, Used};
use crate::telemetry::Attribute;

/// What a resource is.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::golden::ResourceKind;
///
/// assert_eq!(ResourceKind::RetryBudget.as_str(), "retry budget");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ResourceKind {
    /// Places for calls at once.
    Bulkhead,
    /// The same, as many as turn out to be good.
    ConcurrencyLimit,
    /// Permits for a time.
    RateLimit,
    /// What retries and hedges are taken from.
    RetryBudget,
    /// A breaker: there, or not.
    Breaker,
}

impl ResourceKind {
    const ALL: [(Self, Limited); 5] = [
        (Self::Bulkhead, sources::BULKHEAD),
        (Self::ConcurrencyLimit, sources::CONCURRENCY_LIMIT),
        (Self::RateLimit, sources::RATE_LIMIT),
        (Self::RetryBudget, sources::RETRY_BUDGET),
        (Self::Breaker, sources::BREAKER),
    ];

    /// What people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bulkhead => "bulkhead",
            Self::ConcurrencyLimit => "concurrency limit",
            Self::RateLimit => "rate limit",
            Self::RetryBudget => "retry budget",
            Self::Breaker => "breaker",
        }
    }
}

/// Utilization, saturation and errors of one resource: what is in use at the end of a period, and what
/// was refused in it.
///
/// # Examples
///
/// ```
/// use reliability::resilience::{Bulkhead, Policy};
/// use reliability::telemetry::golden::Collected;
///
/// let bulkhead = Bulkhead::builder("usage").concurrent(4).build()?;
/// let policy = Policy::builder("usage").bulkhead(bulkhead.clone()).build()?;
/// let inside = bulkhead.try_enter()?;
///
/// let now = Collected::take();
/// let period = now.since(&now);
/// let places = period.resources.iter().find(|usage| usage.name == "usage").ok_or("it is told")?;
/// assert_eq!((places.used, places.limit), (1.0, Some(4.0)));
/// assert_eq!(places.utilization(), Some(0.25));
/// assert!(!places.is_saturated() && !places.is_broken);
/// # drop(inside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// What it is.
    pub kind: ResourceKind,
    /// What it is called.
    pub name: String,
    /// How much is in use.
    pub used: f64,
    /// How much there is; `None` for what is there or not.
    pub limit: Option<f64>,
    /// How many wait for it.
    pub waiting: u64,
    /// How many calls it refused.
    pub refused: u64,
    /// Whether it is out of order: an open breaker, a store that does not answer.
    pub is_broken: bool,
}

impl Usage {
    /// How much of it is in use, 0 to 1, and above where a limit was lowered; `None` where there is
    /// none.
    pub fn utilization(&self) -> Option<f64> {
        let limit = self.limit.filter(|limit| *limit > 0.0)?;
        Some(self.used.max(0.0) / limit).filter(|share| share.is_finite())
    }

    /// Whether somebody waits, or was refused.
    pub const fn is_saturated(&self) -> bool {
        self.waiting > 0 || self.refused > 0
    }

    pub(super) fn all(delta: Delta<'_>) -> Vec<Self> {
        let all = ResourceKind::ALL.iter();
        all.flat_map(|(kind, resource)| Self::of(delta, *kind, resource)).collect()
    }

    fn of(delta: Delta<'_>, kind: ResourceKind, of: &Limited) -> Vec<Self> {
        let mut all = Named { of, kind, all: BTreeMap::new() };
        let (amount, limit) = match of.used {
            Used::Is(amount, limit) | Used::Left(amount, limit) => (Some(amount), Some(limit)),
            Used::Never => (None, None),
        };
        for (attributes, value) in limit.map(|it| delta.now(it)).unwrap_or_default() {
            all.find(attributes).limit = Some(value);
        }
        for (attributes, value) in amount.map(|it| delta.now(it)).unwrap_or_default() {
            let usage = all.find(attributes);
            usage.used = match of.used {
                Used::Left(..) => usage.limit.unwrap_or(value) - value,
                _ => value,
            };
        }
        for (attributes, value) in of.waiting.map(|it| delta.now(it)).unwrap_or_default() {
            all.find(attributes).waiting = value.max(0.0) as u64;
        }
        for (attributes, value) in of.refused.map(|it| delta.counters(it)).unwrap_or_default() {
            let usage = all.find(attributes);
            usage.refused = usage.refused.saturating_add(value);
        }
        if let Some((metric, only)) = of.broken {
            for (attributes, value) in delta.now(metric) {
                let counts = only.is_none_or(|(key, values)| {
                    text(attributes, key).is_some_and(|value| values.contains(&&*value))
                });
                all.find(attributes).is_broken |= counts && value > 0.0;
            }
        }
        all.all.into_values().collect()
    }

    /// Of which of two more is in use; of as much, which is broken, or has more who wait.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let in_use = |usage: &Self| usage.utilization().unwrap_or(0.0);
        let rest = |usage: &Self| (usage.is_broken, usage.waiting, usage.refused);
        in_use(self).total_cmp(&in_use(other)).then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// The resources of one kind.
struct Named<'a> {
    of: &'a Limited,
    kind: ResourceKind,
    all: BTreeMap<String, Usage>,
}

impl Named<'_> {
    fn find(&mut self, attributes: &[Attribute]) -> &mut Usage {
        let name = text(attributes, self.of.name).unwrap_or_default();
        self.all.entry(name.clone()).or_insert(Usage {
            kind: self.kind,
            name,
            used: 0.0,
            limit: None,
            waiting: 0,
            refused: 0,
            is_broken: false,
        })
    }
}

impl fmt::Display for Usage {
    /// `bulkhead stock 93% (28 of 30), 4 wait, 12 refused`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)?;
        if let (Some(limit), Some(share)) = (self.limit, self.utilization()) {
            let used = self.used.max(0.0);
            write!(f, " {} ({used:.0} of {limit:.0})", percent(Some(share)))?;
        }
        if self.waiting > 0 {
            write!(f, ", {} wait", self.waiting)?;
        }
        if self.refused > 0 {
            write!(f, ", {} refused", self.refused)?;
        }
        match (self.is_broken, self.kind) {
            (true, ResourceKind::Breaker) => f.write_str(", open"),
            (true, _) => f.write_str(", its store is away"),
            (false, _) => Ok(()),
        }
    }
}
