//~ `cache` needs `key`, what the answer depends on
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "30s"))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
