//~ `later` is no way to refresh
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "30s", stale = "5m", key = sku, refresh = later))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
