//~ nobody makes `Charged`
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

struct Mail;

#[participant(PlaceOrder)]
impl Mail {
    #[on(Charged => Mailed)]
    async fn mail(&self, _: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
        Ok(())
    }
}

choreography!(Orders: PlaceOrder { Warehouse, Mail, terminal Mailed });

fn main() {}
