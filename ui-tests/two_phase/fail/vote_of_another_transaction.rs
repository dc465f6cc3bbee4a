//~ when `a_vote_decides_its_own_transaction_only` is dropped
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    two_phase::begin!(let other = coordinator, id(), (Shop, Shop));
    let first = order.ask::<0>().await?;
    let second = other.ask::<1>().await?;
    order.all_voted((first, second)).commit().log().await?.deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
