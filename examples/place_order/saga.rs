//! The business transaction, and what its steps ask of whom.

use axum::http::{Method, StatusCode};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Partner;

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) article: String,
    pub(crate) pieces: u32,
    pub(crate) card: String,
}

/// Why there is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Refused {
    SoldOut,
    NotForSale,
    CardDeclined,
}

impl Refused {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SoldOut => "sold out",
            Self::NotForSale => "not for sale",
            Self::CardDeclined => "card declined",
        }
    }
}

/// Those who are asked.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) stock: Partner,
    pub(crate) payments: Partner,
    pub(crate) mail: Partner,
}

/// An order: goods are put aside while their price is looked up, the card is charged, a letter goes
/// out. Until the card is charged all of it can be undone; from then on it is only a matter of time.
#[saga(input = Order, refuse = Refused, shared = Shop)]
#[derive(Debug)]
pub(crate) enum PlaceOrder {
    #[step(stock::reserve, undo = stock::release, timeout = "300ms", backoff = exponential("20ms", max = "500ms"))]
    Reserved(stock::Stock),
    #[step(price::quote, undo = none("it is only read"), beside = Reserved, timeout = "300ms", backoff = exponential("20ms", max = "500ms"))]
    Quoted(price::Price),
    #[pivot(card::charge, needs(Reserved, Quoted), probe = card::find, timeout = "300ms", backoff = exponential("20ms", max = "500ms"))]
    Charged(card::Receipt),
    #[then(mail::confirm, needs(Charged), timeout = "300ms", backoff = exponential("20ms", max = "500ms"))]
    Mailed(()),
}

pub(crate) mod stock {
    use super::*;

    /// What was put aside.
    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Stock {
        pub(crate) pieces: u32,
    }

    pub(super) async fn reserve(cx: &Cx<Shop>, order: &Order) -> Result<Stock, Outcome<Refused>> {
        let wanted =
            json!({ "order": order.number, "article": order.article, "pieces": order.pieces });
        let answer =
            cx.shared().stock.ask(Method::POST, "/reservations", cx.effect(), &wanted).await?;
        match answer.status {
            StatusCode::CONFLICT => Err(Outcome::Rejected(Refused::SoldOut)),
            _ => Ok(answer.read()?),
        }
    }

    /// The effect's name is all that it takes, so it makes no difference whether anybody knows that
    /// the goods were put aside.
    pub(super) async fn release(
        cx: &Cx<Shop>,
        order: &Order,
        _: Attempt<'_, Stock>,
    ) -> Result<(), Transient> {
        let of = json!({ "order": order.number });
        cx.shared().stock.ask(Method::DELETE, "/reservations", cx.effect(), &of).await?.done()?;
        Ok(())
    }
}

pub(crate) mod price {
    use super::*;

    /// For all pieces.
    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Price {
        pub(crate) cents: u32,
    }

    pub(super) async fn quote(cx: &Cx<Shop>, order: &Order) -> Result<Price, Outcome<Refused>> {
        let of = json!({ "article": order.article, "pieces": order.pieces });
        let answer = cx.shared().stock.ask(Method::POST, "/quotes", cx.effect(), &of).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(Outcome::Rejected(Refused::NotForSale)),
            _ => Ok(answer.read()?),
        }
    }
}

pub(crate) mod card {
    use super::price::Price;
    use super::stock::Stock;
    use super::*;

    /// What the customer has paid.
    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Receipt {
        pub(crate) cents: u32,
    }

    pub(super) async fn charge(
        cx: &Cx<Shop>,
        order: &Order,
        _: &Stock,
        price: &Price,
    ) -> Result<Receipt, Outcome<Refused>> {
        let charge = json!({ "order": order.number, "card": order.card, "cents": price.cents });
        let answer =
            cx.shared().payments.ask(Method::POST, "/charges", cx.effect(), &charge).await?;
        match answer.status {
            StatusCode::PAYMENT_REQUIRED => Err(Outcome::Rejected(Refused::CardDeclined)),
            _ => Ok(answer.read()?),
        }
    }

    /// Whether the card was charged after all, when the answer was lost or the process died.
    pub(super) async fn find(
        cx: &Cx<Shop>,
        order: &Order,
        _: &Stock,
        _: &Price,
    ) -> Result<Option<Receipt>, Transient> {
        let of = json!({ "order": order.number });
        let answer = cx.shared().payments.ask(Method::GET, "/charges", cx.effect(), &of).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(answer.read()?)),
        }
    }
}

pub(crate) mod mail {
    use super::card::Receipt;
    use super::*;

    pub(super) async fn confirm(
        cx: &Cx<Shop>,
        order: &Order,
        receipt: &Receipt,
    ) -> Result<(), Transient> {
        let letter = json!({ "order": order.number, "cents": receipt.cents });
        cx.shared().mail.ask(Method::POST, "/letters", cx.effect(), &letter).await?.done()?;
        Ok(())
    }
}
