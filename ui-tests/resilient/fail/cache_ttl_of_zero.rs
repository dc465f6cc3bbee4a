//~ this duration must be from `"1ms"` to `"365d"`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "0s", key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
