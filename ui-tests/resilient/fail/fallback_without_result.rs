//~ a fallback must return what the function returns
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(fallback = cached, timeout = "1s")]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn cached(sku: &str, _: Rejected) -> u32 {
    sku.len() as u32
}

fn main() {}
