//~ write `after = p95`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge(p95), idempotent)]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
