//~ `Shop` is no tuple of participants
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), Shop);
    order.abort().deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
