//~ this function takes 1 argument but 2 arguments were supplied
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(fallback = cached, timeout = "1s")]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn cached(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
