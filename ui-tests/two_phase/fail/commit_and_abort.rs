//~ it is decided: go on with the `Decided` that `commit` gives
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    let votes = (order.ask::<0>().await?, order.ask::<1>().await?);
    let prepared = order.all_voted(votes);
    prepared.commit().log().await?.deliver().await;
    prepared.abort().deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
