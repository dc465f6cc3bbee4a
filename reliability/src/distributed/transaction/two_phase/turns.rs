//! One at a time for each transaction.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use super::TransactionId;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Who is at work at which transaction, and who waits for that. Of others it keeps nothing.
#[derive(Debug)]
pub(super) struct Turns(crate::sync::Mutex<BTreeMap<TransactionId, Lock>>);

/// Somebody's turn, until it is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    transaction: TransactionId,
    lock: Option<Lock>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self(crate::sync::Mutex::new(BTreeMap::new()))
    }
}

impl Turns {
    /// Waits for those before. Who stops waiting is not there any more.
    pub(super) async fn take(&self, transaction: &TransactionId) -> Turn<'_> {
        let lock = Arc::clone(self.0.lock().entry(transaction.clone()).or_default());
        let (transaction, held) = (transaction.clone(), None);
        let mut turn = Turn { turns: self, transaction, lock: Some(Arc::clone(&lock)), held };
        turn.held = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = self.turns.0.lock();
        drop((self.held.take(), self.lock.take()));
        if all.get(&self.transaction).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            all.remove(&self.transaction);
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_after_the_other_and_nothing_is_kept_of_who_has_gone() {
        let turns = Turns::default();
        let (one, other) = (TransactionId::new("1").unwrap(), TransactionId::new("2").unwrap());
        let first = turns.take(&one).await;
        let beside = turns.take(&other).await;
        let second = turns.take(&one);
        tokio::pin!(second);
        let soon = core::time::Duration::from_secs(1);
        assert!(tokio::time::timeout(soon, &mut second).await.is_err(), "it is not its turn");
        // One that gives up behind the one that is first.
        assert!(tokio::time::timeout(soon, turns.take(&one)).await.is_err());
        drop(first);
        let second = second.await;
        drop((second, beside));
        assert!(turns.0.lock().is_empty());
    }
}
