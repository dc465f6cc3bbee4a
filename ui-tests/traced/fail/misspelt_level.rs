//~ did you mean `debug`?
use reliability::telemetry::traced;

#[traced(level = debgu)]
fn price(sku: &str) -> usize {
    sku.len()
}

fn main() {}
