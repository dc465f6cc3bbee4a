//~ expected `u32`, found `&str`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, timeout = "1s", idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
