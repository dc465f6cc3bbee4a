//! What `#[saga]` writes, by hand: stock and price side by side, the card, the mail.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::*;
use crate::resilience::retry::Backoff;
use crate::sync::Mutex;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) article: String,
    pub(super) cents: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refused {
    SoldOut,
    NoMoney,
}

pub(super) enum PlaceOrder {
    Reserved(u32),
    Quoted(u32),
    Charged(String),
    Mailed(()),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct PlaceOrderDone {
    pub(super) reserved: u32,
    pub(super) quoted: u32,
    pub(super) charged: String,
    pub(super) mailed: (),
}

/// The services outside.
pub(super) struct World(Mutex<Told>);

#[derive(Default)]
pub(super) struct Told {
    pub(super) reserved: BTreeMap<String, u32>,
    pub(super) charged: BTreeMap<String, u32>,
    pub(super) mailed: BTreeSet<String>,
    pub(super) calls: Vec<String>,
    /// What the next calls of a step come to.
    pub(super) fails: BTreeMap<&'static str, Vec<&'static str>>,
    /// An undo does nothing about what may have happened.
    pub(super) lazy: bool,
}

impl World {
    pub(super) fn lock(&self) -> crate::sync::Guard<'_, Told> {
        self.0.lock()
    }

    /// Reservations, charges and mails.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let told = self.lock();
        (told.reserved.len(), told.charged.len(), told.mailed.len())
    }

    pub(super) fn failing(fails: &[(&'static str, &[&'static str])]) -> Arc<Self> {
        let world = Self(Mutex::new(Told::default()));
        let fails = fails.iter().map(|(step, how)| (*step, how.iter().rev().copied().collect()));
        world.lock().fails = fails.collect();
        Arc::new(world)
    }

    fn release(&self, effect: &EffectId, known: bool) {
        let mut told = self.lock();
        if known || !told.lazy {
            told.reserved.remove(effect.as_str());
        }
    }

    pub(super) fn lazy() -> Arc<Self> {
        let world = Self::failing(&[]);
        world.lock().lazy = true;
        world
    }

    /// A call, and what it is to come to.
    fn call(&self, what: &str, step: &'static str) -> Option<&'static str> {
        let mut told = self.lock();
        told.calls.push(what.to_string());
        told.fails.get_mut(step).and_then(Vec::pop)
    }
}

fn failed(how: &str) -> Outcome<Refused> {
    match how {
        "sold out" => Outcome::Rejected(Refused::SoldOut),
        "no money" => Outcome::Rejected(Refused::NoMoney),
        "busy" => Outcome::transient("busy"),
        "panic" => panic!("as it was told to"),
        _ => Outcome::unknown("the answer was lost"),
    }
}

async fn reserve(cx: &Cx<World>, order: &Order) -> Result<u32, Outcome<Refused>> {
    let how = cx.shared().call("reserve", "reserve");
    if !matches!(how, None | Some("lost")) {
        return Err(failed(how.unwrap()));
    }
    let pieces = order.article.len() as u32;
    cx.shared().lock().reserved.entry(cx.effect().to_string()).or_insert(pieces);
    tokio::task::yield_now().await;
    how.map_or(Ok(pieces), |how| Err(failed(how)))
}

async fn release(cx: &Cx<World>, _: &Order, stock: Attempt<'_, u32>) -> Result<(), Transient> {
    let known = if stock.done().is_some() { "release" } else { "release maybe" };
    if let Some(how) = cx.shared().call(known, "release") {
        return Err(Transient::new(how));
    }
    cx.shared().release(cx.effect(), stock.done().is_some());
    tokio::task::yield_now().await;
    Ok(())
}

async fn quote(cx: &Cx<World>, order: &Order) -> Result<u32, Outcome<Refused>> {
    match cx.shared().call("quote", "quote") {
        Some(how) => Err(failed(how)),
        None => Ok(order.cents),
    }
}

async fn charge(
    cx: &Cx<World>,
    _: &Order,
    _: &u32,
    price: &u32,
) -> Result<String, Outcome<Refused>> {
    let how = cx.shared().call("charge", "charge");
    if !matches!(how, None | Some("lost")) {
        return Err(failed(how.unwrap()));
    }
    *cx.shared().lock().charged.entry(cx.effect().to_string()).or_default() = *price;
    tokio::task::yield_now().await;
    how.map_or(Ok(cx.effect().to_string()), |how| Err(failed(how)))
}

async fn find(cx: &Cx<World>, _: &Order, _: &u32, _: &u32) -> Result<Option<String>, Transient> {
    cx.shared().call("find", "find");
    let effect = cx.effect().to_string();
    Ok(cx.shared().lock().charged.contains_key(&effect).then_some(effect))
}

async fn confirm(cx: &Cx<World>, _: &Order, _: &String) -> Result<(), Transient> {
    if let Some(how) = cx.shared().call("confirm", "confirm") {
        return Err(Transient::new(how));
    }
    cx.shared().lock().mailed.insert(cx.effect().to_string());
    tokio::task::yield_now().await;
    Ok(())
}

impl Saga for PlaceOrder {
    type Input = Order;
    type Refusal = Refused;
    type Shared = World;
    type Done = PlaceOrderDone;

    const DEFINITION: Definition = Definition::new(
        "place_order",
        1,
        &[
            Step::new("Reserved", Kind::Compensable).undo().attempts(5).backoff(SHORT),
            Step::new("Quoted", Kind::Compensable).backoff(SHORT),
            Step::new("Charged", Kind::Pivot).after(&[0, 1]).needs(&[0, 1]).probed().backoff(SHORT),
            Step::new("Mailed", Kind::Retriable).after(&[2]).needs(&[2]).backoff(SHORT),
        ],
    );

    fn call(step: usize, cx: Cx<World>, history: Arc<History<Self>>) -> Doing<Self> {
        Box::pin(async move {
            let (order, missing) = (history.input(), || Outcome::unknown("an output is missing"));
            match step {
                0 => reserve(&cx, order).await.map(Self::Reserved),
                1 => quote(&cx, order).await.map(Self::Quoted),
                2 => match (history.output(0), history.output(1)) {
                    (Some(Self::Reserved(stock)), Some(Self::Quoted(price))) => {
                        charge(&cx, order, stock, price).await.map(Self::Charged)
                    }
                    _ => Err(missing()),
                },
                _ => match history.output(2) {
                    Some(Self::Charged(receipt)) => confirm(&cx, order, receipt)
                        .await
                        .map(Self::Mailed)
                        .map_err(Outcome::Transient),
                    _ => Err(missing()),
                },
            }
        })
    }

    fn probe(_: usize, cx: Cx<World>, history: Arc<History<Self>>) -> Probing<Self> {
        Box::pin(async move {
            match (history.output(0), history.output(1)) {
                (Some(Self::Reserved(stock)), Some(Self::Quoted(price))) => {
                    Ok(find(&cx, history.input(), stock, price).await?.map(Self::Charged))
                }
                _ => Err(Transient::new("an output is missing")),
            }
        })
    }

    fn undo(step: usize, cx: Cx<World>, history: Arc<History<Self>>) -> Undoing {
        Box::pin(async move {
            let stock = history.attempt(step, |output| match output {
                Self::Reserved(stock) => Some(stock),
                _ => None,
            });
            release(&cx, history.input(), stock).await
        })
    }

    fn place(&self) -> usize {
        match self {
            Self::Reserved(_) => 0,
            Self::Quoted(_) => 1,
            Self::Charged(_) => 2,
            Self::Mailed(()) => 3,
        }
    }

    fn write(&self) -> Result<Vec<u8>, Unwritable> {
        Ok(match self {
            Self::Reserved(it) | Self::Quoted(it) => serde_json::to_vec(it)?,
            Self::Charged(it) => serde_json::to_vec(it)?,
            Self::Mailed(it) => serde_json::to_vec(it)?,
        })
    }

    fn read(step: usize, output: &[u8]) -> Result<Self, Unwritable> {
        Ok(match step {
            0 => Self::Reserved(serde_json::from_slice(output)?),
            1 => Self::Quoted(serde_json::from_slice(output)?),
            2 => Self::Charged(serde_json::from_slice(output)?),
            _ => Self::Mailed(serde_json::from_slice(output)?),
        })
    }

    fn done(mut history: History<Self>) -> Option<PlaceOrderDone> {
        match (history.take(0)?, history.take(1)?, history.take(2)?, history.take(3)?) {
            (
                Self::Reserved(reserved),
                Self::Quoted(quoted),
                Self::Charged(charged),
                Self::Mailed(mailed),
            ) => Some(PlaceOrderDone { reserved, quoted, charged, mailed }),
            _ => None,
        }
    }
}

const SHORT: Backoff = Backoff::constant(Duration::from_millis(5));

pub(super) fn order() -> Order {
    Order { article: "tea".into(), cents: 299 }
}
