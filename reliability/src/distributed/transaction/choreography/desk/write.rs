//! What brings a transaction on: to the bus, and into the journal.

use alloc::vec::Vec;
use core::time::Duration;

use super::{AGAIN, Desk, Hand, Put};
use crate::distributed::transaction::choreography::bus::Envelope;
use crate::distributed::transaction::choreography::entry::Entry;
use crate::distributed::transaction::choreography::observe;
use crate::distributed::transaction::saga::Saga;
use crate::journal::{Append, Due, Event, JournalError, Lease};

/// How often a worker tries to tell the bus before it puts a transaction down.
const TELLS: u32 = 4;
/// How long a transaction rests whose events the bus does not take.
const REST: Duration = Duration::from_secs(2);

impl<D: Saga> Desk<D> {
    pub(super) async fn tell(
        &self,
        hand: &mut Hand,
        envelope: &Envelope,
    ) -> Result<Option<Put>, JournalError> {
        let (mut tries, mut pause) = (0, Duration::ZERO);
        loop {
            match self.room.bus.publish(envelope.clone()).await {
                Ok(()) => {
                    observe::told(self.name, envelope);
                    hand.told.push(envelope.id().clone());
                    hand.state.told(envelope.id());
                    return Ok(None);
                }
                Err(error) if tries >= TELLS => {
                    observe::untold(self.name, envelope, &error);
                    return self.put(hand, "untold", Due::After(REST)).await;
                }
                Err(_) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Writes records down. `None` says that it goes on.
    pub(super) async fn write(
        &self,
        hand: &mut Hand,
        entries: Vec<Entry>,
    ) -> Result<Option<Put>, JournalError> {
        let events: Vec<Event> = entries.iter().map(Entry::event).collect();
        self.append(hand, events, |append| append).await
    }

    /// Puts a transaction down, unless something has come meanwhile.
    pub(super) async fn put(
        &self,
        hand: &mut Hand,
        status: &'static str,
        due: Due,
    ) -> Result<Option<Put>, JournalError> {
        let told: Vec<Event> = hand.told.iter().map(|id| Entry::Told(id.clone()).event()).collect();
        let append = Append::to(&hand.lease.stream).after(hand.sequence).fenced(&hand.lease);
        let append = append.events_of(told).status(status).due(due).release();
        match self.room.journal.append(append).await {
            Ok(_) => Ok(Some(Put::Down(status))),
            Err(JournalError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn over(
        &self,
        hand: &mut Hand,
        status: &'static str,
    ) -> Result<Option<Put>, JournalError> {
        let Some(retention) = self.room.retention else {
            return self.put(hand, status, Due::Never).await;
        };
        let rested = hand.last.and_then(|last| self.room.clock.now().duration_since(last).ok());
        let left = retention.saturating_sub(rested.unwrap_or_default());
        if !left.is_zero() || !hand.told.is_empty() {
            return self.put(hand, status, Due::After(left)).await;
        }
        let lease = Lease::new(hand.lease.stream.clone(), hand.lease.epoch, hand.sequence);
        match self.room.journal.remove_held(&lease).await {
            Ok(()) => Ok(Some(Put::Forgotten)),
            // Something has come meanwhile.
            Err(JournalError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Appends until it is there. What others write meanwhile comes before it.
    async fn append(
        &self,
        hand: &mut Hand,
        events: Vec<Event>,
        with: impl Fn(Append) -> Append,
    ) -> Result<Option<Put>, JournalError> {
        let told = core::mem::take(&mut hand.told);
        let told = told.iter().map(|id| Entry::Told(id.clone()).event());
        let events: Vec<Event> = events.into_iter().chain(told).collect();
        let (mut tries, mut pause) = (0, Duration::ZERO);
        loop {
            let append = Append::to(&hand.lease.stream).after(hand.sequence).fenced(&hand.lease);
            match self.room.journal.append(with(append.events_of(events.clone()))).await {
                Ok(_) => return Ok(None),
                Err(JournalError::Conflict { .. }) => {
                    let records = self.read(hand).await?;
                    // Nobody else writes what is written here: it was, and the answer was lost.
                    let first = events.first();
                    if records.iter().any(|record| Some(&record.event) == first) {
                        return Ok(None);
                    }
                }
                Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
