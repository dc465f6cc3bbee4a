//~ no argument is called `skus`; did you mean `sku`?
use reliability::telemetry::traced;

#[traced(skip(skus))]
fn price(sku: &str) -> usize {
    sku.len()
}

fn main() {}
