//~ these are not the votes of all participants, each at its place
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop, Shop));
    let first = order.ask::<0>().await?;
    let second = order.ask::<1>().await?;
    order.all_voted((first, second)).commit().log().await?.deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
