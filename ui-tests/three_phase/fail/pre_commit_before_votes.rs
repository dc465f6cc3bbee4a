//~ nobody is told that all have voted before all have voted
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    order.pre_commit().await?.commit().await?;
    Ok(())
}

fn main() {
    let _ = order;
}
