//~ or a multiple of one, such as `p99 * 2`
use reliability::{error::Rejected, resilience::resilient};

#[resilient(timeout = adaptive(p99 + "50ms"))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
