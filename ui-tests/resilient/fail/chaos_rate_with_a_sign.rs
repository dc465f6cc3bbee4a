//~ this is no value; write for example `rate = 0.01`
use reliability::{error::Rejected, resilience::resilient};

#[resilient(timeout = "1s", chaos(error(rate = 5%)))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
