//~ a refresh in the background goes on when the caller has its answer and is gone
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Shop;

impl Shop {
    #[resilient(cache(ttl = "30s", stale = "5m", key = sku, refresh = background))]
    async fn price(&self, sku: u32) -> Result<u32, Rejected> {
        Ok(sku)
    }
}

fn main() {}
