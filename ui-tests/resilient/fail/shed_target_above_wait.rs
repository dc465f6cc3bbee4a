//~ `shed` would never see a call that has waited for longer
use reliability::{error::Rejected, resilience::resilient};

#[resilient(bulkhead(concurrent = 8, wait = "5ms", shed(target = "50ms")))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
