//~ a field is a name and a value
use reliability::telemetry::traced;

#[traced(fields("sku"))]
fn price(sku: &str) -> usize {
    sku.len()
}

fn main() {}
