//~ write `key = sku` without quotes
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "30s", key = "sku"))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
