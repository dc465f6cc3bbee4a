//~ Site<Shelf>` does not take part in two-phase commit
use reliability::distributed::transaction::Vote;
use reliability::distributed::transaction::two_phase::{
    self, Member, Site, TransactionId, TwoPhase, TwoPhaseError, Unreachable,
};

#[path = "../shop.rs"]
mod shop;
use shop::id;

struct Shelf;

impl Member for Shelf {
    type Work = u32;

    async fn prepare(&self, _: &TransactionId, _: &u32) -> Result<Vote, Unreachable> {
        Ok(Vote::Yes)
    }

    async fn commit(&self, _: &TransactionId, _: &u32) -> Result<(), Unreachable> {
        Ok(())
    }

    async fn abort(&self, _: &TransactionId, _: &u32) -> Result<(), Unreachable> {
        Ok(())
    }
}

async fn order(coordinator: &TwoPhase, tea: Site<Shelf>) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (tea,));
    order.abort().deliver().await;
    Ok(())
}

fn main() {
    let _ = order;
}
