//~ a `sliding_log` does not fit into the one word that each key has
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", key = sku, algorithm = sliding_log))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
