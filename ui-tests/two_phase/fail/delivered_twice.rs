//~ ends this transaction: begin another one for what comes next, under a name of its own
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    let votes = (order.ask::<0>().await?, order.ask::<1>().await?);
    let prepared = order.all_voted(votes);
    let logged = prepared.commit().log().await?;
    logged.deliver().await;
    logged.deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
