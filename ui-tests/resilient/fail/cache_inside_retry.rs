//~ `cache` inside `retry` would count a hit as an attempt
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, cache(ttl = "30s", key = sku), idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
