//~ expected the enum of another saga; write `saga = Ship`
use reliability::distributed::transaction::saga::{Attempt, Cx, Transient, saga};

#[saga(input = u64, refuse = String)]
pub enum PlaceOrder {
    #[step(saga = "ship", undo = fetch_back)]
    Shipped(u32),
}

async fn fetch_back(_: &Cx, _: &u64, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

fn main() {}
