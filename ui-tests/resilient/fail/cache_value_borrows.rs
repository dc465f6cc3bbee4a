//~ what a cache keeps outlives the call
use reliability::{error::Rejected, resilience::resilient};

#[resilient(cache(ttl = "30s", key = sku))]
async fn price(sku: &str) -> Result<&str, Rejected> {
    Ok(sku)
}

fn main() {}
