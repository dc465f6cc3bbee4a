//~ write `after = p99.9`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge(after = 0.999), idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
