//~ `&Sku` cannot be the key of a cache
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[derive(Clone, PartialEq, Eq)]
struct Sku(u32);

#[resilient(cache(ttl = "30s", key = sku))]
async fn price(sku: Sku) -> Result<u32, Rejected> {
    Ok(sku.0)
}

fn main() {}
