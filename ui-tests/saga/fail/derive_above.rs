//~ consider annotating `PlaceOrderDone` with `#[derive(Debug)]`
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};


#[derive(Debug)]
#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged))]
    Mailed(()),
}

pub fn show(done: &PlaceOrderDone) -> String {
    format!("{done:?}")
}

async fn reserve(_: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
    Ok(1)
}

async fn release(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

async fn charge(_: &Cx, _: &u64, _: &u32) -> Result<String, Outcome<String>> {
    Ok("paid".into())
}

async fn confirm(_: &Cx, _: &u64, _: &String) -> Result<(), Transient> {
    Ok(())
}

fn main() {}
