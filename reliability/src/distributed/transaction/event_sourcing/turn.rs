//! Whose turn it is: of several who have the same work, one does it.

use alloc::string::String;
use core::slice::from_ref;
use core::time::Duration;

use crate::fnv::Fnv;
use crate::journal::{Append, Claim, Due, Journal, JournalError, Lease, StreamId};

/// A stream of the journal that is always due, and whose lease says who works.
pub(super) struct Turn {
    journal: Journal,
    kind: String,
    pub(super) owner: String,
    pub(super) length: Duration,
    lease: Option<Lease>,
}

/// The only stream of its kind: one claims by kind.
const KEY: &str = "turn";

impl Turn {
    /// Of those who do what has that name.
    pub(super) fn of(journal: &Journal, name: &str) -> Self {
        let owner = alloc::format!("process-{}", std::process::id());
        let (kind, length) = (kind(name), Duration::from_secs(10));
        Self { journal: journal.clone(), kind, owner, length, lease: None }
    }

    /// Whether it is ours, from now on for one lease.
    pub(super) async fn take(&mut self) -> Result<bool, JournalError> {
        // Who worked here was dropped at it: waiting for the lease to run out would be for ourselves.
        if let Some(lease) = &self.lease {
            let kept = self.journal.renew(from_ref(lease), self.length).await?;
            if kept.first() == Some(&true) {
                return Ok(true);
            }
        }
        let claim = Claim::of([self.kind.as_str()]).by(&self.owner).lease(self.length);
        self.lease = self.journal.claim(claim.clone()).await?.pop();
        if self.lease.is_none() && self.begin().await? {
            self.lease = self.journal.claim(claim).await?.pop();
        }
        Ok(self.lease.is_some())
    }

    /// Whether the stream was not there yet.
    async fn begin(&self) -> Result<bool, JournalError> {
        let stream = StreamId::new(&self.kind, KEY)?;
        if self.journal.head(&stream).await?.is_some() {
            return Ok(false);
        }
        // Somebody else may be as far: it is due then as well.
        self.journal.append(Append::to(&stream).due(Due::Now)).await?;
        Ok(true)
    }

    /// Keeps it. Returns when somebody else has it, or when the journal has not answered for so long
    /// that somebody may have it soon: at three quarters of the lease.
    pub(super) async fn lost(&self) {
        let Some(lease) = &self.lease else { return };
        let quarter = self.length / 4;
        loop {
            tokio::time::sleep(quarter).await;
            let mut is_kept = false;
            for _ in 0..2 {
                let renew = self.journal.renew(from_ref(lease), self.length);
                match tokio::time::timeout(quarter, renew).await {
                    Ok(Ok(kept)) if kept.first() == Some(&true) => is_kept = true,
                    Ok(Ok(_)) => return,
                    Ok(Err(_)) | Err(_) => continue,
                }
                break;
            }
            if !is_kept {
                return;
            }
        }
    }

    /// Lets others have it at once.
    pub(super) async fn give_back(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let append = Append::to(&lease.stream).fenced(&lease).due(Due::Now).release();
        // If that fails, its lease runs out.
        let _ = self.journal.append(append).await;
    }

    /// It is not ours any more.
    pub(super) fn lose(&mut self) {
        self.lease = None;
    }

    /// Until it is worth asking again.
    pub(super) async fn wait(&self) {
        tokio::time::sleep(self.length / 3).await;
    }
}

/// Names are the user's own: what cannot stand in a kind is told by a digest.
fn kind(name: &str) -> String {
    let plain = alloc::format!("outbox.{name}");
    if StreamId::new(&plain, KEY).is_ok() {
        return plain;
    }
    alloc::format!("outbox.{:016x}", Fnv::of(name.as_bytes()))
}
