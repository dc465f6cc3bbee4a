//~ `cache` inside `timeout` would have the wait for another call's answer end
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", cache(ttl = "30s", key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
