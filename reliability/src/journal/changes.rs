use tokio::sync::watch;

/// Wakes those who wait for work in this process.
///
/// What other processes write may go unnoticed, so who waits asks from time to time as well.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Changes, Journal, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let journal = Journal::in_memory();
/// let mut changes = journal.changes();
/// journal.append(Append::to(&StreamId::new("order", "4711")?)).await?;
/// changes.next().await;
/// // A store that cannot tell says so, and those who wait ask from time to time.
/// let never = Changes::never();
/// # drop(never);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Changes(Option<watch::Receiver<()>>);

impl Changes {
    /// Of a store that never tells.
    pub const fn never() -> Self {
        Self(None)
    }

    /// Returns when something was written since this was made, or since the last time. It never
    /// returns when the store is gone.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns at once when something was written meanwhile.
    pub async fn next(&mut self) {
        if let Some(receiver) = &mut self.0
            && receiver.changed().await.is_ok()
        {
            return;
        }
        core::future::pending().await
    }
}

/// The other end of [`Changes`]: what a store keeps.
///
/// # Examples
///
/// ```
/// use reliability::journal::Changed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let changed = Changed::new();
/// let mut changes = changed.changes();
/// changed.tell();
/// changes.next().await;
/// # }
/// ```
#[derive(Debug)]
pub struct Changed(watch::Sender<()>);

impl Changed {
    /// Nobody waits yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// What wakes somebody from now on.
    pub fn changes(&self) -> Changes {
        Changes(Some(self.0.subscribe()))
    }

    /// Wakes all who wait.
    pub fn tell(&self) {
        self.0.send_replace(());
    }
}

impl Default for Changed {
    fn default() -> Self {
        Self::new()
    }
}
