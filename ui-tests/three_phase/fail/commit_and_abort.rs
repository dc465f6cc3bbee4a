//~ ends this transaction: begin another one for what comes next, under a name of its own
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    let voted = order.ask().await?;
    voted.abort().await;
    voted.pre_commit().await?.commit().await?;
    Ok(())
}

fn main() {
    let _ = order;
}
