//~ `Reserved` is made by `warehouse` and by `depot`
use reliability::distributed::transaction::choreography::{choreography, participant};
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

struct Warehouse;

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => Reserved, undo = none("read only"))]
    async fn reserve(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        Ok(1)
    }
}

struct Card;

#[participant(PlaceOrder)]
impl Card {
    #[on(Reserved => Charged)]
    async fn charge(&self, _: &Cx, _: &u64, _: &u32) -> Result<String, Outcome<String>> {
        Ok("paid".into())
    }
}

struct Mail;

#[participant(PlaceOrder)]
impl Mail {
    #[on(Charged => Mailed)]
    async fn mail(&self, _: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
        Ok(())
    }
}

choreography! {
    Orders: PlaceOrder { Warehouse, Card, Mail, elsewhere depot { on(start => Reserved) }, terminal Mailed }
}

fn main() {}
