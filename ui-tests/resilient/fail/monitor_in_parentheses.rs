//~ write `monitor` or `monitor = &MONITOR`
use reliability::{error::Rejected, resilience::resilient};

#[resilient(timeout = "1s", monitor(MINE))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
