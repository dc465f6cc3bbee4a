//! A transaction stays with whoever works at it.

use alloc::boxed::Box;

use super::Desk;
use crate::distributed::transaction::saga::Saga;
use crate::journal::Lease;

impl<D: Saga> Desk<D> {
    /// Renews a lease, and ends when it is lost: somebody else has it, or the journal has not said for
    /// as long as it lasts that it is still there. What goes on after that could happen behind the back
    /// of who has it next, who may have undone it already.
    ///
    /// It goes on beside the work, so that neither waits for the other: a journal that does not answer
    /// holds no handler up.
    pub(super) async fn keep(&self, lease: &Lease) {
        let (journal, length) = (&self.room.journal, self.room.lease);
        let mut over = Box::pin(tokio::time::sleep(length));
        let mut pause = length / 3;
        loop {
            let renewed = async {
                tokio::time::sleep(pause).await;
                // It counts from when it is asked for: the answer may take its time.
                let until = tokio::time::sleep(length);
                let renewing = journal.renew(core::slice::from_ref(lease), length);
                match tokio::time::timeout(length / 6, renewing).await {
                    Ok(Ok(kept)) if kept == [true] => Renewed::Until(until),
                    Ok(Ok(_)) => Renewed::Not,
                    // It is asked again soon: twice more until it has run out.
                    Ok(Err(_)) | Err(_) => Renewed::Perhaps,
                }
            };
            tokio::select! {
                biased;
                renewed = renewed => match renewed {
                    Renewed::Until(until) => (over, pause) = (Box::pin(until), length / 3),
                    Renewed::Not => return,
                    Renewed::Perhaps => pause = length / 12,
                },
                () = &mut over => return,
            }
        }
    }
}

enum Renewed {
    Until(tokio::time::Sleep),
    Not,
    Perhaps,
}
