//~ a refresh in the background takes the arguments along, and `fallback` wants them
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(
    fallback = list_price,
    cache(ttl = "30s", stale = "5m", key = sku, refresh = background),
)]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn list_price(_sku: u32, error: Rejected) -> Result<u32, Rejected> {
    Err(error)
}

fn main() {}
