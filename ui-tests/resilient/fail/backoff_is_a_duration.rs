//~ this is no backoff
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(backoff = "100ms"), idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
