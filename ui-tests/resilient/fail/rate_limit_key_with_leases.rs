//~ `leases` and `key` exclude each other
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", key = sku, leases = 8))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
