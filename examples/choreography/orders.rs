//! The events of an order, and those who make them.

use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use serde::{Deserialize, Serialize};

use crate::ledger::Ledger;

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) pieces: u32,
    pub(crate) card: String,
}

/// Why there is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refused {
    SoldOut,
    CardDeclined,
}

pub(crate) const CENTS: u32 = 299;

/// What happens to an order. Who makes it happen is not said here.
#[saga(input = Order, refuse = Refused, choreographed)]
#[derive(Debug)]
pub(crate) enum PlaceOrder {
    /// So many pieces; they can be put back.
    #[step]
    Reserved(u32),
    /// So many cents. From here on there is only forward.
    #[pivot]
    Charged(u32),
    #[then]
    Mailed(()),
}

pub(crate) struct Warehouse(pub(crate) Ledger);

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => Reserved, undo = put_back, backoff = constant("50ms"))]
    async fn reserve(&self, cx: &Cx, order: &Order) -> Result<u32, Outcome<Refused>> {
        let pieces = -i64::from(order.pieces);
        match self.0.book(cx, "reserved", "tea", pieces).map_err(Outcome::transient)? {
            true => Ok(order.pieces),
            false => Err(Outcome::Rejected(Refused::SoldOut)),
        }
    }

    /// What is booked under the effect's name says whether it was reserved, so it makes no
    /// difference whether anybody else knows.
    async fn put_back(&self, cx: &Cx, _: &Order, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(self.0.cancel(cx, "reserved", "put back")?)
    }
}

pub(crate) struct Bank(pub(crate) Ledger);

#[participant(PlaceOrder)]
impl Bank {
    #[on(Reserved => Charged, backoff = constant("50ms"))]
    async fn charge(&self, cx: &Cx, order: &Order, pieces: &u32) -> Result<u32, Outcome<Refused>> {
        let cents = pieces * CENTS;
        let booked = self.0.book(cx, "charged", &order.card, -i64::from(cents));
        match booked.map_err(Outcome::transient)? {
            true => Ok(cents),
            false => Err(Outcome::Rejected(Refused::CardDeclined)),
        }
    }
}

pub(crate) struct Post(pub(crate) Ledger);

#[participant(PlaceOrder)]
impl Post {
    #[on(Charged => Mailed, backoff = constant("50ms"))]
    async fn mail(&self, cx: &Cx, order: &Order, _: &u32) -> Result<(), Transient> {
        self.0.book(cx, "mailed", &order.card, 1)?;
        Ok(())
    }
}

choreography! {
    /// All three in one process; `elsewhere` would name those of another one.
    pub(crate) Orders: PlaceOrder { Warehouse, Bank, Post, terminal Mailed }
}
