//~ begins with the rate, such as `rate_limit("100/s")`, without a name
use reliability::{error::Rejected, resilience::resilient};

#[resilient(rate_limit(rate = "100/s"))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
