//~ temporary value dropped while borrowed
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    let vote = {
        two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
        order.ask::<0>().await?
    };
    drop(vote);
    Ok(())
}

fn main() {
    let _ = order;
}
