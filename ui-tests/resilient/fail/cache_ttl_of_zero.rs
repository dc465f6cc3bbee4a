//~ this duration must be longer than zero
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "0s", key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
