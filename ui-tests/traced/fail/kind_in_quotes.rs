//~ write `kind = server`, without quotes
use reliability::telemetry::traced;

#[traced(kind = "server")]
fn price(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

fn main() {}
