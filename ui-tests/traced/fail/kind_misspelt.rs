//~ did you mean `consumer`?
use reliability::telemetry::traced;

#[traced(kind = consumr)]
fn price(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

fn main() {}
