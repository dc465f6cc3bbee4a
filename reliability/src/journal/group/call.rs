use alloc::vec::Vec;
use core::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot::Sender;

use super::{Failed, Writing};
use crate::journal::{Adopted, Append, Appended, Claim, JournalError, Lease, Removal, not_sealed};

/// One call of a store that writes.
pub(in crate::journal) enum Write {
    Append(Call<Vec<Append>, Vec<Appended>>),
    Claim(Call<Claim, Vec<Lease>>),
    Renew(Call<(Vec<Lease>, Duration), Vec<bool>>),
    Remove(Call<Removal, ()>),
    Seal(Call<bool, ()>),
    Adopt(Call<Adopted, ()>),
}

/// What is asked, what is to be answered as soon as it is on the disk, and where.
pub(in crate::journal) struct Call<A, T> {
    asked: A,
    done: Option<Result<T, JournalError>>,
    answer: Sender<Result<T, JournalError>>,
    /// Its room in the queue, in bytes; given back when it is answered.
    room: Option<OwnedSemaphorePermit>,
}

impl<A, T> Call<A, T> {
    pub(in crate::journal) const fn new(
        asked: A,
        answer: Sender<Result<T, JournalError>>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { asked, done: None, answer, room }
    }

    fn answer(self, failed: Option<&Failed>) {
        let answer = match (failed, self.done) {
            (Some(failed), _) => Some(Err(failed.tell())),
            (None, done) => done,
        };
        // Whoever asked may have gone meanwhile.
        answer.map(|answer| self.answer.send(answer).is_ok());
    }

    fn refuse(&mut self) {
        self.done = Some(Err(JournalError::Sealed));
    }

    fn bytes(&self) -> usize {
        self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

impl Write {
    /// Whether somebody still waits for the answer. Who has gone before it was begun gets nothing
    /// written.
    pub(super) fn is_awaited(&self) -> bool {
        match self {
            Self::Append(call) => !call.answer.is_closed(),
            Self::Claim(call) => !call.answer.is_closed(),
            Self::Renew(call) => !call.answer.is_closed(),
            Self::Remove(call) => !call.answer.is_closed(),
            Self::Seal(call) => !call.answer.is_closed(),
            Self::Adopt(call) => !call.answer.is_closed(),
        }
    }

    /// Whether it has written what somebody may wait for: a claim that finds nothing is no news, or
    /// who claims whenever there is news would never rest.
    pub(super) const fn is_news(&self) -> bool {
        matches!(
            self,
            Self::Append(Call { done: Some(Ok(_)), .. })
                | Self::Seal(Call { asked: false, done: Some(Ok(())), .. })
        )
    }

    /// How much room it takes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Append(call) => call.bytes(),
            Self::Adopt(call) => call.bytes(),
            Self::Claim(_) | Self::Renew(_) | Self::Remove(_) | Self::Seal(_) => 0,
        }
    }

    /// Returns whether the store is sealed from then on.
    pub(super) fn apply(
        &mut self,
        writing: &mut dyn Writing,
        sealed: bool,
    ) -> Result<bool, JournalError> {
        match self {
            Self::Append(call) if sealed => call.refuse(),
            Self::Claim(call) if sealed => call.refuse(),
            Self::Renew(call) if sealed => call.refuse(),
            Self::Remove(call) if sealed => call.refuse(),
            Self::Append(call) => call.done = Some(writing.append(&call.asked)?),
            Self::Claim(call) => call.done = Some(writing.claim(&call.asked)?),
            Self::Renew(call) => {
                let (leases, length) = &call.asked;
                call.done = Some(writing.renew(leases, *length)?);
            }
            Self::Remove(call) => call.done = Some(writing.remove(&call.asked)?),
            Self::Seal(call) => {
                let done = call.done.insert(writing.seal(call.asked)?);
                return Ok(if done.is_ok() { call.asked } else { sealed });
            }
            Self::Adopt(call) if sealed => call.done = Some(writing.adopt(&call.asked)?),
            Self::Adopt(call) => call.done = Some(Err(not_sealed())),
        }
        Ok(sealed)
    }

    pub(super) fn answer(self, failed: Option<&Failed>) {
        match self {
            Self::Append(call) => call.answer(failed),
            Self::Claim(call) => call.answer(failed),
            Self::Renew(call) => call.answer(failed),
            Self::Remove(call) => call.answer(failed),
            Self::Seal(call) => call.answer(failed),
            Self::Adopt(call) => call.answer(failed),
        }
    }
}
