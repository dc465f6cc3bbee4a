//~ names no span that this one could be linked to
use reliability::telemetry::traced;

#[traced(links = [1, 2])]
fn price(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

fn main() {}
