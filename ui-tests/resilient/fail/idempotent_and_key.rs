//~ `idempotent` and `idempotency_key` answer the same question
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, idempotent, idempotency_key = "order-7")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
