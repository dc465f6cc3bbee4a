//~ step `Charged` calls this with `(&u32,)` of earlier steps, and it takes `(&u32, &str)`
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};


#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[step(quote, undo = none("read only"), beside = Reserved)]
    Quoted(String),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged))]
    Mailed(()),
}

async fn reserve(_: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
    Ok(1)
}

async fn release(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

async fn quote(_: &Cx, _: &u64) -> Result<String, Outcome<String>> {
    Ok("3 EUR".into())
}

async fn charge(_: &Cx, _: &u64, _: &u32, _: &str) -> Result<String, Outcome<String>> {
    Ok("paid".into())
}

async fn confirm(_: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
    Ok(())
}

fn main() {}
