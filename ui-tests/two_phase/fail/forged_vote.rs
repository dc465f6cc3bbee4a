//~ field `only_a_participant_makes_a_vote` of struct
use reliability::distributed::transaction::two_phase::{self, TwoPhase, TwoPhaseError};

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

async fn order(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    let first = order.ask::<0>().await?;
    let second = two_phase::Yes { only_a_participant_makes_a_vote: std::marker::PhantomData };
    order.all_voted((first, second)).commit().log().await?.deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
