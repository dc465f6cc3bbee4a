//! An order, done by participants that share a little world.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::Value;

use crate::distributed::transaction::choreography::{choreography, participant};
use crate::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use crate::sync::Mutex;

#[saga(input = Value, refuse = String, choreographed)]
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[step]
    Quoted(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

/// What has happened outside, by effect: how often it was asked for, and whether it stands.
pub(super) struct World {
    pub(super) effects: Mutex<BTreeMap<String, bool>>,
    pub(super) calls: Mutex<Vec<String>>,
    /// Who refuses, and who fails how often.
    pub(super) refuses: Mutex<Vec<&'static str>>,
    pub(super) fails: Mutex<BTreeMap<&'static str, u32>>,
    /// Fails at random while it is there.
    pub(super) random: Mutex<Option<fastrand::Rng>>,
    /// What must never happen, and did.
    pub(super) wrong: Mutex<Vec<String>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            effects: Mutex::new(BTreeMap::new()),
            calls: Mutex::new(Vec::new()),
            refuses: Mutex::new(Vec::new()),
            fails: Mutex::new(BTreeMap::new()),
            random: Mutex::new(None),
            wrong: Mutex::new(Vec::new()),
        }
    }
}

impl World {
    pub(super) fn call(&self, cx: &Cx, what: &'static str) -> Result<(), Outcome<String>> {
        self.calls.lock().push(what.to_string());
        if let Some(left) = self.fails.lock().get_mut(what)
            && *left > 0
        {
            *left -= 1;
            return Err(Outcome::transient("not now"));
        }
        if self.refuses.lock().contains(&what) {
            return Err(Outcome::Rejected("no".into()));
        }
        let chance = |share| self.random.lock().as_mut().is_some_and(|it| it.f64() < share);
        if chance(0.1) {
            return Err(Outcome::transient("not now"));
        }
        let effect = cx.effect().to_string();
        if what != "release" && self.effects.lock().get(&effect) == Some(&false) {
            self.wrong.lock().push(alloc::format!("{effect} was done after it was undone"));
        }
        let before = self.effects.lock().insert(effect, true);
        if what == "charge" && before == Some(true) {
            self.wrong.lock().push("charged twice: the bank knows no effects".into());
        }
        if chance(0.1) {
            return Err(Outcome::unknown("the answer was lost"));
        }
        Ok(())
    }

    /// Whether it has happened.
    fn find(&self, cx: &Cx) -> Result<bool, Transient> {
        self.calls.lock().push("find".to_string());
        match self.random.lock().as_mut().is_some_and(|it| it.f64() < 0.1) {
            true => Err(Transient::new("not now")),
            false => Ok(self.effects.lock().get(cx.effect().as_str()) == Some(&true)),
        }
    }

    fn undo(&self, cx: &Cx, what: &'static str) -> Result<(), Transient> {
        match self.call(cx, what) {
            Ok(()) => {
                self.effects.lock().insert(cx.effect().to_string(), false);
                if self.standing().iter().any(|it| it == "Charged") {
                    self.wrong.lock().push("released what is paid for".into());
                }
                Ok(())
            }
            Err(_) => Err(Transient::new("not now")),
        }
    }

    /// What stands, by the events' names.
    pub(super) fn standing(&self) -> Vec<String> {
        let effects = self.effects.lock();
        let standing = effects.iter().filter(|(_, stands)| **stands);
        standing.map(|(effect, _)| effect[33..].to_string()).collect()
    }
}

pub(super) struct Warehouse(pub(super) Arc<World>);
pub(super) struct Pricing(pub(super) Arc<World>);
pub(super) struct Card(pub(super) Arc<World>);
pub(super) struct Mail(pub(super) Arc<World>);

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => Reserved, undo = release, backoff = constant("1ms"))]
    async fn reserve(&self, cx: &Cx, order: &Value) -> Result<u32, Outcome<String>> {
        tokio::task::yield_now().await;
        self.0.call(cx, "reserve")?;
        tokio::task::yield_now().await;
        Ok(u32::try_from(order.as_u64().unwrap_or_default()).unwrap_or_default())
    }

    async fn release(&self, cx: &Cx, _: &Value, _: Attempt<'_, u32>) -> Result<(), Transient> {
        tokio::task::yield_now().await;
        self.0.undo(cx, "release")
    }
}

#[participant(PlaceOrder)]
impl Pricing {
    #[on(start => Quoted, undo = none("read only"), backoff = constant("1ms"))]
    async fn quote(&self, cx: &Cx, order: &Value) -> Result<u32, Outcome<String>> {
        tokio::task::yield_now().await;
        if self.0.refuses.lock().contains(&"quote") {
            return Err(Outcome::Rejected("no".into()));
        }
        let _ = (cx, order);
        Ok(299)
    }
}

#[participant(PlaceOrder)]
impl Card {
    #[on(Reserved, Quoted => Charged, probe = find, retry = 3, backoff = constant("1ms"))]
    async fn charge(
        &self,
        cx: &Cx,
        _: &Value,
        pieces: &u32,
        cents: &u32,
    ) -> Result<String, Outcome<String>> {
        tokio::task::yield_now().await;
        self.0.call(cx, "charge")?;
        tokio::task::yield_now().await;
        Ok((pieces * cents).to_string())
    }

    async fn find(
        &self,
        cx: &Cx,
        _: &Value,
        pieces: &u32,
        cents: &u32,
    ) -> Result<Option<String>, Transient> {
        tokio::task::yield_now().await;
        let charged = self.0.find(cx)?;
        tokio::task::yield_now().await;
        Ok(charged.then(|| (pieces * cents).to_string()))
    }
}

#[participant(PlaceOrder)]
impl Mail {
    #[on(Charged => Mailed, backoff = constant("1ms"))]
    async fn mail(&self, cx: &Cx, _: &Value, receipt: &String) -> Result<(), Transient> {
        let _ = receipt;
        tokio::task::yield_now().await;
        self.0.call(cx, "mail").map_err(|_| Transient::new("not now"))
    }
}

choreography! {
    /// All of it in one process.
    pub(super) Orders: PlaceOrder { Warehouse, Pricing, Card, Mail, terminal Mailed }
}

pub(super) fn all(world: &Arc<World>) -> (Warehouse, Pricing, Card, Mail) {
    let world = || Arc::clone(world);
    (Warehouse(world()), Pricing(world()), Card(world()), Mail(world()))
}
