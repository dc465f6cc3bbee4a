//! What becomes of runs that are over.

use core::time::Duration;
use std::time::SystemTime;

use super::super::nested::is_asked_for;
use super::super::rules::{Entry, Parent};
use super::drive::Put;
use super::hub::Hub;
use crate::distributed::transaction::Retention;
use crate::journal::{Append, Due, JournalError, Lease, Record};

/// How long what has ended stays, at least, for the saga that it is a step of.
const REST: Duration = Duration::from_secs(60);

/// A run that is over. The names of its records say so: whoever knows the saga in another version, or
/// cannot read it at all, sees that too.
pub(super) struct Over {
    pub(super) status: &'static str,
    pub(super) ended_at: Option<SystemTime>,
    /// The step of another saga that it is.
    pub(super) parent: Option<Parent>,
}

impl Over {
    /// The first end counts: what comes after it has been said too late.
    pub(super) fn of(records: &[Record]) -> Option<Self> {
        let mut ends = records.iter().filter_map(|record| {
            Entry::ends(record.event.name()).map(|phase| (phase.status(), record.at))
        });
        let (status, at) = ends.next()?;
        let parent = records.first().and_then(|first| Parent::of(&first.event));
        Some(Self { status, ended_at: Some(at), parent })
    }
}

/// It was over when it was claimed: when its time has come, its records go.
pub(super) async fn collect(hub: &Hub, lease: &Lease, over: Over) -> Result<Put, JournalError> {
    let Over { status, ended_at, parent } = over;
    let now = hub.clock.now();
    let goes_at = match hub.retention {
        Retention::Forever => None,
        Retention::For(time) => ended_at.and_then(|at| at.checked_add(time)),
    };
    let left = goes_at.and_then(|at| at.duration_since(now).ok());
    let mut due = left.filter(|left| !left.is_zero()).map_or(Due::Never, Due::After);
    let mut goes = goes_at.is_some_and(|at| at <= now);
    if goes
        && let Some(parent) = parent
        && is_asked_for(&hub.journal, &parent).await?
    {
        (due, goes) = (Due::After(REST), false);
    }
    // What is said of it now has been said too late: it stays over, whatever comes.
    let append = Append::to(&lease.stream).fenced(lease).due(due).status(status).release();
    hub.journal.append(append).await?;
    if goes {
        match hub.journal.remove(&lease.stream, lease.sequence).await {
            // Then it goes the next time.
            Err(JournalError::Conflict { .. } | JournalError::Busy { .. }) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Put::Down)
}
