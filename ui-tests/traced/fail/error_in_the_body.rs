//~ mismatched types
use reliability::telemetry::traced;

#[traced]
async fn price(sku: &str) -> Result<usize, String> {
    Ok(sku)
}

fn main() {}
