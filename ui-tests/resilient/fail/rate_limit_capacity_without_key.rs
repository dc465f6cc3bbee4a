//~ `capacity` is how many keys are remembered
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", capacity = 1000))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
