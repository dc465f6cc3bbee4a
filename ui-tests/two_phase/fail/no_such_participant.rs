//~ this transaction has no participant with index 2
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    let third = order.ask::<2>().await?;
    drop(third);
    Ok(())
}

fn main() {
    let _ = order;
}
