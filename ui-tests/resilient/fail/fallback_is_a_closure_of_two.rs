//~ `fallback` takes a path
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(fallback = |_sku, error| Err(error), timeout = "1s")]
async fn price(_sku: &str) -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
