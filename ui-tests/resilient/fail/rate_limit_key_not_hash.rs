//~ `Sku` cannot be the key of a rate limit
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Sku(u32);

#[resilient(rate_limit("100/s", key = sku))]
async fn price(sku: Sku) -> Result<u32, Rejected> {
    Ok(sku.0)
}

fn main() {}
