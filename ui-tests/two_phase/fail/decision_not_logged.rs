//~ two_phase::Decided` that must be used
#![deny(unused_must_use)]

use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    let votes = (order.ask::<0>().await?, order.ask::<1>().await?);
    order.all_voted(votes).commit();
    Ok(())
}

fn main() {
    let _ = order;
}
