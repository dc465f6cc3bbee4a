//~ `Price` cannot be kept in a cache
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Price(u32);

#[resilient(cache(ttl = "30s", key = sku))]
async fn price(sku: &str) -> Result<Price, Rejected> {
    Ok(Price(sku.len() as u32))
}

fn main() {}
