//~ cannot be aborted
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    order.ask().await?.pre_commit().await?.abort().await;
    Ok(())
}

fn main() {
    let _ = order;
}
