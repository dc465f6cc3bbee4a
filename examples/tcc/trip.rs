//! Those who take part in a trip: what is tried, confirmed and cancelled.

use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::tcc::barrier::Phase;
use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};

use crate::book::Book;

/// Longer than anybody waits for the airline.
pub(crate) const LATE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_millis(100);

/// Why there is no trip.
#[derive(Debug)]
pub(crate) enum Refused {
    Full,
    NoAnswer,
}

#[derive(Tcc)]
#[tcc(input = u32, refuse = Refused, name = "hotel")]
#[tcc(try = Hotel::hold, confirm = Hotel::sell, cancel = Hotel::free)]
pub(crate) struct Hotel(pub(crate) Book);

impl Hotel {
    async fn hold(&self, cx: &Cx, guests: &u32) -> Result<(), Refused> {
        match self.0.ask(cx.key(), Phase::Try, *guests) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::Full),
            Err(_) => Err(Refused::NoAnswer),
        }
    }

    async fn sell(&self, cx: &Cx, guests: &u32) -> Result<(), Transient> {
        self.0.told(cx.key(), Phase::Confirm, *guests)
    }

    async fn free(&self, cx: &Cx, guests: &u32) -> Result<(), Transient> {
        self.0.told(cx.key(), Phase::Cancel, *guests)
    }
}

/// It is behind a line on which some messages take their time.
#[derive(Tcc)]
#[tcc(input = u32, refuse = Refused, name = "airline")]
#[tcc(try = Airline::hold, confirm = Airline::sell, cancel = Airline::free)]
pub(crate) struct Airline(pub(crate) Arc<Book>);

impl Airline {
    /// Who does not wait any longer has not stopped the message: it arrives when everything has been
    /// cancelled, and would hold a seat that nobody ever frees. The barrier refuses it.
    async fn hold(&self, cx: &Cx, guests: &u32) -> Result<(), Refused> {
        let (book, key, guests) = (Arc::clone(&self.0), cx.key().clone(), *guests);
        let is_late = key.transaction.ends_with('7');
        let message = tokio::spawn(async move {
            if is_late {
                tokio::time::sleep(LATE).await;
            }
            book.ask(&key, Phase::Try, guests)
        });
        // One that is not late may take as long as the disk does.
        let patience = if is_late { PATIENCE } else { 100 * PATIENCE };
        match tokio::time::timeout(patience, message).await {
            Ok(Ok(Ok(true))) => Ok(()),
            Ok(Ok(Ok(false))) => Err(Refused::Full),
            _ => Err(Refused::NoAnswer),
        }
    }

    async fn sell(&self, cx: &Cx, guests: &u32) -> Result<(), Transient> {
        self.0.told(cx.key(), Phase::Confirm, *guests)
    }

    async fn free(&self, cx: &Cx, guests: &u32) -> Result<(), Transient> {
        self.0.told(cx.key(), Phase::Cancel, *guests)
    }
}
