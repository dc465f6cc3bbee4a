//~ commits after everybody knows that all have voted yes
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    order.ask().await?.commit().await?;
    Ok(())
}

fn main() {
    let _ = order;
}
