//~ write `key = tenant` without quotes
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("10/s", key = "tenant"))]
async fn price(tenant: &str) -> Result<u32, Rejected> {
    Ok(tenant.len() as u32)
}

fn main() {}
