//! What a saga is made of, without its types: what the journal keeps of it, and tools read.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::{Value, json};

use super::Step;
use super::definition::{Kind, Waits};
use crate::resilience::retry::Backoff;

/// What a saga is made of, without its types.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::{Definition, Kind, Step};
///
/// const CALL: Definition = Definition::new("Call", 1, &[Step::new("Called", Kind::Pivot)]);
/// let plan = CALL.plan();
/// assert_eq!((plan.name(), plan.version(), plan.steps().len()), ("Call", 1, 1));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    name: String,
    version: u32,
    pub(super) deadline: Option<Duration>,
    steps: Vec<PlannedStep>,
}

/// One step of a [`Plan`].
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::{Definition, Kind, Step};
///
/// const CALL: Definition = Definition::new("Call", 1, &[Step::new("Called", Kind::Pivot)]);
/// let plan = CALL.plan();
/// let called = &plan.steps()[0];
/// assert_eq!((called.name(), called.kind(), called.after()), ("Called", Kind::Pivot, &[][..]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    pub(super) name: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) waits: Waits,
    pub(super) after: Vec<usize>,
    pub(super) needs: Vec<usize>,
    pub(super) attempts: Option<u32>,
    pub(super) undo_attempts: Option<u32>,
    pub(super) backoff: Backoff,
    pub(super) undo: bool,
    pub(super) probed: bool,
    pub(super) nested: Option<String>,
}

impl Plan {
    pub(super) fn new(
        name: &str,
        version: u32,
        deadline: Option<Duration>,
        steps: Vec<PlannedStep>,
    ) -> Self {
        Self { name: name.to_string(), version, deadline, steps }
    }

    /// As the journal keeps it.
    pub(super) fn to_json(&self) -> Value {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let steps = self.steps.iter().map(|step| {
            let waits = match step.waits {
                Waits::Call => json!("call"),
                Waits::Signal => json!("signal"),
                Waits::Time(time) => json!({ "time_ms": millis(time) }),
            };
            let mut kept = json!({
                "name": step.name,
                "kind": step.kind.as_str(),
                "waits": waits,
                "after": step.after,
                "needs": step.needs,
                "attempts": step.attempts,
                "undo_attempts": step.undo_attempts,
                "undo": step.undo,
                "probed": step.probed,
            });
            // Only where there is one: what was kept before reads the same.
            if let (Some(saga), Some(kept)) = (&step.nested, kept.as_object_mut()) {
                kept.insert("nested".into(), json!(saga));
            }
            kept
        });
        let (steps, deadline) = (steps.collect::<Value>(), self.deadline.map(millis));
        json!({ "name": self.name, "version": self.version, "deadline_ms": deadline, "steps": steps })
    }

    /// From what the journal has kept; `None` for what is no plan.
    pub(super) fn from_json(kept: &Value) -> Option<Self> {
        let steps = kept["steps"].as_array()?.iter().map(PlannedStep::from_json);
        let steps: Vec<_> = steps.collect::<Option<_>>()?;
        let earlier = |(index, step): (usize, &PlannedStep)| {
            step.after.iter().chain(&step.needs).all(|&before| before < index)
        };
        let deadline = kept["deadline_ms"].as_u64().map(Duration::from_millis);
        let version = u32::try_from(kept["version"].as_u64()?).ok()?;
        let plan = Self::new(kept["name"].as_str()?, version, deadline, steps);
        plan.steps.iter().enumerate().all(earlier).then_some(plan)
    }

    /// The saga's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The saga's version.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Its steps, in the order in which they stand.
    pub fn steps(&self) -> &[PlannedStep] {
        &self.steps
    }

    pub(super) fn find(&self, step: &str) -> Option<usize> {
        self.steps.iter().position(|it| it.name == step)
    }
}

impl PlannedStep {
    /// One of which nothing is known but its name.
    pub(super) fn named(name: String) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Compensable,
            waits: Waits::Call,
            after: Vec::new(),
            needs: Vec::new(),
            attempts: None,
            undo_attempts: None,
            backoff: Step::BACKOFF,
            undo: true,
            probed: false,
            nested: None,
        }
    }

    fn from_json(kept: &Value) -> Option<Self> {
        let places = |key: &str| -> Option<Vec<usize>> {
            let places = kept[key].as_array()?.iter();
            places.map(|place| usize::try_from(place.as_u64()?).ok()).collect()
        };
        let number = |key: &str| kept[key].as_u64().and_then(|it| u32::try_from(it).ok());
        let waits = match &kept["waits"] {
            Value::String(signal) if signal == "signal" => Waits::Signal,
            Value::Object(time) => {
                Waits::Time(Duration::from_millis(time.get("time_ms")?.as_u64()?))
            }
            _ => Waits::Call,
        };
        Some(Self {
            name: kept["name"].as_str()?.to_string().into(),
            kind: Kind::from_name(kept["kind"].as_str()?)?,
            waits,
            after: places("after")?,
            needs: places("needs")?,
            attempts: number("attempts"),
            undo_attempts: number("undo_attempts"),
            backoff: Step::BACKOFF,
            undo: kept["undo"].as_bool()?,
            probed: kept["probed"].as_bool()?,
            nested: kept["nested"].as_str().map(ToString::to_string),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What may become of it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The places of those that finish before it begins.
    pub fn after(&self) -> &[usize] {
        &self.after
    }

    /// The places of those whose outputs it is given.
    pub fn needs(&self) -> &[usize] {
        &self.needs
    }

    /// The saga that it is, when it is one of its own.
    pub fn nested(&self) -> Option<&str> {
        self.nested.as_deref()
    }

    /// Whether it has an undo.
    pub const fn has_undo(&self) -> bool {
        self.undo
    }
}
