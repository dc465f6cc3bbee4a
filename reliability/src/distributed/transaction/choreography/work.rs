//! The tasks of one participant.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use core::time::Duration;

use tokio::task::JoinSet;

use super::bus::{BusError, Subscription};
use super::desk::{AGAIN, Desk, Put, Taken};
use super::observe;
use crate::distributed::transaction::saga::Saga;
use crate::journal::{Append, Claim, Due, JournalError, Lease, Sequence};

/// From the bus into the inbox.
pub(super) async fn take<D: Saga>(desk: Arc<Desk<D>>, mut subscription: Box<dyn Subscription>) {
    let (mut tries, mut pause) = (0_u32, Duration::ZERO);
    loop {
        let taken = match subscription.next().await {
            Ok(delivery) => match desk.take(delivery.envelope()).await {
                Ok(Taken::Elsewhere) => {
                    let rest = desk.leave(delivery.envelope().id().as_str(), Sequence::START);
                    let _ = delivery.nack(rest).await;
                    if rest.is_zero() {
                        desk.step_back().await;
                    }
                    true
                }
                // One that could not be acknowledged comes again, and is known by then.
                Ok(Taken::Heard | Taken::Known) => {
                    let _ = delivery.ack().await;
                    true
                }
                Err(error) if says_nothing(&error) => {
                    let later = AGAIN.delay(tries.saturating_add(1), pause, fastrand::u64(..));
                    let _ = delivery.nack(later).await;
                    false
                }
                // One that cannot be taken in does not keep the others waiting.
                Err(error) => {
                    observe::broken(desk.name, delivery.envelope().id().as_str(), &error);
                    let _ = delivery.nack(REST).await;
                    true
                }
            },
            Err(BusError::Closed) => return,
            Err(_) => false,
        };
        match taken {
            true => (tries, pause) = (0, Duration::ZERO),
            false => {
                tries = tries.saturating_add(1);
                pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Claims what is due, and works at it.
pub(super) async fn work<D: Saga>(desk: Arc<Desk<D>>, poll: Duration, most: usize) {
    let mut changes = desk.room.journal.changes();
    let (mut hands, mut tries, mut pause) = (JoinSet::new(), 0_u32, Duration::ZERO);
    loop {
        while hands.try_join_next().is_some() {}
        if hands.len() >= most {
            hands.join_next().await;
            continue;
        }
        desk.step_back().await;
        let wanted = most - hands.len();
        let claim = Claim::of([desk.kind.as_str()]).by(&desk.room.owner).lease(desk.room.lease);
        let leases = match desk.room.journal.claim(claim.most(wanted)).await {
            Ok(leases) => leases,
            Err(_) => {
                tries = tries.saturating_add(1);
                pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                tokio::time::sleep(pause).await;
                continue;
            }
        };
        (tries, pause) = (0, Duration::ZERO);
        let found = leases.len();
        for lease in leases {
            hands.spawn(worked(Arc::clone(&desk), lease));
        }
        if found < wanted {
            let told = async {
                // Each commit of this worker is a change as well: that is no reason to ask each time.
                tokio::time::sleep(BREATH).await;
                changes.next().await;
            };
            tokio::select! {
                biased;
                () = told => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
    }
}

/// The shortest pause between two claims that nobody has asked for.
const BREATH: Duration = Duration::from_millis(1);
/// How long a transaction rests that cannot be worked at.
const REST: Duration = Duration::from_secs(60);
/// How long one rests when the journal did not answer.
const SHORT_REST: Duration = Duration::from_secs(1);

/// Whether an error is the journal's, and no reason to call a transaction broken.
const fn says_nothing(error: &JournalError) -> bool {
    matches!(error, JournalError::Unavailable { .. } | JournalError::Unknown { .. })
}

async fn worked<D: Saga>(desk: Arc<Desk<D>>, lease: Lease) {
    match desk.work(lease.clone()).await {
        Ok(Put::Down(_) | Put::Gone | Put::Forgotten) | Err(JournalError::Fenced { .. }) => {}
        Err(error) => {
            let append = Append::to(&lease.stream).fenced(&lease).release();
            let append = match says_nothing(&error) {
                true => append.due(Due::After(SHORT_REST)),
                // One that cannot be worked at does not keep the others waiting.
                false => {
                    observe::broken(desk.name, &lease.stream.to_string(), &error);
                    append.due(Due::After(REST)).status("broken")
                }
            };
            // If that fails, its lease runs out.
            let _ = desk.room.journal.append(append).await;
        }
    }
}
