//~ `Stock` cannot be written to the journal
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

/// Knows its place in memory.
pub struct Stock(pub u32);

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(Stock),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged))]
    Mailed(()),
}

async fn reserve(_: &Cx, _: &u64) -> Result<Stock, Outcome<String>> {
    Ok(Stock(1))
}

async fn release(_: &Cx, _: &u64, _: Attempt<'_, Stock>) -> Result<(), Transient> {
    Ok(())
}

async fn charge(_: &Cx, _: &u64, _: &Stock) -> Result<String, Outcome<String>> {
    Ok("paid".into())
}

async fn confirm(_: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
    Ok(())
}

fn main() {}
