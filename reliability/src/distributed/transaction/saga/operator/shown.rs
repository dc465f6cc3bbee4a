use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::BROKEN;
use crate::distributed::transaction::operator::{self, Moment};
use crate::distributed::transaction::saga::engine::{NestedRun, Progress};
use crate::distributed::transaction::saga::plan::Plan;
use crate::distributed::transaction::saga::rules::{Entry, Parent};
use crate::journal::{Head, Record, StreamId};

/// One saga, as an operator sees it. Its `Display` is for people.
///
/// # Examples
///
/// See [`Operator`](super::Operator).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Shown {
    /// What lists say of it.
    pub head: Head,
    /// What it is made of.
    pub plan: Arc<Plan>,
    /// Whether that stands in this journal, where engines write it when they begin. Otherwise the plan
    /// and the progress are made of those steps alone of which the records speak.
    pub is_defined: bool,
    /// The step of another saga that it is.
    pub around: Option<Around>,
    /// How far it is; of sagas that are steps of it, what lists say of them now.
    pub progress: Progress,
    /// What has happened, in order.
    pub timeline: Vec<Moment>,
}

/// The step of another saga that a saga is.
///
/// # Examples
///
/// See [`Operator`](super::Operator).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Around {
    /// That other saga.
    pub stream: StreamId,
    /// Its step.
    pub step: String,
}

pub(super) fn around(first: &Record) -> Option<Around> {
    let Parent { stream, step, .. } = Parent::of(&first.event)?;
    Some(Around { stream, step })
}

/// A record in words, or why it cannot be read.
pub(super) fn moment(record: &Record, plan: &Plan) -> Moment {
    Moment::of(record, |_, _| match Entry::read(record, plan) {
        Ok(entry) => entry.told(plan),
        Err(error) => error.to_string(),
    })
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, around, progress, timeline, .. } = self;
        // A broken saga has a status of its own in lists; what it has come to says nothing of it.
        let is_broken = head.status == BROKEN;
        writeln!(f, "{} is {}", head.stream, if is_broken { BROKEN } else { progress.status })?;
        if let Some(Around { stream, step }) = around {
            writeln!(f, "it is {step} of {stream}")?;
        }
        operator::write_held(f, head)?;
        if !self.is_defined {
            let (name, version) = (self.plan.name(), self.plan.version());
            let steps = "until then only those steps are here of which its records speak";
            writeln!(
                f,
                "no engine has written down yet what version {version} of {name} is made of: {steps}"
            )?;
        }
        for step in &progress.steps {
            write!(f, "  {:<24} {}", step.name, step.state.as_str())?;
            if step.failed_attempts > 0 {
                write!(f, ", {} failed", step.failed_attempts)?;
            }
            if let Some(NestedRun { stream, status: Some(status) }) = &step.nested {
                write!(f, ", {stream} is {}", status.replace('_', " "))?;
            }
            writeln!(f)?;
        }
        operator::write_timeline(f, timeline)
    }
}
