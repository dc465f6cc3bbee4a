//~ `cache` has no setting `time_to_live`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(cache(time_to_live = "30s", key = sku))]
async fn price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

fn main() {}
