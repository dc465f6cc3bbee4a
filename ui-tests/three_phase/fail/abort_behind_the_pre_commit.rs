//~ all were told: go on with the `AllKnow` that `pre_commit` gives
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    let voted = order.ask().await?;
    let known = voted.pre_commit().await?;
    voted.abort().await;
    known.commit().await?;
    Ok(())
}

fn main() {
    let _ = order;
}
