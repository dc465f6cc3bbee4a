//~ `negative` keeps errors of the classes that it names
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "30s", key = sku, negative()))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
