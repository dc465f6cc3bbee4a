//~ everybody waits, and goes on alone after four rounds: `pre_commit` or `abort`
#![deny(unused_must_use)]
use reliability::distributed::transaction::three_phase::{Begun, ThreePhaseError};

async fn order(order: Begun) -> Result<(), ThreePhaseError> {
    order.ask().await?;
    Ok(())
}

fn main() {
    let _ = order;
}
