//~ `cache` needs `ttl`, for how long an answer is good
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
