//! The same five steps, as a saga of ours and as one of steno's: each does nothing and says a number.

use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) article: String,
    pub(crate) amount: u32,
}

impl Order {
    pub(crate) fn new() -> Self {
        Self { article: "a kettle, blue, two litres".into(), amount: 3 }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Refused {
    SoldOut,
}

/// What a step says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Number {
    pub(crate) number: u64,
}

#[saga(input = Order, refuse = Refused, version = 1)]
#[derive(Debug)]
pub(crate) enum Five {
    #[step(first, undo = undo)]
    First(Number),
    #[step(second, undo = undo, needs(First))]
    Second(Number),
    #[step(third, undo = undo, needs(Second))]
    Third(Number),
    #[pivot(fourth, needs(Third))]
    Fourth(Number),
    #[then(fifth, needs(Fourth))]
    Fifth(Number),
}

async fn first(_: &Cx, order: &Order) -> Result<Number, Outcome<Refused>> {
    Ok(Number { number: u64::from(order.amount) })
}

async fn second(_: &Cx, _: &Order, before: &Number) -> Result<Number, Outcome<Refused>> {
    Ok(Number { number: before.number + 1 })
}

async fn third(_: &Cx, _: &Order, before: &Number) -> Result<Number, Outcome<Refused>> {
    Ok(Number { number: before.number + 1 })
}

async fn fourth(_: &Cx, _: &Order, before: &Number) -> Result<Number, Outcome<Refused>> {
    Ok(Number { number: before.number + 1 })
}

async fn fifth(_: &Cx, _: &Order, before: &Number) -> Result<Number, Transient> {
    Ok(Number { number: before.number + 1 })
}

async fn undo(_: &Cx, _: &Order, _: Attempt<'_, Number>) -> Result<(), Transient> {
    Ok(())
}
