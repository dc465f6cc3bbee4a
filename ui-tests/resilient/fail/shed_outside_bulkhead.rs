//~ `shed` is a setting of `bulkhead`
use reliability::{error::Rejected, resilience::resilient};

#[resilient(bulkhead(concurrent = 8), shed(target = "5ms"))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
