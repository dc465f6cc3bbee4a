//~ which counts the first one, too?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry(max_retries = 3), idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
