//~ write `key = expression`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", key))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
