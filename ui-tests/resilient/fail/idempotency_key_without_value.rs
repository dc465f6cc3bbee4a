//~ write `idempotency_key = expression`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, idempotency_key)]
async fn order(id: u64) -> Result<u32, Rejected> {
    Ok(id as u32)
}

fn main() {}
