//! A member of a group, and what it holds.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::pin::Pin;
use core::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::{Answer, BusError, Delivery, Envelope, Group, Settle, Subscription};
use super::{Inner, SETTLED, kind, read, wrote};
use crate::journal::{Append, Changes, Claim, Due, JournalError, Lease, Sequence};
use crate::resilience::retry::Backoff;
use crate::time::{Clock, Instant};

/// The most envelopes that one claim takes.
const AT_ONCE: usize = 32;
/// How long to wait for a journal that does not answer.
const AGAIN: Backoff = Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));

/// A member of a group.
pub(super) struct Member {
    inner: Arc<Inner>,
    group: Group,
    claim: Claim,
    changes: Changes,
    room: Arc<Semaphore>,
    taken: VecDeque<(Envelope, Held)>,
    /// Since when those are held, at least.
    held_since: Instant,
    /// A claim on its way: it goes on with the next call when one is dropped.
    taking: Option<Taking>,
    failures: u32,
}

type Taken = Result<Vec<(Envelope, Held)>, BusError>;
type Taking = Pin<Box<dyn core::future::Future<Output = Taken> + Send>>;

/// An envelope in the hands of a member.
struct Held {
    inner: Arc<Inner>,
    lease: Lease,
    permit: OwnedSemaphorePermit,
}

impl Member {
    pub(super) fn new(inner: Arc<Inner>, group: Group) -> Self {
        let claim = Claim::of([kind(&group).as_str()]).by(group.name()).lease(inner.lease);
        let (changes, taken) = (inner.journal.changes(), VecDeque::new());
        let room = Arc::new(Semaphore::new(group.most_unsettled()));
        let held_since = Clock::default().now();
        Self { inner, group, claim, changes, room, taken, held_since, taking: None, failures: 0 }
    }

    async fn next(&mut self) -> Result<Delivery, BusError> {
        loop {
            if !self.taken.is_empty() {
                self.hold_on().await?;
                if let Some((envelope, held)) = self.taken.pop_front() {
                    return Ok(Delivery::new(envelope, held));
                }
            }
            if self.taking.is_none() {
                let permits = permits(&self.room).await?;
                self.held_since = Clock::default().now();
                let (inner, claim) = (Arc::clone(&self.inner), self.claim.clone());
                self.taking = Some(Box::pin(take(inner, claim, permits)));
            }
            let Some(taking) = &mut self.taking else { continue };
            let taken = taking.await;
            self.taking = None;
            match taken {
                Ok(taken) => {
                    self.failures = 0;
                    self.taken.extend(taken);
                }
                Err(error) => {
                    // So that who asks in a loop does not do so as fast as it can.
                    self.failures = self.failures.saturating_add(1);
                    let pause = AGAIN.delay(self.failures, Duration::ZERO, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                    return Err(error);
                }
            }
            if self.taken.is_empty() {
                let _ = tokio::time::timeout(self.inner.poll, self.changes.next()).await;
            }
        }
    }
}

impl Member {
    /// What has waited for those before it is held on, or left to whoever has it by now: it would
    /// come twice.
    async fn hold_on(&mut self) -> Result<(), BusError> {
        let (now, length) = (Clock::default().now(), self.inner.lease);
        if now.saturating_duration_since(self.held_since) < length / 4 {
            return Ok(());
        }
        let leases: Vec<Lease> = self.taken.iter().map(|(_, held)| held.lease.clone()).collect();
        let mut is_held =
            self.inner.journal.renew(&leases, length).await.map_err(read)?.into_iter();
        self.taken.retain(|_| is_held.next().unwrap_or_default());
        self.held_since = now;
        Ok(())
    }
}

/// As many as there is room for, and one at least.
async fn permits(room: &Arc<Semaphore>) -> Result<Vec<OwnedSemaphorePermit>, BusError> {
    let first = Arc::clone(room).acquire_owned().await.map_err(|_| BusError::Closed)?;
    let mut permits = Vec::from([first]);
    while permits.len() < AT_ONCE
        && let Ok(permit) = Arc::clone(room).try_acquire_owned()
    {
        permits.push(permit);
    }
    Ok(permits)
}

async fn take(inner: Arc<Inner>, claim: Claim, permits: Vec<OwnedSemaphorePermit>) -> Taken {
    let leases = inner.journal.claim(claim.most(permits.len())).await.map_err(read)?;
    let mut taken = Vec::with_capacity(leases.len());
    for (lease, permit) in leases.into_iter().zip(permits) {
        let records = inner.journal.read(&lease.stream, Sequence::START, 1).await.map_err(read)?;
        let held = Held { inner: Arc::clone(&inner), lease, permit };
        match records.first().map(|record| Envelope::read(record.event.payload())) {
            Some(Ok(envelope)) => taken.push((envelope, held)),
            // What is no envelope is kept for whoever looks, and comes to nobody.
            _ => held.settle(Due::Never, "unreadable").await?,
        }
    }
    Ok(taken)
}

impl Held {
    async fn settle(&self, due: Due, status: &'static str) -> Result<(), BusError> {
        let append = Append::to(&self.lease.stream).fenced(&self.lease).due(due).status(status);
        match self.inner.journal.append(append.release()).await {
            // Somebody else has it by now, and will say what becomes of it.
            Ok(_) | Err(JournalError::Fenced { .. }) => Ok(()),
            Err(error) => Err(wrote(error)),
        }
    }
}

impl Settle for Held {
    fn ack(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move {
            // Published once more while it was held, it has more records, and is one event all the
            // same: whoever receives it would know it again.
            self.settle(Due::Never, SETTLED).await?;
            let head = self.inner.journal.head(&self.lease.stream).await;
            if let Ok(Some(head)) = head
                && head.status == SETTLED
            {
                let _ = self.inner.journal.remove(&self.lease.stream, head.sequence).await;
            }
            drop(self.permit);
            Ok(())
        })
    }

    fn nack(self: Box<Self>, after: Duration) -> Answer<'static, ()> {
        Box::pin(async move { self.settle(Due::After(after), "").await })
    }
}

impl Subscription for Member {
    fn next(&mut self) -> Answer<'_, Delivery> {
        Box::pin(Member::next(self))
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("group", &self.group).finish_non_exhaustive()
    }
}
