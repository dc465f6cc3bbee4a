//~ the algorithm stands by its name
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(algorithm = vegas, max = 200))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
