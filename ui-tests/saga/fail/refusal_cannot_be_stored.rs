//~ `Refused` cannot be written to the journal
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};


/// Knows its place in memory.
pub struct Refused(pub u32);

#[saga(input = u64, refuse = Refused)]
pub enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged))]
    Mailed(()),
}

async fn reserve(_: &Cx, _: &u64) -> Result<u32, Outcome<Refused>> {
    Ok(1)
}

async fn release(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

async fn charge(_: &Cx, _: &u64, _: &u32) -> Result<String, Outcome<Refused>> {
    Ok("paid".into())
}

async fn confirm(_: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
    Ok(())
}

fn main() {}
