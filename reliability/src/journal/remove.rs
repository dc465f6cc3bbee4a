use super::append::allow;
use super::{Epoch, JournalError, Lease, Sequence, StreamId};

/// Which stream is to be forgotten, and on which terms.
#[derive(Debug, Clone)]
pub(super) struct Removal {
    pub(super) stream: StreamId,
    pub(super) last: Sequence,
    /// That of who holds it; `None` for who does not, and leaves to others what they work at.
    pub(super) epoch: Option<Epoch>,
}

impl Removal {
    pub(super) const fn of(stream: StreamId, last: Sequence) -> Self {
        Self { stream, last, epoch: None }
    }

    pub(super) fn held(lease: Lease) -> Self {
        Self { stream: lease.stream, last: lease.sequence, epoch: Some(lease.epoch) }
    }

    /// Whether a stream that ends with that record, is in that epoch, and is due or held or neither,
    /// may go.
    pub(super) fn allow(
        &self,
        last: Sequence,
        current: Epoch,
        is_busy: bool,
    ) -> Result<(), JournalError> {
        allow(&self.stream, (Some(self.last), self.epoch), (last, current))?;
        match self.epoch.is_none() && is_busy {
            true => Err(JournalError::Busy { stream: self.stream.clone() }),
            false => Ok(()),
        }
    }
}
