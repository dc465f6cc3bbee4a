//~ all were asked: go on with the `AllVoted` that `ask` gives
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    let voted = order.ask().await?;
    order.ask().await?;
    voted.pre_commit().await?.commit().await?;
    Ok(())
}

fn main() {
    let _ = order;
}
