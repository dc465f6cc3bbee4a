//~ a refresh in the background needs an answer for meanwhile
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(ttl = "30s", key = sku, refresh = background))]
async fn price(sku: u32) -> Result<u32, Rejected> {
    Ok(sku)
}

fn main() {}
