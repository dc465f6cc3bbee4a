//~ nobody handles `Charged`
use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};

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

choreography!(Orders: PlaceOrder { Warehouse, Card, elsewhere mail { on(start => Mailed) }, terminal Mailed });

fn main() {}
