//~ `Order` cannot be written to the journal
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};


/// Knows its place in memory.
pub struct Order(pub u32);

#[saga(input = Order, refuse = String)]
pub enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged))]
    Mailed(()),
}

async fn reserve(_: &Cx, _: &Order) -> Result<u32, Outcome<String>> {
    Ok(1)
}

async fn release(_: &Cx, _: &Order, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

async fn charge(_: &Cx, _: &Order, _: &u32) -> Result<String, Outcome<String>> {
    Ok("paid".into())
}

async fn confirm(_: &Cx, _: &Order, _: &String) -> Result<(), Transient> {
    Ok(())
}

fn main() {}
