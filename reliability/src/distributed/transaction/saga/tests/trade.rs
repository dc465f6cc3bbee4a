//! Sagas in sagas: an order whose shipping, payment and news are sagas of their own.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::*;
use crate::sync::Mutex;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refused {
    NoMoney,
    /// Why the saga that is a step was rolled back.
    Nested(String),
}

impl<R: core::fmt::Debug> From<Why<R>> for Refused {
    fn from(why: Why<R>) -> Self {
        Self::Nested(alloc::format!("{why:?}"))
    }
}

/// Goods are put aside and shipped; both are undone when the card has no money.
#[saga(input = u32, refuse = Refused, shared = World)]
#[derive(Debug)]
pub(super) enum Trade {
    #[step(reserve, undo = release)]
    Reserved(String),
    #[step(saga = Ship, needs(Reserved), undo = fetch_back, undo_retry = 3, backoff = constant("5ms"))]
    Shipped(ShipDone),
    #[step(pack, undo = unpack, beside = Shipped)]
    Packed(String),
    #[pivot(charge, needs(Shipped))]
    Charged(String),
}

/// What a parcel is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parcel {
    pub(super) shelf: String,
}

impl From<(&u32, &String)> for Parcel {
    fn from((_, shelf): (&u32, &String)) -> Self {
        Self { shelf: shelf.clone() }
    }
}

#[saga(input = Parcel, refuse = String, shared = World, derive(Debug, Serialize, Deserialize))]
pub(super) enum Ship {
    #[step(book, undo = unbook, retry = 3)]
    Booked(String),
    #[pivot(hand_over, needs(Booked))]
    Gone(String),
}

/// The payment is the point of no return, and a saga; so is what customers are told.
#[saga(input = u32, refuse = Refused, shared = World)]
#[derive(Debug)]
pub(super) enum Sale {
    #[step(reserve, undo = release)]
    Reserved(String),
    #[pivot(saga = Pay, input = amount, output = receipt)]
    Paid(String),
    #[then(saga = Tell, input = words, output = nothing, needs(Paid))]
    Told(()),
}

#[saga(input = u32, refuse = String, shared = World)]
pub(super) enum Pay {
    #[step(book, undo = unbook)]
    Booked(String),
    #[pivot(take)]
    Taken(String),
}

#[saga(input = String, refuse = (), shared = World)]
pub(super) enum Tell {
    #[then(mail)]
    Mailed(()),
}

fn amount(pieces: &u32) -> u32 {
    pieces * 100
}

fn receipt(done: PayDone) -> String {
    done.taken
}

fn words(_: &u32, receipt: &str) -> String {
    receipt.to_owned()
}

fn nothing(_: TellDone) {}

/// The services outside.
pub(super) struct World(Mutex<Told>);

/// What is there, by effect id, and what was called.
#[derive(Default)]
pub(super) struct Told {
    pub(super) shelf: BTreeSet<String>,
    pub(super) packed: BTreeSet<String>,
    pub(super) booked: BTreeSet<String>,
    pub(super) gone: BTreeSet<String>,
    pub(super) money: BTreeSet<String>,
    pub(super) mailed: BTreeSet<String>,
    pub(super) calls: Vec<String>,
    /// What the next calls come to.
    fails: BTreeMap<&'static str, Vec<&'static str>>,
}

impl World {
    pub(super) fn failing(fails: &[(&'static str, &[&'static str])]) -> Arc<Self> {
        let fails = fails.iter().map(|(of, all)| (*of, all.to_vec())).collect();
        Arc::new(Self(Mutex::new(Told { fails, ..Told::default() })))
    }

    pub(super) fn lock(&self) -> crate::sync::Guard<'_, Told> {
        self.0.lock()
    }

    async fn call<R>(&self, what: &'static str, refusal: R) -> Result<(), Outcome<R>> {
        tokio::task::yield_now().await;
        let mut told = self.lock();
        told.calls.push(what.into());
        match told.fails.get_mut(what).and_then(|all| (!all.is_empty()).then(|| all.remove(0))) {
            None => Ok(()),
            Some("no") => Err(Outcome::Rejected(refusal)),
            Some(why) => Err(Outcome::transient(why)),
        }
    }

    async fn undo(&self, what: &'static str) -> Result<(), Transient> {
        self.call(what, ()).await.map_err(|_| Transient::new("locked"))
    }
}

/// Adds the effect, where it is not there yet.
async fn add<R>(
    cx: &Cx<World>,
    what: &'static str,
    refusal: R,
    to: impl Fn(&mut Told) -> &mut BTreeSet<String>,
) -> Result<String, Outcome<R>> {
    cx.shared().call(what, refusal).await?;
    to(&mut cx.shared().lock()).insert(cx.effect().to_string());
    Ok(cx.effect().to_string())
}

async fn reserve(cx: &Cx<World>, _: &u32) -> Result<String, Outcome<Refused>> {
    add(cx, "reserve", Refused::NoMoney, |told| &mut told.shelf).await
}

async fn release(cx: &Cx<World>, _: &u32, _: Attempt<'_, String>) -> Result<(), Transient> {
    cx.shared().undo("release").await?;
    cx.shared().lock().shelf.remove(cx.effect().as_str());
    Ok(())
}

async fn pack(cx: &Cx<World>, _: &u32) -> Result<String, Outcome<Refused>> {
    add(cx, "pack", Refused::NoMoney, |told| &mut told.packed).await
}

async fn unpack(cx: &Cx<World>, _: &u32, _: Attempt<'_, String>) -> Result<(), Transient> {
    cx.shared().undo("unpack").await?;
    cx.shared().lock().packed.remove(cx.effect().as_str());
    Ok(())
}

async fn fetch_back(
    cx: &Cx<World>,
    _: &u32,
    shipped: Attempt<'_, ShipDone>,
) -> Result<(), Transient> {
    cx.shared().undo("fetch back").await?;
    // `Maybe` is for what an operator has abandoned: there is nothing of that in a crash test.
    let shipped = shipped.done().ok_or_else(|| Transient::new("nobody knows what was shipped"))?;
    let mut told = cx.shared().lock();
    told.gone.remove(&shipped.gone);
    told.booked.remove(&shipped.booked);
    Ok(())
}

async fn charge(cx: &Cx<World>, _: &u32, _: &ShipDone) -> Result<String, Outcome<Refused>> {
    add(cx, "charge", Refused::NoMoney, |told| &mut told.money).await
}

async fn book<I>(cx: &Cx<World>, _: &I) -> Result<String, Outcome<String>> {
    add(cx, "book", "no tour".into(), |told| &mut told.booked).await
}

async fn unbook<I>(cx: &Cx<World>, _: &I, _: Attempt<'_, String>) -> Result<(), Transient> {
    cx.shared().undo("unbook").await?;
    cx.shared().lock().booked.remove(cx.effect().as_str());
    Ok(())
}

async fn hand_over(cx: &Cx<World>, _: &Parcel, _: &String) -> Result<String, Outcome<String>> {
    add(cx, "hand over", "too heavy".into(), |told| &mut told.gone).await
}

async fn take(cx: &Cx<World>, _: &u32) -> Result<String, Outcome<String>> {
    add(cx, "take", "no money".into(), |told| &mut told.money).await
}

async fn mail(cx: &Cx<World>, receipt: &String) -> Result<(), Transient> {
    let mailed = add(cx, "mail", (), |told| &mut told.mailed).await;
    assert!(cx.shared().lock().money.contains(receipt), "told of what was not paid");
    mailed.map(drop).map_err(|_| Transient::new("busy"))
}
