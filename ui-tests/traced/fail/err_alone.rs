//~ an error is told anyway
use reliability::telemetry::traced;

#[traced(err)]
fn price(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

fn main() {}
