//~ `rate_limit` begins with the rate
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit(key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
