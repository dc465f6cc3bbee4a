//! An order and those who do it, of several programs.
#![allow(dead_code)]

use reliability::distributed::transaction::choreography::participant;
use reliability::distributed::transaction::saga::{Cx, Outcome, Transient, saga};

#[saga(input = u64, refuse = String, choreographed)]
pub enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

pub struct Warehouse;

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => Reserved, undo = none("read only"))]
    async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }
}

pub struct Card;

#[participant(PlaceOrder)]
impl Card {
    #[on(Reserved => Charged)]
    async fn charge(&self, _: &Cx, _: &u64, _: &u32) -> Result<String, Outcome<String>> {
        Ok("paid".into())
    }
}

pub struct Mail;

#[participant(PlaceOrder)]
impl Mail {
    #[on(Charged => Mailed)]
    async fn mail(&self, _: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
        Ok(())
    }
}
