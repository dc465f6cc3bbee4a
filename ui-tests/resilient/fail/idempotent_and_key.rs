//~ `idempotent` and `idempotency_key` answer the same question
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, idempotent, idempotency_key = id)]
async fn price(id: u32) -> Result<u32, Rejected> {
    Ok(id)
}

fn main() {}
