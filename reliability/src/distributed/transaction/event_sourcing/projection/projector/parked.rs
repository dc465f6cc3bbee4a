//! What could not be taken in: seeing it, and trying it again.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{MOST_PARKED, Projector, of_store};
use crate::distributed::transaction::event_sourcing::{
    Parked, Projection, ProjectionError, ReadStore, ReadTransaction,
};
use crate::journal::Sequence;

impl<S, P> Projector<S, P>
where
    S: ReadStore,
    P: Projection<S::Transaction>,
{
    /// The events that are parked, by position.
    ///
    /// # Errors
    ///
    /// When the database does not work.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn parked(&mut self) -> Result<Vec<Parked>, ProjectionError> {
        let mut rows = self.store.begin().await.map_err(of_store)?;
        rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)
    }

    /// Tries what is parked again, stream by stream, each up to the first event that cannot be taken
    /// in still. Returns how many were.
    ///
    /// # Errors
    ///
    /// As of [`catch_up`](Self::catch_up).
    ///
    /// # Cancel safety
    ///
    /// What was committed is there, and nothing else.
    pub async fn retry_parked(&mut self) -> Result<usize, ProjectionError> {
        self.at().await?;
        let (mut mended, mut stuck) = (0, BTreeSet::new());
        for parked in self.parked().await? {
            if stuck.contains(&parked.stream) {
                continue;
            }
            let before = Sequence::new(parked.sequence.get().saturating_sub(1));
            let found = self.journal.read(&parked.stream, before, 1).await?;
            let mut rows = self.store.begin().await.map_err(of_store)?;
            // Nobody else goes on meanwhile.
            rows.place(P::NAME).await.map_err(of_store)?;
            let left = rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)?;
            if left.iter().all(|it| it.position != parked.position) {
                // Somebody else has mended it meanwhile.
                continue;
            }
            let taken = match found.first() {
                Some(record) => Self::take(&mut self.projection, &mut rows, record).await,
                None => Ok(()),
            };
            match taken {
                Ok(()) => {
                    let position = Some(parked.position);
                    rows.unpark(P::NAME, position).await.map_err(of_store)?;
                    rows.commit().await.map_err(of_store)?;
                    mended += 1;
                }
                Err(_) => {
                    stuck.insert(parked.stream);
                }
            }
        }
        self.held = stuck;
        self.parked = self.parked.saturating_sub(mended);
        Ok(mended)
    }
}
