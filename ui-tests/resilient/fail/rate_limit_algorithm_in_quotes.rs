//~ write `algorithm = leaky_bucket`, without quotes
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("10/s", algorithm = "leaky_bucket"))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
