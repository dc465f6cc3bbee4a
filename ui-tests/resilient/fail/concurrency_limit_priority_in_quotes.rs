//~ write `Priority::High`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(priority = "high"))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
