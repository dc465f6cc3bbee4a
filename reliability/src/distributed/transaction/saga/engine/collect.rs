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
    let goes_at = match hub.retention {
        Retention::Forever => None,
        Retention::For(time) => ended_at.and_then(|at| at.checked_add(time)),
    };
    let left = goes_at.map(|at| at.duration_since(hub.clock.now()).unwrap_or_default());
    let due = match (left, parent) {
        (None, _) => Due::Never,
        (Some(left), _) if !left.is_zero() => Due::After(left),
        (Some(_), Some(parent)) if is_asked_for(&hub.journal, &parent).await? => Due::After(REST),
        // In one step: as long as it is there, it is due, and whoever dies here leaves it to others.
        (Some(_), _) => match hub.journal.remove_held(lease).await {
            Ok(()) => return Ok(Put::Down),
            // Somebody has said something, and it is read again.
            Err(JournalError::Conflict { .. }) => Due::Now,
            // It comes up again when the lease has run out, if it is still there.
            Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                return Ok(Put::Down);
            }
            Err(error) => return Err(error),
        },
    };
    // What is said of it now has been said too late: it stays over, whatever comes.
    let append = Append::to(&lease.stream).fenced(lease).due(due).status(status).release();
    hub.journal.append(append).await?;
    Ok(Put::Down)
}
