//~ `fallback` inside `cache` would have its answer kept
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "30s", key = sku), fallback = list_price)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn list_price(_sku: &str, error: Rejected) -> Result<u32, Rejected> {
    Err(error)
}

fn main() {}
