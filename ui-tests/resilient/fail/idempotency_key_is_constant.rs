//~ a text is the same for all calls
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, idempotency_key = "order-7")]
async fn order(id: u64) -> Result<u32, Rejected> {
    Ok(id as u32)
}

fn main() {}
